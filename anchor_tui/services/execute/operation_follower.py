"""Follows one operation of ours until it is over and the resources it prunes are gone.

Our id among its infos identifies it. An operation that waits to retry looks finished. After a success, the comparison
may be missing, and pruned resources still exist for some seconds: Argo CD deletes them in the foreground.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from anchor_tui.domain.actions.application_state import AppState, OperationDetail, stale_resources
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.actions.steps import REQUEST_INFO
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.domain.formatting import format_count, get_first_line, shorten_revision
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.audit import EntryKind
from anchor_tui.services.execute.step_support import ReportProgress, StepContext, StepFailed, Timeouts
from anchor_tui.sources.errors import SourceError

AppendAudit = Callable[[EntryKind, str], None]
"""Records a request that is sent during a wait: once before it is sent, once after its response."""
_API_VERSION = re.compile(r"v[0-9][0-9a-z]*")


class OperationFollower:
    """The state of one followed operation."""

    def __init__(
        self,
        applications: ApplicationAccess,
        step: WaitForOperation,
        context: StepContext,
        report: ReportProgress,
        timeouts: Timeouts,
        append_audit: AppendAudit,
    ) -> None:
        self._append_audit = append_audit
        self._applications, self._step, self._context = applications, step, context
        self._report, self._timeouts = report, timeouts
        self._started_at = time.monotonic()
        self._was_seen = False
        self._success_text: str | None = None
        self._is_approved = False
        self._approval_lost_at: float | None = None
        self._finished_since: float | None = None

    async def wait_until_over(self) -> str:
        """Wait until the operation is over and return its result. Raises StepFailed."""
        async for state in self._applications.poll_state(self._step.app, self._timeouts.operation_s, self._report):
            if (words := await self._evaluate_state(state)) is not None:
                return words
        raise StepFailed("unknown", "the operation is still running: watch it on the screen, or terminate it (x)")

    async def _evaluate_state(self, state: AppState) -> str | None:
        """Return the result that a state shows; None while the operation is not over. Raises StepFailed."""
        operation, id_ = state.operation, self._step.request_id
        if operation is not None and operation.info.get(REQUEST_INFO) == id_:
            self._was_seen = True
            return await self._evaluate_own_operation(state, operation)
        if state.pending_info is not None and state.pending_info.get(REQUEST_INFO) == id_:
            self._was_seen = True
            if time.monotonic() - self._started_at > self._timeouts.start_s:
                message = (
                    f"accepted, but not started for {self._timeouts.start_s:.0f} s: is the application controller "
                    "running? It may still start; terminate (x) withdraws it"
                )
                raise StepFailed("unknown", message)
            self._report("accepted, not started yet")
            return None
        if self._success_text is not None:
            if not self._step.resources_to_prune:
                return self._success_text
            message = f"{self._success_text}; another operation started before the pruned resources were gone"
            raise StepFailed("unknown", message)
        if self._was_seen:
            raise StepFailed("unknown", "another operation replaced it: its result was not recorded")
        if time.monotonic() - self._started_at > self._timeouts.start_s:
            raise StepFailed("unknown", "its operation was not found")
        return None

    async def _evaluate_own_operation(self, state: AppState, operation: OperationDetail) -> str | None:
        match operation.phase:
            case "Running" | "Terminating":
                await self._report_running(operation)
                return None
            case "Succeeded":
                return self._check_finished(state, operation)
            case phase:
                raise StepFailed("failed", f"{phase}: {_failure_text(operation)}")

    async def _report_running(self, operation: OperationDetail) -> None:
        words = get_first_line(operation.message) or operation.phase
        if "waiting for pruning confirmation" in operation.message.lower():
            if self._step.approves and not self._is_approved:
                await self._confirm_deletion(words)
            elif (
                self._approval_lost_at is not None
                and time.monotonic() > self._approval_lost_at + self._timeouts.settle_s
            ):
                message = f"{words}: the response to the approval was lost, and no approval is visible"
                raise StepFailed("unknown", f"{message}. Approve it in Argo CD, or terminate it (x)")
            elif not self._step.approves:
                words += ": approve it in Argo CD, or terminate it (x)"
        elif operation.is_waiting_to_retry:
            words = f"attempt {operation.retry_count or 1} failed: {words}; waiting to retry"
        self._report(words)

    async def _confirm_deletion(self, words: str) -> None:
        """Approve the deletion if it covers only resources that the plan confirmed. Raises StepFailed otherwise.

        Argo CD's message names the first resource and counts the others.
        """
        asked = words.partition("confirmation of ")[2]
        try:
            state = await self._applications.read_details(self._step.app)
        except SourceError as error:
            self._report(f"{words}; temporarily unable to read what needs approval: {error.message}")
            return
        if state.managed is None:
            self._report(f"{words}; temporarily unable to read what needs approval: {state.managed_error}")
            return
        asking = {resource.ref for resource in stale_resources(state) if resource.prune_effect == "asks"} & {
            *self._step.approves
        }
        first, number = _parse_confirmation_message(asked)
        if not any(_matches_name(ref, first) for ref in asking) or number > len(asking):
            raise StepFailed(
                "failed", f"{words}, which is more than this plan confirmed: check it, and terminate it (x)"
            )
        note = f"approved the deletion of {asked}"
        self._append_audit("intended", f"approve the deletion of {asked}")
        try:
            await self._applications.approve_deletion(self._step, state.server_time)
        except SourceError as error:
            self._append_audit("unknown" if error.maybe_applied else "failed", error.message)
            if not error.maybe_applied:
                raise StepFailed("failed", f"{words}; the approval failed: {error.message}") from error
            note += ", but the response was lost"
            self._approval_lost_at = time.monotonic()
        else:
            self._append_audit("done", note)
        self._is_approved = True
        self._context.notes.append(note)

    def _check_finished(self, state: AppState, operation: OperationDetail) -> str | None:
        """Return the result once the operation is recorded, compared again and everything to prune is gone."""
        if state.pending_info is not None or operation.finished_at is None:
            return None
        if self._step.dry_run:
            return _dry_run_text(operation)
        skipped = {result.ref for result in operation.results if result.status == "PruneSkipped"}
        if kept := [ref for ref in self._step.resources_to_prune if ref in skipped]:
            raise StepFailed(
                "failed", f"the operation succeeded, but these resources were not pruned: {_joined_refs(kept)}"
            )
        if self._success_text is None:
            self._success_text = self._done_text(operation)
        self._finished_since = self._finished_since or time.monotonic()
        waited = time.monotonic() - self._finished_since
        reconciled = state.application.reconciled_at
        compared = reconciled is not None and reconciled >= operation.finished_at
        there = {resource.ref for resource in state.resources}
        left = [ref for ref in self._step.resources_to_prune if ref in there]
        if left or not compared:
            if waited > self._timeouts.refresh_s:
                what = f"these resources still exist: {_joined_refs(left)}" if left else "it was not compared again"
                raise StepFailed("unknown", f"the operation succeeded, but {what}")
            self._report(f"deleting {_joined_refs(left)}" if left else "comparing")
            return None
        return self._success_text

    def _done_text(self, operation: OperationDetail) -> str:
        pruned = sum(result.status == "Pruned" for result in operation.results)
        words = [
            f"synced {shorten_revision(operation.revision)}",
            *([f"{format_count(pruned, 'resource')} deleted"] if pruned else []),
        ]
        seen = self._step.seen_revision
        if seen and operation.revision and operation.revision != seen:
            note = f"it synced {shorten_revision(operation.revision)}, not {shorten_revision(seen)} as planned"
            self._context.notes.append(note)
        return ", ".join(words)


# --- reading a state ----------------------------------------------------------------------------------


def is_own_operation(state: AppState, request_id: str) -> bool:
    """Return whether the pending, running or last operation carries our id."""
    infos = [state.pending_info or {}, state.operation.info if state.operation else {}]
    return any(info.get(REQUEST_INFO) == request_id for info in infos)


def _failure_text(operation: OperationDetail) -> str:
    failed = [
        f"{result.ref}: {get_first_line(result.message)}"
        for result in operation.results
        if result.status == "SyncFailed"
    ]
    words = get_first_line(operation.message) or "no reason reported"
    return "; ".join([words, *failed[:5]])


def _parse_confirmation_message(words: str) -> tuple[str, int]:
    """Return the first resource that needs approval, and their number: `/Service/a and 2 more resources`."""
    first, _, others = words.partition(" and ")
    number = others.partition(" ")[0]
    return first.strip(), 1 + (int(number) if number.isdecimal() else 0)


def _matches_name(ref: ResourceRef, words: str) -> bool:
    """Return whether `group/Kind/name`, or `group/version/Kind/name` of some Argo CD versions, is a resource."""
    before = words.removesuffix(f"/{ref.kind}/{ref.name}")
    group, _, version = before.rpartition("/")
    return before != words and (before == ref.group or (group == ref.group and bool(_API_VERSION.fullmatch(version))))


def _dry_run_text(operation: OperationDetail) -> str:
    kinds = {"Pruned": "would be deleted", "PruneSkipped": "would be kept", "SyncFailed": "would fail"}
    found = [
        f"{word}: {_joined_refs([result.ref for result in operation.results if result.status == status])}"
        for status, word in kinds.items()
        if any(result.status == status for result in operation.results)
    ]
    changed = [
        result.ref for result in operation.results if "configured" in result.message or "created" in result.message
    ]
    found += [f"would change: {_joined_refs(changed)}"] if changed else []
    return "dry run: " + ("; ".join(found) or "nothing would change")


def _joined_refs(refs: list[ResourceRef]) -> str:
    return ", ".join(map(str, refs))
