"""Makes plans from freshly read inputs, and makes a plan again before it is executed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.plan import (
    GroupResult,
    Order,
    Outcome,
    OutcomeKind,
    Plan,
    Refusal,
    describe_drift,
    preconditions_hold,
)
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.planner import already_done_message, make_plan
from anchor_tui.domain.model import Snapshot
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.job_registry import JobRegistry
from anchor_tui.services.execute.plan_input_collector import PlanInputCollector
from anchor_tui.services.execute.step_support import ExecutionClients, Timeouts


class PlanMaker:
    """Plans of one configuration. Everything is read again for each plan."""

    def __init__(
        self, connections: Connections, timeouts: Timeouts, now: Callable[[], datetime], job_registry: JobRegistry
    ) -> None:
        self._connections, self._timeouts, self._now = connections, timeouts, now
        self._job_registry = job_registry

    async def wait_for_plan(self, order: Order, snapshot: Snapshot) -> Plan | Refusal:
        """Return the plan of an order. After a hard refresh, wait while Argo CD is syncing automatically."""
        until = self._timeouts.end_of_wait(self._timeouts.start_s) if order.refreshed else 0.0
        while True:
            clients = ExecutionClients(self._connections)
            try:
                inputs = await self._collect_inputs(order, clients, snapshot)
            finally:
                await clients.aclose()
            made = make_plan(order, inputs)
            is_waiting = isinstance(made, Refusal) and any(map(is_auto_syncing, inputs.states.values()))
            if not is_waiting or time.monotonic() > until:
                return made
            await asyncio.sleep(self._timeouts.argocd_poll_s)

    async def replan(self, plan: Plan, clients: ExecutionClients, snapshot: Snapshot) -> Plan | Outcome:
        """Return the plan made from fresh inputs, or the outcome if its preconditions no longer hold."""
        inputs = await self._collect_inputs(plan.order, clients, snapshot)
        fresh = make_plan(plan.order, inputs)
        if message := already_done_message(plan, inputs):
            return _same_result_for_all(plan, "done", message)
        if isinstance(fresh, Refusal):
            return _same_result_for_all(plan, "done" if fresh.already_done else "refused", fresh.message, url=fresh.url)
        if not preconditions_hold(plan, fresh):
            message = f"nothing was sent: {describe_drift(plan, fresh)}"
            return replace(_same_result_for_all(plan, "drifted", message), fresh=fresh)
        return fresh

    async def _collect_inputs(self, order: Order, clients: ExecutionClients, snapshot: Snapshot) -> PlanInputs:
        collector = PlanInputCollector(clients, self._connections.config, self._now)
        inputs = await collector.collect_inputs(order, snapshot)
        return replace(inputs, followed_urls=self._job_registry.followed_urls)


def is_auto_syncing(state: AppState | Refusal) -> bool:
    """Return whether an automatic sync of an application is running."""
    operation = state.application.operation if isinstance(state, AppState) else None
    return operation is not None and operation.is_running and operation.initiated_by == "auto-sync"


def _same_result_for_all(plan: Plan, kind: OutcomeKind, message: str, url: str = "") -> Outcome:
    """Return the outcome with the same result for every group of a plan."""
    return Outcome(plan.id, tuple(GroupResult(group.subject, kind, message, url=url) for group in plan.step_groups))
