"""The actions on the command line: the exit code of each outcome."""

from __future__ import annotations

import pytest

from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from tests.services.sandbox_operator import operator_at

TWICE = '\n[[environments]]\nname = "dev"\napplications = ["anchor-msp-dev", "team-a/anchor-msp-dev"]\n'


def test_0_if_the_action_is_done(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)("sync", "dev", "--yes", "--wait")
        assert code == 0
        assert out.splitlines()[0] == "Sync anchor-msp-dev"
        assert out.splitlines()[1].startswith("✓ argocd/anchor-msp-dev: done: synced ")
        assert "anchor-tui: argocd/anchor-msp-dev: waiting for the operation to end" in err
        assert op.traffic.writes == ["argocd POST sync anchor-msp-dev"]


def test_0_if_there_is_nothing_to_do(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, _ = cli(op)("terminate", "dev", "--yes")
        assert (code, "nothing to terminate" in out) == (0, True)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("sync", "nobody", "--yes"), "there is no environment or application 'nobody'; there are dev, staging, prod"),
        (("promote", "anchor-msp-dev", "--yes"), "there is no environment 'anchor-msp-dev'"),
        (("sync", "dev", "anchor-msp-prod", "--yes"), "name environments or applications, not both at once"),
        (("merge", "soon", "--yes"), "'soon' is not the number of a pull request"),
        (("merge", "0", "--yes"), "'0' is not the number of a pull request"),
        (("sync", "dev", "--timeout", "0"), "'0' is not a number of seconds"),
        (("sync", "dev", "--ye"), "--ye"),
        (("sync",), "APP_OR_ENV"),
    ],
)
def test_2_for_wrong_usage(tmp_path, cli, argv, words):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)(*argv)
        assert (code, out) == (2, "")
        assert words in err
        assert op.traffic.writes == []
        assert op.entries == ()


def test_2_for_an_ambiguous_name(tmp_path, cli):
    with operator_at("steady", tmp_path, more=TWICE) as op:
        command = cli(op)
        code, _, err = command("refresh", "anchor-msp-dev")
        assert code == 2
        assert "several applications are called 'anchor-msp-dev'" in err
        assert "use one of argocd/anchor-msp-dev, team-a/anchor-msp-dev" in err
        assert command("refresh", "argocd/anchor-msp-dev")[0] == 0
        assert op.traffic.writes == ["argocd GET refresh=normal anchor-msp-dev"]


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "ARGOCD_AUTH_TOKEN"])
def test_2_without_any_token(tmp_path, cli, monkeypatch, variable):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv(variable, "")
        argv = ("promote", "staging", "--yes") if variable == "GITHUB_TOKEN" else ("refresh", "dev")
        code, out, err = command(*argv)
        assert code == 2, out + err
        assert variable in out + err
        assert op.traffic.writes == []


@pytest.mark.parametrize(
    ("fault", "argv"),
    [
        ("argocd:status=503", ("sync", "dev", "--yes")),
        ("argocd:status=401", ("refresh", "dev")),
        ("argocd:html", ("hard-refresh-prune", "staging", "--yes")),
        ("argocd:status=503", ("promote", "staging", "--yes")),
        ("github:status=503", ("promote", "staging", "--yes")),
        ("github:status=401", ("rollback", "staging", "--to", "1.43.1", "--yes")),
        ("github:status=503", ("merge", "232", "--yes")),
    ],
)
def test_3_if_a_source_cannot_be_read(tmp_path, cli, fault, argv):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(fault)
        code, out, _ = cli(op)(*argv)
        assert code == 3, out
        assert out.startswith("✗ ")
        assert op.traffic.writes == []


