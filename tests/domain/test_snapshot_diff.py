"""The differences between two snapshots that share no objects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from anchor_tui.domain.model import AppId, Level, Snapshot, Verdict
from anchor_tui.domain.since import Since, SinceBasis, format_since, format_since_briefly
from anchor_tui.domain.snapshot_ages import differs_beyond_ages
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.snapshot_diff import compare_snapshots
from anchor_tui.services.snapshot_json import snapshot_from_document, snapshot_to_document
from tests import rich
from tests.services.recording.sample_snapshots import change_application, incident, later, replace_environment, steady
from tests.values import NOW, config, pull_request, release

PROD = 2


def copy(snapshot: Snapshot) -> Snapshot:
    """Return an equal snapshot without a shared object, as one from another document."""
    return snapshot_from_document(msgspec.json.decode(msgspec.json.encode(snapshot_to_document(snapshot))))


def change_environment(snapshot: Snapshot, **changes: Any) -> Snapshot:
    return replace_environment(snapshot, PROD, replace(snapshot.environments[PROD], **changes))


@pytest.mark.parametrize("snapshot", [steady(), incident(), rich.snapshot()], ids=["steady", "incident", "rich"])
def test_a_snapshot_does_not_differ_from_its_copy(snapshot: Snapshot) -> None:
    assert compare_snapshots(snapshot, copy(snapshot)).is_empty
    assert compare_snapshots(snapshot, snapshot).is_empty


def test_ages_are_not_a_difference() -> None:
    verdict = Verdict(Level.ATTENTION, ("Degraded 12 min: gateway", "behind dev by 1 release"))
    before = change_environment(steady(), verdict=verdict)
    aged = replace(verdict, reasons=("Degraded 2 h: gateway", "behind dev by 1 release"))
    after = later(change_environment(copy(steady()), verdict=aged), 7000)
    assert compare_snapshots(before, after).is_empty
    assert not differs_beyond_ages(before, after)


AT = NOW - timedelta(days=3)
AGES = [NOW - timedelta(seconds=1), NOW - timedelta(minutes=12), NOW - timedelta(hours=3), AT]
FORMS = [
    formatted
    for at in AGES
    for basis in get_args(SinceBasis)
    for formatted in (format_since(Since(at, basis), NOW), format_since_briefly(Since(at, basis), NOW))
]


@pytest.mark.parametrize("form", [*dict.fromkeys(FORMS), "as of 13:58Z, 5 min ago", "12 min ago"])
def test_no_form_of_an_age_is_a_difference(form: str) -> None:
    before = change_environment(steady(), verdict=Verdict(Level.FAILING, ("Degraded: gateway is down",)))
    aged = Verdict(Level.FAILING, (f"Degraded {form}: gateway is down",))
    after = later(change_environment(copy(steady()), verdict=aged), 7000)
    assert compare_snapshots(before, after).is_empty
    assert not differs_beyond_ages(before, after)


def test_the_pull_request_that_began_a_failure_is_a_difference() -> None:
    reasons = [f"check x {format_since(Since(AT, 'seen', number), NOW)}" for number in (7, 8)]
    before, after = (change_environment(steady(), verdict=Verdict(Level.FAILING, (text,))) for text in reasons)
    assert compare_snapshots(before, after).reasons
    assert differs_beyond_ages(before, after)


def test_reasons_that_appear_and_disappear_are_named() -> None:
    before = change_environment(steady(), verdict=Verdict(Level.FAILING, ("Degraded 5 min: gateway", "kept")))
    after = change_environment(steady(), verdict=Verdict(Level.FAILING, ("kept", "OutOfSync ≥ 3 min")))
    diff = compare_snapshots(before, after)
    assert diff.changes == ()
    assert not diff.is_empty
    (reason,) = diff.reasons
    assert (reason.environment, reason.appeared, reason.disappeared) == (
        "prod",
        ("OutOfSync ≥ 3 min",),
        ("Degraded 5 min: gateway",),
    )


def test_an_environment_that_is_gone_or_new_is_a_difference() -> None:
    fewer = replace(steady(), environments=steady().environments[:2])
    for before, after in ((steady(), fewer), (fewer, steady())):
        assert {change.environment for change in compare_snapshots(before, copy(after)).changes} == {"prod"}


def test_checks_that_were_never_evaluated_are_not_listed() -> None:
    unread = build_snapshot(config(), SourceReadings(), NOW)
    assert not [change for change in compare_snapshots(unread, rich.snapshot()).changes if change.after == "clear"]


FIELDS: dict[str, Any] = {
    "sync": lambda snapshot: change_application(snapshot, PROD, 0, sync="OutOfSync"),
    "health": lambda snapshot: change_application(snapshot, PROD, 0, health="Suspended"),
    "revision": lambda snapshot: change_application(snapshot, PROD, 0, synced_revision="b" * 40),
    "release": lambda snapshot: change_environment(snapshot, release=release("9.9.9")),
    "verdict": lambda snapshot: change_environment(snapshot, verdict=Verdict(Level.FAILING)),
    "finding": lambda snapshot: change_environment(snapshot, findings=rich.snapshot().environments[PROD].findings),
    "pull-request": lambda snapshot: change_environment(
        snapshot, pull_requests=(pull_request(999), *snapshot.environments[PROD].pull_requests)
    ),
    "source": lambda snapshot: replace(
        snapshot, sources=tuple(replace(source, state="stale") for source in snapshot.sources[:1])
    ),
}


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_every_changed_field_is_named_once(fields: set[str]) -> None:
    after = steady()
    for field in sorted(fields):
        after = FIELDS[field](after)
    changes = compare_snapshots(steady(), copy(later(after, 60))).changes
    named = [change.key for change in changes]
    assert len(named) == len(set(named))
    assert {change.kind for change in changes} - {"checks"} == fields
    assert all(change.at == NOW + timedelta(seconds=60) for change in changes)


def test_a_changed_application_is_identified_completely() -> None:
    diff = compare_snapshots(steady(), change_application(copy(steady()), PROD, 0, health="Suspended"))
    (change,) = diff.changes
    assert (change.kind, change.before, change.after) == ("health", "Healthy", "Suspended")
    assert change.application == AppId("argocd", "argocd", "anchor-msp-prod")
    assert diff.counts == {"health": 1}
