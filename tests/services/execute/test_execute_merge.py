"""Merging on a real socket: guarded by the head, by the repository's rules, and never by force."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from anchor_tui.sandbox.github.pull_requests import CheckTimings
from tests.services.sandbox_operator import (
    OVERLAY,
    QUICK_CHECKS,
    RELEASE,
    Operator,
    operator_at,
    second_operator,
    wait_until_true,
)

SLOW_CHECKS = CheckTimings(queued=timedelta(0), running=timedelta(minutes=5))


async def opened(op: Operator, target: str = "staging") -> int:
    """Open a promotion as another user; return its number."""
    other = second_operator(op, f"opener-{target}", login="m-ito")
    await other.act("promote", target, follow=False)
    op.traffic.clear()
    return other.pulls[-1].number


def rerun_checks(op: Operator, number: int) -> None:
    """Start the checks of its head again, as the repository has them now."""
    hosted = op.box.github_repo
    op.box.call_in_loop(lambda: hosted.checks_requested_at.clear())
    op.box.call_in_loop(lambda: hosted.start_checks(hosted.pull_requests[number].head, op.box.clock.now()))


async def test_a_promotion_is_merged_and_followed_into_the_cluster(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        plan = await op.plan("merge", number=number)
        assert plan.confirmation == "key"
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert op.box.github_repo.pull_requests[number].merged_by == "on-call"
        assert op.traffic.writes == [f"github PUT pulls/{number}/merge"]
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json == {"sha": op.box.github_repo.pull_requests[number].head, "merge_method": "squash"}
        assert (op.app("staging").sync, op.app("staging").revision) == ("Synced", op.box.git.head)
        again = await op.refusal("merge", number=number)
        assert (again.kind, again.already_done) == ("merged", True)


async def test_into_a_protected_environment_name_and_reason_are_asked_for(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("merge", number=await opened(op, "prod"))
        assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
        assert (await op.execute(plan, phrase="staging")).kind == "refused"
        assert (await op.execute(plan, reason=" ")).kind == "refused"
        assert op.traffic.writes == []


async def test_a_merge_into_prod_shows_what_the_promotion_showed(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op, "prod")
        plan = await op.plan("merge", number=number)
        texts = "\n".join(line.text for line in plan.lines)
        for words in (
            "prod: 1.43.1 (",
            "gateway  1.43.1 → 1.43.2",
            "includes: #",
            "staging is Synced and Healthy",
            "no sync window forbids a sync of anchor-msp-prod",
            "checks pass for the changed files",
        ):
            assert words in texts
        paths = [path.format("prod") for path in (RELEASE, OVERLAY)]
        assert [diff.path for diff in plan.diffs] == paths
        assert {"-version: 1.43.1", "+version: 1.43.2"} <= set(plan.diffs[0].text.splitlines())
        assert plan.order.reason == "because"
        assert op.traffic.writes == []


async def test_the_plan_shows_the_head_and_not_the_poll(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op, "prod")
        path, branch = RELEASE.format("prod"), op.box.github_repo.pull_requests[number].branch
        op.box.commit({path: op.read(path, branch) + b"# seen\n", "README.md": "x\n"}, "One more", branch=branch)
        plan = await op.plan("merge", number=number)
        assert "\n+# seen\n" in plan.diffs[1].text
        assert any(line.text == "it also changes README.md" for line in plan.lines)


async def test_a_degraded_upstream_refuses_the_merge(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op, "prod")
        snapshot = await op.observe()
        environments = tuple(
            replace(known, applications=tuple(replace(app, health="Degraded") for app in known.applications))
            if known.name == "staging"
            else known
            for known in snapshot.environments
        )
        unwell = replace(snapshot, environments=environments)
        refusal = await op.refusal("merge", number=number, snapshot=unwell)
        assert (refusal.kind, refusal.subject) == ("unhealthy", "staging")
        plan = await op.plan("merge", number=number, snapshot=unwell, without_argocd=True)
        assert any("without Argo CD: the health of staging was NOT checked" in line.text for line in plan.lines)


async def test_a_moved_head_is_a_drift(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        plan = await op.plan("merge", number=number)
        op.box.commit({"README.md": "and this\n"}, "One more", branch=op.box.github_repo.pull_requests[number].branch)
        outcome = await op.execute(plan, follow=False)
        assert (outcome.kind, f"the head of #{number}" in outcome.message) == ("drifted", True)
        assert op.traffic.writes == []


async def test_a_head_that_moves_during_the_merge_is_refused(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        plan = await op.plan("merge", number=number)

        def push(asked):
            if asked.method == "PUT":
                op.box.commit(
                    {"README.md": "and this\n"}, "One more", branch=op.box.github_repo.pull_requests[number].branch
                )

        op.traffic.on_arrival.append(push)
        outcome = await op.execute(plan, follow=False)
        assert (outcome.kind, "Head branch was modified" in outcome.message) == ("failed", True)
        assert op.box.github_repo.pull_requests[number].state == "OPEN"


@pytest.mark.parametrize(
    ("switches", "kind", "words"),
    [
        ({"draft": True}, "draft", "mark it as ready"),
        ({"required_reviews": 1, "allow_auto_merge": False}, "blocked", "until it is approved"),
        ({"failing_checks": {"release-contract"}}, "checks", "its checks failed (release-contract)"),
        ({"strict_checks": True, "allow_auto_merge": False}, "behind", "its branch is behind"),
        ({"conflict": True}, "conflict", "it conflicts with the branch"),
        ({"changes_requested": True}, "review", "a reviewer requested changes"),
        ({"can_write": False}, "forbidden", "may not write"),
        ({"is_archived": True}, "archived", "is archived"),
    ],
)
async def test_a_blocked_merge_is_explained_and_not_forced(tmp_path, switches, kind, words):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        hosted, pull = op.box.github_repo, op.box.github_repo.pull_requests[number]
        for name, value in switches.items():
            if name == "draft":
                pull.draft = value
            elif name == "conflict":
                path = "environments/staging/release.yaml"
                op.box.commit({path: op.read(path).replace(b"1.43.2", b"1.43.9")}, "Another release")
            elif name == "changes_requested":
                hosted.required_reviews = 1
                op.box.call_in_loop(lambda: request_changes(op, number))
            else:
                setattr(hosted, name, value)
        if "failing_checks" in switches:
            rerun_checks(op, number)
        if "strict_checks" in switches:
            op.box.commit({"README.md": "another\n"}, "Something else")
        refusal = await op.refusal("merge", number=number)
        assert refusal.kind == kind
        assert words in refusal.message
        assert (pull.state, op.traffic.writes) == ("OPEN", [])


def request_changes(op: Operator, number: int) -> None:
    from anchor_tui.sandbox.github.writes import submit_review

    submit_review(op.box.github_repo.pull_requests[number], "REQUEST_CHANGES", "a-lee", op.box.clock.now(), "no")


async def test_a_missing_review_is_waited_for_by_auto_merge(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        op.box.github_repo.required_reviews = 1
        plan = await op.plan("merge", number=number)
        assert plan.verb == "Enable auto-merge"
        running = asyncio.create_task(op.execute(plan))
        await wait_until_true(lambda: op.box.github_repo.pull_requests[number].auto_merge)
        assert (await op.refusal("merge", number=number)).already_done
        op.box.approve(number)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert op.traffic.writes == ["github enablePullRequestAutoMerge"]


async def test_checks_that_still_run_are_waited_for_by_auto_merge(tmp_path):
    with operator_at("steady", tmp_path, checks=SLOW_CHECKS) as op:
        number = await opened(op)
        outcome = await op.act("merge", number=number, follow=False)
        assert outcome.kind == "done", outcome.message
        assert op.box.github_repo.pull_requests[number].auto_merge is not None


async def test_a_refused_auto_merge_is_a_failure(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        op.box.github_repo.required_reviews = 1
        plan = await op.plan("merge", number=number)

        def forbid(asked):
            if asked.mutations:
                op.box.github_repo.allow_auto_merge = False

        op.traffic.on_arrival.append(forbid)
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "failed", outcome.message
        assert op.ends == [(f"pull request #{number}", "failed")]


async def test_where_there_is_a_queue_it_goes_into_the_queue(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        op.box.github_repo.merge_queue = True
        plan = await op.plan("merge", number=number)
        assert plan.verb == "Add to merge queue"
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert op.box.github_repo.pull_requests[number].state == "MERGED"
        assert op.traffic.writes == ["github enqueuePullRequest"]


async def test_a_way_that_changed_is_a_drift(tmp_path):
    with operator_at("steady", tmp_path) as op:
        number = await opened(op)
        plan = await op.plan("merge", number=number)
        op.box.github_repo.merge_queue = True
        outcome = await op.execute(plan)
        assert (outcome.kind, op.traffic.writes) == ("drifted", [])
        assert outcome.fresh is not None
        assert outcome.fresh.verb == "Add to merge queue"


async def test_mergeability_is_read_until_github_knows_it(tmp_path):
    checks = CheckTimings(queued=timedelta(0), running=timedelta(0), mergeability=timedelta(seconds=0.05))
    with operator_at("steady", tmp_path, checks=checks) as op:
        number = await opened(op)
        assert (await op.plan("merge", number=number)).verb == "Merge"


async def test_other_pull_requests_are_left_to_github(tmp_path):
    with operator_at("steady", tmp_path, checks=QUICK_CHECKS) as op:
        refusal = await op.refusal("merge", number=227)
        assert (refusal.kind, "merge it on GitHub" in refusal.message) == ("other-kind", True)
        assert (await op.refusal("merge", number=99_999)).kind == "absent"
