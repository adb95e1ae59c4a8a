"""Replays the recorded states of an environment's applications: when all were Synced and Healthy, and its outages.

An outage begins when an application becomes Degraded or Missing, and ends when every application that became so is
Healthy again. A policy error is not an outage, nor is an application that is absent: it was deleted, or it is not in
the environment any more. An application that is asleep on an on-demand environment is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple, TypeAlias

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


PresentValues: TypeAlias = Mapping[tuple[AppId, str], str | None]
"""The values that the applications have now, by application and kind."""


class StateReplay:
    """The states of an environment's applications until the last change, with the steps and outages until then."""

    def __init__(self, since: datetime, *, is_on_demand: bool) -> None:
        self.steps: list[StateStep] = []
        self.outages: list[EnvironmentOutage] = []
        self._since = since
        self._is_on_demand = is_on_demand
        self._values: dict[tuple[AppId, str], str] = {}
        self._awake: set[AppId] = set()
        self._out_of_sync: set[AppId] = set()
        self._unhealthy: set[AppId] = set()
        self._failing: set[AppId] = set()
        """The applications that became Degraded or Missing and are not Healthy again."""

    def knows(self, changes: Iterable[StateChange]) -> bool:
        """Return True if sync and health of every application that changes are known already."""
        applications = {change.application for change in changes}
        return all((app, kind) in self._values for app in applications for kind in ("sync", "health"))

    def extend(self, changes: Iterable[StateChange], present: PresentValues | None = None) -> None:
        """Replay changes that are later than those before.

        The history does not record the first observation of a good value as a change. So a value that is not known yet
        is the `before` of its first change, or its value in `present` if it does not change.
        """
        ordered = sorted(changes, key=_ORDER)
        self._learn({**(present or {}), **_find_first_values(ordered)})
        for change in ordered:
            if change.after is not None:  # unknown: the value before is the last known one
                self._apply(change)

    def _learn(self, first: PresentValues) -> None:
        new = {key: value for key, value in first.items() if value is not None and key not in self._values}
        self._values.update(new)
        was_failing = bool(self._failing)
        for application in {application for application, _ in new}:
            self._judge(application)
        if self._failing and not was_failing:
            self.outages.append(EnvironmentOutage(None, self._since))
        if self._values and not self.steps:
            self._add_step(self._since)

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


def _find_first_values(changes: Iterable[StateChange]) -> dict[tuple[AppId, str], str | None]:
    """Return the `before` of the first change of each value."""
    found: dict[tuple[AppId, str], str | None] = {}
    for change in changes:
        found.setdefault((change.application, change.kind), change.before)
    return found
