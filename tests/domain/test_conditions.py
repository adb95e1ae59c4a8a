"""The language of conditions, and their state in a snapshot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.conditions.evaluation import (
    ConditionEvidence,
    evaluate_condition,
    list_unlisted_pull_requests,
)
from anchor_tui.domain.conditions.language import (
    ApplicationClaim,
    ConditionError,
    EnvironmentClaim,
    PullRequestClaim,
    parse_conditions,
)
from anchor_tui.domain.inspection.pull_request_details import CheckDetail, PullRequestDetails
from anchor_tui.domain.model import Level, Snapshot, SourceFailure, Verdict
from anchor_tui.domain.readings import Loading, Stale, Unavailable
from anchor_tui.domain.snapshot_builder import build_snapshot
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    config,
    fresh,
    opened,
    ops_repo,
    pull_request,
    readings,
    replace,
)

APPLICATIONS = {
    "dev": ("anchor-msp-dev",),
    "staging": ("anchor-msp-staging",),
    "prod": ("anchor-msp-prod",),
    "edge": (),
}
FAILURE = SourceFailure("timeout", "no answer within 5 s")


def parse(text: str) -> Any:
    return parse_conditions(text, APPLICATIONS)


def parse_error(text: str) -> tuple[str, str]:
    """Return the message about a text, and the word it points at."""
    with pytest.raises(ConditionError) as caught:
        parse(text)
    error = caught.value
    return str(error), error.text[error.start : error.end]


# --- the language ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("prod healthy", EnvironmentClaim("prod", "healthy")),
        ("prod OK", EnvironmentClaim("prod", "ok")),
        ("staging runs 1.44.0", EnvironmentClaim("staging", "runs", "1.44.0")),
        ("dev no-failures", EnvironmentClaim("dev", "no-failures")),
        ("prod/anchor-msp-prod synced", ApplicationClaim("prod", "anchor-msp-prod", "synced")),
        ("edge/any/thing healthy", ApplicationClaim("edge", "any/thing", "healthy")),
        ("pr 232 merged", PullRequestClaim(232, "merged")),
        ("pr #232 checks passed", PullRequestClaim(232, "checks passed")),
    ],
)
def test_each_form_is_a_condition(text: str, subject: Any):
    (condition,) = parse(text)
    assert (condition.subject, condition.text, condition.is_negated) == (subject, text, False)


def test_several_conditions_are_joined_with_or_without_and():
    one, two = parse("prod healthy and  not staging synced")
    assert [one, two] == [*parse("prod healthy not staging synced")]
    assert (two.text, two.is_negated) == ("not staging synced", True)
    assert not parse("not not prod ok")[0].is_negated


@pytest.mark.parametrize(
    ("text", "word", "parts"),
    [
        ("prd healthy", "prd", ("there is no environment 'prd'", "did you mean prod?")),
        ("prod healhty", "healhty", ("not a state of prod", "did you mean healthy?")),
        ("prod", "", ("not complete", "ok, healthy, synced")),
        ("prod runs", "", ("add a version",)),
        ("prod healthy and", "", ("add an environment",)),
        ("", "", ("not complete",)),
        ("pr x merged", "x", ("'x' is not the number",)),
        ("pr 0 merged", "0", ("not the number",)),
        ("pr 232 megred", "megred", ("did you mean merged?",)),
        ("pr 232 checks pass", "pass", ("did you mean passed?",)),
        ("prod/anchor-msp-prd synced", "prod/anchor-msp-prd", ("did you mean anchor-msp-prod?",)),
        ("prod/ synced", "prod/", ("no application ''",)),
        ("prod/anchor-msp-prod ok", "ok", ("Choose one of healthy, synced",)),
        ("prod healthy staging sinced", "sinced", ("did you mean synced?",)),
    ],
)
def test_an_error_points_at_the_word(text: str, word: str, parts: tuple[str, ...]):
    message, found = parse_error(text)
    assert found == word
    assert all(part in message for part in parts), message


WORDS = st.sampled_from(
    [
        "prod",
        "pr",
        "232",
        "not",
        "and",
        "healthy",
        "runs",
        "1.0",
        "checks",
        "passed",
        "prod/a",
        "edge/x",
        "merged",
        "ö\x1b",
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)))
def test_any_text_is_a_condition_or_an_error_inside(text: str):
    try:
        conditions = parse(text)
    except ConditionError as caught:
        error = caught
    else:
        assert conditions
        assert all(condition.text in text for condition in conditions)
        return
    assert error.text == text
    assert 0 <= error.start <= error.end <= len(text)
    assert error.start < error.end or error.start == len(text)
    assert str(error)


# --- environments ------------------------------------------------------------------------------------


def read(*apps: Any, repo: Any = None, **changes: Any) -> Snapshot:
    return build_snapshot(config(), readings(fresh(argocd(*apps)) if apps else None, repo, **changes), NOW)


def state(text: str, snapshot: Snapshot, **changes: Any) -> tuple[str, str]:
    evidence = ConditionEvidence(snapshot, application_counts=dict.fromkeys(APPLICATIONS, 1), **changes)
    result = evaluate_condition(parse(text)[0], evidence)
    return result.status, result.reason


def prod(**changes: Any) -> Snapshot:
    return read(application("anchor-msp-dev"), application("anchor-msp-staging"), application(**changes))


@pytest.mark.parametrize(
    ("text", "snapshot", "status", "reason"),
    [
        ("prod healthy", read(), "true", "prod is healthy"),
        ("prod healthy", prod(health="Degraded"), "false", "anchor-msp-prod is Degraded"),
        ("not prod healthy", prod(health="Degraded"), "true", "anchor-msp-prod is Degraded"),
        ("prod healthy", prod(health=None), "unknown", "healthy of anchor-msp-prod is unknown"),
        ("not prod healthy", prod(health="Unknown"), "unknown", "healthy of anchor-msp-prod is unknown"),
        ("prod healthy", prod(presence="absent"), "false", "anchor-msp-prod is absent"),
        ("prod synced", prod(sync="OutOfSync"), "false", "anchor-msp-prod is OutOfSync"),
        ("prod/anchor-msp-prod synced", read(), "true", "anchor-msp-prod is synced"),
        ("prod/argocd/anchor-msp-prod healthy", read(), "true", "argocd/anchor-msp-prod is healthy"),
        ("prod healthy", read(application("anchor-msp-dev")), "unknown", "not every application of prod was read"),
        ("prod no-failures", prod(health="Degraded"), "false", "prod is failing"),
        ("prod no-failures", prod(sync="OutOfSync"), "true", "prod is attention"),
        ("prod ok", prod(sync="OutOfSync"), "false", "prod is attention"),
        ("staging healthy", read(application("anchor-msp-staging", health="Missing")), "false", "is asleep"),
    ],
)
def test_the_state_of_an_environment(text: str, snapshot: Snapshot, status: str, reason: str):
    if "argocd/" in text:
        text = text.replace("prod/", "edge/")
        snapshot = replace(snapshot, environments=(replace(snapshot.environments[-1], name="edge"),))
    found = state(text, snapshot)
    assert found[0] == status
    assert reason in found[1]


@pytest.mark.parametrize("text", ["prod healthy", "not prod healthy", "prod ok", "not prod ok", "prod runs 1.43.1"])
def test_old_data_satisfies_no_condition(text: str):
    stale = Stale(argocd(), ago(minutes=5), (), FAILURE)
    for reading in (stale, Loading(), Unavailable(FAILURE)):
        assert state(text, build_snapshot(config(), readings(reading), NOW))[0] == "unknown"


def test_a_lost_github_does_not_hide_the_health():
    lost = build_snapshot(config(), readings(repo=Unavailable(FAILURE)), NOW)
    assert state("prod healthy", lost)[0] == "true"
    assert state("prod ok", lost) == ("unknown", "GitHub is unavailable")


@pytest.mark.parametrize(
    ("images", "sync", "status"),
    [
        (("ghcr.io/anchor/anchor-gateway:1.43.1",), "Synced", "true"),
        (("ghcr.io/anchor/anchor-gateway:1.43.0",), "Synced", "false"),
        (("ghcr.io/anchor/anchor-gateway:1.43.1",), "OutOfSync", "true"),
        (("ghcr.io/anchor/anchor-gateway:1.43.1", "ghcr.io/anchor/anchor-gateway:1.43.0"), "Synced", "false"),
        ((), "Synced", "unknown"),
    ],
)
def test_a_version_runs_if_the_cluster_has_its_images(images: tuple[str, ...], sync: str, status: str):
    snapshot = prod(images=images, sync=sync)
    assert state("prod runs 1.43.1", snapshot)[0] == status
    assert state("prod runs 1.44.0", snapshot) == ("false", "prod has 1.43.1 in git")


def test_an_unknown_verdict_satisfies_neither_form():
    snapshot = read()
    unknown = replace(snapshot.environments[-1], verdict=Verdict(Level.UNKNOWN, ("a check is unknown",)))
    snapshot = replace(snapshot, environments=(*snapshot.environments[:-1], unknown))
    assert state("prod ok", snapshot) == state("not prod ok", snapshot)
    assert state("prod no-failures", snapshot)[0] == "unknown"


# --- pull requests -----------------------------------------------------------------------------------


def read_pulls(**changes: Any) -> Snapshot:
    item = opened()
    return read(
        repo=fresh(ops_repo(pull_requests=(replace(item, pull_request=replace(item.pull_request, **changes)),)))
    )


@pytest.mark.parametrize(
    ("text", "changes", "status"),
    [
        ("pr 232 open", {}, "true"),
        ("pr 232 merged", {}, "false"),
        ("pr 232 closed", {}, "false"),
        ("pr 232 checks passed", {"checks": "success"}, "true"),
        ("pr 232 checks passed", {"checks": "pending"}, "false"),
        ("pr 232 checks passed", {"checks": "none"}, "false"),
        ("not pr 232 checks passed", {"checks": "unknown"}, "unknown"),
        ("pr 232 mergeable", {"mergeable": "mergeable"}, "true"),
        ("pr 232 mergeable", {"mergeable": "conflicting"}, "false"),
        ("pr 232 mergeable", {"mergeable": "mergeable", "draft": True}, "false"),
        ("pr 232 mergeable", {"mergeable": "unknown"}, "unknown"),
    ],
)
def test_the_state_of_an_open_pull_request(text: str, changes: Any, status: str):
    snapshot = read_pulls(**changes)
    assert state(text, snapshot)[0] == status
    assert list_unlisted_pull_requests(parse(text), snapshot) == ()


def details(**changes: Any) -> PullRequestDetails:
    pull = pull_request()
    return PullRequestDetails(pull.number, pull.title, pull.url, **changes)


@pytest.mark.parametrize(
    ("text", "found", "status"),
    [
        ("pr 232 merged", details(state="merged"), "true"),
        ("not pr 232 merged", details(state="merged"), "impossible"),
        ("pr 232 closed", details(state="merged"), "true"),
        ("pr 232 mergeable", details(state="merged"), "impossible"),
        ("pr 232 merged", details(state="closed"), "impossible"),
        ("pr 232 closed", details(state="closed"), "true"),
        ("not pr 232 open", details(state="closed"), "true"),
        ("pr 232 checks passed", details(state="closed"), "impossible"),
        ("pr 232 checks passed", details(state="merged", checks=(CheckDetail("a", "pending"),)), "false"),
        ("pr 232 checks passed", details(state="merged", checks=(CheckDetail("a", "success"),)), "true"),
        ("pr 232 merged", details(state="open"), "false"),
        ("pr 232 merged", SourceFailure("not-found", "404"), "impossible"),
        ("not pr 232 merged", SourceFailure("not-found", "404"), "impossible"),
        ("pr 232 merged", FAILURE, "unknown"),
        ("pr 232 merged", None, "unknown"),
    ],
)
def test_the_state_of_a_pull_request_that_is_not_listed(text: str, found: Any, status: str):
    snapshot = read()
    assert list_unlisted_pull_requests(parse(text), snapshot) == (232,)
    assert state(text, snapshot, pull_requests={232: found} if found else {})[0] == status


def test_pull_requests_are_unknown_without_github():
    lost = build_snapshot(config(), readings(repo=Unavailable(FAILURE)), NOW)
    assert state("pr 232 merged", lost, pull_requests={232: details(state="merged")})[0] == "unknown"
    assert list_unlisted_pull_requests(parse("pr 232 merged"), lost) == ()
