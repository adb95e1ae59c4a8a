"""Readings put together: what belongs where, and what is never shown as fresh."""

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
from anchor_tui.domain.model import Loading, Problem, SourceFailure, Stale, Unavailable
from anchor_tui.domain.releases import read_release
from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.source_data import EnvironmentFiles
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
)


def test_nothing_read_yet_is_unknown_and_every_environment_stands_there() -> None:
    snapshot = build_snapshot(config(), SourceReadings(), NOW)
    assert [each.name for each in snapshot.environments] == ["dev", "staging", "prod"]
    assert snapshot.verdict.level == "unknown"
    assert snapshot.verdict.reasons == ("Argo CD: asking", "GitHub: asking")
    assert [source.state for source in snapshot.sources] == ["asking", "asking"]


def test_everything_well_is_ok_without_a_reason() -> None:
    snapshot = build_snapshot(config(), readings(), NOW)
    assert snapshot.verdict.level == "ok"
    assert snapshot.verdict.reasons == ()
    assert [each.position.state for each in snapshot.environments if each.position] == ["newest", "behind", "behind"]


def test_a_fresh_reading_past_its_time_is_stale_whatever_its_source_believes() -> None:
    late = fresh(argocd(), taken_at=ago(seconds=50), fresh_until=ago(seconds=5))
    snapshot = build_snapshot(config(), readings(late), NOW)
    state = snapshot.find_source("argocd")
    assert state is not None
    assert (state.state, state.age_s) == ("stale", 50.0)
    assert state.error == SourceFailure("silent", "nothing was heard for 50 s")
    assert snapshot.verdict.level == "unknown"


def test_stale_values_stay_visible_with_their_age() -> None:
    stale = Stale(argocd(), ago(minutes=4), (), SourceFailure("unauthenticated", "401: the token has expired"))
    snapshot = build_snapshot(config(), readings(stale), NOW)
    prod = snapshot.find_environment("prod")
    assert prod is not None
    assert prod.applications[0].sync == "Synced"
    assert prod.verdict.level == "unknown"
    assert "401: the token has expired" in prod.verdict.reasons[0]


def test_a_missing_source_says_why_and_the_other_half_stands() -> None:
    missing = Unavailable(SourceFailure("not-found", "no such repo"))
    snapshot = build_snapshot(config(), readings(repo=missing), NOW)
    assert snapshot.environments[2].applications[0].health == "Healthy"
    assert snapshot.environments[2].release is None
    assert snapshot.environments[2].position is None
    assert snapshot.verdict.reasons == ("GitHub: no such repo",)


def test_namesakes_in_two_namespaces_are_told_apart() -> None:
    apps = argocd(application("demo"), application("demo", namespace="team-a", health="Degraded"))
    environments = (
        environment_config("own", applications=(ApplicationName("demo"),)),
        environment_config("theirs", applications=(ApplicationName("demo", "team-a"),)),
    )
    snapshot = build_snapshot(config(*environments), readings(fresh(apps)), NOW)
    assert [[str(app.id) for app in each.applications] for each in snapshot.environments] == [
        ["argocd/demo"],
        ["team-a/demo"],
    ]


def test_a_bare_name_means_the_servers_own_namespace_only() -> None:
    apps = argocd(application("demo", namespace="team-a"))
    snapshot = build_snapshot(
        config(environment_config("own", applications=(ApplicationName("demo"),))), readings(fresh(apps)), NOW
    )
    assert snapshot.environments[0].applications == ()
    assert "no answer about demo yet" in snapshot.environments[0].verdict.reasons


def test_the_same_application_on_two_servers_is_two_applications() -> None:
    environments = (
        environment_config("prod"),
        environment_config("eu", server="eu", applications=(ApplicationName("anchor-msp-prod"),)),
    )
    both = config(*environments, servers=(ServerConfig(name="eu", server="https://eu"),))
    eu = argocd(application("anchor-msp-prod", source="eu", health="Degraded"), server="eu")
    found = build_snapshot(both, SourceReadings({"argocd": fresh(argocd()), "eu": fresh(eu)}, fresh(ops_repo())), NOW)
    assert [app.id.server for app in found.all_applications] == ["argocd", "eu"]
    assert [source.id for source in found.sources] == ["argocd", "eu", "github"]
    assert [each.verdict.level for each in found.environments][1] == "failing"


