"""Actions on one resource, executed on the embedded Argo CD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from anchor_tui.sandbox.argocd.workloads.pods import list_pods
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.clock import utc_now
from anchor_tui.services.execute import resumption
from anchor_tui.services.execute.audit import AuditEntry
from anchor_tui.services.execute.recovery import recover_abandoned
from tests.services.sandbox_operator import Operator, operator_at, second_operator

WEB = ("Deployment/anchor-web",)


@pytest.fixture(scope="module")
def op(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operator_at("steady", tmp_path_factory.mktemp("resource")) as found:
        yield found


@pytest.fixture(autouse=True)
def _clean(op: Operator) -> None:
    op.box.faults.clear()
    op.traffic.clear()


def pods(op: Operator, name: str = "dev") -> list[str]:
    return op.box.call_in_loop(lambda: [pod.name for pod in list_pods(op.app(name))])


async def test_a_restart_is_followed_until_it_is_healthy(op):
    before = pods(op)
    outcome = await op.act("resource-action", "dev", resources=WEB, resource_action="restart")
    assert (outcome.kind, outcome.message) == ("done", "Deployment/anchor-web is Healthy")
    assert len(set(pods(op)) - set(before)) == 1
    assert op.traffic.writes == ["argocd POST resource actions v2 anchor-msp-dev"]
    assert any("Deployment/anchor-web is Progressing" in text for text in op.told)


async def test_a_pause_and_a_resume_are_carried_out(op):
    paused = await op.act("resource-action", "dev", resources=WEB, resource_action="pause")
    assert (paused.kind, "Suspended" in paused.message) == ("done", True)
    resumed = await op.act("resource-action", "dev", resources=WEB, resource_action="resume")
    assert (resumed.kind, resumed.message) == ("done", "Deployment/anchor-web is Healthy")


async def test_a_deletion_is_followed_until_the_workload_is_healthy(op):
    name = pods(op, "prod")[0]
    plan = await op.plan("delete-pod", "prod", resources=(f"Pod/{name}",))
    assert plan.phrase == "prod 1"
    assert (await op.execute(plan, phrase="prod")).kind == "refused"
    outcome = await op.execute(plan)
    assert outcome.kind == "done", outcome.message
    assert "is Healthy" in outcome.message
    assert name not in pods(op, "prod")
    assert [entry.entry for entry in op.entries if entry.plan == plan.id and entry.step == 0] == ["intended", "done"]


async def test_nothing_is_sent_about_a_pod_that_is_gone(op):
    name = pods(op)[0]
    plan = await op.plan("delete-pod", "dev", resources=(f"Pod/{name}",))
    other = await op.plan("delete-pod", "dev", resources=(f"Pod/{name}",))
    assert (await op.execute(other)).kind == "done"
    op.traffic.clear()
    outcome = await op.execute(plan)
    assert (outcome.kind, op.traffic.writes) == ("refused", [])
    assert f"it has no resource Pod/{name}" in outcome.message


async def test_a_pause_in_the_meantime_prevents_a_second_one(op):
    plan = await op.plan("resource-action", "dev", resources=WEB, resource_action="pause")
    await op.act("resource-action", "dev", resources=WEB, resource_action="pause")
    op.traffic.clear()
    outcome = await op.execute(plan)
    assert (outcome.kind, op.traffic.writes) == ("refused", [])
    assert "pause is disabled" in outcome.message
    await op.act("resource-action", "dev", resources=WEB, resource_action="resume")


async def test_a_token_that_only_reads_is_refused_by_argo_cd(op):
    token = op.box.argocd.sessions.issue_token("viewer:apiKey")
    viewer = second_operator(op, "viewer", environ={"ARGOCD_AUTH_TOKEN": token})
    plan = await viewer.plan("resource-action", "dev", resources=WEB, resource_action="restart")
    assert any("unknown whether the token may do it" in line.text for line in plan.lines)
    outcome = await viewer.execute(plan)
    assert (outcome.kind, "permission denied" in outcome.message) == ("failed", True)


async def test_a_lost_answer_without_a_known_effect_is_unknown(tmp_path):
    with operator_at("incident-hook", tmp_path) as op:
        job = op.box.call_in_loop(
            lambda: next(live.resource.name for live in op.app("prod").live.values() if live.resource.kind == "Job")
        )
        plan = await op.plan("resource-action", "prod", resources=(f"Job/{job}",), resource_action="retry")
        op.box.faults.add("argocd:reset=after,times=1,path=/api/v1/applications/anchor-msp-prod/resource/actions/v2")
        outcome = await op.execute(plan)
        assert outcome.kind == "unknown"
        assert "the effect of retry cannot be recognised" in outcome.message
        assert op.traffic.writes == ["argocd POST resource actions v2 anchor-msp-prod"]


async def test_a_restart_that_fails_again_is_a_failure(tmp_path):
    with operator_at("incident-crash", tmp_path, sandbox_pace=replace(FAST_TIMINGS, progress_deadline_s=0.1)) as op:
        plan = await op.plan(
            "resource-action", "prod", resources=("Deployment/anchor-gateway",), resource_action="restart"
        )
        outcome = await op.execute(plan)
        assert outcome.kind == "failed", outcome.message
        assert "it was carried out, but the result is: Deployment/anchor-gateway is Degraded" in outcome.message


@pytest.mark.parametrize(("is_sent", "kind"), [(True, "done"), (False, "unknown")])
async def test_an_interrupted_deletion_is_read_at_the_next_start(op, monkeypatch, is_sent, kind):
    """The process ended between the line before the request and the line after it."""
    monkeypatch.setattr(resumption, "is_process_alive", lambda _: False)
    interrupted = second_operator(op, f"interrupted-{is_sent}")
    name = pods(op)[0]
    plan = await interrupted.plan("delete-pod", "dev", resources=(f"Pod/{name}",))
    subject = plan.step_groups[0].subject
    entry = AuditEntry(utc_now(), "intended", plan.id, "delete-pod", (), message=plan.title, whole=plan)
    interrupted.audit.append_entry(entry)
    interrupted.audit.append_entry(AuditEntry(utc_now(), "intended", plan.id, "delete-pod", (), subject, 0))
    if is_sent:
        await op.act("delete-pod", "dev", resources=(f"Pod/{name}",))
    (found,) = await recover_abandoned(interrupted.connections, interrupted.audit, utc_now)
    assert interrupted.entries[-1].entry == kind, found.message
    assert f"Pod/{name} is {'deleted' if is_sent else 'not deleted'}" in found.message
