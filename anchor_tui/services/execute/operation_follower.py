"""One operation of ours, followed until it is over and its victims are gone.

It is known again by our id among its infos. One that waits to retry looks over, one that succeeded may not be compared
yet, and what was pruned is there some seconds longer: the foreground deletion takes its time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from anchor_tui.domain.actions.application_state import AppState, OperationDetail, stale_resources
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.actions.steps import REQUEST_INFO
from anchor_tui.domain.actions.wait_steps import WaitForOperation
from anchor_tui.domain.formatting import format_count, get_first_line, shorten_revision
from anchor_tui.services.execute.audit import EntryKind
from anchor_tui.services.execute.step_support import ReportProgress, StepContext, StepFailed, Timeouts
from anchor_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from anchor_tui.services.execute.argocd_steps import ArgoCDSteps

AppendAudit = Callable[[EntryKind, str], None]
"""Takes what is sent while something is followed, before it leaves and after it came back."""
_API_VERSION = re.compile(r"v[0-9][0-9a-z]*")


class OperationFollower:
    """One operation that is followed."""

    def __init__(
        self,
        hand: ArgoCDSteps,
        step: WaitForOperation,
        context: StepContext,
        report: ReportProgress,
        timeouts: Timeouts,
        append_audit: AppendAudit,
    ) -> None:
        self._append_audit = append_audit
        self._argocd_steps, self._step, self._context, self._report, self._timeouts = (
            hand,
            step,
            context,
            report,
            timeouts,
        )
        self._started_at = time.monotonic()
        self._was_seen = False
        self._success_text: str | None = None
        self._is_approved = False
        self._approval_lost_at: float | None = None
        self._finished_since: float | None = None

    async def wait_until_over(self) -> str:
        """Until it is over. Raises Ended."""
        async for state in self._argocd_steps.poll_state(self._step.app, self._timeouts.operation_s, self._report):
            if (words := await self._evaluate_state(state)) is not None:
                return words
        raise StepFailed("unknown", "the operation still runs: follow it on the screen, or terminate it (x)")

    async def _evaluate_state(self, state: AppState) -> str | None:
        """What the state means; None where it is not over."""
        operation, id_ = state.operation, self._step.request_id
        if operation is not None and operation.info.get(REQUEST_INFO) == id_:
            self._was_seen = True
            return await self._evaluate_own_operation(state, operation)
        if state.pending_info is not None and state.pending_info.get(REQUEST_INFO) == id_:
            self._was_seen = True
            if time.monotonic() - self._started_at > self._timeouts.start_s:
                message = (
                    f"accepted, and not taken up for {self._timeouts.start_s:.0f} s: is the application controller "
                    "running? It may start still; terminate (x) takes it back"
                )
                raise StepFailed("unknown", message)
            self._report("accepted, not taken up yet")
            return None
        if self._success_text is not None:
            if not self._step.resources_to_prune:
                return self._success_text
            message = f"{self._success_text}; another operation came before its victims were seen gone"
            raise StepFailed("unknown", message)
        if self._was_seen:
            raise StepFailed("unknown", "another operation has taken its place: what became of it is not recorded")
        if time.monotonic() - self._started_at > self._timeouts.start_s:
            raise StepFailed("unknown", "its operation is nowhere to be seen")
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
                message = f"{words}: the answer to the confirmation was lost, and nothing of it shows"
                raise StepFailed("unknown", f"{message}. Confirm it in Argo CD, or terminate it (x)")
            elif not self._step.approves:
                words += ": confirm it in Argo CD, or terminate it (x)"
        elif operation.is_waiting_to_retry:
            words = f"attempt {operation.retry_count or 1} failed: {words}; waits to try again"
        self._report(words)

    async def _confirm_deletion(self, words: str) -> None:
        """Only what this Plan's confirmation named is confirmed: Argo CD names the first, and counts the others."""
        asked = words.partition("confirmation of ")[2]
        try:
            state = await self._argocd_steps.read_details(self._step.app)
        except SourceError as error:
            self._report(f"{words}; what asks cannot be read just now: {error.message}")
            return
        if state.managed is None:
            self._report(f"{words}; what asks cannot be read just now: {state.managed_error}")
            return
        asking = {each.ref for each in stale_resources(state) if each.prune_effect == "asks"} & {*self._step.approves}
        first, number = _parse_confirmation_message(asked)
        if not any(_matches_name(each, first) for each in asking) or number > len(asking):
            raise StepFailed("failed", f"{words}, which is more than was confirmed here: look, and terminate it (x)")
        said = f"confirmed the deletion of {asked}"
        self._append_audit("intended", f"confirm the deletion of {asked}")
        try:
            await self._argocd_steps.approve_deletion(self._step, state.server_time)
        except SourceError as error:
            self._append_audit("unknown" if error.maybe_applied else "failed", error.message)
            if not error.maybe_applied:
                raise StepFailed("failed", f"{words}; it could not be confirmed: {error.message}") from error
            said += ", and the answer was lost"
            self._approval_lost_at = time.monotonic()
        else:
            self._append_audit("done", said)
        self._is_approved = True
        self._context.notes.append(said)

    def _check_finished(self, state: AppState, operation: OperationDetail) -> str | None:
        """Over when it is taken away, compared anew, and what was to go is gone."""
        if state.pending_info is not None or operation.finished_at is None:
            return None
        if self._step.dry_run:
            return _dry_run_text(operation)
        skipped = {each.ref for each in operation.results if each.status == "PruneSkipped"}
        if kept := [ref for ref in self._step.resources_to_prune if ref in skipped]:
            raise StepFailed("failed", f"it went through, and these were not pruned: {_joined_refs(kept)}")
        if self._success_text is None:
            self._success_text = self._done_text(operation)
        self._finished_since = self._finished_since or time.monotonic()
        waited = time.monotonic() - self._finished_since
        reconciled = state.application.reconciled_at
        compared = reconciled is not None and reconciled >= operation.finished_at
        there = {each.ref for each in state.resources}
        left = [ref for ref in self._step.resources_to_prune if ref in there]
        if left or not compared:
            if waited > self._timeouts.refresh_s:
                what = f"these are still there: {_joined_refs(left)}" if left else "it was not compared anew"
                raise StepFailed("unknown", f"the operation went through, and {what}")
            self._report(f"going: {_joined_refs(left)}" if left else "being compared")
            return None
        return self._success_text

    def _done_text(self, operation: OperationDetail) -> str:
        pruned = sum(each.status == "Pruned" for each in operation.results)
        words = [
            f"synced {shorten_revision(operation.revision)}",
            *([f"{format_count(pruned, 'resource')} deleted"] if pruned else []),
        ]
        seen = self._step.seen_revision
        if seen and operation.revision and operation.revision != seen:
            note = f"it synced {shorten_revision(operation.revision)}, and not {shorten_revision(seen)}, which was seen"
            self._context.notes.append(note)
        return ", ".join(words)


