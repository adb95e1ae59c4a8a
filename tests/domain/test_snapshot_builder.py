"""Building a snapshot: which data belongs to which environment, and when data is stale."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.config.model import (
    ApplicationName,
    ApplicationSelector,
    PolicyConfig,
    ReleaseKeyPaths,
    ServerConfig,
    Waiver,
)
from anchor_tui.domain.model import Finding, Problem, SourceFailure
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.readings import Loading, Stale, Unavailable
from anchor_tui.domain.releases import read_release
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.source_data import EnvironmentFiles, HeadCommit
from anchor_tui.domain.yaml.document import parse_document
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    config,
    environment_config,
    files,
    fresh,
    opened,
    ops_repo,
    pull_request,
    readings,
    replace,
)


def test_every_environment_is_shown_before_anything_is_read() -> None:
    snapshot = build_snapshot(config(), SourceReadings(), NOW)
    assert [environment.name for environment in snapshot.environments] == ["dev", "staging", "prod"]
    assert snapshot.verdict.level == "unknown"
    assert snapshot.verdict.reasons == ("Argo CD is loading", "GitHub is loading")
    assert [source.state for source in snapshot.sources] == ["asking", "asking"]


def test_a_healthy_fleet_is_ok_without_reasons() -> None:
    snapshot = build_snapshot(config(), readings(), NOW)
    assert snapshot.verdict.level == "ok"
    assert snapshot.verdict.reasons == ()
    assert [environment.position.state for environment in snapshot.environments if environment.position] == [
        "newest",
        "behind",
        "behind",
    ]


def test_an_expired_reading_is_stale() -> None:
    late = fresh(argocd(), taken_at=ago(seconds=50), fresh_until=ago(seconds=5))
    snapshot = build_snapshot(config(), readings(late), NOW)
    state = snapshot.find_source("argocd")
    assert state is not None
    assert (state.state, state.age_s) == ("stale", 50.0)
    assert state.error == SourceFailure("silent", "the source has not responded since then")
    assert snapshot.verdict.level == "unknown"


def test_stale_values_stay_visible() -> None:
    stale = Stale(argocd(), ago(minutes=4), (), SourceFailure("unauthenticated", "401: the token has expired"))
    snapshot = build_snapshot(config(), readings(stale), NOW)
    prod = snapshot.find_environment("prod")
    assert prod is not None
    assert prod.applications[0].sync == "Synced"
    assert prod.verdict.level == "unknown"
    assert prod.verdict.reasons == ("Argo CD is stale",)
    assert "401: the token has expired" in snapshot.verdict.reasons[0]


def test_a_reading_from_the_future_is_stale() -> None:
    """The local clock was set back: until the source responds again, its age is unknown."""
    ahead = fresh(argocd(), taken_at=NOW + timedelta(hours=1), fresh_until=NOW + timedelta(hours=1, seconds=45))
    state = build_snapshot(config(), readings(ahead), NOW).find_source("argocd")
    assert state is not None
    assert state.state == "stale"
    assert state.error is not None
    assert state.error.kind == "clock"


def test_a_small_correction_of_the_clock_changes_nothing() -> None:
    ahead = fresh(argocd(), taken_at=NOW + timedelta(seconds=1), fresh_until=NOW + timedelta(seconds=46))
    state = build_snapshot(config(), readings(ahead), NOW).find_source("argocd")
    assert state is not None
    assert (state.state, state.age_s) == ("fresh", 0.0)


def test_findings_of_a_lost_source_do_not_stay_green() -> None:
    passing = Finding("auth.jwt-required", "JWT", "error", "pass", "git", "AUTH_MODE is jwt")
    findings = PolicyFindings({"prod": (passing, replace(passing, evidence="live"))}, (passing,))
    lost = fresh(ops_repo(), taken_at=ago(minutes=5), fresh_until=ago(minutes=4))
    snapshot = build_snapshot(config(), readings(repo=lost), NOW, findings)
    prod = snapshot.environments[2]
    assert [finding.status for finding in prod.findings] == ["unknown", "pass"]
    assert [finding.status for finding in snapshot.findings] == ["unknown"]
    assert prod.verdict.level == "unknown"
    assert prod.verdict.reasons == ("GitHub is stale",)


def test_an_unavailable_source_leaves_the_other_sources_visible() -> None:
    missing = Unavailable(SourceFailure("not-found", "no such repo"))
    snapshot = build_snapshot(config(), readings(repo=missing), NOW)
    assert snapshot.environments[2].applications[0].health == "Healthy"
    assert snapshot.environments[2].release is None
    assert snapshot.environments[2].position is None
    assert snapshot.verdict.reasons == ("GitHub: no such repo",)


def test_applications_of_two_namespaces_may_share_a_name() -> None:
    apps = argocd(application("demo"), application("demo", namespace="team-a", health="Degraded"))
    environments = (
        environment_config("own", applications=(ApplicationName("demo"),)),
        environment_config("theirs", applications=(ApplicationName("demo", "team-a"),)),
    )
    snapshot = build_snapshot(config(*environments), readings(fresh(apps)), NOW)
    assert [[str(app.id) for app in environment.applications] for environment in snapshot.environments] == [
        ["argocd/demo"],
        ["team-a/demo"],
    ]


def test_a_name_without_namespace_means_the_servers_namespace() -> None:
    apps = argocd(application("demo", namespace="team-a"))
    snapshot = build_snapshot(
        config(environment_config("own", applications=(ApplicationName("demo"),))), readings(fresh(apps)), NOW
    )
    assert snapshot.environments[0].applications == ()
    assert "no answer about demo yet" in snapshot.environments[0].verdict.reasons


def test_one_name_on_two_servers_is_two_applications() -> None:
    environments = (
        environment_config("prod"),
        environment_config("eu", server="eu", applications=(ApplicationName("anchor-msp-prod"),)),
    )
    both = config(*environments, servers=(ServerConfig(name="eu", server="https://eu"),))
    eu = argocd(application("anchor-msp-prod", source="eu", health="Degraded"), server="eu")
    found = build_snapshot(both, SourceReadings({"argocd": fresh(argocd()), "eu": fresh(eu)}, fresh(ops_repo())), NOW)
    assert [app.id.server for app in found.all_applications] == ["argocd", "eu"]
    assert [source.id for source in found.sources] == ["argocd", "eu", "github"]
    assert [environment.verdict.level for environment in found.environments][1] == "failing"


def test_an_unavailable_server_affects_only_its_own_environments() -> None:
    environments = (environment_config("prod"), environment_config("eu", server="eu"))
    both = config(*environments, servers=(ServerConfig(name="eu", server="https://eu"),))
    found = build_snapshot(
        both,
        SourceReadings(
            {"argocd": fresh(argocd()), "eu": Unavailable(SourceFailure("timeout", "no answer"))}, fresh(ops_repo())
        ),
        NOW,
    )
    assert found.environments[0].verdict.level == "ok"
    assert found.environments[1].verdict.reasons == ("Argo CD eu is unavailable",)
    assert found.verdict.reasons == ("Argo CD eu: no answer",)


def test_a_selector_matches_every_application_with_its_labels() -> None:
    one = environment_config("prod", applications=ApplicationSelector((("tier", "prod"),)))
    found = build_snapshot(config(one), readings(fresh(argocd(labels={"tier": "prod", "x": "y"}))), NOW)
    assert len(found.environments[0].applications) == 3
    none = build_snapshot(config(one), readings(fresh(argocd(labels={"tier": "dev"}))), NOW)
    assert none.environments[0].verdict.level == "unknown"
    assert "no application has the labels tier=prod" in none.environments[0].verdict.reasons[0]


def test_an_unreadable_release_fails_its_environment() -> None:
    path = "environments/prod/release.yaml"
    problem = Problem(path, "malformed", "a tab where spaces belong", path, 3, 1)
    repo = ops_repo(environments={**ops_repo().environments, "prod": files(problems=(problem,))})
    snapshot = build_snapshot(config(), readings(repo=fresh(repo)), NOW)
    assert snapshot.environments[2].verdict.reasons[0] == f"{path}:3: a tab where spaces belong"
    assert snapshot.environments[2].problems == (problem,)
    assert snapshot.environments[0].verdict.level == "ok"


RELEASE = "version: 1.43.1\nreleased: yesterday\nimages:\n  gateway:\n    repository: r/gateway\n    tag: 1.43.1\n"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [(RELEASE, ["image-without-digest", "bad-time"]), ("version: 1.43.1\n", ["no-images"])],
)
def test_problems_of_a_readable_release_do_not_fail(text: str, kinds: list[str]) -> None:
    path = "environments/prod/release.yaml"
    found, problems = read_release(parse_document(text, path), ReleaseKeyPaths())
    prod = EnvironmentFiles(found, problems, files("1.43.1").history, history_complete=True)
    repo = ops_repo(environments={**ops_repo().environments, "prod": prod})
    snapshot = build_snapshot(config(), readings(repo=fresh(repo)), NOW)
    assert [problem.kind for problem in snapshot.environments[2].problems] == kinds
    assert snapshot.environments[2].verdict.level == "ok"


def test_a_broken_chart_default_fails_every_environment() -> None:
    problem = Problem("values", "malformed", "broken", "infra/helm/platform/values.yaml", 1)
    snapshot = build_snapshot(config(), readings(repo=fresh(ops_repo(), problems=(problem,))), NOW)
    assert {environment.verdict.level for environment in snapshot.environments} == {"failing"}
    assert snapshot.problems == (problem,)


def test_pull_requests_belong_to_the_environments_they_change() -> None:
    repo = ops_repo(pull_requests=(opened(232, staging="1.44.0"), opened(227)))
    snapshot = build_snapshot(config(), readings(repo=fresh(repo)), NOW)
    assert [pull.number for pull in snapshot.environments[1].pull_requests] == [232]
    assert [pull.number for pull in snapshot.pull_requests] == [227]
    assert [pull.number for pull in snapshot.all_pull_requests] == [232, 227]
    assert snapshot.environments[1].verdict.reasons == ("behind dev by 1 release; #232 waits",)


def test_a_problem_of_no_environment_is_at_top_level() -> None:
    problem = Problem("anchor/old", "renamed", "the ops repo was renamed")
    snapshot = build_snapshot(config(), readings(repo=fresh(ops_repo(), problems=(problem,))), NOW)
    assert snapshot.problems == (problem,)
    assert snapshot.verdict.level == "ok"


def test_an_age_is_never_negative() -> None:
    snapshot = build_snapshot(config(), readings(fresh(argocd(), taken_at=NOW + timedelta(seconds=1))), NOW)
    state = snapshot.find_source("argocd")
    assert state is not None
    assert state.age_s == 0.0


def test_a_loading_source_does_not_hide_the_other() -> None:
    snapshot = build_snapshot(config(), readings(repo=Loading()), NOW)
    assert snapshot.environments[0].applications[0].sync == "Synced"
    assert snapshot.verdict.reasons == ("GitHub is loading",)


def test_pull_requests_are_ordered_by_number() -> None:
    repo = ops_repo(pull_requests=(opened(3), opened(20), opened(11)))
    assert [p.number for p in build_snapshot(config(), readings(repo=fresh(repo)), NOW).pull_requests] == [20, 11, 3]
    assert pull_request().ref.number == 232


def test_ending_and_ended_waivers_are_listed_nearest_first() -> None:
    waivers = tuple(
        Waiver("runtime.memory-budget", "prod", NOW.date() + timedelta(days=days), f"reason {days}")
        for days in (30, 3, -1)
    )
    snapshot = build_snapshot(config(policy=PolicyConfig(waivers=waivers)), readings(), NOW)
    assert [problem.message for problem in snapshot.problems] == [
        "the waiver of runtime.memory-budget on prod expired on 2026-11-22: reason -1",
        "the waiver of runtime.memory-budget on prod ends on 2026-11-26, in 4 days: reason 3",
    ]


def test_many_missing_applications_are_one_reason() -> None:
    names = tuple(ApplicationName(f"demo-{number}") for number in range(5))
    chosen = config(environment_config("prod", applications=names))
    found = build_snapshot(chosen, readings(fresh(argocd())), NOW)
    assert found.verdict.reasons == ("prod: no answer about 5 applications yet: demo-0, demo-1 and 3 more",)


def test_pending_checks_of_the_head_change_no_environment() -> None:
    head = HeadCommit("58c99611d007a6cc61b03fc859cecf01bfcf1e22", "Promote", checks="pending")
    found = build_snapshot(config(), readings(repo=fresh(ops_repo(head=head))), NOW)
    assert {env.verdict.level for env in found.environments} == {"ok"}
    assert found.verdict.reasons == ("required checks of main are pending",)