def test_3_for_an_unknown_application_of_an_unread_source(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("argocd:status=503")
        code, out, err = cli(op)("sync", "some-other-app", "--yes")
        assert code == 3, out + err
        assert "503" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("sync", "dev"), "Add --yes to do it"),
        (("sync", "prod", "--yes", "--reason", "x"), "Add --confirm prod to do it"),
        (("sync", "prod", "--confirm", "dev", "--reason", "x"), "Add --confirm prod to do it"),
        (("sync", "prod", "--confirm", "prod"), "a protected environment requires a reason. Add --reason TEXT"),
        (("sync", "prod", "--confirm", "prod", "--reason", "  "), "Add --reason TEXT"),
        (("promote", "staging"), "Add --yes to do it"),
        (("promote", "prod", "--yes", "--reason", "x"), "Add --confirm prod to do it"),
        (("sync", "staging", "--confirm", "prod"), "Add --yes to do it"),
        (("rollback", "staging", "--to", "1.43.1"), "Add --yes to do it"),
    ],
)
def test_4_without_the_required_confirmation(tmp_path, cli, argv, words):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)(*argv)
        assert code == 4
        assert words in err
        assert out.splitlines()[-1].startswith("same as: anchor-tui ")  # the Plan, whole
        assert op.traffic.writes == []


def test_4_for_yes_to_a_plan_that_deletes(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        command = cli(op)
        code, out, err = command("hard-refresh-prune", "staging", "--yes")
        assert code == 4
        assert "Add --confirm 2 to do it" in err
        assert "2 resources will be DELETED" in out
        assert [write for write in op.traffic.writes if "POST" in write] == []
        assert command("hard-refresh-prune", "staging", "--confirm", "2", "--wait")[0] == 0


def test_4_if_read_only(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        for argv in (("refresh", "dev"), ("promote", "staging", "--yes"), ("cutover", "--yes")):
            code, out, err = cli(op)(*argv, "--read-only")
            assert (code, out) == (4, "")
            assert "read-only" in err
        assert op.traffic.requests == []
        assert op.entries == ()


def test_4_if_a_sync_window_forbids_the_action(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        op.box.controller.windows = [ProjectSyncWindow.deny_all("*")]
        code, out, _ = cli(op)("sync", "dev", "--yes")
        assert (code, "a sync window forbids it" in out) == (4, True)


def test_4_after_drift_with_the_new_plan(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        looks = []

        def push(asked):
            if asked.path == "/graphql" and b"ExistingBranch(" in asked.body:
                looks.append(asked)
                if len(looks) == 1:  # after the Plan was made, before it is looked at again
                    path = "environments/staging/release.yaml"
                    op.box.commit({path: op.read(path) + b"# looked at\n"}, "A comment")

        op.traffic.on_arrival.append(push)
        code, out, _ = cli(op)("promote", "staging", "--yes")
        assert code == 4
        assert "drifted: nothing was sent: environments/staging/release.yaml was" in out
        assert "the new plan:" in out
        assert op.traffic.writes == []


def test_5_if_the_action_failed(tmp_path, cli):
    with operator_at("drift", tmp_path) as op:
        op.box.controller.sync_failures["anchor-msp-dev"] = "admission webhook denied the request: no"
        code, out, _ = cli(op)("sync", "dev", "--yes", "--wait")
        assert (code, "admission webhook denied the request: no" in out) == (5, True)


@pytest.mark.usefixtures("short_requests")
@pytest.mark.parametrize(
    "argv", [("refresh", "dev"), ("sync", "dev", "--yes"), ("promote", "staging", "--yes", "--without-argocd")]
)
def test_6_if_the_timeout_passes_before_the_end(tmp_path, cli, argv):
    with operator_at("steady", tmp_path) as op:

        def stop(asked):
            if asked.writes:
                op.box.controller.is_down = True

        op.traffic.on_arrival.append(stop)
        code, out, _ = cli(op)(*argv, "--wait", "--timeout", "0.3")
        assert code == 6, out
        assert out.splitlines()[1].startswith("? ")


def test_6_if_the_response_was_lost(tmp_path, cli):
    with operator_at("drift", tmp_path) as op:

        def breaks(asked):
            if asked.method == "POST":
                op.box.faults.add("argocd:status=503")

        op.box.faults.add("argocd:reset=after,method=POST,times=1")
        op.traffic.on_arrival.append(breaks)
        code, out, _ = cli(op)("sync", "dev", "--yes")
        assert (code, "the response was lost" in out) == (6, True)
