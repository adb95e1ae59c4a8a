"""`anchor-tui app` on the sandbox: every view as text and as a document."""

from __future__ import annotations

import json

import pytest

from tests.services.sandbox_operator import operator_at

VIEWS = ("--why", "--tree", "--events", "--logs", "--diff", "--history")


@pytest.fixture
def crash(cli, tmp_path):
    with operator_at("incident-crash", tmp_path) as op:
        yield cli(op)


@pytest.fixture
def steady(cli, tmp_path):
    with operator_at("steady", tmp_path) as op:
        yield cli(op)


def test_why_prints_the_cause_first(crash):
    code, out, _ = crash("app", "prod", "--why")
    assert code == 0
    assert out.splitlines()[0] == "anchor-gateway exits with code 1: KeyError: 'AUTH_JWKS_URL'"
    assert "next: Read the log" in out


def test_why_exits_with_1_without_a_cause(steady):
    code, out, _ = steady("app", "anchor-msp-prod", "--why")
    assert (code, out) == (1, "argocd/anchor-msp-prod: nothing has failed\n")


def test_the_overview_names_release_and_author(crash):
    code, out, _ = crash("app", "argocd/anchor-msp-prod")
    assert code == 0
    assert "release 1.43.2 (#233) by m-ito" in out
    assert "since 1.43.2 (#233 by m-ito), right after its sync" in out


def test_the_tree_nests_the_failing_pod(crash):
    _, out, _ = crash("app", "prod", "--tree")
    assert "CrashLoopBackOff 0/1 6 restarts" in next(line for line in out.splitlines() if line.startswith("    ✗ Pod"))


def test_warnings_are_marked_in_the_events(crash):
    _, out, _ = crash("app", "prod", "--events", "--resource", "Deployment/anchor-gateway")
    assert "BackOff ×23" in out
    assert "anchor-web" not in out


def test_the_previous_log_is_filtered(crash):
    options = ("--resource", "anchor-gateway", "--previous", "--grep", "Error")
    _, out, _ = crash("app", "prod", "--logs", *options)
    assert [line.partition("Z ")[2] for line in out.splitlines()] == ["KeyError: 'AUTH_JWKS_URL'"]


def test_equal_resources_are_counted(steady):
    _, out, _ = steady("app", "prod", "--diff")
    assert out == "7 resources: live and git are equal\n"


def test_differences_are_shown_as_fields_and_yaml(cli, tmp_path):
    with operator_at("drift", tmp_path) as op:
        _, out, _ = cli(op)("app", "prod", "--diff")
    assert "Deployment/anchor-web: changed\n  spec.replicas: 3 → " in out
    assert "-  replicas: 3" in out


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_a_document(crash, view):
    code, out, _ = crash("app", "prod", view, "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert (document["schema"], document["view"]) == ("anchor-tui/app/v1", view.removeprefix("--"))
    assert view == "--diff" or document[document["view"]]


def test_an_unknown_name_lists_the_nearest(steady):
    code, _, err = steady("app", "anchor-msp-prd", "--tree")
    assert code == 2
    assert "did you mean anchor-msp-prod?" in err


def test_an_unknown_resource_is_an_error(steady):
    code, _, err = steady("app", "prod", "--events", "--resource", "Deployment/nope")
    assert code == 3
    assert "there is no resource Deployment/nope" in err


@pytest.mark.parametrize(
    ("option", "value"), [("--since", "soon"), ("--tail", "0"), ("--grep", "("), ("--timeout", "-1")]
)
def test_a_malformed_option_is_refused(steady, option, value):
    code, _, err = steady("app", "prod", "--logs", option, value)
    assert code == 2
    assert value in err
