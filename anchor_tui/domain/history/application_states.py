"""Replays the recorded states of an environment's applications: when all were Synced and Healthy, and its outages.

An outage begins when an application becomes Degraded or Missing, and ends when every application that became so is
Healthy again. A policy error is not an outage, nor is an application that is absent: it was deleted, or it is not in
the environment any more. An application that is asleep on an on-demand environment is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from anchor_tui.domain.model import AppId

STATE_KINDS = ("sync", "health", "application")
_ORDER = itemgetter(0, 1, 2)
"""The first fields of a StateChange: when it was observed, when it happened, and its id."""
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


class StateChange(NamedTuple):
    """One change of an application's state, in the order of observation. `kind` is one of STATE_KINDS.

    `at` is the time of the change by Argo CD's clock if `has_server_time`, else that of the observation.
    """

    observed_at: datetime
    at: datetime
    id: int
    kind: str
    application: AppId
    before: str | None
    after: str | None
    has_server_time: bool


class StateReplay:
    """The states of an environment's applications until the last change, with the steps and outages until then.

    The values before the first change of an application are its `before`, and `lasting` for applications without a
    change. They are valid from `since` on.
    """

    def __init__(
        self,
        since: datetime,
        changes: Iterable[StateChange] = (),
        lasting: Mapping[tuple[AppId, str], str | None] | None = None,
        *,
        is_on_demand: bool,
    ) -> None:
        self.steps: list[StateStep] = []
        self.outages: list[EnvironmentOutage] = []
        self._is_on_demand = is_on_demand
        self._values: dict[tuple[AppId, str], str] = {}
        self._awake: set[AppId] = set()
        self._out_of_sync: set[AppId] = set()
        self._unhealthy: set[AppId] = set()
        self._failing: set[AppId] = set()
        """The applications that became Degraded or Missing and are not Healthy again."""
        ordered = sorted(changes, key=_ORDER)
        self._begin({**(lasting or {}), **_find_initial_values(ordered)}, since)
        self.extend(ordered)

    def extend(self, changes: Iterable[StateChange]) -> None:
        """Replay later changes."""
        for change in sorted(changes, key=_ORDER):
            if change.after is not None:  # unknown: the value before is the last known one
                self._apply(change)

    def _begin(self, initial: Mapping[tuple[AppId, str], str | None], since: datetime) -> None:
        self._values.update((key, value) for key, value in initial.items() if value is not None)
        for application in {application for application, _ in self._values}:
            self._judge(application)
        if self._failing:
            self.outages.append(EnvironmentOutage(None, since))
        if self._values:
            self._add_step(since)

    def _apply(self, change: StateChange) -> None:
        assert change.after is not None
        was_failing = bool(self._failing)
        self._values[change.application, change.kind] = change.after
        self._judge(change.application)
        at = change.at
        if self.steps and at < self.steps[-1].at:
            at = self.steps[-1].at
        if self._failing and not was_failing:
            self.outages.append(EnvironmentOutage(at, change.observed_at, None, change.has_server_time))
        elif was_failing and not self._failing:
            self.outages[-1] = self.outages[-1]._replace(ended_at=at)
        self._add_step(at)

    def _judge(self, application: AppId) -> None:
        """Set which states an application is in."""
        health = self._values.get((application, "health"))
        is_absent = self._values.get((application, "application"), "found") != "found"
        if is_absent or (self._is_on_demand and health in _ASLEEP):
            for states in (self._awake, self._out_of_sync, self._unhealthy, self._failing):
                states.discard(application)
            return
        self._awake.add(application)
        if self._values.get((application, "sync")) == "Synced":
            self._out_of_sync.discard(application)
        else:
            self._out_of_sync.add(application)
        if health == "Healthy":
            self._unhealthy.discard(application)
            self._failing.discard(application)
        else:
            self._unhealthy.add(application)
            if health in _OUTAGE:
                self._failing.add(application)

    def _add_step(self, at: datetime) -> None:
        is_synced = bool(self._awake) and not self._out_of_sync
        is_good = is_synced and not self._unhealthy
        last = self.steps[-1] if self.steps else None
        if last is None or last.is_synced != is_synced or last.is_good != is_good:
            self.steps.append(StateStep(at, is_synced, is_good))


def _find_initial_values(changes: Iterable[StateChange]) -> dict[tuple[AppId, str], str | None]:
    """Return the `before` of the first change of each value."""
    found: dict[tuple[AppId, str], str | None] = {}
    for change in changes:
        found.setdefault((change.application, change.kind), change.before)
    return found