# --- what a state says --------------------------------------------------------------------------------


def is_own_operation(state: AppState, request_id: str) -> bool:
    """Whether an operation is the one that we asked for: it carries our id."""
    infos = [state.pending_info or {}, state.operation.info if state.operation else {}]
    return any(info.get(REQUEST_INFO) == request_id for info in infos)


def _failure_text(operation: OperationDetail) -> str:
    failed = [
        f"{each.ref}: {get_first_line(each.message)}" for each in operation.results if each.status == "SyncFailed"
    ]
    words = get_first_line(operation.message) or "no reason given"
    return "; ".join([words, *failed[:5]])


def _parse_confirmation_message(words: str) -> tuple[str, int]:
    """The first of those that ask to be confirmed, and how many there are: `/Service/a and 2 more resources`."""
    first, _, others = words.partition(" and ")
    number = others.partition(" ")[0]
    return first.strip(), 1 + (int(number) if number.isdecimal() else 0)


def _matches_name(ref: ResourceRef, words: str) -> bool:
    """Whether `group/Kind/name` is this resource; some versions of Argo CD say `group/version/Kind/name`."""
    before = words.removesuffix(f"/{ref.kind}/{ref.name}")
    group, _, version = before.rpartition("/")
    return before != words and (before == ref.group or (group == ref.group and bool(_API_VERSION.fullmatch(version))))


def _dry_run_text(operation: OperationDetail) -> str:
    kinds = {"Pruned": "would be deleted", "PruneSkipped": "would be kept", "SyncFailed": "would fail"}
    found = [
        f"{word}: {_joined_refs([each.ref for each in operation.results if each.status == status])}"
        for status, word in kinds.items()
        if any(each.status == status for each in operation.results)
    ]
    changed = [each.ref for each in operation.results if "configured" in each.message or "created" in each.message]
    found += [f"would change: {_joined_refs(changed)}"] if changed else []
    return "dry run: " + ("; ".join(found) or "nothing would change")


def _joined_refs(refs: list[ResourceRef]) -> str:
    return ", ".join(map(str, refs))
