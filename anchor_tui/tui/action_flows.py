"""From a key to an outcome: an action is planned, shown, confirmed, executed and followed. The screen never waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Order, Outcome, OutcomeKind, Plan, Refusal
from anchor_tui.domain.actions.resource_state import full_name
from anchor_tui.domain.formatting import format_internal_error, get_first_line
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.merge_offer import find_earlier_reason
from anchor_tui.tui.protocols import Backend
from anchor_tui.tui.targets import ActionTarget, build_order
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel
    from textual.screen import ModalScreen

    from anchor_tui.config.model import EnvironmentConfig
    from anchor_tui.domain.actions.plan import ActionId
    from anchor_tui.domain.actions.resource_state import OfferedAction
    from anchor_tui.domain.history.release_runs import ReleaseRecord
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.domain.model import AppId, Release
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.executor import Consent

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
    "mend": "Fix",
    "resource-action": "Resource action",
    "delete-pod": "Delete pod",
}
_SEVERITIES: dict[OutcomeKind, SeverityLevel] = {"done": "information", "refused": "warning", "drifted": "warning"}


QUIT_TIMEOUT_S = 25.0
"""The longest wait for requests in flight. The executor itself waits less, unless its thread is blocked."""


class ActionFlows:
    """The action flows of one application. They run as its workers, so that closing a dialog does not end them."""

    def __init__(self, app: LiveApp, backend: Backend, environments: tuple[EnvironmentConfig, ...]) -> None:
        self._app, self._backend, self._environments = app, backend, environments

    def start_action(self, action: ActionId, target: ActionTarget) -> None:
        """Start an action. Its dialog is in front when this returns, so that it receives the next key."""
        order = build_order(action, target)
        if action == "merge":
            order = replace(order, reason=find_earlier_reason(order.number, self._app.jobs))
        match action:
            case "refresh" | "hard-refresh":
                self._run_flow(partial(self._execute_unconfirmed, order))
            case "rollback":
                self._choose_release(order, target.release)
            case "cutover":
                self._open_cutover()
            case _:
                self._confirm_plan(order)

    def start_resource_action(self, environment: str, application: AppId, node: ResourceNode) -> None:
        """Offer the actions on a resource; the chosen one is planned, confirmed and executed.

        The dialog is in front when this returns.
        """
        from anchor_tui.tui.screens.resource_action_chooser import ResourceActionChoice, ResourceActionChooser

        target = ActionTarget(environment, (application,))

        async def load_actions() -> tuple[OfferedAction, ...] | Refusal:
            try:
                return await self._read_resource_actions(application, node)
            except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
                return _refuse_after_internal_error(error)

        def confirm(choice: ResourceActionChoice) -> None:
            # Each choice is an order of its own, since the chooser stays open until one is confirmed.
            order = build_order("delete-pod" if choice.is_deletion else "resource-action", target)
            order = replace(
                order,
                resources=(full_name(node.key),),
                resource_action=choice.action,
                parameters=dict(choice.parameters),
            )
            self._confirm_plan(order, chooser=screen)

        screen = ResourceActionChooser(node, load_actions, confirm)
        self._app.push_screen(screen)

    async def _read_resource_actions(
        self, application: AppId, node: ResourceNode
    ) -> tuple[OfferedAction, ...] | Refusal:
        snapshot = self._app.snapshot
        known = snapshot.all_applications if snapshot else ()
        found = next((app for app in known if app.id == application), None)
        if found is None:
            return Refusal(str(application), "unread", "the application is unknown: read again (g)")
        reading = await asyncio.wrap_future(
            self._backend.inspect(found, lambda inspector: inspector.read_resource_actions(node))
        )
        if isinstance(reading, Fresh):
            return reading.value
        message = reading.error.message if isinstance(reading, Unavailable) else "its actions were not read"
        return Refusal(str(node.key), "unread", message)

    def _run_flow(self, flow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        start_worker(self._app, partial(self._report_internal_errors, flow), group="actions")

    async def _report_internal_errors(self, flow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await flow()
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
            self._notify_internal_error(error)

    def _notify_internal_error(self, error: Exception, title: str = "") -> None:
        message = f"{format_internal_error(error)}; check the environments and `anchor-tui audit`"
        self._app.notify(message, title=title, severity="error", timeout=20)

    def _choose_release(self, order: Order, wanted: Release | None) -> None:
        from anchor_tui.tui.screens.release_chooser import ReleaseChooser

        name, snapshot, now = order.environments[0], self._app.snapshot, self._app.now
        environment = snapshot.find_environment(name) if snapshot else None
        assert now is not None

        async def load_releases() -> tuple[PastRelease, ...] | Refusal:
            try:
                return await asyncio.wrap_future(self._backend.earlier_releases(name))
            except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
                return _refuse_after_internal_error(error)

        async def load_record() -> ReleaseRecord:
            return await asyncio.wrap_future(self._backend.read_release_record(name))

        def confirm(version: str) -> None:
            # Each choice is an order of its own, since the chooser stays open until one is confirmed.
            chosen = replace(build_order("rollback", ActionTarget(name)), version=version)
            self._confirm_plan(chosen, chooser=screen)

        release = environment.release if environment else None
        screen = ReleaseChooser(name, release, now, load_releases, load_record, confirm, wanted)
        self._app.push_screen(screen)

    def _open_cutover(self) -> None:
        from anchor_tui.tui.screens.cutover import CutoverChoice, CutoverScreen

        def confirm(choice: CutoverChoice) -> None:
            # Each choice is an order of its own, since the checklist stays open.
            if choice.check:
                fix = build_order("mend", ActionTarget(choice.environment))
                self._confirm_plan(replace(fix, check=choice.check))
            elif choice.environment:
                self.start_action("hard-refresh", ActionTarget(choice.environment))
            else:
                self._confirm_plan(build_order("cutover", ActionTarget("")))

        screen = CutoverScreen(self._environments, confirm)
        self._app.push_screen(screen.data_bind(LiveApp.snapshot, LiveApp.jobs))

    # --- plan, confirm, execute ----------------------------------------------------------------------

    async def _make_plan(self, order: Order) -> Plan | Refusal:
        snapshot = self._app.snapshot
        if snapshot is None:
            return Refusal("", "unread", "nothing has been read yet")
        try:
            # Closing the dialog cancels this coroutine. It must not cancel a hard refresh in progress.
            return await asyncio.shield(asyncio.wrap_future(self._backend.prepare(order, snapshot)))
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the screen
            return _refuse_after_internal_error(error)

    async def _execute_unconfirmed(self, order: Order) -> None:
        """Execute an order that needs no confirmation."""
        from anchor_tui.services.execute.executor import Consent

        plan = await self._make_plan(order)
        if isinstance(plan, Refusal):
            self._app.notify(str(plan), severity="warning")
            return
        self._app.notify(f"{plan.title} …", timeout=2)
        await self._execute_plan(plan, Consent(confirmed=True))

    def _confirm_plan(self, order: Order, note: str = "", chooser: ModalScreen[None] | None = None) -> None:
        """Show a plan and execute it when it is confirmed. The chooser below it is closed then, not before."""
        from anchor_tui.tui.screens.plan import ConfirmedPlan, PlanScreen

        def execute(confirmed: ConfirmedPlan | None) -> None:
            if confirmed is not None:
                plan, consent = confirmed
                if chooser is not None and chooser.is_current:
                    chooser.dismiss(None)
                self.show_progress(plan)
                self._run_flow(partial(self._execute_and_replan, order, plan, consent))

        self._app.push_screen(PlanScreen(order, ACTION_TITLES[order.action], self._make_plan, note), execute)

    async def _execute_and_replan(self, order: Order, plan: Plan, consent: Consent) -> None:
        """Execute a plan to its end. If it has drifted, show the new plan, which must be confirmed again."""
        outcome = await self._execute_plan(plan, consent)
        if outcome is not None and outcome.kind == "drifted" and outcome.fresh is not None:
            self._hide_progress(plan.id)
            request_id = build_order(order.action, ActionTarget("")).request_id
            again = replace(outcome.fresh.order, request_id=request_id)
            self._confirm_plan(again, f"Drifted: {outcome.message}. The new plan is:")

    async def _execute_plan(self, plan: Plan, consent: Consent) -> Outcome | None:
        try:
            outcome = await asyncio.wrap_future(self._backend.execute(plan, consent))
        except Exception as error:  # noqa: BLE001 - it must be visible, since requests may have been sent
            self._notify_internal_error(error, plan.title)
            return None
        self._app.notify(
            get_first_line(outcome.message),
            title=f"{plan.title}: {outcome.kind}",
            severity=_SEVERITIES.get(outcome.kind, "error"),
            timeout=6 if outcome.kind == "done" else 15,
        )
        return outcome

    def show_progress(self, plan: Plan) -> None:
        """Show the steps of a running action."""
        from anchor_tui.tui.screens.progress import ProgressScreen

        self._app.push_screen(ProgressScreen(plan.id, plan.title).data_bind(LiveApp.jobs, LiveApp.now))

    def _hide_progress(self, plan_id: str) -> None:
        from anchor_tui.tui.screens.progress import ProgressScreen

        if isinstance(self._app.screen, ProgressScreen) and self._app.screen.job_id == plan_id:
            self._app.pop_screen()

    # --- start and quit ------------------------------------------------------------------------------

    def start_recovery(self) -> None:
        """Resume the interrupted actions of earlier sessions and report them."""
        self._run_flow(self._recover_jobs)

    async def _recover_jobs(self) -> None:
        for line in await asyncio.wrap_future(self._backend.recover()):
            self._app.notify(line, title="From an earlier session", severity="warning", timeout=20)

    def start_quit(self) -> None:
        """Quit when the operator agrees and no request is in flight."""
        self._run_flow(self._quit)

    async def _quit(self) -> None:
        from anchor_tui.tui.screens.quit import QuitScreen

        running = tuple(job for job in self._app.jobs if not job.is_over)
        if not running or await self._app.push_screen_wait(QuitScreen(running)):
            with contextlib.suppress(TimeoutError):  # a blocked reader does not answer; the audit has what was sent
                async with asyncio.timeout(QUIT_TIMEOUT_S):
                    await asyncio.wrap_future(self._backend.finish_writes())
            self._app.exit()


def _refuse_after_internal_error(error: Exception) -> Refusal:
    return Refusal("", "internal", f"{format_internal_error(error)}; nothing was sent")
