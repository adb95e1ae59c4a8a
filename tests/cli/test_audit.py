"""`anchor-tui audit`: the actions of this machine, as text and as the stored lines."""

from __future__ import annotations

import json

import pytest

from tests.services.sandbox_operator import operator_at


def test_an_empty_audit_names_its_file(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        code, out, err = cli(op)("audit")
        assert (code, err) == (0, "")
        assert out == f"no actions were started on this machine ({tmp_path / 'state' / 'audit.jsonl'})\n"
        assert cli(op)("audit", "--format", "json") == (0, "", "")


def test_actions_and_outcomes_are_listed_and_steps_on_request(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("sync", "dev", "--yes", "--reason", "night shift")
        op.box.faults.add("argocd:status=403,method=POST,times=1")
        command("sync", "staging", "--yes")
        code, out, _ = command("audit")
        lines = out.splitlines()
        assert code == 0
        assert [line.split()[2:4] for line in lines] == [
            ["◌", "intended"],
            ["✓", "done"],
            ["◌", "intended"],
            ["✗", "failed"],
        ]
        assert lines[0].endswith("reason: night shift")
        assert "argocd/anchor-msp-dev" in lines[1]
        _, out, _ = command("audit", "--steps")
        assert len(out.splitlines()) == 8
        assert " sync step 1  argocd/anchor-msp-dev" in out
        assert op.box.argocd_token not in out


def test_json_contains_the_stored_lines(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("sync", "dev", "--yes")
        code, out, err = command("audit", "--format", "json")
        found = [json.loads(line) for line in out.splitlines()]
        assert (code, err) == (0, "")
        assert [entry["entry"] for entry in found] == ["intended", "intended", "done", "done"]
        assert len({entry["plan"] for entry in found}) == 1
        assert found == [json.loads(line) for line in op.audit.path.read_text().splitlines()]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_truncated_line_is_left_out_and_counted(tmp_path, cli, form):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("refresh", "dev")
        with op.audit.path.open("ab") as file:
            file.write(b'{"at":"2026-11-23T14:02:31Z","entry":"inten')
        command("refresh", "dev")
        code, out, err = command("audit", "--format", form)
        assert code == 0
        assert "1 line(s)" in err
        assert "unreadable" in err
        assert "inten\n" not in out
        if form == "json":
            assert all(json.loads(line) for line in out.splitlines())


def test_events_are_listed_too(tmp_path, cli):
    with operator_at("incident", tmp_path) as op:
        command = cli(op)
        op.box.github_repo.required_checks = ()

        def merge(asked):
            if op.pulls and op.pulls[0].state == "OPEN" and str(asked).endswith("labels"):
                op.merge(op.pulls[0].number)

        op.traffic.on_arrival.append(merge)
        argv = ("rollback", "prod", "--to", "1.43.1", "--confirm", "prod", "--reason", "it does not start", "--wait")
        code, out, err = command(*argv)
        assert code == 0, out + err
        _, out, _ = command("audit")
        assert [line.split()[3:5] for line in out.splitlines()] == [
            ["intended", "rollback"],
            ["intended", "event"],
            ["done", "event"],
            ["done", "rollback"],
        ]


def test_an_unreadable_audit_exits_with_3(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        (tmp_path / "state").mkdir()
        op.audit.path.mkdir()
        code, out, err = cli(op)("audit")
        assert (code, out) == (3, "")
        assert "cannot read the audit log" in err


@pytest.mark.usefixtures("short_requests")
def test_an_unknown_outcome_can_be_acknowledged(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        op.box.faults.add("argocd:hang,method=POST,times=1")
        command("sync", "dev", "--yes", "--timeout", "1")
        (unknown,) = [entry for entry in op.entries if entry.entry == "unknown" and entry.step is None]
        hint = f"to acknowledge it: anchor-tui audit --resolve {unknown.plan[:8]}"
        assert hint in command("audit")[1].splitlines()[-1]
        argv = ("audit", "--resolve", unknown.plan[:8], "--reason", "looked at Argo CD")
        code, out, err = command(*argv)
        assert (code, out, err) == (0, "resolved: Sync anchor-msp-dev (argocd/anchor-msp-dev)\n", "")
        _, out, _ = command("audit")
        assert hint not in out
        assert "resolved sync" in out.splitlines()[-1]
        assert out.splitlines()[-1].endswith("reason: looked at Argo CD")
        code, out, err = command(*argv)
        assert (code, out) == (2, "")
        assert "open: none" in err
