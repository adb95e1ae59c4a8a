"""Killed in the middle of whatever it was doing, and started again: nothing twice, nothing half, nothing forgotten."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from anchor_tui.__main__ import run_command_line
from anchor_tui.domain.actions.plan import Outcome
from anchor_tui.domain.actions.steps import MergePullRequest
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.services.clock import utc_now
from anchor_tui.services.execute import resumption
from anchor_tui.services.execute.audit import AuditEntry, UnfinishedGroup, find_unfinished, pending_events
from anchor_tui.services.execute.executor import Consent
from anchor_tui.services.execute.recovery import recover_abandoned
from tests.cli.process import surroundings
from tests.services.sandbox_operator import Operator, operator_at, wait_until, wait_until_true

REPO = "/repos/anchor/anchor-msp-ops"
BRANCH = "anchor-tui/promote/staging/1.44.0"
QUICK_TIMEOUTS = """
from dataclasses import replace
from anchor_tui.cli import actions
timeouts = actions._timeouts_of
actions._timeouts_of = lambda arguments: replace(timeouts(arguments), argocd_poll_s=0.02, github_poll_s=0.05)
from anchor_tui.__main__ import main
main()
"""
PROMOTE = ("promote", "staging", "--yes")
STEPS = [
    # where it is struck, what arrives there, whether the server carries it out before it falls silent
    (f"github:hang,path={REPO}/git/refs,method=POST", "github POST git/refs", False),
    (f"github:hang=after,path={REPO}/git/refs,method=POST", "github POST git/refs", True),
    ("github:hang,operation=createCommitOnBranch", "github createCommitOnBranch", False),
    ("github:hang=after,operation=createCommitOnBranch", "github createCommitOnBranch", True),
    (f"github:hang,path={REPO}/pulls,method=POST", "github POST pulls", False),
    (f"github:hang=after,path={REPO}/pulls,method=POST", "github POST pulls", True),
    (f"github:hang,path={REPO}/issues,method=POST", "github POST issues/232/labels", False),
    (f"github:hang=after,path={REPO}/issues,method=POST", "github POST issues/232/labels", True),
]


@contextmanager
def running(op: Operator, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own; killed, as by kill -9, when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", QUICK_TIMEOUTS, *argv],
        env=surroundings(op.folder, **environ(op)),
        cwd=op.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def environ(op: Operator) -> dict[str, str]:
    config = str(op.folder / "anchor-tui.toml")
    return {**op.environ, "ANCHOR_TUI_STATE": str(op.folder / "state"), "ANCHOR_TUI_CONFIG": config}


@pytest.fixture
def again(monkeypatch, capsys):
    """Run the command again in this process; return the exit code and stderr."""

    def run_again(op: Operator, *argv: str) -> tuple[int, str]:
        for name, value in environ(op).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(op.folder)
        op.traffic.clear()
        code = run_command_line(list(argv))
        return code, capsys.readouterr().err

    return run_again


def has_intended(op: Operator, step: int | None) -> bool:
    return bool(op.entries) and (op.entries[-1].entry, op.entries[-1].step) == ("intended", step)


def effects(op: Operator) -> tuple[int, int, int, int]:
    return (
        len(op.branches),
        sum(len(op.commits(each)) for each in op.branches),
        len(op.pulls),
        sum(bool(each.labels) for each in op.pulls),
    )


# --- promote ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "arrives", "carried_out"), STEPS)
def test_a_killed_promotion_continues_without_duplicates(tmp_path, again, fault, arrives, carried_out):
    number = [each[1] for each in STEPS[::2]].index(arrives)
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(fault)
        with running(op, *PROMOTE):
            wait_until(lambda: arrives in op.traffic.writes)
            wait_until(lambda: effects(op)[number] == carried_out)
            assert has_intended(op, number)
        done = tuple(int(index < number + carried_out) for index in range(4))
        assert effects(op) == done
        before = op.entries
        (left,) = find_unfinished(before)
        op.box.faults.clear()
        code, said = again(op, *PROMOTE)
        assert code == 0, said
        assert effects(op) == (1, 1, 1, 1)
        assert "Promote 1.44.0 to staging (release of staging): outcome unknown: anchor-tui was interrupted" in said
        if number == 0 and not carried_out:
            assert f"the branch {BRANCH} does not exist" in said
        elif number >= 2 and done[2]:
            assert "#232" in said
        else:
            assert f"the branch {BRANCH} is at " in said
        after = op.entries
        assert after[: len(before)] == before
        ends = [(each.plan, each.entry) for each in after if each.step is None and each.entry != "intended"]
        assert ends[0] == (left.plan.id, "unknown")
        assert len(ends) == (1 if effects(op) == done else 2)
        assert find_unfinished(after) == ()
        assert op.audit.unreadable_count == 0


def test_a_kill_before_the_first_request_is_reported(tmp_path, again):
    with operator_at("steady", tmp_path) as op:

        def strike(asked):
            if asked.path == "/graphql" and op.entries:  # the finding is recorded, and the state is read again
                op.box.faults.add("github:hang")

        op.traffic.on_arrival.append(strike)
        with running(op, *PROMOTE):
            wait_until(lambda: op.entries and list(op.box.faults))
        op.traffic.on_arrival.clear()
        op.box.faults.clear()
        assert effects(op) == (0, 0, 0, 0)
        code, said = again(op, *PROMOTE)
        assert code == 0
        assert "anchor-tui was interrupted; nothing was sent" in said
        assert "outcome unknown" not in said
        assert effects(op) == (1, 1, 1, 1)


def test_what_a_living_process_is_at_is_left_to_it(tmp_path, again):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(f"github:hang,path={REPO}/pulls,method=POST,times=1")
        with running(op, *PROMOTE) as process:
            wait_until(lambda: "github POST pulls" in op.traffic.writes)
            code, said = again(op, "refresh", "dev", "--wait")
            assert (code, process.poll()) == (0, None)
            assert "outcome unknown" not in said
            assert [each.entry for each in op.entries if each.entry == "unknown"] == []
        code, said = again(op, "refresh", "dev", "--wait")
        assert "outcome unknown" in said


def test_an_unreadable_state_is_read_at_the_next_start(tmp_path, again):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add(f"github:hang,path={REPO}/pulls,method=POST")
        with running(op, *PROMOTE):
            wait_until(lambda: "github POST pulls" in op.traffic.writes)
        op.box.faults.clear()
        op.box.faults.add("github:status=503")
        _, said = again(op, "refresh", "dev")
        assert "the present state is unreadable" in said
        assert "anchor-tui audit --resolve " in said
        _, said = again(op, "refresh", "dev")
        assert "the present state is unreadable" not in said
        op.box.faults.clear()
        _, said = again(op, "refresh", "dev")
        assert f"the branch {BRANCH} is at " in said
        _, said = again(op, "refresh", "dev")
        assert "outcome unknown" not in said


# --- sync ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "carried_out", "words"),
    [
        ("argocd:hang,method=POST", 0, "does not show its operation"),
        ("argocd:hang=after,method=POST", 1, "its operation on anchor-msp-dev is Succeeded"),
        ("", 1, "its operation on anchor-msp-dev is Succeeded"),
    ],
)
def test_a_sync_that_was_killed_is_never_sent_twice(tmp_path, again, fault, carried_out, words):
    """The last of them is killed while it only follows."""
    with operator_at("steady", tmp_path) as op:
        started: list[str] = []
        start = op.box.controller.start_operation

        def starting(app, now, order):
            started.extend(info["value"] for info in order.info if info["name"] == "anchor-tui request")
            return start(app, now, order)

        op.box.controller.start_operation = starting
        if fault:
            op.box.faults.add(fault)
        with running(op, "sync", "dev", "--yes", "--wait"):
            wait_until(lambda: "argocd POST sync anchor-msp-dev" in op.traffic.writes)
            wait_until(lambda: len(started) == carried_out)
            if not fault:
                wait_until(lambda: any(each.entry == "done" for each in op.entries))
        (left,) = find_unfinished(op.entries)
        op.box.faults.clear()
        wait_until(lambda: not op.app("dev").is_busy)
        assert started == [left.plan.id] * carried_out
        _, said = again(op, "refresh", "dev")
        last = [each for each in op.entries if each.plan == left.plan.id][-1]
        assert words in last.message
        assert ("Sync anchor-msp-dev (argocd/anchor-msp-dev): outcome unknown" in said) == (not carried_out)
        assert started == [left.plan.id] * carried_out
        assert last.entry == ("done" if carried_out else "unknown")
        code, said = again(op, "sync", "dev", "--yes")
        assert (code, "outcome unknown" in said) == (0, False)
        assert len(started) == len(set(started)) == carried_out + 1


async def test_a_pending_operation_is_not_the_last_one(tmp_path):
    with operator_at("steady", tmp_path) as op:
        assert (await op.act("sync", "dev")).kind == "done"
        op.box.faults.add("argocd:hang=after,method=POST")
        snapshot = await op.observe()
        plan = await op.plan("sync", "dev", snapshot=snapshot)
        op.box.controller.is_down = True
        with running(op, "sync", "dev", "--yes"):
            await wait_until_true(lambda: op.app("dev").operation is not None, 10)
        op.box.faults.clear()
        (found,) = await recover_abandoned(op.connections, op.audit, utc_now)
        assert "its operation on anchor-msp-dev is accepted, not started. To acknowledge it: " in found.message
        assert found.is_reported
        assert plan.id != found.unfinished.plan.id


# --- rollback -----------------------------------------------------------------------------------------

ROLLBACK = ("rollback", "prod", "--to", "1.43.1", "--confirm", "prod", "--reason", "it does not start", "--wait")


async def followed_on(op: Operator) -> Operator:
    """The next start, as the screen makes it: what only needs following is followed on."""
    fresh = Operator(op.box, op.traffic, op.folder)
    fresh.first = op.first
    await fresh.executor.recover()
    return fresh


async def confirmed(op: Operator) -> Outcome:
    """The rest of the one unfinished plan, confirmed by the operator."""
    (left,) = find_unfinished(op.entries)
    return await op.executor.resume(left, Consent(confirmed=True, phrase="prod"))


async def test_a_killed_rollback_sends_its_event_after_a_confirmation(tmp_path):
    with operator_at("incident", tmp_path) as op:
        with running(op, *ROLLBACK):
            await wait_until_true(lambda: op.pulls and [each.entry for each in op.entries].count("done") == 4, 10)
        fresh = await followed_on(op)
        assert fresh.entries == op.entries  # it is not over, and so no end is written down
        op.traffic.clear()
        op.merge(op.pulls[0].number)
        await wait_until_true(lambda: fresh.jobs and fresh.jobs[0].is_over)
        waited = fresh.jobs[0].outcome
        assert waited.kind == "refused", waited.message
        assert "left to do: refresh anchor-msp-prod, send rollback.executed" in waited.message
        assert f"anchor-tui audit --resume {fresh.jobs[0].id[:8]}" in waited.message
        assert op.traffic.writes == []
        assert fresh.entries == op.entries
        outcome = await confirmed(fresh)
        assert outcome.kind == "done", outcome.message
        (came,) = op.box.status_api.received
        assert came["event"]["pull_request"]["number"] == op.pulls[0].number
        assert len(op.pulls) == 1
        assert op.ends == [("release of prod", "done")]
        assert find_unfinished(op.entries) == ()


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        ("argocd:hang,path=/api/v1/applications/anchor-msp-prod,times=1", "argocd GET refresh=normal anchor-msp-prod"),
        ("status:hang", "status POST events"),
        ("status:hang=after", "status POST events"),
    ],
)
async def test_a_rollback_killed_after_its_merge_sends_one_event(tmp_path, fault, arrives):
    with operator_at("incident", tmp_path) as op:
        with running(op, *ROLLBACK):
            await wait_until_true(lambda: [each.entry for each in op.entries].count("done") == 4, 10)

            def strike(asked):
                if str(asked) == arrives and not list(op.box.faults):
                    op.box.faults.add(fault)

            op.traffic.on_arrival.append(strike)
            op.merge(op.pulls[0].number)
            await wait_until_true(lambda: arrives in op.traffic.writes, 10)
            if fault == "status:hang=after":
                await wait_until_true(lambda: op.box.status_api.received)
        op.traffic.on_arrival.clear()
        op.box.faults.clear()
        key = f"rollback.executed:anchor/anchor-msp-ops#{op.pulls[0].number}"
        fresh = await followed_on(op)
        await wait_until_true(lambda: fresh.jobs and fresh.jobs[0].is_over)
        outcome = await confirmed(fresh)
        assert outcome.kind == "done", outcome.message
        assert [each["idempotency_key"] for each in op.box.status_api.received] == [key]
        assert pending_events(op.entries) == ()
        assert find_unfinished(op.entries) == ()
        assert len(op.pulls) == 1


async def test_a_killed_rollback_never_merges_at_the_next_start(tmp_path):
    """The confirmation was for that process: an open pull request is reported, and merged by its own plan."""
    with operator_at("incident", tmp_path, checks=CheckTimings(running=timedelta(hours=1))) as op:
        with running(op, *ROLLBACK, "--merge"):
            await wait_until_true(lambda: op.pulls and [entry.entry for entry in op.entries].count("done") == 4, 10)
        (pull,) = op.pulls
        fresh = await followed_on(op)
        assert (fresh.jobs, pull.state) == ((), "OPEN")
        last = op.entries[-1]
        assert (last.entry, f"#{pull.number} is open" in last.message) == ("failed", True)


async def quit_while_following(op: Operator) -> None:
    """Open the pull request of a rollback, and quit while only waiting is left."""
    task = asyncio.create_task(op.act("rollback", "prod", version="1.43.1"))
    await wait_until_true(lambda: any("waiting for the pull request to be merged" in told for told in op.told))
    task.cancel()
    await asyncio.wait([task])


def as_after_the_end_of_its_process(monkeypatch) -> None:
    monkeypatch.setattr(resumption, "is_process_alive", lambda _: False)


async def test_after_a_clean_quit_nothing_is_unknown(tmp_path, monkeypatch):
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("incident", tmp_path) as op:
        await quit_while_following(op)
        number = op.pulls[0].number
        before = op.entries
        for _ in range(2):
            (found,) = await recover_abandoned(op.connections, op.audit, utc_now)
            assert (found.is_resumable, found.is_reported) == (True, False)
            assert found.message.startswith(f"#{number} is followed again. To refresh anchor-msp-prod after its merge")
        assert op.entries == before
        op.merge(number)
        fresh = await followed_on(op)
        await wait_until_true(lambda: fresh.jobs and fresh.jobs[0].is_over)
        await confirmed(fresh)
        assert find_unfinished(op.entries) == ()


@pytest.mark.parametrize("consent", [Consent(), Consent(confirmed=True), Consent(confirmed=True, phrase="staging")])
async def test_the_rest_of_a_rollback_needs_its_phrase(tmp_path, monkeypatch, consent):
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("incident", tmp_path) as op:
        await quit_while_following(op)
        (left,) = find_unfinished(op.entries)
        op.merge(op.pulls[0].number)
        op.traffic.clear()
        cheap = replace(left, plan=replace(left.plan, confirmation="none", phrase="", protected=False))
        outcome = await op.executor.resume(cheap, consent)
        assert (outcome.kind, op.traffic.writes) == ("refused", [])


async def test_a_forged_plan_that_merges_is_not_resumed(tmp_path, monkeypatch):
    """A merge, a commit or an approval after the wait is never executed from the audit, with or without consent."""
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("incident", tmp_path) as op:
        await quit_while_following(op)
        (left,) = find_unfinished(op.entries)
        group, number = left.plan.step_groups[0], op.pulls[0].number
        wait = next(step for step in group.steps if isinstance(step, WaitForMerge))
        merge = MergePullRequest(wait.repository, number, "", op.pulls[0].head, "squash")
        forged = replace(group, steps=(wait, merge, wait))
        plan = replace(
            left.plan, step_groups=(forged,), confirmation="none", order=replace(left.plan.order, request_id="f")
        )
        entry = replace(left.entries[0], plan="f", whole=plan, number=number)
        op.audit.append_entry(entry)
        op.merge(number)
        op.traffic.clear()
        fresh = await followed_on(op)
        assert all(job.id != "f" for job in fresh.jobs)
        unfinished = UnfinishedGroup(plan, forged.subject, (entry,))
        outcome = await op.executor.resume(unfinished, Consent(confirmed=True, phrase="prod"))
        assert (outcome.kind, op.traffic.writes) == ("refused", [])


async def test_a_plan_of_an_unknown_server_prevents_no_action(tmp_path, monkeypatch):
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        step = plan.step_groups[0].steps[0]
        away = replace(step, app=replace(step.app, id=step.app.id._replace(server="gone")))
        group = replace(plan.step_groups[0], steps=(away, *plan.step_groups[0].steps[1:]))
        entry = AuditEntry(utc_now(), "intended", plan.id, "sync", ("dev",), whole=replace(plan, step_groups=(group,)))
        op.audit.append_entry(entry)
        op.audit.append_entry(replace(entry, whole=None, subject=group.subject, step=0))
        (found,) = await recover_abandoned(op.connections, op.audit, utc_now)
        assert "the configuration does not contain the server 'gone'" in found.message


def test_the_command_resumes_after_a_confirmation(tmp_path, again):
    with operator_at("incident", tmp_path) as op:
        with running(op, *ROLLBACK):
            wait_until(lambda: op.pulls and [each.entry for each in op.entries].count("done") == 4)
        op.merge(op.pulls[0].number)
        (left,) = find_unfinished(op.entries)
        code, said = again(op, "audit", "--resume", left.plan.id[:8])
        assert (code, op.traffic.writes) == (4, [])
        assert "left to do: send rollback.executed to the status API" in said
        assert "Add --confirm prod" in said
        code, said = again(op, "audit", "--resume", left.plan.id[:8], "--yes")
        assert (code, op.traffic.writes) == (4, [])
        code, said = again(op, "audit", "--resume", left.plan.id[:8], "--confirm", "prod")
        assert code == 0, said
        assert len(op.box.status_api.received) == 1
        assert find_unfinished(op.entries) == ()
        code, said = again(op, "audit", "--resume", left.plan.id[:8], "--confirm", "prod")
        assert (code, "no interrupted plan" in said) == (2, True)


def test_commands_after_a_clean_quit_report_nothing(tmp_path, again):
    with operator_at("incident", tmp_path) as op:
        with running(op, *ROLLBACK):
            wait_until(lambda: [each.entry for each in op.entries].count("done") == 4)
        for _ in range(2):
            _, said = again(op, "refresh", "dev")
            assert "outcome unknown" not in said
            assert "Roll prod back" not in said


@pytest.mark.parametrize(("phase", "kind", "is_reported"), [("Succeeded", "done", False), ("Failed", "failed", True)])
async def test_the_phase_of_an_operation_decides_its_outcome(tmp_path, monkeypatch, phase, kind, is_reported):
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("steady", tmp_path) as op:
        if phase == "Failed":
            op.box.controller.sync_failures["anchor-msp-dev"] = "it does not fit"
        task = asyncio.create_task(op.act("sync", "dev"))
        await wait_until_true(lambda: any(each.entry == "done" for each in op.entries))
        task.cancel()
        await asyncio.wait([task])
        await wait_until_true(lambda: not op.app("dev").is_busy)
        for expected in ([is_reported], []):
            found = await recover_abandoned(op.connections, op.audit, utc_now)
            assert [each.is_reported for each in found] == expected
        assert (op.entries[-1].entry, f"is {phase}" in op.entries[-1].message) == (kind, True)


async def test_auto_merge_without_an_answer_is_read(tmp_path, monkeypatch):
    as_after_the_end_of_its_process(monkeypatch)
    with operator_at("steady", tmp_path, more='\n[promotion]\nmerge = "auto"\n') as op:
        op.box.github_repo.required_reviews = 1
        op.box.faults.add("github:hang=after,operation=enablePullRequestAutoMerge")
        task = asyncio.create_task(op.act("promote", "staging"))
        await wait_until_true(lambda: op.pulls and op.pulls[0].auto_merge is not None)
        task.cancel()
        await asyncio.wait([task])
        op.box.faults.clear()
        (found,) = await recover_abandoned(op.connections, op.audit, utc_now)
        assert (found.is_reported, op.entries[-1].entry) == (False, "done")
        assert f"#{op.pulls[0].number} is open" in found.message


async def test_a_group_that_is_over_has_its_result_at_once(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("argocd:hang,path=/api/v1/applications/anchor-msp-staging/sync,method=POST")
        task = asyncio.create_task(op.act("sync", "dev", "staging"))
        await wait_until_true(lambda: ("argocd/anchor-msp-dev", "done") in op.ends)
        task.cancel()
        await asyncio.wait([task])
        assert [group.subject for group in find_unfinished(op.entries)] == ["argocd/anchor-msp-staging"]


def test_an_interrupted_event_is_sent_at_the_next_start(tmp_path, again):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:hang")
        with running(op, *ROLLBACK):
            wait_until(lambda: op.pulls)
            op.merge(op.pulls[0].number)
            wait_until(lambda: pending_events(op.entries))
        op.box.faults.clear()
        _, said = again(op, "refresh", "dev")
        assert "rollback.executed of prod: rollback.executed was delivered to the status API" in said
        assert len(op.box.status_api.received) == 1
        again(op, "refresh", "dev")
        assert op.traffic.of("status") == []
