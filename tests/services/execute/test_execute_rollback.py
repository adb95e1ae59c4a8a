"""Rollback on a real socket: a pull request, followed until the release is live, healthy and reported."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace as changed
from datetime import timedelta

import pytest

from anchor_tui.domain.actions.plan import Outcome, Plan
from anchor_tui.domain.actions.steps import SendEvent, Sync
from anchor_tui.sandbox.argocd.failing_deployments import FailingDeployment
from anchor_tui.sandbox.argocd.sync_tasks import SyncOrder
from anchor_tui.sandbox.github import merge_rules
from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.sandbox.timings import FAST_TIMINGS
from tests.services.sandbox_operator import OVERLAY, QUICK_CHECKS, RELEASE, Operator, operator_at, wait_until_true

BRANCH = "anchor-tui/rollback/{}/{}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def merged(op: Operator) -> None:
    """Merge the opened pull request as another user."""
    await wait_until_true(
        lambda: op.pulls and any("waiting for the pull request to be merged" in each for each in op.told)
    )
    op.merge(op.pulls[-1].number)


async def rolled_back(op: Operator, name: str, version: str) -> object:
    plan = await op.plan("rollback", name, version=version)
    running = asyncio.create_task(op.execute(plan, reason="the gateway does not start"))
    await merged(op)
    return plan, await running


async def test_a_rollback_is_followed_to_health_and_reported(tmp_path):
    with operator_at("incident", tmp_path) as op:
        automated = dict(op.app("prod").spec["syncPolicy"]["automated"])
        before = [op.read(path.format("prod")) for path in (RELEASE, OVERLAY)]
        assert op.app("prod").health == "Degraded"
        _, outcome = await rolled_back(op, "prod", "1.43.1")
        assert outcome.kind == "done", outcome.message
        assert (op.app("prod").sync, op.app("prod").health) == ("Synced", "Healthy")
        assert b"version: 1.43.1" in op.read(RELEASE.format("prod"))
        assert len(before[0].splitlines()) == len(op.read(RELEASE.format("prod")).splitlines())
        assert op.app("prod").spec["syncPolicy"]["automated"] == automated
        assert op.branches <= {BRANCH.format("prod", "1.43.1")}
        (pull,) = op.pulls
        assert "rollback" in pull.labels
        assert "the gateway does not start" in pull.body
        (came,) = op.box.status_api.received
        event = came["event"]
        key = f"rollback.executed:anchor/anchor-msp-ops#{pull.number}"  # the same whoever follows and sends it
        assert came["idempotency_key"] == key
        moments = {name: event.pop(name) for name in ("planned_at", "merged_at", "healthy_at", "occurred_at")}
        assert all(MOMENT.fullmatch(moment) for moment in moments.values())
        assert list(moments.values()) == sorted(moments.values())
        assert event == {
            "event": "rollback.executed",
            "engine_id": "anchor-msp",
            "environment": "prod",
            "application": "argocd/anchor-msp-prod",
            "applications": ["argocd/anchor-msp-prod"],
            "from": {"version": "1.43.2", "commit": event["from"]["commit"]},
            "to": {"version": "1.43.1", "commit": event["to"]["commit"]},
            "actor": "on-call",
            "reason": "the gateway does not start",
            "idempotency_key": key,
            "pull_request": {"number": pull.number, "url": outcome.results[0].url},
        }
        assert event["from"]["commit"] != event["to"]["commit"]
        assert "rollback.executed was delivered to the status API" in outcome.message
        # Nothing of Argo CD's own is used.
        assert not [each for each in op.traffic.writes if each.startswith("argocd") and "refresh" not in each]


async def test_a_rollback_ends_while_stale_resources_wait_for_a_prune(tmp_path):
    with operator_at("incident", tmp_path) as op:
        _, outcome = await rolled_back(op, "staging", "1.43.1")
        assert outcome.kind == "done", outcome.message
        assert (op.app("staging").sync, op.app("staging").health) == ("OutOfSync", "Healthy")
        assert "only resources to prune are left" in outcome.message


async def test_a_rollback_goes_back_further_than_the_poll_reads(tmp_path):
    with operator_at("steady", tmp_path) as op:
        path = RELEASE.format("staging")
        for number in range(35):
            files = {each: again(op.read(each), number) for each in (path, OVERLAY.format("staging"))}
            op.box.commit(files, f"Promote staging to 1.50.{number}")
        choices = await op.executor.earlier_releases("staging")
        versions = [each.release.version for each in choices]
        assert versions[:2] == ["1.50.33", "1.50.32"]
        assert versions[-1] == "1.39.0"
        await wait_until_true(lambda: op.app("staging").revision == op.box.git.head)
        outcome = await op.execute(await op.plan("rollback", "staging", version="1.40.1"), follow=False)
        assert outcome.kind == "done", outcome.message
        assert b"version: 1.40.1" in op.read(path, BRANCH.format("staging", "1.40.1"))


def again(content: bytes, number: int) -> bytes:
    """One more release: other versions, tags and digests in the same places."""
    content = re.sub(rb"(tag|version): 1\.\d+\.\d+", rb"\g<1>: 1.50.%d" % number, content)
    return re.sub(rb"(digest: sha256:)..", rb"\g<1>%02d" % number, content)


@pytest.mark.parametrize(
    ("automated", "word"), [(None, "auto-sync"), ({"prune": True}, "self-heal"), ({"enabled": False}, "auto-sync")]
)
async def test_without_auto_sync_the_plan_syncs_after_the_merge(tmp_path, automated, word):
    with operator_at("steady", tmp_path) as op:
        op.box.kubectl.patch_application("anchor-msp-staging", {"spec": {"syncPolicy": {"automated": None}}})
        op.box.kubectl.patch_application("anchor-msp-staging", {"spec": {"syncPolicy": {"automated": automated}}})
        before = op.app("staging").spec
        plan = await op.plan("rollback", "staging", version="1.43.1")
        assert any(f"{word} of anchor-msp-staging is off and stays off" in line.text for line in plan.lines)
        assert any(isinstance(step, Sync) for step in plan.step_groups[0].steps)
        running = asyncio.create_task(op.execute(plan))
        await merged(op)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert op.app("staging").sync == "Synced"
        assert op.app("staging").history[-1]["revision"] == op.box.git.head
        assert op.app("staging").spec == before
        synced = [each for each in op.traffic.writes if each == "argocd POST sync anchor-msp-staging"]
        assert len(synced) == 1 or (word == "self-heal" and not synced)  # there Argo CD may have been quicker


async def test_an_automatic_sync_replaces_ours(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.kubectl.patch_application("anchor-msp-staging", {"spec": {"syncPolicy": {"automated": None}}})
        plan = await op.plan("rollback", "staging", version="1.43.1")

        def begin(asked):
            if asked.method == "POST" and asked.path.endswith("/sync"):
                sync = SyncOrder(op.box.git.head, automated=True)
                op.box.controller.start_operation(op.app("staging"), op.box.clock.now(), sync)

        op.traffic.on_arrival.append(begin)
        running = asyncio.create_task(op.execute(plan))
        await merged(op)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert op.traffic.writes.count("argocd POST sync anchor-msp-staging") == 1
        assert op.app("staging").history[-1]["initiatedBy"] == {"automated": True}


async def test_after_an_automatic_sync_no_sync_is_sent(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.kubectl.patch_application("anchor-msp-staging", {"spec": {"syncPolicy": {"automated": None}}})
        plan = await op.plan("rollback", "staging", version="1.43.1")

        def begin(asked):
            if asked.query.get("refresh") and not begun:
                begun.append(asked)
                sync = SyncOrder(op.box.git.head, automated=True)
                op.box.controller.start_operation(op.app("staging"), op.box.clock.now(), sync)

        begun: list[object] = []
        op.traffic.on_arrival.append(begin)
        running = asyncio.create_task(op.execute(plan))
        await merged(op)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert "argocd POST sync anchor-msp-staging" not in op.traffic.writes
        assert op.app("staging").sync == "Synced"


async def test_a_closed_pull_request_fails_without_an_event(tmp_path):
    with operator_at("incident", tmp_path) as op:
        running = asyncio.create_task(op.act("rollback", "prod", version="1.43.1"))
        await wait_until_true(lambda: op.pulls)
        op.close(op.pulls[0].number)
        outcome = await running
        assert (outcome.kind, "was closed without being merged" in outcome.message) == ("failed", True)
        assert op.box.status_api.received == []
        assert op.ends == [("release of prod", "failed")]


async def test_an_unhealthy_older_version_fails_without_an_event(tmp_path):
    with operator_at("incident", tmp_path, sandbox_pace=changed(FAST_TIMINGS, progress_deadline_s=0.2)) as op:
        op.box.controller._failing_deployments += (FailingDeployment("anchor-prod", "anchor-gateway", "1.43.1"),)
        _, outcome = await rolled_back(op, "prod", "1.43.1")
        assert (outcome.kind, "Degraded" in outcome.message) == ("failed", True), outcome.message
        assert op.box.status_api.received == []


@pytest.mark.parametrize(
    ("said", "more", "words"),
    [
        ("", 'emit = "pipeline"\n', "the ops repo's pipeline sends it"),
        ("", 'emit = "none"\n', "it is disabled"),
        ("nowhere", "", "no status API is configured"),
    ],
)
async def test_a_plan_states_that_the_event_is_not_sent(tmp_path, said, more, words):
    def without(text: str) -> str:
        return text.partition("[status_api]")[0] if said else text

    with operator_at("incident", tmp_path, more=more, said=without) as op:
        plan = await op.plan("rollback", "prod", version="1.43.1")
        assert any("rollback.executed is not sent" in line.text and words in line.text for line in plan.lines)
        assert not any(isinstance(step, SendEvent) for step in plan.step_groups[0].steps)
        running = asyncio.create_task(op.execute(plan))
        await merged(op)
        assert (await running).kind == "done"
        assert op.box.status_api.received == []


async def test_without_a_version_the_earlier_ones_are_named(tmp_path):
    with operator_at("incident", tmp_path) as op:
        refusal = await op.refusal("rollback", "prod")
        assert (refusal.kind, "1.43.1, 1.43.0" in refusal.message) == ("no-version", True)


async def test_a_release_goes_back_by_its_commit_too(tmp_path):
    with operator_at("incident", tmp_path) as op:
        choices = await op.executor.earlier_releases("prod")
        plan = await op.plan("rollback", "prod", version=choices[1].commit[:9])
        assert plan.title == f"Roll prod back to {choices[1].release.version}"


async def test_without_waiting_the_outcome_lists_what_is_left(tmp_path):
    with operator_at("incident", tmp_path) as op:
        outcome = await op.act("rollback", "prod", version="1.43.1", follow=False)
        assert outcome.kind == "done"
        assert "left to do: refresh anchor-msp-prod, send rollback.executed to the status API" in outcome.message


async def test_an_unfollowed_rollback_is_followed_by_its_merge(tmp_path):
    with operator_at("incident", tmp_path) as op:
        opened = await op.act("rollback", "prod", version="1.43.1", follow=False)
        assert "left to do" in opened.message
        assert op.box.status_api.received == []
        (pull,) = op.pulls
        await wait_until_true(
            lambda: merge_rules.compute_merge_state(op.box.github_repo, pull, op.box.clock.now()) == "CLEAN"
        )
        plan = await op.plan("merge", number=pull.number)
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert "rollback.executed is sent to the status API" in " ".join(line.text for line in plan.lines)
        (came,) = op.box.status_api.received
        assert came["idempotency_key"] == f"rollback.executed:anchor/anchor-msp-ops#{pull.number}"
        assert (came["event"]["from"]["version"], came["event"]["to"]["version"]) == ("1.43.2", "1.43.1")


# --- opened and merged by one plan --------------------------------------------------------------------

SLOW_CHECKS = CheckTimings(queued=timedelta(seconds=0.1), running=timedelta(seconds=0.1))


async def merging(op: Operator, **more) -> tuple[Plan, asyncio.Task[Outcome]]:
    plan = await op.plan("rollback", "prod", version="1.43.1", merge=True, **more)
    return plan, asyncio.create_task(op.execute(plan, reason="the gateway does not start"))


async def test_one_confirmed_plan_opens_waits_merges_and_follows(tmp_path):
    with operator_at("incident", tmp_path, checks=SLOW_CHECKS) as op:
        _, running = await merging(op)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        (pull,) = op.pulls
        assert (pull.state, pull.merged_by) == ("MERGED", "on-call")
        assert (op.app("prod").sync, op.app("prod").health) == ("Synced", "Healthy")
        assert len(op.box.status_api.received) == 1
        sent = [request.json for request in op.traffic.requests if request.method == "PUT"]
        assert sent == [{"sha": pull.head, "merge_method": "squash"}]
        assert any("checks pending (release-contract)" in text for text in op.told)
        assert op.jobs[-1].groups[0].number == pull.number
        (audited,) = [entry for entry in op.entries if entry.entry == "intended" and "merge #" in entry.message]
        assert (audited.number, audited.message) == (pull.number, f"merge #{pull.number} (squash)")


async def test_the_number_is_in_the_job_before_the_checks_end(tmp_path):
    with operator_at("incident", tmp_path, checks=CheckTimings(running=timedelta(hours=1))) as op:
        _, running = await merging(op)
        await wait_until_true(lambda: any("checks pending" in text for text in op.told))
        (pull,) = op.pulls
        assert f"(#{pull.number}): waiting for the checks of " in op.jobs[-1].progress_text()
        op.close(pull.number)
        outcome = await running
        assert (outcome.kind, "was closed without being merged" in outcome.message) == ("failed", True)


async def test_a_required_review_is_waited_for_and_named(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.github_repo.required_reviews = 1
        _, running = await merging(op)
        await wait_until_true(lambda: any("a review is required: waiting for an approval" in text for text in op.told))
        (pull,) = op.pulls
        assert (pull.state, pull.auto_merge) == ("OPEN", None)
        op.box.approve(pull.number)
        outcome = await running
        assert (outcome.kind, pull.merged_by) == ("done", "on-call"), outcome.message


async def test_a_required_queue_merges_the_rollback(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.github_repo.merge_queue = True
        _, running = await merging(op)
        outcome = await running
        assert (outcome.kind, op.pulls[0].state) == ("done", "MERGED"), outcome.message
        assert "github enqueuePullRequest" in op.traffic.writes
        assert not [write for write in op.traffic.writes if write.startswith("github PUT")]


@pytest.mark.parametrize("moment", ["while waiting", "at the merge"])
async def test_a_head_that_is_not_ours_is_never_merged(tmp_path, moment):
    checks = (
        CheckTimings(queued=timedelta(0), running=timedelta(hours=1)) if moment == "while waiting" else QUICK_CHECKS
    )
    with operator_at("incident", tmp_path, checks=checks) as op:

        def push() -> None:
            op.box.commit({"README.md": "and this\n"}, "One more", branch=BRANCH.format("prod", "1.43.1"))

        if moment == "at the merge":
            op.traffic.on_arrival.append(lambda request: push() if request.method == "PUT" else None)
        _, running = await merging(op)
        if moment == "while waiting":
            await wait_until_true(lambda: any("checks pending" in text for text in op.told))
            push()
        outcome = await running
        assert (outcome.kind, op.pulls[0].state) == ("failed", "OPEN"), outcome.message
        words = "not the commit" if moment == "while waiting" else "Head branch was modified"
        assert words in outcome.message
        assert op.box.status_api.received == []


async def test_failed_checks_leave_the_pull_request_open(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.github_repo.failing_checks = {"release-contract"}
        _, running = await merging(op)
        outcome = await running
        assert (outcome.kind, op.pulls[0].state) == ("failed", "OPEN")
        assert f"#{op.pulls[0].number} stays open: its checks failed (release-contract)" in outcome.message


async def test_an_open_pull_request_of_ours_is_merged_later(tmp_path):
    with operator_at("incident", tmp_path) as op:
        await op.act("rollback", "prod", version="1.43.1", follow=False)
        plan, running = await merging(op)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        (pull,) = op.pulls
        assert (plan.order.merge, pull.state) == (True, "MERGED")


async def test_a_merge_elsewhere_is_followed_and_not_repeated(tmp_path):
    with operator_at("incident", tmp_path, checks=CheckTimings(running=timedelta(hours=1))) as op:
        _, running = await merging(op)
        await wait_until_true(lambda: any("checks pending" in text for text in op.told))
        op.merge(op.pulls[0].number)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert not [write for write in op.traffic.writes if write.startswith("github PUT")]
