"""The actions on the command line: waiting, dry runs and what is printed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from anchor_tui.domain.foreign_text import sanitize_text
from tests import golden
from tests.cli.commander import mask_changing_values
from tests.services.sandbox_operator import operator_at

GOLDEN = Path(__file__).parent / "golden"


def test_without_wait_it_ends_after_the_last_request(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, _ = cli(op)("promote", "staging", "--yes")
        assert code == 0
        assert f"#{op.pulls[0].number}" in out
        assert "not followed" in out
        assert op.pulls[0].state == "OPEN"


def test_a_merge_waits_for_the_rollout(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("promote", "staging", "--yes")
        number = op.pulls[0].number
        code, out, err = command("merge", f"#{number}", "--yes", "--wait")
        assert code == 0, out + err
        assert op.app("staging").revision == op.box.git.head
        assert "Healthy" in out


def test_a_rollback_with_merge_prints_the_number_first(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        argv = ("rollback", "prod", "--to", "1.43.1", "--merge", "--confirm", "prod")
        code, out, err = cli(op)(*argv, "--reason", "it does not start")
        assert code == 0, out + err
        (pull,) = op.pulls
        assert pull.merged_by == "on-call"
        lines = err.splitlines()
        number = next(i for i, line in enumerate(lines) if f"release of prod: #{pull.number} http" in line)
        assert number < next(i for i, line in enumerate(lines) if "waiting for the checks" in line)
        assert "Healthy" in out


def test_a_merge_offers_the_reason_of_the_pull_request(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("promote", "prod", "--confirm", "prod", "--reason", "soaked over night")
        number = str(op.pulls[0].number)
        code, out, err = command("merge", number, "--confirm", "prod")
        assert (code, op.pulls[0].state) == (4, "OPEN")
        assert "Add --reason 'soaked over night'" in err
        assert f"same as: anchor-tui merge {number} --reason 'soaked over night' --confirm prod" in out


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
def test_a_dry_run_prints_the_plan_and_does_nothing(tmp_path, cli, name, form):
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
        golden.assert_matches_file(GOLDEN / f"plan-{name}.{form}", mask_changing_values(out))


def test_a_dry_run_is_allowed_in_read_only_mode(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        code, out, _ = cli(op)("hard-refresh-prune", "staging", "--dry-run", "--read-only")
        assert code == 0
        assert "as of 20" in out
        assert "nothing was refreshed or sent" in out
        assert op.traffic.writes == []


def test_the_command_in_the_plan_does_the_same(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        command = cli(op)
        _, out, _ = command("hard-refresh-prune", "staging", "--dry-run", "--reason", "it's time; $(reboot)")
        words = shlex.split(out.splitlines()[-1].removeprefix("same as: "))
        assert words[0] == "anchor-tui"
        code, out, err = command(*words[1:], "--wait")
        assert code == 0, out + err
        assert op.entries[-1].reason == "it's time; $(reboot)"


def test_the_outcome_is_printed_as_json(tmp_path, cli):
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
def test_control_characters_in_reason_or_commit_are_not_printed(tmp_path, cli, form):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        op.box.commit({"README.md": "x\n"}, f"evil {HOSTILE}")
        results = [
            command("sync", "dev", "--dry-run", "--reason", HOSTILE, "--format", form),
            command("promote", "staging", "--yes", "--reason", HOSTILE, "--format", form),
            command("audit", "--format", form),
            command("audit", "--steps"),
            command("refresh", f"x{HOSTILE}", "--format", form),
        ]
        for _, out, err in results:
            for char in "\x1b\x07\u202e\x9b":
                assert char not in out + err
        if form == "json":
            assert json.loads(results[0][1])["plan"]["order"]["reason"] == HOSTILE
        assert f"**Reason:** {' '.join(sanitize_text(HOSTILE).split())}\n" in op.pulls[0].body


def test_no_token_is_printed(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        op.box.faults.add("argocd:status=401,method=POST,times=1")
        results = [command("sync", "dev", "--yes"), command("promote", "staging", "--yes", "--format", "json")]
        results.append(command("audit", "--format", "json"))
        for token in (op.box.argocd_token, op.box.github_token, op.box.status_token):
            assert all(token not in out + err for _, out, err in results)


def test_an_interrupt_points_to_the_audit(tmp_path, cli, monkeypatch, capfd):
    with operator_at("steady", tmp_path) as op:

        async def interrupted(*_arguments, **_options):
            raise KeyboardInterrupt

        monkeypatch.setattr("anchor_tui.services.execute.executor.PlanExecutor.execute", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"sent stay sent, and their outcome .* `anchor-tui audit --steps`"):
            cli(op)("sync", "dev", "--yes", "--wait")


def test_an_unwritable_audit_refuses_the_action(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        (tmp_path / "state").write_text("a file where the folder should be")
        code, _, err = cli(op)("sync", "dev", "--yes")
        assert code == 4
        assert "cannot read" in err
        assert op.traffic.writes == []


@pytest.mark.parametrize("name", ["fix", "mend"])
def test_fix_and_its_earlier_name_are_one_action(tmp_path, cli, name):
    with operator_at("steady", tmp_path) as op:
        code, out, _ = cli(op)(name, "dev", "argo.automated-prune", "--dry-run", "--format", "json")
        assert code == 0
        assert json.loads(out)["order"]["action"] == "mend"
