"""The actions on the command line: what the exit code says, what is asked for, and what stdout holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from tests import golden
from tests.cli.commander import commander, steady
from tests.services.sandbox_operator import Operator, operator_at

GOLDEN = Path(__file__).parent / "golden"
TWICE = '\n[[environments]]\nname = "dev"\napplications = ["anchor-msp-dev", "team-a/anchor-msp-dev"]\n'


@pytest.fixture
def cli(monkeypatch, capfd):
    return lambda op: commander(op, monkeypatch, capfd)


# --- exit codes ---------------------------------------------------------------------------------------


def test_0_where_it_was_done(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)("sync", "dev", "--yes", "--wait")
        assert code == 0
        assert out.splitlines()[0] == "Sync anchor-msp-dev"
        assert out.splitlines()[1].startswith("✓ argocd/anchor-msp-dev: done: synced ")
        assert "anchor-tui: argocd/anchor-msp-dev: operation over" in err
        assert op.traffic.writes == ["argocd POST sync anchor-msp-dev"]


def test_0_where_nothing_is_left_to_do(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, _ = cli(op)("terminate", "dev", "--yes")
        assert (code, "nothing to terminate" in out) == (0, True)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("sync", "nobody", "--yes"), "there is no environment or application 'nobody'; there are dev, staging, prod"),
        (("promote", "anchor-msp-dev", "--yes"), "there is no environment or application 'anchor-msp-dev'"),
        (("sync", "dev", "anchor-msp-prod", "--yes"), "name environments or applications, not both at once"),
        (("merge", "soon", "--yes"), "'soon' is no number of a pull request"),
        (("merge", "0", "--yes"), "'0' is no number of a pull request"),
        (("sync", "dev", "--timeout", "0"), "'0' is no number of seconds"),
        (("sync", "dev", "--ye"), "--ye"),
        (("sync",), "APP_OR_ENV"),
    ],
)
def test_2_where_it_was_asked_for_wrongly(tmp_path, cli, argv, words):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)(*argv)
        assert (code, out) == (2, "")
        assert words in err
        assert op.traffic.writes == []
        assert op.entries == ()


def test_2_where_a_name_is_that_of_several(tmp_path, cli):
    with operator_at("steady", tmp_path, more=TWICE) as op:
        command = cli(op)
        code, _, err = command("refresh", "anchor-msp-dev")
        assert code == 2
        assert "several applications are called 'anchor-msp-dev'" in err
        assert "say one of argocd/anchor-msp-dev, team-a/anchor-msp-dev" in err
        assert command("refresh", "argocd/anchor-msp-dev")[0] == 0
        assert op.traffic.writes == ["argocd GET refresh=normal anchor-msp-dev"]


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "ARGOCD_AUTH_TOKEN"])
def test_2_where_there_is_no_token_at_all(tmp_path, cli, monkeypatch, variable):
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
def test_3_where_a_source_could_not_be_read(tmp_path, cli, fault, argv):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(fault)
        code, out, _ = cli(op)(*argv)
        assert code == 3, out
        assert out.startswith("✗ ")
        assert op.traffic.writes == []


def test_3_where_an_application_is_named_that_could_not_be_read(tmp_path, cli):
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
        (("sync", "prod", "--confirm", "prod"), "a protected environment wants a reason. Add --reason TEXT"),
        (("sync", "prod", "--confirm", "prod", "--reason", "  "), "Add --reason TEXT"),
        (("promote", "staging"), "Add --yes to do it"),
        (("promote", "prod", "--yes", "--reason", "x"), "Add --confirm prod to do it"),
        (("sync", "staging", "--confirm", "prod"), "Add --yes to do it"),
        (("rollback", "staging", "--to", "1.43.1"), "Add --yes to do it"),
    ],
)
def test_4_where_it_was_not_confirmed_as_its_price_wants_it(tmp_path, cli, argv, words):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)(*argv)
        assert code == 4
        assert words in err
        assert out.splitlines()[-1].startswith("same as: anchor-tui ")  # the Plan, whole
        assert op.traffic.writes == []


def test_4_where_yes_is_said_to_what_deletes(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        command = cli(op)
        code, out, err = command("hard-refresh-prune", "staging", "--yes")
        assert code == 4
        assert "Add --confirm 2 to do it" in err
        assert "2 resources will be DELETED" in out
        assert [each for each in op.traffic.writes if "POST" in each] == []
        assert command("hard-refresh-prune", "staging", "--confirm", "2", "--wait")[0] == 0


def test_4_where_it_is_read_only(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        for argv in (("refresh", "dev"), ("promote", "staging", "--yes"), ("cutover", "--yes")):
            code, out, err = cli(op)(*argv, "--read-only")
            assert (code, out) == (4, "")
            assert "read-only" in err
        assert op.traffic.requests == []
        assert op.entries == ()


def test_4_where_a_window_forbids_it(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        op.box.controller.windows = [ProjectSyncWindow.deny_all("*")]
        code, out, _ = cli(op)("sync", "dev", "--yes")
        assert (code, "a sync window forbids it" in out) == (4, True)


def test_4_where_it_drifted_with_the_plan_as_it_would_be_now(tmp_path, cli):
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
        assert "drifted: nothing was sent, for meanwhile environments/staging/release.yaml was" in out
        assert "as it would be now:" in out
        assert op.traffic.writes == []


def test_5_where_it_failed(tmp_path, cli):
    with operator_at("drift", tmp_path) as op:
        op.box.controller.sync_failures["anchor-msp-dev"] = "admission webhook denied the request: no"
        code, out, _ = cli(op)("sync", "dev", "--yes", "--wait")
        assert (code, "admission webhook denied the request: no" in out) == (5, True)


@pytest.mark.parametrize(
    "argv", [("refresh", "dev"), ("sync", "dev", "--yes"), ("promote", "staging", "--yes", "--without-argocd")]
)
def test_6_where_the_time_was_up_before_the_end_was_known(tmp_path, cli, argv):
    with operator_at("steady", tmp_path) as op:

        def stop(asked):
            if asked.writes:
                op.box.controller.is_down = True

        op.traffic.on_arrival.append(stop)
        code, out, _ = cli(op)(*argv, "--wait", "--timeout", "0.3")
        assert code == 6, out
        assert out.splitlines()[1].startswith("? ")


def test_6_where_the_answer_was_lost(tmp_path, cli):
    with operator_at("drift", tmp_path) as op:

        def breaks(asked):
            if asked.method == "POST":
                op.box.faults.add("argocd:status=503")

        op.box.faults.add("argocd:reset=after,method=POST,times=1")
        op.traffic.on_arrival.append(breaks)
        code, out, _ = cli(op)("sync", "dev", "--yes")
        assert (code, "its answer was lost" in out) == (6, True)


# --- waiting ------------------------------------------------------------------------------------------


def test_without_wait_it_ends_when_nothing_more_is_sent_and_says_so(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, _ = cli(op)("promote", "staging", "--yes")
        assert code == 0
        assert f"#{op.pulls[0].number}" in out
        assert "not followed" in out
        assert op.pulls[0].state == "OPEN"


def test_a_merge_is_waited_for_into_the_cluster(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("promote", "staging", "--yes")
        number = op.pulls[0].number
        code, out, err = command("merge", f"#{number}", "--yes", "--wait")
        assert code == 0, out + err
        assert op.app("staging").revision == op.box.git.head
        assert "Healthy" in out


# --- dry run ------------------------------------------------------------------------------------------

DRY = {
    "promote": ("steady", ("promote", "staging", "--reason", "release day")),
    "promote-prod": ("steady", ("promote", "prod", "--without-argocd")),
    "sync": ("drift", ("sync", "prod", "--prune")),
    "prune": ("incident", ("hard-refresh-prune", "staging")),
    "rollback": ("incident", ("rollback", "prod", "--to", "1.43.1")),
    "refused": ("cutover", ("cutover",)),
}


@pytest.mark.parametrize(
    ("name", "form"), [*((name, "text") for name in DRY), ("promote", "json"), ("prune", "json"), ("refused", "json")]
)
def test_a_dry_run_prints_the_plan_whole_and_does_nothing(tmp_path, cli, name, form):
    scenario, argv = DRY[name]
    with operator_at(scenario, tmp_path) as op:
        code, out, _ = cli(op)(*argv, "--dry-run", "--format", form)
        assert code == (4 if name == "refused" else 0)
        assert op.traffic.writes == []
        assert op.entries == ()
        if form == "json":
            found = json.loads(out)
            assert found["schema"] == "anchor-tui/plan/v1"
            assert (found["plan"] is None) == (name == "refused")
        golden.assert_matches_file(GOLDEN / f"plan-{name}.{form}", steady(out))


def test_a_dry_run_is_for_read_only_too(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        code, out, _ = cli(op)("hard-refresh-prune", "staging", "--dry-run", "--read-only")
        assert code == 0
        assert "as of 20" in out
        assert "nothing was refreshed or sent" in out
        assert op.traffic.writes == []


def test_what_the_plan_says_is_the_same_does_the_same(tmp_path, cli):
    import shlex

    with operator_at("incident", tmp_path) as op:
        command = cli(op)
        _, out, _ = command("hard-refresh-prune", "staging", "--dry-run", "--reason", "it's time; $(reboot)")
        words = shlex.split(out.splitlines()[-1].removeprefix("same as: "))
        assert words[0] == "anchor-tui"
        code, out, err = command(*words[1:], "--wait")
        assert code == 0, out + err
        assert op.entries[-1].reason == "it's time; $(reboot)"


# --- what is printed ----------------------------------------------------------------------------------


def test_the_outcome_as_json(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)("promote", "staging", "--yes", "--format", "json")
        found = json.loads(out)
        assert (code, found["schema"], found["kind"]) == (0, "anchor-tui/outcome/v1", "done")
        (result,) = found["results"]
        assert (result["subject"], result["number"]) == ("release of staging", op.pulls[0].number)
        assert result["url"].endswith(f"/pull/{op.pulls[0].number}")
        assert all(line.startswith("anchor-tui: ") for line in err.splitlines())


HOSTILE = "\x1b]0;pwned\x07\x1b[2Jred\u202egnp\nsecond line \x9b31m"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_hostile_reason_or_commit_is_only_text(tmp_path, cli, form):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        op.box.commit({"README.md": "x\n"}, f"evil {HOSTILE}")
        said = [
            command("sync", "dev", "--dry-run", "--reason", HOSTILE, "--format", form),
            command("promote", "staging", "--yes", "--reason", HOSTILE, "--format", form),
            command("audit", "--format", form),
            command("audit", "--steps"),
            command("refresh", f"x{HOSTILE}", "--format", form),
        ]
        for _, out, err in said:
            for char in "\x1b\x07\u202e\x9b":
                assert char not in out + err
        if form == "json":
            assert json.loads(said[0][1])["plan"]["order"]["reason"] == HOSTILE
        assert HOSTILE.splitlines()[1] in op.pulls[0].body


def test_no_token_is_printed(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        op.box.faults.add("argocd:status=401,method=POST,times=1")
        said = [command("sync", "dev", "--yes"), command("promote", "staging", "--yes", "--format", "json")]
        said.append(command("audit", "--format", "json"))
        for token in (op.box.argocd_token, op.box.github_token, op.box.status_token):
            assert all(token not in out + err for _, out, err in said)


def test_who_interrupts_it_is_told_where_to_look(tmp_path, cli, monkeypatch, capfd):
    with operator_at("steady", tmp_path) as op:

        async def interrupted(*_arguments, **_options):
            raise KeyboardInterrupt

        monkeypatch.setattr("anchor_tui.services.execute.executor.PlanExecutor.execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cli(op)("sync", "dev", "--yes", "--wait")
        assert "interrupted: what was sent stays sent; see anchor-tui audit --steps" in capfd.readouterr().err


def test_an_audit_that_cannot_be_written_refuses(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        (tmp_path / "state").write_text("a file where the folder should be")
        code, _, err = cli(op)("sync", "dev", "--yes")
        assert code == 4
        assert "cannot be" in err
        assert op.traffic.writes == []
        assert isinstance(op, Operator)
