"""Snapshots → the changes to record: those of all values, and how well each environment runs its release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.change_tracker import ChangeTracker
from anchor_tui.domain.changes import CHANGE_KINDS, PULL_REQUEST_KINDS, Change, ChangeKey, ChangeKind
from anchor_tui.domain.history.last_known_good import (
    Condition,
    Soak,
    advance_soak,
    end_soak,
    identify_content,
    is_commit_pending,
    judge_condition,
    make_good_release,
    qualify_release,
)
from anchor_tui.domain.history.records import GoodRelease, RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.history.release_runs import CONDITION, identify_condition
from anchor_tui.domain.model import AppId, Environment, Level, Snapshot
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID

UNKNOWN_AFTER = timedelta(minutes=2)
"""A verdict is recorded as unknown when it has been for so long: until then, checks may wait for their evidence."""


class ObservedChanges:
    """Follows the snapshots of one process. `states` are the values that the file has at the start."""

    def __init__(self, states: Mapping[SubjectKey, RecordedState]) -> None:
        self._tracker = ChangeTracker(_list_known(states))
        self._held: dict[SubjectKey, RecordedChange] = {}
        """The verdicts that have become unknown, until they have been for UNKNOWN_AFTER."""

    def update(self, snapshot: Snapshot) -> tuple[RecordedChange, ...]:
        """Return the changes since the last snapshot. A value that is not known at present is not a change."""
        found = list(self._collect(snapshot))
        for key, change in list(self._held.items()):
            if snapshot.taken_at - change.observed_at >= UNKNOWN_AFTER:
                found.append(self._held.pop(key))
        return tuple(found)

    def is_known(self, key: SubjectKey) -> bool:
        """Return True if the last snapshot contained the value of a subject."""
        return key.kind not in CHANGE_KINDS or not self._tracker.is_lost(_to_change_key(key))

    def _collect(self, snapshot: Snapshot) -> Iterator[RecordedChange]:
        for change in self._tracker.update(snapshot):
            recorded = to_recorded_change(change, snapshot)
            if (held := self._held.pop(recorded.key, None)) is not None:
                recorded = replace(recorded, before=held.before)  # the file never had the held value
            if change.kind == "verdict" and change.after == Level.UNKNOWN:
                self._held[recorded.key] = recorded
            else:
                yield recorded


def to_recorded_change(change: Change, snapshot: Snapshot) -> RecordedChange:
    """Return a change as the history contains it.

    A release has its content, its author and its commit. A pull request that was opened has its author.
    """
    recorded = RecordedChange(
        kind=change.kind,
        before=change.before,
        after=change.after,
        observed_at=change.at,
        server_at=change.reported_at,
        environment=change.environment or "",
        application=change.application,
        subject=change.subject,
        place=change.place,
        detail=change.detail,
        severity=change.severity or "",
        pull_request=change.pull_request,
        commit=change.after or "" if change.kind == "revision" else "",
    )
    if change.kind == "pull-request" and change.after == "open":
        pulls = (pull for pull in snapshot.all_pull_requests if pull.number == change.pull_request)
        return replace(recorded, actor=next((pull.author or "" for pull in pulls), ""))
    if change.kind != "release" or change.environment is None:
        return recorded
    environment = snapshot.find_environment(change.environment)
    release = environment.release if environment else None
    if release is None:
        return recorded
    return replace(
        recorded, identity=identify_content(release), actor=release.changed_by or "", commit=release.commit or ""
    )


def _list_known(states: Mapping[SubjectKey, RecordedState]) -> Iterator[Change]:
    """Yield the values of the file as values that are not known at present.

    Releases are compared by their content, which only the file knows.
    """
    for key, state in states.items():
        if key.kind in CHANGE_KINDS and key.kind != "release" and state.value is not None:
            change_key = _to_change_key(key)
            yield Change(
                change_key.kind,
                state.value,
                None,
                state.observed_at,
                change_key.environment,
                change_key.application,
                key.subject,
                key.place,
                pull_request=int(key.subject) if key.kind in PULL_REQUEST_KINDS else None,
            )


def _to_change_key(key: SubjectKey) -> ChangeKey:
    application = AppId(key.server, key.namespace, key.application) if key.application else None
    return ChangeKey(cast("ChangeKind", key.kind), key.environment or None, application, key.subject, key.place)


# --- conditions --------------------------------------------------------------------------------------


class ObservedConditions:
    """Follows how well each environment runs its release, and finds the releases that are known good."""

    def __init__(self, config: Config) -> None:
        self._configured = {environment.name: environment for environment in config.environments}
        self._soak_time = timedelta(minutes=config.history.soak_minutes)
        self._judged: dict[str, tuple[Environment, tuple[tuple[str, str], ...], Condition | None]] = {}
        self._soaks: dict[str, Soak] = {}
        self._recorded: dict[str, str] = {}
        self._last_at: datetime | None = None

    def interrupt(self) -> tuple[GoodRelease, ...]:
        """Begin again after a time without snapshots. Return the releases that were good until it."""
        ended = [self._close_soak(name) for name in list(self._soaks)]
        self._recorded.clear()
        return tuple(good for good in ended if good is not None)

    def repeat(self) -> None:
        """Return every condition with the next update, for another file. The soaks continue."""
        self._recorded.clear()

    def update(self, snapshot: Snapshot) -> tuple[tuple[RecordedChange, ...], tuple[GoodRelease, ...]]:
        """Return the conditions that have changed, and the releases that have qualified or are not good any more."""
        changes: list[RecordedChange] = []
        good_releases: list[GoodRelease] = []
        for environment in snapshot.environments:
            condition = self._judge(environment, snapshot)
            if condition is None:
                continue
            changes += self._list_condition_change(environment, condition, snapshot.taken_at)
            good_releases += self._advance(environment, condition, snapshot.taken_at)
        self._last_at = snapshot.taken_at
        return tuple(changes), tuple(good_releases)

    def _judge(self, environment: Environment, snapshot: Snapshot) -> Condition | None:
        """Return the condition; None before its sources have answered for the first time."""
        needed = (environment.source, GITHUB_SOURCE_ID)
        states = tuple((source.id, source.state) for source in snapshot.sources if source.id in needed)
        known = self._judged.get(environment.name)
        if known is not None and known[0] is environment and known[1] == states:
            return known[2]
        is_asking = any(state == "asking" for _, state in states)
        configured = self._configured[environment.name]
        condition = None if is_asking else judge_condition(environment, snapshot.sources, configured)
        self._judged[environment.name] = environment, states, condition
        return condition

    def _list_condition_change(
        self, environment: Environment, condition: Condition, at: datetime
    ) -> Iterator[RecordedChange]:
        content = identify_content(environment.release) if environment.release else ""
        soak = self._soaks.get(environment.name)
        if is_commit_pending(environment) and (soak is None or soak.content != content):
            condition = "unknown"  # Synced and Healthy are those of the release before
        identity = identify_condition(condition, content)
        if self._recorded.get(environment.name) != identity:
            self._recorded[environment.name] = identity
            yield RecordedChange(CONDITION, condition, at, environment=environment.name, identity=identity)

    def _advance(self, environment: Environment, condition: Condition, at: datetime) -> Iterator[GoodRelease]:
        name, before = environment.name, self._soaks.get(environment.name)
        soak = advance_soak(before, environment, condition, at)
        if before is not None and soak is not before and (good := self._close_soak(name)) is not None:
            yield good
        if soak is None:
            return
        if (good := qualify_release(soak, name, at, self._soak_time)) is not None:
            soak = end_soak(soak, at)
            yield good
        self._soaks[name] = soak

    def _close_soak(self, environment: str) -> GoodRelease | None:
        """Forget a soak. Return its release with the time at which it was good last, if it had qualified."""
        soak = self._soaks.pop(environment)
        if soak.qualified_at is None or self._last_at is None:
            return None
        return make_good_release(soak, environment, qualified_at=soak.qualified_at, last_seen_at=self._last_at)
