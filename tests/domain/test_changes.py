"""The changes between two snapshots, and the values that are not known in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from anchor_tui.domain import snapshot_comparison
from anchor_tui.domain.change_tracker import ChangeTracker
from anchor_tui.domain.changes import Change
from anchor_tui.domain.model import (
    AppId,
    Diagnosis,
    Environment,
    Finding,
    Level,
    Problem,
    Snapshot,
    SourceFailure,
    SourceState,
    Verdict,
)
from anchor_tui.domain.snapshot_comparison import list_snapshot_changes
from tests.values import NOW, ago, application, pull_request, release, replace

APP = AppId("argocd", "argocd", "anchor-msp-prod")
LATER = NOW + timedelta(seconds=5)
OK, ATTENTION, UNKNOWN, FAILING = (Verdict(level, (f"it is {level}",)) for level in Level)


def source(id_: str = "argocd", state: Any = "fresh") -> SourceState:
    kind: Any = "github" if id_ == "github" else "argocd"
    error = None if state in {"fresh", "asking"} else SourceFailure("timeout", "no answer")
    return SourceState(id_, kind, "https://x", state=state, taken_at=None if state == "asking" else NOW, error=error)


def environment(name: str = "prod", **changes: Any) -> Environment:
    base = Environment(
        name, "prod", "always-on", True, "argocd", OK, release=release("1.43.1"), applications=(application(),)
    )
    return replace(base, **changes)


def snapshot(*environments: Environment, **changes: Any) -> Snapshot:
    base = Snapshot(
        LATER, "anchor", False, OK, sources=(source(), source("github")), environments=environments or (environment(),)
    )
    return replace(base, **changes)


def finding(status: Any = "fail", check: str = "release.digest", **changes: Any) -> Finding:
    return replace(Finding(check, "Digests", "error", status, "git", "gateway has no digest\nmore"), **changes)


def changes_of(before: Environment, after: Environment) -> list[tuple[str, str | None, str | None]]:
    """Return kind, old and new value of each change."""
    return short(list_snapshot_changes(snapshot(before), snapshot(after)))


def short(changes: tuple[Change, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(change.kind, change.before, change.after) for change in changes]


def of_app(**changes: Any) -> Environment:
    return environment(applications=(application(**changes),))


# --- kinds -------------------------------------------------------------------------------------------


def test_a_snapshot_has_no_changes_to_itself():
    one = snapshot()
    assert list_snapshot_changes(one, one) == ()
    assert list_snapshot_changes(one, snapshot()) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (environment(), environment(verdict=FAILING), [("verdict", "ok", "failing")]),
        (environment(), environment(verdict=replace(FAILING, cause="policy")), [("verdict", "ok", "violation")]),
        (environment(), environment(release=release("1.44.0")), [("release", "1.43.1", "1.44.0")]),
        (environment(), environment(release=None), [("release", "1.43.1", None)]),
        (environment(), of_app(sync="OutOfSync"), [("sync", "Synced", "OutOfSync")]),
        (environment(), of_app(health="Progressing"), [("health", "Healthy", "Progressing"), ("diagnosis", "", None)]),
        (environment(), of_app(synced_revision="abc"), [("revision", None, "abc")]),
        (
            environment(),
            environment(applications=()),
            [
                ("application", "found", "absent"),
                ("sync", "Synced", None),
                ("health", "Healthy", None),
                ("diagnosis", "", None),
            ],
        ),
    ],
)
def test_each_changed_value_is_one_change(before: Environment, after: Environment, expected: list[Any]):
    assert changes_of(before, after) == expected
    assert changes_of(after, before) == [(kind, new, old) for kind, old, new in expected]


def test_a_verdict_with_other_reasons_is_not_a_change():
    assert changes_of(environment(), environment(verdict=replace(OK, reasons=("for 5 min",)))) == []


def test_a_change_has_the_time_of_the_server():
    after = of_app(health="Degraded", health_since=ago(minutes=1))
    change = list_snapshot_changes(snapshot(), snapshot(after))[0]
    assert (change.at, change.reported_at, change.application) == (LATER, ago(minutes=1), APP)
    assert change.environment == "prod"


def test_other_images_of_one_version_are_a_change():
    old = release("1.43.1")
    new = replace(old, images=release("9.9.9").images, commit="1" * 40)
    assert changes_of(environment(release=old), environment(release=new)) == [
        ("release", "1.43.1 (9f2c1e0)", "1.43.1 (1111111)")
    ]


def test_another_sentence_of_one_cause_is_not_a_change():
    sick = application(health="Degraded", diagnosis=Diagnosis("3 restarts", "crash-loop", "Deployment/api"))
    worse = replace(sick, diagnosis=Diagnosis("4 restarts", "crash-loop", "Deployment/api"))
    assert changes_of(environment(applications=(sick,)), environment(applications=(worse,))) == []
    change = list_snapshot_changes(snapshot(), snapshot(environment(applications=(sick,))))[-1]
    assert (change.kind, change.after, change.detail) == ("diagnosis", "crash-loop Deployment/api", "3 restarts")


def test_two_environments_are_compared_by_name():
    staging = environment("staging", applications=())
    before, after = snapshot(staging, environment()), snapshot(environment(), replace(staging, verdict=ATTENTION))
    assert [(change.environment, change.after) for change in list_snapshot_changes(before, after)] == [
        ("staging", "attention")
    ]


# --- findings ----------------------------------------------------------------------------------------


def finding_changes(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> list[Any]:
    changes = list_snapshot_changes(snapshot(environment(findings=before)), snapshot(environment(findings=after)))
    return [(change.subject, change.place, change.before, change.after) for change in changes]


def test_a_failed_check_is_a_change():
    passed = finding("pass")
    assert finding_changes((passed,), (finding(),)) == [("release.digest", "", "clear", "fail")]
    assert finding_changes((finding(),), (passed,)) == [("release.digest", "", "fail", "clear")]
    assert finding_changes((finding(),), (finding("waived"),)) == [("release.digest", "", "fail", "waived")]


def test_a_finding_of_another_place_is_another_finding():
    passed, one = finding("pass", "other"), finding(resource="Deployment/api")
    assert finding_changes((passed, one), (passed,)) == [("release.digest", "Deployment/api", "fail", "clear")]


def test_a_check_without_evidence_is_not_clear():
    one = finding(resource="Deployment/api")
    unknown = finding("unknown")
    assert ("release.digest", "Deployment/api", "fail", None) in finding_changes((one,), (unknown,))
    assert finding_changes((one,), ()) == [("release.digest", "Deployment/api", "fail", None)]


def test_the_line_of_a_finding_can_move():
    assert finding_changes((finding(file="a.yaml", line=3),), (finding(file="a.yaml", line=4),)) == []


def test_several_findings_of_one_place_count_as_the_worst():
    both = finding("fail", file="a.yaml", line=3), finding("pass", file="a.yaml", line=4)
    assert finding_changes((finding("pass", file="a.yaml"),), both) == [("release.digest", "a.yaml", "clear", "fail")]
    assert finding_changes(both, both[::-1]) == []


def test_a_finding_carries_its_first_line_and_severity():
    before, after = snapshot(findings=(finding("pass"),)), snapshot(findings=(finding(),))
    (change,) = list_snapshot_changes(before, after)
    assert (change.detail, change.severity, change.environment) == ("gateway has no digest", "error", None)


# --- pull requests -----------------------------------------------------------------------------------


def pull_changes(before: Snapshot, after: Snapshot) -> list[Any]:
    return [
        (change.kind, change.pull_request, change.before, change.after)
        for change in list_snapshot_changes(before, after)
    ]


def test_a_pull_request_opens_and_its_checks_pass():
    pending = snapshot(pull_requests=(pull_request(checks="pending"),))
    assert pull_changes(snapshot(), pending) == [
        ("pull-request", 232, "absent", "open"),
        ("checks", 232, None, "pending"),
    ]
    passed = snapshot(pull_requests=(pull_request(checks="success"),))
    assert pull_changes(pending, passed) == [("checks", 232, "pending", "success")]


def test_a_pull_request_that_a_release_names_is_merged():
    before = snapshot(environment(pull_requests=(pull_request(1440),)))
    after = snapshot(environment(release=release("1.44.0")))
    assert ("pull-request", 1440, "open", "merged") in pull_changes(before, after)


def test_a_pull_request_that_no_release_names_is_absent():
    before = snapshot(pull_requests=(pull_request(),))
    assert ("pull-request", 232, "open", "absent") in pull_changes(before, snapshot())


def test_an_unreadable_pull_request_is_not_closed():
    before = snapshot(pull_requests=(pull_request(),))
    after = snapshot(problems=(Problem("GitHub: #232", "invalid", "it cannot be read"),))
    assert ("pull-request", 232, "open", None) in pull_changes(before, after)


def test_a_pull_request_can_change_its_environment():
    before = list_snapshot_changes(None, snapshot(pull_requests=(pull_request(),)))[-1]
    after = list_snapshot_changes(None, snapshot(environment(pull_requests=(pull_request(environments=("prod",)),))))[
        -1
    ]
    assert after.environment == "prod"
    assert before.key == after.key


# --- what is not known -------------------------------------------------------------------------------


def test_a_lost_source_makes_the_verdict_none():
    lost = snapshot(environment(verdict=UNKNOWN), sources=(source(state="stale"), source("github")))
    assert short(list_snapshot_changes(snapshot(), lost)) == [("source", "fresh", "stale"), ("verdict", "ok", None)]
    assert short(list_snapshot_changes(lost, snapshot())) == [("source", "stale", "fresh"), ("verdict", None, "ok")]


def test_the_other_argocd_does_not_make_a_verdict_unknown():
    sources = source(), source("other", "stale"), source("github")
    unknown = snapshot(environment(verdict=UNKNOWN), sources=sources)
    assert short(list_snapshot_changes(snapshot(sources=sources), unknown)) == [("verdict", "ok", "unknown")]


def test_everything_is_a_change_from_none_at_the_start():
    loading = snapshot(
        environment(verdict=UNKNOWN, applications=(), release=None),
        sources=(source(state="asking"), source("github", "asking")),
    )
    assert list_snapshot_changes(None, loading) == ()
    first = list_snapshot_changes(loading, snapshot(pull_requests=(pull_request(),)))
    assert {change.before for change in first} == {None}
    assert {change.kind for change in first} >= {
        "source",
        "verdict",
        "release",
        "application",
        "health",
        "pull-request",
    }


def lost(**changes: Any) -> Snapshot:
    return snapshot(environment(verdict=UNKNOWN, **changes), sources=(source(state="stale"), source("github")))


def follow(*snapshots: Snapshot) -> list[list[Any]]:
    """Return the changes of each snapshot but the first."""
    tracker = ChangeTracker()
    return [short(tracker.update(one)) for one in snapshots][1:]


def test_a_value_that_returns_unchanged_is_not_a_change():
    assert follow(snapshot(), lost(), snapshot()) == [[("source", "fresh", "stale")], [("source", "stale", "fresh")]]


def test_a_value_that_returns_as_another_one_is_a_change():
    back = follow(snapshot(), lost(), snapshot(environment(verdict=FAILING)))[-1]
    assert back == [("source", "stale", "fresh"), ("verdict", "ok", "failing")]


def test_a_failure_that_disappears_without_evidence_is_cleared():
    passed = finding("pass")
    states = ((finding(resource="x"), passed), (finding("unknown"), passed), (passed,))
    seen = follow(*(snapshot(environment(findings=findings)) for findings in states))
    assert seen == [[], [("finding", "fail", "clear")]]


def test_a_new_failure_after_missing_evidence_is_a_change():
    passed = finding("pass")
    states = ((passed,), (finding("unknown"),), (finding(resource="x"),))
    seen = follow(*(snapshot(environment(findings=findings)) for findings in states))
    assert ("finding", "clear", "fail") in seen[-1]


def test_a_pull_request_can_close_while_it_is_unreadable():
    problem = Problem("GitHub: #232", "invalid", "it cannot be read")
    seen = follow(snapshot(pull_requests=(pull_request(),)), snapshot(problems=(problem,)), snapshot())
    assert seen == [[], [("pull-request", "open", "absent")]]


# --- work --------------------------------------------------------------------------------------------


def test_only_changed_applications_are_compared(monkeypatch: pytest.MonkeyPatch):
    many = tuple(application(f"app-{index}") for index in range(200))
    before = environment(applications=many)
    after = environment(applications=(*many[:7], replace(many[7], sync="OutOfSync"), *many[8:-1]))
    compared = []
    compare = snapshot_comparison._list_application_changes
    monkeypatch.setattr(
        snapshot_comparison, "_list_application_changes", lambda *args: compared.append(args[2].name) or compare(*args)
    )
    list_snapshot_changes(snapshot(before), snapshot(after))
    assert sorted(compared) == ["app-199", "app-7"]


def test_the_same_environments_are_not_looked_at(monkeypatch: pytest.MonkeyPatch):
    one = snapshot()
    monkeypatch.setattr(snapshot_comparison, "EnvironmentState", None)
    monkeypatch.setattr(snapshot_comparison, "_index_pull_requests", None)
    assert list_snapshot_changes(one, replace(one, taken_at=LATER)) == ()


# --- any snapshots -----------------------------------------------------------------------------------

APPLICATIONS = st.lists(
    st.builds(
        application,
        st.sampled_from("abc"),
        sync=st.sampled_from([None, "Synced", "OutOfSync"]),
        health=st.sampled_from([None, "Healthy", "Degraded"]),
        presence=st.sampled_from(["found", "absent", "forbidden"]),
    ),
    unique_by=lambda app: app.name,
).map(tuple)
FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(["pass", "fail", "waived", "skipped", "unknown"]), st.sampled_from("xy"))
).map(tuple)
ENVIRONMENTS = st.builds(
    environment,
    st.sampled_from(["staging", "prod"]),
    verdict=st.sampled_from([OK, ATTENTION, UNKNOWN, FAILING]),
    release=st.sampled_from([None, release("1.0.0"), release("2.3.2")]),
    applications=APPLICATIONS,
    findings=FINDINGS,
)
SNAPSHOTS = st.builds(
    lambda environments, pulls, state: snapshot(
        environments=tuple(environments), pull_requests=tuple(pulls), sources=(source(state=state), source("github"))
    ),
    st.lists(ENVIRONMENTS, unique_by=lambda item: item.name),
    st.lists(
        st.builds(pull_request, st.sampled_from([1, 7]), checks=st.sampled_from(["pending", "success", "unknown"])),
        unique_by=lambda pull: pull.number,
    ),
    st.sampled_from(["asking", "fresh", "stale", "missing"]),
)


@given(SNAPSHOTS, SNAPSHOTS)
def test_each_value_changes_at_most_once(before: Snapshot, after: Snapshot):
    changes = list_snapshot_changes(before, after)
    assert len({change.key for change in changes}) == len(changes)
    assert all(change.before != change.after for change in changes)


@given(SNAPSHOTS, SNAPSHOTS)
def test_the_way_back_has_the_opposite_changes(before: Snapshot, after: Snapshot):
    there, back = list_snapshot_changes(before, after), list_snapshot_changes(after, before)
    assert {(c.key, c.before, c.after) for c in there} == {(c.key, c.after, c.before) for c in back}


REALISTIC = SNAPSHOTS.filter(lambda one: len(one.environments) == 2 and one.sources[0].taken_at is not None)
"""Snapshots of one configuration: an environment never disappears, and a source that was read keeps its data."""


@settings(max_examples=150, phases=[Phase.generate])
@given(st.lists(REALISTIC, min_size=1, max_size=4))
def test_values_follow_from_the_changes_of_any_sequence(snapshots: list[Snapshot]):
    values: dict[Any, str | None] = {}
    tracker = ChangeTracker()
    for after in snapshots:
        for change in tracker.update(after):
            assert values.get(change.key, change.before) == change.before
            values[change.key] = change.after
    for change in list_snapshot_changes(None, snapshots[-1]):
        if change.after not in {None, "clear", "absent"}:
            assert values[change.key] == change.after
