"""The facts of an incident: timeline, actions, pull requests and open items, from recorded changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from anchor_tui.domain.history.incident_report import (
    LEAD_TIME,
    MAX_OPEN_APPLICATIONS,
    IncidentEvidence,
    IncidentLinks,
    build_incident_facts,
)
from anchor_tui.domain.history.incident_words import describe_entry
from anchor_tui.domain.history.incidents import Incident, IncidentFacts, IncidentNote, IncidentReport
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId
from tests.values import NOW

LINKS = IncidentLinks("https://github.com/anchor/ops", {"argocd": "https://cd.example.com"})
END = NOW + timedelta(minutes=60)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def change(kind: str, after: str | None, minutes: float = 10, **values: Any) -> RecordedChange:
    application = values.pop("application", None)
    if isinstance(application, str):
        application = AppId("argocd", "argocd", application)
    values.setdefault("environment", "prod")
    values.setdefault("before", "before")
    return RecordedChange(kind, after, at(minutes), application=application, **values)


def build(*changes: RecordedChange, before: Sequence[RecordedChange] = (), watched_until: float = 60) -> IncidentFacts:
    numbered = [RecordedChange(**{**_fields(item), "id": number}) for number, item in enumerate(changes, 1)]
    observed = ((at(-60), at(watched_until)),)
    return build_incident_facts(IncidentEvidence(NOW, END, numbered, before, observed, {"prod": "argocd"}, LINKS))


def _fields(item: RecordedChange) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__struct_fields__}


def texts(facts: IncidentFacts) -> list[str]:
    return [entry.text for entry in facts.timeline]


OK = change("verdict", "ok", -50)


def test_changes_are_in_the_order_of_their_times() -> None:
    facts = build(
        change("health", "Healthy", 30, application="gateway"),
        change("health", "Degraded", 5, application="gateway", detail="crash"),
    )
    assert texts(facts) == ["gateway before → Degraded", "gateway before → Healthy"]
    assert facts.timeline[0].detail == "crash"
    assert facts.timeline[0].url == "https://cd.example.com/applications/argocd/gateway"


def test_the_time_before_the_start_is_part_of_the_timeline() -> None:
    lead = -LEAD_TIME.total_seconds() / 60
    facts = build(change("release", "1.44.0", lead, before="1.43.0", pull_request=231))
    assert texts(facts) == ["release 1.43.0 → 1.44.0 (#231)"]
    assert facts.timeline[0].url == "https://github.com/anchor/ops/pull/231"


def test_something_that_was_wrong_from_the_start_is_shown() -> None:
    facts = build(change("health", "Degraded", before=None, application="gateway"))
    assert texts(facts) == ["gateway Degraded (first seen)"]


@pytest.mark.parametrize(("kind", "value"), [("verdict", "ok"), ("source", "fresh")])
def test_a_good_value_at_the_start_is_not_an_event(kind: str, value: str) -> None:
    assert build(change(kind, value, before=None)).timeline == ()
    assert len(build(change(kind, value, before="unknown")).timeline) == 1


def test_an_opened_pull_request_is_an_event() -> None:
    facts = build(change("pull-request", "open", before="absent", subject="233", pull_request=233, detail="Roll back"))
    assert texts(facts) == ["#233 opened"]


def test_a_flood_of_equal_changes_is_one_line() -> None:
    flood = [change("health", "Progressing", 5 + number / 100, application=f"app-{number}") for number in range(30)]
    facts = build(*flood, change("health", "Healthy", 6, application="gateway"))
    assert texts(facts) == ["30 applications before → Progressing", "gateway before → Healthy"]
    assert facts.timeline[0].count == 30
    assert facts.timeline[0].until == flood[-1].at


def test_a_flood_of_findings_names_its_check() -> None:
    flood = [change("finding", "fail", subject="pin", place=f"file-{number}", severity="error") for number in range(5)]
    assert texts(build(*flood)) == ["check pin fails (error) in 5 places"]


def test_few_equal_changes_stay_apart() -> None:
    few = [change("health", "Degraded", application=f"app-{number}") for number in range(3)]
    assert len(build(*few).timeline) == 3


def test_equal_changes_of_one_subject_stay_apart() -> None:
    again = [change("health", "Degraded", 5 + number / 10, application="gateway") for number in range(6)]
    assert len(build(*again).timeline) == 6


def test_a_pause_divides_a_flood() -> None:
    early = [change("health", "Degraded", 5, application=f"app-{number}") for number in range(4)]
    late = [change("health", "Degraded", 9, application=f"app-{number}") for number in range(4)]
    assert texts(build(*early, *late)) == ["4 applications before → Degraded"] * 2


def test_a_time_without_a_process_is_a_line() -> None:
    facts = build(before=(OK,), watched_until=20)
    assert texts(facts) == ["not observed for 40 min: anchor-tui was not running"]
    assert (facts.timeline[0].at, facts.timeline[0].until) == (at(20), END)


def test_an_action_has_its_reason_and_outcome() -> None:
    done = change(
        "action",
        "done",
        origin="local",
        subject="rollback",
        actor="kim@laptop",
        detail="#233 merged",
        facts={
            "title": "Roll back prod to 1.43.1",
            "reason": "errors since 1.44.0",
            "url": "https://github.com/anchor/ops/pull/233",
        },
    )
    (action,) = build(done).actions
    assert (action.action, action.outcome, action.reason) == ("rollback", "done", "errors since 1.44.0")
    assert action.url == "https://github.com/anchor/ops/pull/233"
    (entry,) = build(done).timeline
    assert (entry.kind, entry.text, entry.mark) == ("action", "Roll back prod to 1.43.1: done", "ok")
    assert entry.detail == "#233 merged, reason: errors since 1.44.0"


def test_a_pull_request_has_its_times_and_state() -> None:
    values: dict[str, Any] = {"subject": "233", "pull_request": 233, "detail": "Roll back"}
    facts = build(
        change("pull-request", "open", 5, **values),
        change("checks", "success", 8, **values),
        change("pull-request", "merged", 9, **values),
    )
    (pull,) = facts.pull_requests
    assert (pull.number, pull.title, pull.state, pull.checks) == (233, "Roll back", "merged", "success")
    assert (pull.opened_at, pull.merged_at) == (at(5), at(9))
    assert pull.url == "https://github.com/anchor/ops/pull/233"


def test_an_untouched_pull_request_is_only_an_open_item() -> None:
    known = change("pull-request", "open", -900, subject="200", pull_request=200, detail="Bump")
    facts = build(before=(OK, known))
    assert facts.pull_requests == ()
    assert [(item.kind, item.text) for item in facts.open_items] == [("pull-request", "#200 is open: Bump")]


def test_a_merged_pull_request_is_not_open() -> None:
    known = change("pull-request", "open", -900, subject="200", pull_request=200)
    facts = build(change("pull-request", "merged", subject="200", pull_request=200), before=(OK, known))
    assert facts.open_items == ()


def test_an_environment_that_is_ok_and_observed_is_not_open() -> None:
    assert build(before=(OK,)).open_items == ()


@pytest.mark.parametrize(
    ("last", "watched_until", "text"),
    [
        (
            change("verdict", "failing", 0, detail="it is down"),
            60,
            f"failing since {NOW:%Y-%m-%d %H:%M} UTC: it is down",
        ),
        (None, 60, "its state is not known"),
        (change("verdict", "ok", 0), 30, "it was ok when it was observed last; it is not observed now"),
    ],
)
def test_an_environment_that_is_not_known_ok_is_open(
    last: RecordedChange | None, watched_until: float, text: str
) -> None:
    facts = build(*([last] if last else []), watched_until=watched_until)
    (item,) = [item for item in facts.open_items if item.kind == "environment"]
    assert item.environment == "prod"
    assert item.text == text


def test_a_lost_source_is_an_open_item() -> None:
    facts = build(change("source", "stale", subject="argocd", environment=""), before=(OK,))
    assert [item.kind for item in facts.open_items] == ["source"]


def test_progressing_applications_are_open_up_to_a_number() -> None:
    many = [change("health", "Progressing", application=f"app-{number:03}") for number in range(50)]
    items = [item for item in build(*many, before=(OK,)).open_items if item.kind == "application"]
    assert len(items) == MAX_OPEN_APPLICATIONS + 1
    assert items[-1].text == "30 more applications Progressing"


def test_an_unknown_outcome_is_an_open_item() -> None:
    facts = build(change("action", "unknown", origin="local", subject="sync"), before=(OK,))
    assert [item.text for item in facts.open_items] == [f"sync prod at {at(10):%Y-%m-%d %H:%M} UTC: outcome unknown"]


def test_notes_are_part_of_the_timeline() -> None:
    incident = Incident(12, "down", NOW, "kim@laptop", END, "lee@desk")
    notes = (IncidentNote(at(90), "kim@laptop", "later"), IncidentNote(NOW, "lee@desk", "first"))
    report = IncidentReport(incident, notes, build(change("health", "Degraded", 60, application="gateway")))
    assert [entry.text for entry in report.list_timeline()] == [
        "incident started",
        "first",
        "gateway before → Degraded",
        "incident ended",
        "later",
    ]


@pytest.mark.parametrize(
    ("given", "text", "mark"),
    [
        (change("verdict", "failing", before="ok"), "verdict ok → failing", "failing"),
        (change("revision", "c" * 40, application="a", before="d" * 40), "a synced ccccccc, before ddddddd", "none"),
        (change("diagnosis", "crash Pod/a", application="a"), "a cause", "failing"),
        (change("finding", "fail", subject="x", severity="warning"), "check x fails (warning)", "attention"),
        (change("checks", "pending", subject="3", before="none"), "#3 checks none → pending", "progress"),
        (change("source", "fresh", subject="github", before="stale"), "GitHub is read again", "ok"),
        (change("health", None, application="a", before="Healthy"), "a Healthy → unknown", "unknown"),
    ],
)  # fmt: skip
def test_a_line_has_the_words_and_mark_of_its_change(given: RecordedChange, text: str, mark: str) -> None:
    (entry,) = build(given).timeline
    assert (entry.text, entry.mark) == (text, mark)


def test_the_author_of_a_change_is_named_once() -> None:
    (entry,) = build(change("revision", "c" * 40, application="a", before="d" * 40, actor="kim")).timeline
    assert describe_entry(entry) == "a synced ccccccc, before ddddddd, by kim"


def test_a_badge_names_number_and_age() -> None:
    assert Incident(12, "", NOW, "kim").format_badge(at(14)) == "INCIDENT 12 · 14 min"


def test_a_clock_behind_the_start_gives_no_negative_age() -> None:
    assert Incident(12, "", NOW, "kim").format_badge(at(-14)) == "INCIDENT 12 · 0 s"
