"""The timeline: words, floods, causes and gaps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.changes import CHANGE_KINDS
from anchor_tui.domain.history.causes import OPS_COMMIT
from anchor_tui.domain.history.change_words import TIMELINE_KINDS, describe_recorded_change
from anchor_tui.domain.history.gaps import ObservationGap, describe_gap, list_gaps
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.timeline import TimelineEntry, build_timeline, expand_entry, find_line_start
from anchor_tui.domain.model import AppId
from anchor_tui.domain.status_marks import StatusMark
from tests.domain.history.samples import COMMIT, GATEWAY, deployment, health, recorded, session
from tests.values import NOW, ago, replace


def entries(changes: Sequence[RecordedChange], evidence: Sequence[RecordedChange] = ()) -> list[TimelineEntry]:
    """Return the lines of changes."""
    return [line for line in build_timeline(changes, (), evidence) if isinstance(line, TimelineEntry)]


def lines(*changes: RecordedChange) -> list[str]:
    """Return the lines of changes as text."""
    return [f"{line.subject} {line.full_sentence} {line.cause_text}".rstrip() for line in entries(changes)]


def flood(number: int, after: str = "Progressing", first_id: int = 1, **changes: object) -> list[RecordedChange]:
    """Return the same change of many applications, newest first."""
    ids = range(first_id + number - 1, first_id - 1, -1)
    return [health(id_, after, 5, application=AppId("argocd", "argocd", f"app-{id_}"), **changes) for id_ in ids]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (health(1, "Degraded"), "gateway Healthy → Degraded"),
        (health(1, "Degraded", before=None), "gateway Degraded (first seen)"),
        (health(1, None), "gateway Healthy → unknown"),
        (recorded(1, "verdict", "failing", before="ok", detail="Degraded"), "verdict ok → failing: Degraded"),
        (recorded(1, "verdict", "ok", before="failing", detail="all is well"), "verdict failing → ok"),
        (
            recorded(1, "release", "1.44.0", before="1.43.2", detail="Promote\nmore", pull_request=7),
            "release 1.43.2 → 1.44.0 (#7): Promote ← #7",
        ),
        (recorded(1, "revision", COMMIT, application=GATEWAY, before=None), "gateway synced 58c9961"),
        (recorded(1, "revision", None, application=GATEWAY), "gateway synced commit unknown"),
        (recorded(1, "application", "absent", application=GATEWAY, before="found"), "gateway is gone"),
        (recorded(1, "application", "absent", application=GATEWAY, before=None), "gateway does not exist"),
        (recorded(1, "application", "found", application=GATEWAY, before="absent"), "gateway appeared"),
        (recorded(1, "application", "found", application=GATEWAY, before=None), "gateway exists"),
        (recorded(1, "application", "found", application=GATEWAY, before="forbidden"), "gateway is readable again"),
        (recorded(1, "application", "forbidden", application=GATEWAY), "gateway is not permitted"),
        (
            recorded(1, "diagnosis", "oom web", application=GATEWAY, detail="out of memory"),
            "gateway cause: out of memory",
        ),
        (recorded(1, "diagnosis", "", application=GATEWAY), "gateway the cause is gone"),
        (
            recorded(1, "diagnosis", "unexplained Deployment/x", application=GATEWAY, detail="cause not found"),
            "gateway cause not found",
        ),
        (recorded(1, "finding", "fail", subject="a.b", place="x.yaml", detail="bad"), "check a.b fails (x.yaml): bad"),
        (recorded(1, "finding", "clear", subject="a.b"), "check a.b passes"),
        (recorded(1, "finding", None, subject="a.b"), "check a.b is unknown"),
        (recorded(1, "finding", "fail", subject="a.b", before=None), "check a.b fails (first seen)"),
        (recorded(1, "pull-request", "absent", subject="7", detail="T"), "#7 closed or merged: T"),
        (recorded(1, "pull-request", "open", subject="7", actor="kim"), "#7 opened by kim"),
        (recorded(1, "pull-request", "open", subject="7", actor="kim", before=None), "#7 is open"),
        (
            recorded(1, "pull-request", "open", subject="7", actor="kim", before=None, server_at=NOW),
            "#7 opened by kim",
        ),
        (recorded(1, "checks", "failure", subject="7", before="pending"), "#7 checks pending → failure"),
        (recorded(1, "source", "stale", subject="argocd", detail="timeout"), "Argo CD is not read any more: timeout"),
        (recorded(1, "source", "fresh", subject="github", before="stale"), "GitHub is read again"),
        (recorded(1, "source", None, subject="cd-west", before=None), "Argo CD cd-west is not read yet"),
        (
            recorded(1, "action", "done", subject="sync", place="a/b", actor="kim", facts={"reason": "hotfix"}),
            "sync a/b done by kim; reason: hotfix",
        ),
        (
            recorded(1, "action", "failed", subject="sync", place="a/b", application=GATEWAY, detail="refused"),
            "sync gateway failed: refused",
        ),
    ],
)
def test_a_change_has_words(change: RecordedChange, sentence: str) -> None:
    assert lines(change) == [sentence]


@given(
    kind=st.sampled_from((*TIMELINE_KINDS, "future")),
    before=st.none() | st.text(max_size=3),
    after=st.none() | st.text(max_size=3) | st.sampled_from(["open", "fail", "found", "fresh"]),
    application=st.none() | st.just(GATEWAY),
)
def test_every_change_has_words(kind: str, before: str | None, after: str | None, application: AppId | None) -> None:
    change = recorded(1, kind, after, before=before, application=application)
    words = describe_recorded_change(change, {})
    assert words.subject
    assert words.sentence


def test_the_timeline_shows_every_compared_value() -> None:
    assert set(CHANGE_KINDS) <= set(TIMELINE_KINDS)


@pytest.mark.parametrize("kind", TIMELINE_KINDS)
def test_an_unknown_value_is_never_ok(kind: str) -> None:
    for after in (None, "a word of a later version"):
        (line,) = entries([recorded(1, kind, after)])
        assert line.mark is not StatusMark.OK


def test_names_are_as_long_as_needed() -> None:
    other = AppId("argocd", "team", "gateway")
    third = AppId("second", "team", "gateway")
    changes = [health(3, "Degraded", application=GATEWAY), health(2, "Degraded", application=other)]
    assert [line.split()[0] for line in lines(*changes)] == ["argocd/gateway", "team/gateway"]
    changes.append(health(1, "Missing", application=third))
    assert [line.split()[0] for line in lines(*changes)][1:] == ["argocd:team/gateway", "second:team/gateway"]


# --- floods ------------------------------------------------------------------------------------------


def test_equal_changes_of_many_applications_are_one_line() -> None:
    others = [health(900, "Degraded", 4), health(0, "Degraded", 60)]
    found = entries([others[0], *flood(300), others[1]])
    assert [line.subject for line in found] == [
        "gateway",
        "300 applications",
        "gateway",
    ]
    assert found[1].sentence == "Healthy → Progressing"
    assert [line.subject for line in expand_entry(found[1])][:2] == ["app-300", "app-299"]


@pytest.mark.parametrize(
    ("after", "sentence"),
    [("oom", "causes found"), ("unexplained", "cause not found"), ("", "the cause is gone"), (None, "cause unknown")],
)
def test_a_flood_of_diagnoses_has_words(after: str | None, sentence: str) -> None:
    (line,) = entries([replace(change, kind="diagnosis", after=after) for change in flood(5)])
    assert (line.subject, line.sentence) == ("5 applications", sentence)


@pytest.mark.parametrize(
    "difference",
    [{"after": "Degraded"}, {"before": None}, {"environment": "dev"}, {"origin": "imported"}, {"kind": "sync"}],
)
def test_other_changes_are_not_part_of_a_flood(difference: dict[str, object]) -> None:
    changes = [*flood(5, first_id=10), *(replace(change, **difference) for change in flood(3))]
    assert [len(line.changes) for line in entries(changes)] == [
        5,
        1,
        1,
        1,
    ]


def test_a_flood_ends_after_two_minutes() -> None:
    changes = [replace(change, observed_at=ago(minutes=2 + index)) for index, change in enumerate(flood(5))]
    assert [len(line.changes) for line in entries(changes)] == [1] * 5
    changes = [replace(change, observed_at=ago(seconds=20 * index)) for index, change in enumerate(flood(7))]
    assert [len(line.changes) for line in entries(changes)] == [7]


def test_equal_changes_of_one_application_stay_apart() -> None:
    again = [health(index, "Degraded", 1) for index in range(6, 0, -1)]
    assert [len(line.changes) for line in entries(again)] == [1] * 6


def test_an_older_member_does_not_change_the_key() -> None:
    before, after = (entries(changes)[0] for changes in (flood(5), flood(6, first_id=1)))
    assert before.key == after.key


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["Degraded", "Healthy"]), st.integers(0, 8)), max_size=30))
def test_no_change_is_lost_in_lines(drawn: list[tuple[int, str, int]]) -> None:
    changes = [
        health(index, after, minutes, application=AppId("a", "n", str(app)))
        for index, (app, after, minutes) in enumerate(drawn)
    ]
    changes.sort(key=lambda change: (change.at, change.id), reverse=True)
    found = entries(changes)
    assert sorted(change.id for line in found for change in line.changes) == list(range(len(changes)))
    starts = [line.at for line in found]
    assert starts == sorted(starts, reverse=True)
    assert [find_line_start(changes, number + 1) for number in range(len(starts))] == starts
    assert find_line_start(changes, len(starts) + 1) is None


# --- causes ------------------------------------------------------------------------------------------


def test_a_failure_is_linked_to_its_deployment() -> None:
    assert lines(*deployment())[0] == (
        "gateway Healthy → Degraded ← synced 58c9961 3 min before ← release 1.44.0 5 min before "
        "← #233 merged ← #233 opened by m-ito"
    )


def test_the_same_commit_proves_a_release() -> None:
    release = recorded(1, "release", "1.44.0", 500, facts={OPS_COMMIT: COMMIT})
    sync = recorded(2, "revision", COMMIT, 4, application=GATEWAY, before=None)
    later = recorded(3, "release", "1.45.0", 5)
    assert lines(sync, later, release)[0] == "gateway synced 58c9961 ← release 1.44.0"


def test_a_release_names_its_author_without_other_evidence() -> None:
    release = recorded(1, "release", "1.44.0", before=None, pull_request=233, actor="m-ito", origin="imported")
    assert lines(release) == ["release 1.44.0 (#233) ← #233 by m-ito"]


@pytest.mark.parametrize(
    "sync",
    [
        recorded(1, "revision", COMMIT, 62, application=GATEWAY),
        recorded(1, "revision", COMMIT, -2, application=GATEWAY),
        recorded(1, "revision", COMMIT, 3, application=AppId("argocd", "argocd", "web")),
        recorded(1, "revision", COMMIT, 3, application=AppId("argocd", "other", "gateway")),
        recorded(1, "revision", None, 3, application=GATEWAY),
    ],
    ids=["too-early", "afterwards", "another-application", "another-namespace", "unknown-commit"],
)
def test_without_evidence_there_is_no_cause(sync: RecordedChange) -> None:
    (failure,) = entries([health(2, "Degraded")], [sync])
    assert failure.causes == ()


def test_good_health_has_no_cause() -> None:
    failure, *others = deployment()
    assert lines(replace(failure, before="Progressing", after="Healthy"), *others)[0] == "gateway Progressing → Healthy"


def test_a_flood_has_the_cause_that_all_have() -> None:
    progressing = flood(5, first_id=10)
    syncs = [
        recorded(index, "revision", COMMIT, 6, application=change.application)
        for index, change in enumerate(progressing)
    ]
    (line,) = entries(progressing, syncs)
    assert line.cause_text == "← synced 58c9961"
    (line,) = entries(progressing, syncs[1:])
    assert line.causes == ()


# --- gaps --------------------------------------------------------------------------------------------


def test_times_between_sessions_are_gaps() -> None:
    sessions = (session(500, 400), session(450, 390), session(300, 200), session(199.5, 100))
    assert list_gaps(sessions, NOW) == (
        ObservationGap(ago(minutes=100), None),
        ObservationGap(ago(minutes=390), ago(minutes=300)),
    )
    assert list_gaps((*sessions, session(100, None)), NOW)[0].until is not None
    assert list_gaps((), NOW) == ()


def test_gaps_are_limited_to_the_times_that_are_asked_for() -> None:
    sessions = (session(500, 400), session(300, 200), session(100, None))
    assert len(list_gaps(sessions, NOW)) == 2
    assert list_gaps(sessions, NOW, since=ago(minutes=250)) == (ObservationGap(ago(minutes=200), ago(minutes=100)),)
    assert list_gaps(sessions, NOW, until=ago(minutes=250)) == (ObservationGap(ago(minutes=400), ago(minutes=300)),)


def test_a_gap_is_a_line_at_its_end() -> None:
    gap = ObservationGap(ago(minutes=30), ago(minutes=10))
    now = ObservationGap(ago(minutes=1), None)
    changes = [health(3, "Degraded", 2), health(2, "Healthy", 10), health(1, "Degraded", 90)]
    found = build_timeline(changes, (now, gap))
    assert [line.key for line in found] == [now.key, "change 3", gap.key, "change 2", "change 1"]


def test_a_gap_names_its_times() -> None:
    assert describe_gap(ObservationGap(ago(minutes=30), ago(minutes=10))) == "not observed 13:32–13:52Z"
    assert describe_gap(ObservationGap(ago(hours=20), ago(minutes=10))) == "not observed 2026-11-22 18:02–13:52Z"
    assert describe_gap(ObservationGap(ago(hours=20), None)) == "not observed since 2026-11-22 18:02Z"
