"""A pull request from a fork whose branch has the name of ours, on a real socket: it is never touched."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from anchor_tui.sandbox.github.pull_requests import HostedPullRequest
from tests.sandbox.fork_pull_requests import open_fork_pull_request
from tests.services.sandbox_operator import RELEASE, Operator, operator_at, second_operator, wait_until_true

BRANCH = "anchor-tui/promote/staging/1.44.0"
AUTO = '\n[promotion]\nmerge = "auto"\n'
OPENED = ["github POST git/refs", "github createCommitOnBranch", "github POST pulls"]


def open_namesake(op: Operator, branch: str = BRANCH, *, same_content: bool = True) -> HostedPullRequest:
    """Open a pull request from a fork with our branch name, with the content of our promotion or another one."""
    content = op.read(RELEASE.format("dev"))
    if not same_content:
        content = content.replace(b"1.44.0", b"6.6.6")
    return op.box.call_in_loop(lambda: open_fork_pull_request(op.box, branch, {RELEASE.format("staging"): content}))


@pytest.mark.parametrize("same_content", [True, False])
async def test_a_namesake_in_a_fork_does_not_block_a_promotion(tmp_path, same_content):
    with operator_at("steady", tmp_path) as op:
        theirs = open_namesake(op, same_content=same_content)
        plan = await op.plan("promote", "staging")
        assert any(f"#{theirs.number}, from a fork, also moves staging" in line.text for line in plan.lines)
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "done", outcome.message
        ours = op.pulls[-1]
        assert (ours.author, ours.fork_owner, ours.labels) == ("on-call", None, ("promotion",))
        assert (theirs.labels, theirs.state) == ((), "OPEN")


async def test_auto_merge_never_concerns_the_fork(tmp_path):
    with operator_at("steady", tmp_path, more=AUTO) as op:
        theirs = open_namesake(op)
        await op.act("promote", "staging", follow=False)
        assert (theirs.labels, theirs.auto_merge, theirs.state) == ((), None, "OPEN")
        assert op.traffic.writes[:3] == OPENED
        assert not any(f"/{theirs.number}" in written for written in op.traffic.writes)


async def test_a_pull_request_from_a_fork_is_not_merged(tmp_path):
    with operator_at("steady", tmp_path) as op:
        theirs = open_namesake(op)
        refusal = await op.refusal("merge", number=theirs.number)
        assert (refusal.kind, op.traffic.writes) == ("fork", [])


async def test_a_lost_answer_is_not_found_in_a_fork(tmp_path):
    with operator_at("steady", tmp_path) as op:
        theirs = open_namesake(op)
        op.box.faults.add("github:reset,path=/repos/anchor/anchor-msp-ops/pulls,method=POST")
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind != "done"
        assert f"#{theirs.number}" not in outcome.message


async def test_a_workflows_pull_request_is_not_one_of_a_fork(tmp_path):
    workflow = '\n[promotion]\nvia = "workflow"\nworkflow = "promote.yaml"\n'
    with operator_at("steady", tmp_path, more=workflow) as op:
        theirs = open_namesake(op, "promote/staging-1.44.0")
        running = asyncio.create_task(op.act("promote", "staging"))
        await wait_until_true(lambda: any("to be merged" in told for told in op.told))
        op.merge(next(pull.number for pull in op.pulls if pull.fork_owner is None))
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert (outcome.results[0].number, theirs.state) == (op.pulls[-1].number, "OPEN")


async def test_a_superseded_failure_does_not_refuse_a_merge(tmp_path):
    with operator_at("steady", tmp_path) as op:
        other = second_operator(op, "opener", login="m-ito")
        await other.act("promote", "staging", follow=False)
        pull = other.pulls[-1]
        hosted, now = op.box.github_repo, op.box.clock.now()

        def report_runs():
            for conclusion, seconds in (("FAILURE", -60), ("SUCCESS", 60)):
                started_at = now + timedelta(seconds=seconds)
                hosted.report_check_run(pull.head, "release-contract", conclusion=conclusion, started_at=started_at)

        op.box.call_in_loop(report_runs)
        plan = await op.plan("merge", number=pull.number)
        assert any(line.text == "checks: success" for line in plan.lines)
        assert (await op.execute(plan)).kind == "done"