def test_one_server_that_is_down_leaves_the_others_environments_alone() -> None:
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
    assert found.environments[1].verdict.reasons[0] == "Argo CD eu: no answer"


def test_a_selector_takes_every_application_with_its_labels() -> None:
    one = environment_config("prod", applications=ApplicationSelector((("tier", "prod"),)))
    found = build_snapshot(config(one), readings(fresh(argocd(labels={"tier": "prod", "x": "y"}))), NOW)
    assert len(found.environments[0].applications) == 3
    none = build_snapshot(config(one), readings(fresh(argocd(labels={"tier": "dev"}))), NOW)
    assert none.environments[0].verdict.level == "unknown"
    assert "no application has the labels tier=prod" in none.environments[0].verdict.reasons[0]


def test_an_unreadable_release_fails_its_environment_and_names_file_and_line() -> None:
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
def test_what_is_amiss_in_a_release_that_can_be_read_is_a_problem_and_no_failure(text: str, kinds: list[str]) -> None:
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
    assert {each.verdict.level for each in snapshot.environments} == {"failing"}
    assert snapshot.problems == (problem,)


def test_pull_requests_go_to_the_environments_that_they_move_and_others_to_the_top() -> None:
    repo = ops_repo(pull_requests=(opened(232, staging="1.44.0"), opened(227)))
    snapshot = build_snapshot(config(), readings(repo=fresh(repo)), NOW)
    assert [pull.number for pull in snapshot.environments[1].pull_requests] == [232]
    assert [pull.number for pull in snapshot.pull_requests] == [227]
    assert [pull.number for pull in snapshot.all_pull_requests] == [232, 227]
    assert snapshot.environments[1].verdict.reasons == ("behind dev by 1 release; #232 waits",)


def test_a_problem_of_no_environment_stands_at_the_top() -> None:
    problem = Problem("anchor/old", "renamed", "the ops repo was renamed")
    snapshot = build_snapshot(config(), readings(repo=fresh(ops_repo(), problems=(problem,))), NOW)
    assert snapshot.problems == (problem,)
    assert snapshot.verdict.level == "ok"


def test_an_age_is_never_negative() -> None:
    snapshot = build_snapshot(config(), readings(fresh(argocd(), taken_at=NOW + timedelta(seconds=1))), NOW)
    state = snapshot.find_source("argocd")
    assert state is not None
    assert state.age_s == 0.0


def test_asking_for_one_source_does_not_hide_the_other() -> None:
    snapshot = build_snapshot(config(), readings(repo=Loading()), NOW)
    assert snapshot.environments[0].applications[0].sync == "Synced"
    assert snapshot.verdict.reasons == ("GitHub: asking",)


def test_pull_request_order_is_by_number() -> None:
    repo = ops_repo(pull_requests=(opened(3), opened(20), opened(11)))
    assert [p.number for p in build_snapshot(config(), readings(repo=fresh(repo)), NOW).pull_requests] == [20, 11, 3]
    assert pull_request().ref.number == 232


def test_waivers_that_end_soon_or_have_ended_are_listed_nearest_first() -> None:
    waivers = tuple(
        Waiver("runtime.memory-budget", "prod", NOW.date() + timedelta(days=days), f"reason {days}")
        for days in (30, 3, -1)
    )
    snapshot = build_snapshot(config(policy=PolicyConfig(waivers=waivers)), readings(), NOW)
    assert [each.message for each in snapshot.problems] == [
        "the waiver of runtime.memory-budget on prod expired on 2026-11-22: reason -1",
        "the waiver of runtime.memory-budget on prod ends on 2026-11-26, in 4 days: reason 3",
    ]
