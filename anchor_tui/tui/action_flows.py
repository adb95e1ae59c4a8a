"""From a key to an Outcome: a Plan is made, shown, confirmed, executed and followed; the screen never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Order, Outcome, OutcomeKind, Plan, Refusal
from anchor_tui.domain.formatting import format_internal_error, get_first_line
from anchor_tui.tui.protocols import ActionBackend
from anchor_tui.tui.targets import ActionTarget, build_order

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.executor import Consent
    from anchor_tui.tui.app import AnchorApp

ACTION_TITLES = {
    "refresh": "Refresh",
    "hard-refresh": "Hard refresh",
    "sync": "Sync",
    "hard-refresh-prune": "Hard refresh + prune",
    "terminate": "Terminate",
    "promote": "Promote to here",
    "rollback": "Roll back",
    "merge": "Merge",
    "cutover": "Cutover",
    "mend": "Turn round",
}
_SEVERITIES: dict[OutcomeKind, SeverityLevel] = {"done": "information", "refused": "warning", "drifted": "warning"}


class ActionFlows:
    """The flows of one application. Each runs as a worker of the application, so that no dialog's end ends it."""

    def __init__(self, app: AnchorApp, actor: ActionBackend) -> None:
        self._app, self._actor = app, actor

    def start_action(self, action: ActionId, aim: ActionTarget) -> None:
        """Starts an action. Its dialog is in front when this returns: what is typed next is typed into it."""
        order = build_order(action, aim)
        match action:
            case "refresh" | "hard-refresh":
                self._run_flow(self._execute_unconfirmed(order))
            case "rollback":
                self._choose_release(order)
            case "cutover":
                self._open_cutover(order)
            case _:
                self._confirm_plan(order)

    def _run_flow(self, flow: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(self._report_internal_errors(flow), group="acting", exit_on_error=False)

    async def _report_internal_errors(self, flow: Coroutine[Any, Any, None]) -> None:
        """A fault of ours must be seen, and must not end the screen. Its text may hold anything: its kind must do."""
        try:
            await flow
        except Exception as error:  # noqa: BLE001
            message = f"{format_internal_error(error)}; check the cluster and the audit"
            self._app.notify(message, severity="error", timeout=20, markup=False)

    def _choose_release(self, order: Order) -> None:
        from anchor_tui.tui.screens.release_chooser import ReleaseChooser

        name, snapshot, now = order.environments[0], self._app.snapshot, self._app.now
        environment = snapshot.find_environment(name) if snapshot else None
        assert now is not None

        async def ask() -> tuple[PastRelease, ...] | Refusal:
            try:
                return await asyncio.wrap_future(self._actor.earlier_releases(name))
            except Exception as error:  # noqa: BLE001 - as for a Plan
                return _refuse_after_internal_error(error)

        def chosen(version: str | None) -> None:
            if version is not None:
                self._confirm_plan(replace(order, version=version))

        screen = ReleaseChooser(name, environment.release if environment else None, now, ask)
        self._app.push_screen(screen, chosen)

    def _open_cutover(self, order: Order) -> None:
        from anchor_tui.tui.screens.cutover import CutoverChoice, CutoverScreen

        def pressed(what: CutoverChoice | None) -> None:
            if what is None:
                return
            if what.check:
                self._confirm_plan(replace(order, action="mend", environments=(what.environment,), check=what.check))
            else:
                self._confirm_plan(order)

        self._app.push_screen(CutoverScreen().data_bind(snapshot=type(self._app).snapshot), pressed)

    # --- plan, confirm, execute ----------------------------------------------------------------------

    async def _make_plan(self, order: Order) -> Plan | Refusal:
        snapshot = self._app.snapshot
        if snapshot is None:
            return Refusal("", "unread", "nothing is known yet")
        try:
            # A dialog that is left in the middle cancels this, and must not cancel a hard refresh on its way.
            return await asyncio.shield(asyncio.wrap_future(self._actor.prepare(order, snapshot)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and must not end the screen
            return _refuse_after_internal_error(error)

    async def _execute_unconfirmed(self, order: Order) -> None:
        """What costs no confirmation: it is asked for, and the screen goes on."""
        from anchor_tui.services.execute.executor import Consent

        plan = await self._make_plan(order)
        if isinstance(plan, Refusal):
            self._app.notify(str(plan), severity="warning", markup=False)
            return
        self._app.notify(f"{plan.title} …", timeout=2, markup=False)
        await self._execute_plan(plan, Consent(confirmed=True))

    def _confirm_plan(self, order: Order, note: str = "") -> None:
        from anchor_tui.tui.screens.plan import ConfirmedPlan, PlanScreen

        def answered(confirmed: ConfirmedPlan | None) -> None:
            if confirmed is not None:
                plan, consent = confirmed
                self._app.show_progress(plan)
                self._run_flow(self._execute_and_replan(order, plan, consent))

        self._app.push_screen(PlanScreen(order, ACTION_TITLES[order.action], self._make_plan, note), answered)

    async def _execute_and_replan(self, order: Order, plan: Plan, consent: Consent) -> None:
        """To its end; what has drifted is shown as it would be now, to be confirmed anew."""
        outcome = await self._execute_plan(plan, consent)
        if outcome is not None and outcome.kind == "drifted" and outcome.fresh is not None:
            self._app.hide_progress(plan.id)
            request_id = build_order(order.action, ActionTarget("")).request_id
            again = replace(outcome.fresh.order, request_id=request_id, reason="")
            self._confirm_plan(again, f"Drifted: {outcome.message}. This is how it would be now:")

    async def _execute_plan(self, plan: Plan, consent: Consent) -> Outcome | None:
        try:
            outcome = await asyncio.wrap_future(self._actor.execute(plan, consent))
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen: what was sent may be there
            message = f"{format_internal_error(error)}; check the cluster and the audit"
            self._app.notify(message, title=plan.title, severity="error", timeout=20, markup=False)
            return None
        self._app.notify(
            get_first_line(outcome.message),
            title=f"{plan.title}: {outcome.kind}",
            severity=_SEVERITIES.get(outcome.kind, "error"),
            timeout=6 if outcome.kind == "done" else 15,
            markup=False,
        )
        return outcome

    # --- start and end -------------------------------------------------------------------------------

    def start_recovery(self) -> None:
        """Says what earlier runs left, once the first picture stands."""
        self._run_flow(self._recover_jobs())

    async def _recover_jobs(self) -> None:
        for words in await asyncio.wrap_future(self._actor.recover()):
            self._app.notify(words, title="From before", severity="warning", timeout=20, markup=False)

    async def confirm_quit(self, jobs: tuple[Job, ...]) -> bool:
        """Whether to quit; what is being sent is waited for."""
        from anchor_tui.tui.screens.quit import QuitScreen

        running = tuple(each for each in jobs if not each.is_over)
        if running and not await self._app.push_screen_wait(QuitScreen(running)):
            return False
        await asyncio.wrap_future(self._actor.finish_writes())
        return True

    def start_quit(self) -> None:
        """Quits, after a question where something runs."""

        async def leaving() -> None:
            if await self.confirm_quit(self._app.jobs):
                self._app.exit()

        self._run_flow(leaving())


def _refuse_after_internal_error(error: Exception) -> Refusal:
    """An exception's text may hold anything, so its kind must do."""
    return Refusal("", "internal", f"{format_internal_error(error)}; nothing was sent")
