"""The changes of snapshots that are recorded, and those that wait."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.history.observed_changes import UNKNOWN_AFTER, ObservedChanges
from anchor_tui.domain.history.records import RecordedState
from anchor_tui.domain.model import Level, Verdict
from tests.domain.history.test_last_known_good import environment, snapshot
from tests.values import NOW, pull_request, replace

UNKNOWN = environment(verdict=Verdict(Level.UNKNOWN, ("3 checks unknown",)))


def list_verdicts(changes: ObservedChanges, minute: float, *, is_unknown: bool) -> list[tuple[str | None, str | None]]:
    shown = snapshot(minute, UNKNOWN if is_unknown else environment())
    return [(change.before, change.after) for change in changes.update(shown) if change.kind == "verdict"]


def test_a_verdict_is_unknown_only_after_two_minutes() -> None:
    changes = ObservedChanges({})
    assert list_verdicts(changes, 0, is_unknown=False) == [(None, "ok")]
    assert list_verdicts(changes, 1, is_unknown=True) == []
    assert list_verdicts(changes, 2, is_unknown=True) == []
    assert list_verdicts(changes, 3.1, is_unknown=True) == [("ok", "unknown")]
    assert list_verdicts(changes, 4, is_unknown=False) == [("unknown", "ok")]


def test_an_unknown_verdict_that_passes_leaves_no_trace() -> None:
    changes = ObservedChanges({})
    assert list_verdicts(changes, 0, is_unknown=True) == []
    assert list_verdicts(changes, 0.5, is_unknown=False) == [(None, "ok")]
    assert timedelta(minutes=1) < UNKNOWN_AFTER


def test_the_values_of_the_file_are_compared_at_the_start() -> None:
    first = ObservedChanges({}).update(snapshot(0))
    states = {change.key: RecordedState(change.after, change.compared_value, NOW) for change in first}
    again = ObservedChanges(states)
    assert [change.kind for change in again.update(snapshot(60))] == ["release"]  # compared by its content later
    assert all(again.is_known(change.key) for change in first)
    degraded = environment(applications=(replace(environment().applications[0], health="Degraded"),))
    found = ObservedChanges(states).update(snapshot(60, degraded))
    assert ("Healthy", "Degraded") in [(change.before, change.after) for change in found]


def test_an_opened_pull_request_has_its_author() -> None:
    pull = pull_request(232, author="m-ito")
    found = ObservedChanges({}).update(snapshot(0, environment(pull_requests=(pull,))))
    assert [(change.kind, change.actor) for change in found if change.pull_request == 232 and change.actor] == [
        ("pull-request", "m-ito")
    ]
