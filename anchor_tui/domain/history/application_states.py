"""Replays the recorded states of an environment's applications: when all were Synced and Healthy, and its outages.

An outage begins when an application becomes Degraded or Missing, and ends when every application that became so is
Healthy again. A policy error is not an outage, nor is an application that is absent: it was deleted, or it is not in
the environment any more. An application that is asleep on an on-demand environment is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId

STATE_KINDS = ("sync", "health", "application")
_OUTAGE = frozenset({"Degraded", "Missing"})
_ASLEEP = frozenset({"Missing", "Suspended"})


class StateStep(NamedTuple):
    """The state of all applications together, from `at` until the next step.

    `is_good` is True if every application is Synced and Healthy.
    """

    at: datetime
    is_synced: bool
    is_good: bool


class EnvironmentOutage(NamedTuple):
    """One outage. `ended_at` is None while it continues.

    `started_at` is None if the record begins with it. `seen_at` is the time of observation, and `has_server_time` is
    True if Argo CD reports the time of the start.
    """

    started_at: datetime | None
    seen_at: datetime
    ended_at: datetime | None = None
    has_server_time: bool = False


class ApplicationStates(NamedTuple):
    """The steps and outages of an environment, oldest first."""

    steps: tuple[StateStep, ...]
    outages: tuple[EnvironmentOutage, ...]


class LastingState(NamedTuple):
    """A value that an application had before the first change that was read."""

    application: AppId
    kind: str
    value: str | None


def replay_states(
    changes: Sequence[RecordedChange], lasting: Iterable[LastingState], since: datetime, *, is_on_demand: bool
) -> ApplicationStates:
    """Return the steps and outages of an environment. `changes` have one of STATE_KINDS and begin at `since`.

    `lasting` are the values of applications without such a change. The `before` of a first change completes them.
    """
    replay = _Replay(is_on_demand)
    ordered = sorted(changes, key=lambda change: (change.observed_at, change.at, change.id))
    initial = {(state.application, state.kind): state.value for state in lasting}
    for change in ordered:
        if change.application is not None:
            initial.setdefault((change.application, change.kind), change.before)
    replay.begin(initial, since)
    for change in ordered:
        replay.apply(change)
    return ApplicationStates(tuple(replay.steps), tuple(replay.outages))


class _Replay:
    """The states at one time, and what was found until then."""

    def __init__(self, is_on_demand: bool) -> None:
        self.steps: list[StateStep] = []
        self.outages: list[EnvironmentOutage] = []
        self._is_on_demand = is_on_demand
        self._values: dict[AppId, dict[str, str]] = {}
        self._awake: set[AppId] = set()
        self._out_of_sync: set[AppId] = set()
        self._unhealthy: set[AppId] = set()
        self._failing: set[AppId] = set()
        """The applications that became Degraded or Missing and are not Healthy again."""

    def begin(self, initial: Mapping[tuple[AppId, str], str | None], since: datetime) -> None:
        """Set the values at the beginning."""
        for (application, kind), value in initial.items():
            if value is not None:
                self._values.setdefault(application, {})[kind] = value
        for application in self._values:
            self._judge(application)
        if self._failing:
            self.outages.append(EnvironmentOutage(None, since))
        if self._values:
            self._add_step(since)

    def apply(self, change: RecordedChange) -> None:
        """Set the value after a change."""
        application = change.application
        if application is None or change.after is None:
            return  # unknown: the value before is the last known one
        was_failing = bool(self._failing)
        self._values.setdefault(application, {})[change.kind] = change.after
        self._judge(application)
        at = max(change.at, self.steps[-1].at) if self.steps else change.at
        if self._failing and not was_failing:
            self.outages.append(EnvironmentOutage(at, change.observed_at, None, change.server_at is not None))
        elif was_failing and not self._failing:
            started = self.outages[-1].started_at
            self.outages[-1] = self.outages[-1]._replace(ended_at=max(at, started) if started else at)
        self._add_step(at)

    def _judge(self, application: AppId) -> None:
        values = self._values[application]
        health, sync = values.get("health"), values.get("sync")
        is_absent = values.get("application", "found") != "found"
        is_left_out = is_absent or (self._is_on_demand and health in _ASLEEP)
        for members, is_member in (
            (self._awake, not is_left_out),
            (self._out_of_sync, not is_left_out and sync != "Synced"),
            (self._unhealthy, not is_left_out and health != "Healthy"),
        ):
            if is_member:
                members.add(application)
            else:
                members.discard(application)
        if is_left_out or health == "Healthy":
            self._failing.discard(application)
        elif health in _OUTAGE:
            self._failing.add(application)

    def _add_step(self, at: datetime) -> None:
        is_synced = bool(self._awake) and not self._out_of_sync
        step = StateStep(at, is_synced, is_synced and not self._unhealthy)
        if not self.steps or self.steps[-1][1:] != step[1:]:
            self.steps.append(step)
