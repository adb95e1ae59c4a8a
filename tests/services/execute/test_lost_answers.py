"""Lost answers: a write is sent once, is applied once or not at all, and the outcome reports which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

import pytest

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.sandbox.argocd.sync_tasks import SyncOrder
from anchor_tui.sandbox.argocd.workloads.pods import list_pods
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.execute.plan_run import PlanRun
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.github import writer
from tests.services.sandbox_operator import QUICK_TIMEOUTS, Operator, operator_at, wait_until_true

TIMEOUT_S = 0.5
REPO = "/repos/anchor/anchor-msp-ops"
PATIENT = changed(QUICK_TIMEOUTS, settle_s=0.12)


@dataclass(frozen=True)
class Write:
    """One kind of request: where a fault strikes it, how it is brought about, and how often it came to something."""

    where: str
    name: str
    plan: Callable[[Operator], Any]
    count: Callable[[Operator], int]

    @property
    def side(self) -> str:
        return self.where.partition(":")[0]

    def fault(self, kind: str, times: int = 1) -> str:
        side, _, rest = self.where.partition(":")
        return f"{side}:{kind},times={times},{rest}"

    def sent(self, op: Operator) -> int:
        return sum(each.startswith(self.name) for each in op.traffic.writes)


def started(op: Operator) -> int:
    """Return the number of started operations with our id."""
    return sum(any(info["name"] == "anchor-tui request" for info in each.info) for each in op.started)


async def plan_terminate(op: Operator) -> Plan:
    op.box.call_in_loop(
        lambda: op.box.controller.start_operation(op.app("dev"), op.box.clock.now(), SyncOrder(op.box.git.head))
    )
    await wait_until_true(lambda: (op.app("dev").operation_state or {}).get("phase") == "Running")
    return await op.plan("terminate", "dev")


async def plan_merge(op: Operator) -> Plan:
    await op.act("promote", "staging", follow=False)
    op.traffic.clear()
    return await op.plan("merge", number=op.pulls[-1].number)


def merged(op: Operator) -> int:
    return sum(each.state == "MERGED" for each in op.pulls)


PROMOTE = Write(
    f"github:path={REPO}/git/refs,method=POST",
    "github POST git/refs",
    lambda op: op.plan("promote", "staging"),
    lambda op: len(op.branches),
)


def use_resource(op: Operator, action: str, name: str, **more: Any) -> Any:
    """Plan an action on a resource that was not restarted before."""

    def forget() -> None:
        for live in op.app("dev").live.values():
            live.resource = live.last_applied or live.resource

    op.box.call_in_loop(forget)
    return op.plan(action, "dev", resources=(name,), **more)


def first_pod(op: Operator) -> str:
    return op.box.call_in_loop(lambda: f"Pod/{next(list_pods(op.app('dev'))).name}")


ARGOCD = {
    "sync": Write(
        "argocd:path=/api/v1/applications/anchor-msp-dev/sync,method=POST",
        "argocd POST sync",
        lambda op: op.plan("sync", "dev"),
        started,
    ),
    "terminate": Write(
        "argocd:path=/api/v1/applications/anchor-msp-dev/operation",
        "argocd DELETE operation",
        plan_terminate,
        lambda op: op.terminated.count("Running"),  # not one that is Terminating already
    ),
    "restart": Write(
        "argocd:path=/api/v1/applications/anchor-msp-dev/resource/actions/v2,method=POST",
        "argocd POST resource actions v2",
        lambda op: use_resource(op, "resource-action", "Deployment/anchor-web", resource_action="restart"),
        lambda op: len(op.rolled_out),
    ),
    "pod deletion": Write(
        "argocd:path=/api/v1/applications/anchor-msp-dev/resource,method=DELETE",
        "argocd DELETE resource",
        lambda op: use_resource(op, "delete-pod", first_pod(op)),
        lambda op: len(op.replaced),
    ),
}
GITHUB = {
    "branch": PROMOTE,
    "commit": changed(
        PROMOTE,
        where="github:operation=createCommitOnBranch",
        name="github createCommitOnBranch",
        count=lambda op: sum(len(op.commits(each)) for each in op.branches),
    ),
    "pull request": changed(
        PROMOTE,
        where=f"github:path={REPO}/pulls,method=POST",
        name="github POST pulls",
        count=lambda op: len(op.pulls),
    ),
    "merge": Write(f"github:path={REPO}/pulls,method=PUT", "github PUT pulls", plan_merge, merged),
    "dispatch": Write(
        f"github:path={REPO}/actions/workflows,method=POST",
        "github POST actions/workflows",
        lambda op: op.workflow.plan("promote", "staging"),
        lambda op: len(op.box.github_repo.workflow_runs),
    ),
}
FAULTS = {
    # what goes wrong: (how often it is carried out, the outcome)
    "reset=after": (1, "done"),
    "reset": (0, "failed"),
    "latency=0.55": (1, "done"),  # after our time was up, while we look
    "hang": (0, "unknown"),
    "hang=after": (1, "done"),
    "duplicate": (1, "done"),
    "status=401": (0, "failed"),
    "status=403": (0, "failed"),
    "status=429": (0, "failed"),
    "status=500": (0, "failed"),
    "status=502": (0, "failed"),
    "status=503": (0, "failed"),
    "html": (0, "failed"),
    "truncated": (1, "done"),
}


@pytest.fixture(scope="module")
def _sandbox(tmp_path_factory) -> Iterator[Operator]:
    """One for all of these, put back before each: they are many."""
    folder = tmp_path_factory.mktemp("lost")
    with operator_at("steady", folder, sandbox_pace=changed(FAST_TIMINGS, apply_s=60), timeouts=PATIENT) as op:
        op.box.kubectl.patch_application("anchor-msp-dev", {"spec": {"syncPolicy": {"automated": None}}})
        controller = op.box.controller
        op.started, op.terminated = [], []
        start, terminate = controller.start_operation, controller.terminate_operation

        def starting(app, now, order):
            op.started.append(order)
            return start(app, now, order)

        def terminating(app, now):
            was = (app.operation_state or {}).get("phase")
            if found := terminate(app, now):
                op.terminated.append(was)
            return found

        op.rolled_out, op.replaced = [], []
        roll_out, replace_pod = controller.roll_out, controller.replace_pod

        def rolling_out(app, live, at):
            op.rolled_out.append(live)
            return roll_out(app, live, at)

        def replacing(app, live, number, at):
            op.replaced.append(live)
            return replace_pod(app, live, number, at)

        controller.roll_out, controller.replace_pod = rolling_out, replacing
        controller.start_operation, controller.terminate_operation = starting, terminating
        (folder / "workflow").mkdir()
        more = '\n[promotion]\nvia = "workflow"\nworkflow = "promote.yaml"\n'
        op.workflow = Operator(op.box, op.traffic, folder / "workflow", more=more, timeouts=PATIENT)
        op.workflow.first = op.first
        op.looks_once = op.workflow.looks_once = True
        op.terminate = terminate
        yield op


@pytest.fixture
async def op(_sandbox: Operator) -> Operator:
    """As it was in the beginning."""
    op, box = _sandbox, _sandbox.box
    box.faults.clear()
    op.traffic.on_arrival.clear()

    def cleared() -> None:
        for name in [each for each in box.git.branches if each != "main"]:
            del box.git.branches[name]
        for number in [each for each in box.github_repo.pull_requests if each > op.first]:
            del box.github_repo.pull_requests[number]
        box.github_repo.workflow_runs.clear()
        if box.git.head != op.main:
            box.git.branches["main"] = op.main

    op.main = getattr(op, "main", box.git.head)
    box.call_in_loop(cleared)
    await wait_until_true(lambda: (op.app("dev").operation_state or {}).get("phase") != "Terminating")
    if op.app("dev").is_busy:
        await wait_until_true(lambda: (op.app("dev").operation_state or {}).get("phase") == "Running")
        box.call_in_loop(lambda: op.terminate(op.app("dev"), box.clock.now()))
    await wait_until_true(lambda: not op.app("dev").is_busy)
    for each in (op.traffic.requests, op.started, op.terminated, op.rolled_out, op.replaced):
        each.clear()
    return op


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ArgoClient.send.__kwdefaults__, "timeout_s", TIMEOUT_S)
    monkeypatch.setattr(writer, "RESPONSE_TIMEOUT_S", 1)  # PyGithub takes whole seconds


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", [*ARGOCD, *GITHUB])
async def test_a_write_is_sent_once_and_applied_at_most_once(op, monkeypatch, what, fault):
    write = (ARGOCD | GITHUB)[what]
    plan = await write.plan(op)
    op.traffic.clear()
    expected, kind = FAULTS[fault]
    actor = op.workflow if what == "dispatch" else op
    if "hang" in fault or "latency" in fault:
        shorten(monkeypatch)
    if "latency" in fault:
        monkeypatch.setattr(actor.executor, "_timeouts", changed(PATIENT, settle_s=2.0))
    op.box.faults.add(write.fault(fault))
    outcome = await actor.execute(plan, follow=False)
    if what == "dispatch" and fault == "duplicate":
        expected = 2  # a workflow may start twice and the runs look alike; only one pull request is opened
    if what == "restart" and fault == "duplicate":
        expected = 2  # a second restart replaces the pods again, which harms nothing
    assert (write.count(op), outcome.kind) == (expected, kind), outcome.message
    assert write.sent(op) == 1
    lines = [each for each in actor.entries if each.plan == plan.id]
    assert [each.entry for each in lines if each.step is None] == ["intended", kind]
    steps = [(each.step, each.entry == "intended") for each in lines if each.step is not None]
    assert steps == [(step, intended) for step in range(len(steps) // 2) for intended in (True, False)]


@pytest.mark.parametrize("what", ["sync", "pull request", "merge"])
async def test_an_unreadable_server_after_a_lost_response_is_unknown(op, what):
    write = (ARGOCD | GITHUB)[what]
    plan = await write.plan(op)
    op.traffic.clear()

    def breaks(asked):
        if write.name in str(asked):
            op.box.faults.add(f"{write.side}:status=503")

    op.box.faults.add(write.fault("reset=after"))
    op.traffic.on_arrival.append(breaks)
    outcome = await op.execute(plan, follow=False)
    assert outcome.kind == "unknown", outcome.message
    assert "the response was lost" in outcome.message
    assert write.sent(op) == 1


async def test_an_operation_of_another_user_proves_nothing(op):
    plan = await op.plan("sync", "dev")

    def somebody(asked):
        if asked.method == "POST":
            op.box.controller.start_operation(
                op.app("dev"), op.box.clock.now(), SyncOrder(op.box.git.head, username="eve")
            )

    op.traffic.on_arrival.append(somebody)
    op.box.faults.add(ARGOCD["sync"].fault("reset"))
    outcome = await op.execute(plan, follow=False)
    assert outcome.kind == "failed"
    assert started(op) == 0


async def test_the_pull_request_of_a_duplicated_run_is_found(op):
    op.box.faults.add(GITHUB["dispatch"].fault("duplicate"))
    plan = await op.workflow.plan("promote", "staging")
    running = asyncio.create_task(op.workflow.execute(plan))
    await wait_until_true(
        lambda: any("waiting for the pull request to be merged" in each for each in op.workflow.told) or running.done()
    )
    assert not running.done(), running.result().message
    op.close(op.pulls[0].number)
    outcome = await running
    assert outcome.results[0].number == op.pulls[0].number
    assert len(op.pulls) == 1


async def test_a_step_that_cannot_be_written_down_is_not_sent(op, monkeypatch):
    """The disk is full between two steps: what was done is reported, and nothing more is sent."""
    plan = await op.plan("promote", "staging")
    op.traffic.clear()
    write_down = PlanRun._append_audit

    def full(self, change, index, step, kind, message, learned):
        if index == 1:
            from anchor_tui.services.execute.audit import AuditError

            raise AuditError("the audit cannot be written (No space left on device). Nothing is executed without it")
        return write_down(self, change, index, step, kind, message, learned)

    monkeypatch.setattr(PlanRun, "_append_audit", full)
    outcome = await op.execute(plan, follow=False)
    assert outcome.kind == "failed"
    assert "stopped before “commit 2 files" in outcome.message
    assert op.traffic.writes == ["github POST git/refs"]
