"""Results that cannot be recorded, and answers that prove nothing: done is never reported as not done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anchor_tui.domain.actions.steps import AddLabels
from anchor_tui.services.execute.audit import AuditEntry, AuditError
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.errors import Timeout
from anchor_tui.sources.github.writer import GitHubWriter
from tests.services.sandbox_operator import Operator, operator_at

SYNC = "argocd POST sync anchor-msp-dev"
FULL = "cannot write the audit log (No space left on device). Nothing is executed without it"


def fail_to_record(op: Operator, is_affected: Callable[[AuditEntry], bool]) -> None:
    """Let the audit fail for some lines."""
    append = op.audit.append_entry

    def append_or_fail(entry: AuditEntry) -> None:
        if is_affected(entry):
            raise AuditError(FULL)
        append(entry)

    op.audit.append_entry = append_or_fail  # type: ignore[method-assign]


def is_answer(step: int) -> Callable[[AuditEntry], bool]:
    return lambda entry: entry.step == step and entry.entry != "intended"


async def test_a_done_sync_without_a_record_is_done(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        fail_to_record(op, is_answer(0))
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert "“sync anchor-msp-dev” is done, but not recorded: cannot write the audit log" in outcome.message
        assert op.traffic.writes.count(SYNC) == 1


async def test_nothing_follows_a_step_that_is_not_recorded(tmp_path):
    """The branch exists and the outcome reports that; the commit and the pull request are not made."""
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")
        fail_to_record(op, is_answer(0))
        op.traffic.clear()
        outcome = await op.execute(plan)
        assert outcome.kind == "unknown", outcome.message
        assert "create branch anchor-tui/promote/staging/1.44.0" in outcome.message
        assert "is done, but not recorded" in outcome.message
        assert "nothing more was sent, left to do: commit 2 files" in outcome.message
        assert op.traffic.writes == ["github POST git/refs"]


async def test_a_result_without_a_record_keeps_its_kind(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        fail_to_record(op, lambda entry: entry.step is None and entry.entry == "done")
        outcome = await op.execute(plan)
        assert outcome.kind == "done"
        assert f"not recorded: {FULL}" in outcome.message


async def test_a_failed_step_without_a_record_stays_failed(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        op.box.faults.add("argocd:status=403,method=POST")
        fail_to_record(op, is_answer(0))
        outcome = await op.execute(plan)
        assert outcome.kind == "failed"
        assert "403" in outcome.message
        assert "is failed, but not recorded" in outcome.message


def test_a_command_reports_a_done_action_without_a_record(tmp_path, cli):
    with operator_at("steady", tmp_path) as op:
        command = cli(op)
        command("refresh", "dev")

        def become_unusable(asked):
            if asked.method == "POST":
                op.audit.path.chmod(0o622)

        op.traffic.on_arrival.append(become_unusable)
        code, out, err = command("sync", "dev", "--yes", "--wait")
        assert code == 0, out + err
        assert "is done, but not recorded: cannot write the audit log" in out
        assert op.traffic.writes.count(SYNC) == 1


# --- answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"metadata":{"name":"another"}}', b"[]", b'{"status":"ok"}'])
@pytest.mark.parametrize("is_applied", [True, False])
async def test_only_the_application_answers_a_sync(tmp_path, monkeypatch, body, is_applied):
    with operator_at("steady", tmp_path) as op:
        op.looks_once = True
        plan = await op.plan("sync", "dev")
        send = ArgoClient.send

        async def send_and_lose(self, method, path, *more, **options):
            if method == "POST" and is_applied:
                await send(self, method, path, *more, **options)
            return ApiResponse(body, 0.0, "")

        monkeypatch.setattr(ArgoClient, "send", send_and_lose)
        outcome = await op.execute(plan)
        assert outcome.kind == ("done" if is_applied else "failed"), outcome.message
        assert op.traffic.writes == [SYNC] * is_applied


LABELS = "path=/repos/anchor/anchor-msp-ops/issues,method=POST,times=1"


@pytest.mark.parametrize(
    ("fault", "kind", "is_labelled"),
    [
        ("reset=after", "done", True),
        ("truncated", "done", True),
        ("html", "failed", False),
        ("status=403", "failed", False),
    ],
)
async def test_a_lost_answer_to_the_labels_is_looked_up(tmp_path, fault, kind, is_labelled):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(f"github:{fault},{LABELS}")
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        (line,) = [entry for entry in op.entries if entry.step == 3 and entry.entry != "intended"]
        assert line.entry == kind
        assert bool(op.pulls[0].labels) == is_labelled
        assert ("could not add the label promotion" in outcome.message) == (not is_labelled)


async def test_labels_without_an_answer_and_a_trace_are_unknown(tmp_path, monkeypatch):
    send = GitHubWriter.send_step

    async def lose_labels(self, step, number=None):
        if isinstance(step, AddLabels):
            raise Timeout("no answer within 15 s")
        return await send(self, step, number)

    monkeypatch.setattr(GitHubWriter, "send_step", lose_labels)
    with operator_at("steady", tmp_path) as op:
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        assert "it may still appear: check before you retry" in outcome.message
        (line,) = [entry for entry in op.entries if entry.step == 3 and entry.entry != "intended"]
        assert line.entry == "unknown"


@pytest.mark.parametrize("is_started", [True, False])
async def test_a_dispatch_without_a_run_is_looked_up(tmp_path, monkeypatch, is_started):
    """An older server answers with 204, a proxy perhaps with an empty object: only the list of runs is a proof."""
    send = GitHubWriter.send_step

    async def answer_nothing(self, step, number=None):
        if is_started:
            await send(self, step, number)
        return {}

    monkeypatch.setattr(GitHubWriter, "send_step", answer_nothing)
    more = '\n[promotion]\nvia = "workflow"\nworkflow = "promote.yaml"\n'
    with operator_at("steady", tmp_path, more=more) as op:
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == ("done" if is_started else "unknown"), outcome.message
        assert ("no new run of promote.yaml is visible" in outcome.message) == (not is_started)
