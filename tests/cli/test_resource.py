"""`anchor-tui resource`: lists and runs the actions of one resource."""

from __future__ import annotations

import json

import pytest

from anchor_tui.sandbox.argocd.workloads.pods import list_pods
from tests.services.sandbox_operator import operator_at

WEB = "Deployment/anchor-web"


@pytest.fixture(scope="module")
def op(tmp_path_factory):
    with operator_at("steady", tmp_path_factory.mktemp("resource")) as found:
        yield found


@pytest.fixture
def command(op, cli):
    op.traffic.clear()
    return cli(op)


def test_the_offered_actions_are_listed(op, command):
    code, out, _ = command("resource", "anchor-msp-dev", WEB, "--list", "--read-only")
    assert code == 0
    assert out.splitlines() == [
        "Deployment/anchor-web of argocd/anchor-msp-dev",
        "  restart",
        "  resume          disabled: it does not fit the present state",
        "  scale           --param replicas=VALUE",
        "  pause",
    ]
    assert op.traffic.writes == []


def test_the_list_is_a_document_too(op, command):
    code, out, _ = command("resource", "anchor-msp-dev", WEB, "--list", "--format", "json")
    document = json.loads(out)
    assert (code, document["schema"]) == (0, "anchor-tui/resource-actions/v1")
    assert document["resource"] == "apps/Deployment/anchor-dev/anchor-web"
    assert document["actions"][2] == {
        "name": "scale",
        "display_name": "",
        "disabled": False,
        "parameters": ["replicas"],
    }


def test_a_confirmed_restart_is_executed_and_followed(op, command):
    code, out, err = command("resource", "anchor-msp-dev", WEB, "restart", "--yes", "--wait")
    assert code == 0, out + err
    assert "done: Deployment/anchor-web is Healthy" in out
    assert op.traffic.writes == ["argocd POST resource actions v2 anchor-msp-dev"]


def test_a_dry_run_prints_the_plan_only(op, command):
    code, out, _ = command("resource", "dev", WEB, "scale", "--param", "replicas=3", "--dry-run")
    assert code == 0
    assert "Scale (replicas=3) Deployment/anchor-web of anchor-msp-dev" in out
    assert "--param replicas=3" in out
    assert op.traffic.writes == []


def test_a_deletion_needs_its_phrase(op, command):
    name = op.box.call_in_loop(lambda: next(list_pods(op.app("prod"))).name)
    code, out, err = command("resource", "anchor-msp-prod", f"Pod/{name}", "--delete", "--yes")
    assert code == 4
    assert "Add --confirm 'prod 1'" in err
    assert "will be DELETED" in out
    argv = ("resource", "anchor-msp-prod", f"Pod/{name}", "--delete", "--confirm", "prod 1", "--reason", "stuck")
    assert command(*argv)[0] == 0
    assert op.traffic.writes == ["argocd DELETE resource anchor-msp-prod"]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ((WEB,), 2, "name either an action, --delete or --list"),
        ((WEB, "restart", "--list"), 2, "name either an action, --delete or --list"),
        ((WEB, "--delete", "--param", "a=b"), 2, "--param needs an action"),
        ((WEB, "scale", "--param", "3"), 2, "is not a value such as replicas=3"),
        (("Deployment/nope", "--list"), 4, "it has no resource Deployment/nope"),
        ((WEB, "--delete", "--yes"), 4, "only pods can be deleted here"),
        ((WEB, "resume", "--yes"), 4, "resume is disabled"),
        ((WEB, "restart", "--yes", "--read-only"), 4, "read-only"),
        ((WEB, "restart"), 4, "Add --yes"),
    ],
)
def test_a_wrong_or_unconfirmed_order_changes_nothing(op, command, argv, code, words):
    found, out, err = command("resource", "anchor-msp-dev", *argv)
    assert (found, op.traffic.writes) == (code, [])
    assert words in out + err


def test_an_unknown_application_is_wrong_usage(op, command):
    assert command("resource", "nope", WEB, "restart", "--yes")[0] == 2
    assert command("resource", "nope", WEB, "--list")[0] == 2
