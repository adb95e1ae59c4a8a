"""One operation of ours, followed until it is over and its victims are gone.

It is known again by our id among its infos. One that waits to retry looks over, one that succeeded may not be compared
yet, and what was pruned is there some seconds longer: the foreground deletion takes its time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from anchor_tui.domain.actions.cluster import AppState, OperationDetail, stale_resources
from anchor_tui.domain.actions.following import FollowOperation
from anchor_tui.domain.actions.parts import ResourceRef
from anchor_tui.domain.actions.steps import REQUEST_INFO
from anchor_tui.domain.formatting import format_count, get_first_line, shorten_revision
from anchor_tui.services.acting import Ended, Learned, Pace, Tell
from anchor_tui.services.audit import EntryKind
from anchor_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from anchor_tui.services.argocd_hand import ArgoHand

WriteDown = Callable[[EntryKind, str], None]
"""Takes what is sent while something is followed, before it leaves and after it came back."""
_VERSION = re.compile(r"v[0-9][0-9a-z]*")


class FollowedOperation:
    """One operation that is followed."""

    def __init__(
        self,
        hand: ArgoHand,
        step: FollowOperation,
        learned: Learned,
        tell: Tell,
        pace: Pace,
        write_down: WriteDown,
    ) -> None:
        self._write_down = write_down
        self._hand, self._step, self._learned, self._tell, self._pace = hand, step, learned, tell, pace
        self._began = time.monotonic()
        self._was_ours = False
        self._went_through: str | None = None
        self._approved = False
        self._lost_at: float | None = None
        self._over_since: float | None = None

    async def follow(self) -> str:
        """Until it is over. Raises Ended."""
        async for state in self._hand.watch(self._step.app, self._pace.operation_s, self._tell):
            if (words := await self._judge(state)) is not None:
                return words
        raise Ended("unknown", "the operation still runs: follow it on the screen, or terminate it (x)")

    async def _judge(self, state: AppState) -> str | None:
        """What the state means; None where it is not over."""
        operation, id_ = state.operation, self._step.request_id
        if operation is not None and operation.info.get(REQUEST_INFO) == id_:
            self._was_ours = True
            return await self._ours(state, operation)
        if state.asked is not None and state.asked.get(REQUEST_INFO) == id_:
            self._was_ours = True
            if time.monotonic() - self._began > self._pace.start_s:
                message = (
                    f"accepted, and not taken up for {self._pace.start_s:.0f} s: is the application controller "
                    "running? It may start still; terminate (x) takes it back"
                )
                raise Ended("unknown", message)
            self._tell("accepted, not taken up yet")
            return None
        if self._went_through is not None:
            if not self._step.victims:
                return self._went_through
            message = f"{self._went_through}; another operation came before its victims were seen gone"
            raise Ended("unknown", message)
        if self._was_ours:
            raise Ended("unknown", "another operation has taken its place: what became of it is not recorded")
        if time.monotonic() - self._began > self._pace.start_s:
            raise Ended("unknown", "its operation is nowhere to be seen")
        return None

    async def _ours(self, state: AppState, operation: OperationDetail) -> str | None:
        match operation.phase:
            case "Running" | "Terminating":
                await self._running(operation)
                return None
            case "Succeeded":
                return self._succeeded(state, operation)
            case phase:
                raise Ended("failed", f"{phase}: {_failure(operation)}")

    async def _running(self, operation: OperationDetail) -> None:
        words = get_first_line(operation.message) or operation.phase
        if "waiting for pruning confirmation" in operation.message.lower():
            if self._step.approves and not self._approved:
                await self._confirm(words)
            elif self._lost_at is not None and time.monotonic() > self._lost_at + self._pace.settle_s:
                message = f"{words}: the answer to the confirmation was lost, and nothing of it shows"
                raise Ended("unknown", f"{message}. Confirm it in Argo CD, or terminate it (x)")
            elif not self._step.approves:
                words += ": confirm it in Argo CD, or terminate it (x)"
        elif operation.is_waiting_to_retry:
            words = f"attempt {operation.retry_count or 1} failed: {words}; waits to try again"
        self._tell(words)

    async def _confirm(self, words: str) -> None:
        """Only what this Plan's confirmation named is confirmed: Argo CD names the first, and counts the others."""
        asked = words.partition("confirmation of ")[2]
        try:
            state = await self._hand.whole(self._step.app)
        except SourceError as error:
            self._tell(f"{words}; what asks cannot be read just now: {error.message}")
            return
        if state.managed is None:
            self._tell(f"{words}; what asks cannot be read just now: {state.unmanaged}")
            return
        asking = {each.ref for each in stale_resources(state) if each.fate == "asks"} & {*self._step.approves}
        first, number = _asked_about(asked)
        if not any(_is_named(each, first) for each in asking) or number > len(asking):
            raise Ended("failed", f"{words}, which is more than was confirmed here: look, and terminate it (x)")
        said = f"confirmed the deletion of {asked}"
        self._write_down("intended", f"confirm the deletion of {asked}")
        try:
            await self._hand.approve(self._step, state.server_time)
        except SourceError as error:
            self._write_down("unknown" if error.lost else "failed", error.message)
            if not error.lost:
                raise Ended("failed", f"{words}; it could not be confirmed: {error.message}") from error
            said += ", and the answer was lost"
            self._lost_at = time.monotonic()
        else:
            self._write_down("done", said)
        self._approved = True
        self._learned.notes.append(said)

    def _succeeded(self, state: AppState, operation: OperationDetail) -> str | None:
        """Over when it is taken away, compared anew, and what was to go is gone."""
        if state.asked is not None or operation.finished_at is None:
            return None
        if self._step.dry_run:
            return _dry_run(operation)
        skipped = {each.ref for each in operation.results if each.status == "PruneSkipped"}
        if kept := [ref for ref in self._step.victims if ref in skipped]:
            raise Ended("failed", f"it went through, and these were not pruned: {_listed(kept)}")
        if self._went_through is None:
            self._went_through = self._done_words(operation)
        self._over_since = self._over_since or time.monotonic()
        waited = time.monotonic() - self._over_since
        reconciled = state.application.reconciled_at
        compared = reconciled is not None and reconciled >= operation.finished_at
        there = {each.ref for each in state.resources}
        left = [ref for ref in self._step.victims if ref in there]
        if left or not compared:
            if waited > self._pace.refresh_s:
                what = f"these are still there: {_listed(left)}" if left else "it was not compared anew"
                raise Ended("unknown", f"the operation went through, and {what}")
            self._tell(f"going: {_listed(left)}" if left else "being compared")
            return None
        return self._went_through

    def _done_words(self, operation: OperationDetail) -> str:
        pruned = sum(each.status == "Pruned" for each in operation.results)
        words = [
            f"synced {shorten_revision(operation.revision)}",
            *([f"{format_count(pruned, 'resource')} deleted"] if pruned else []),
        ]
        seen = self._step.seen_revision
        if seen and operation.revision and operation.revision != seen:
            note = f"it synced {shorten_revision(operation.revision)}, and not {shorten_revision(seen)}, which was seen"
            self._learned.notes.append(note)
        return ", ".join(words)


# --- what a state says --------------------------------------------------------------------------------


def is_ours(state: AppState, request_id: str) -> bool:
    """Whether an operation is the one that we asked for: it carries our id."""
    infos = [state.asked or {}, state.operation.info if state.operation else {}]
    return any(info.get(REQUEST_INFO) == request_id for info in infos)


def _failure(operation: OperationDetail) -> str:
    failed = [
        f"{each.ref}: {get_first_line(each.message)}" for each in operation.results if each.status == "SyncFailed"
    ]
    words = get_first_line(operation.message) or "no reason given"
    return "; ".join([words, *failed[:5]])


def _asked_about(words: str) -> tuple[str, int]:
    """The first of those that ask to be confirmed, and how many there are: `/Service/a and 2 more resources`."""
    first, _, others = words.partition(" and ")
    number = others.partition(" ")[0]
    return first.strip(), 1 + (int(number) if number.isdecimal() else 0)


def _is_named(ref: ResourceRef, words: str) -> bool:
    """Whether `group/Kind/name` is this resource; some versions of Argo CD say `group/version/Kind/name`."""
    before = words.removesuffix(f"/{ref.kind}/{ref.name}")
    group, _, version = before.rpartition("/")
    return before != words and (before == ref.group or (group == ref.group and bool(_VERSION.fullmatch(version))))


def _dry_run(operation: OperationDetail) -> str:
    kinds = {"Pruned": "would be deleted", "PruneSkipped": "would be kept", "SyncFailed": "would fail"}
    found = [
        f"{word}: {_listed([each.ref for each in operation.results if each.status == status])}"
        for status, word in kinds.items()
        if any(each.status == status for each in operation.results)
    ]
    changed = [each.ref for each in operation.results if "configured" in each.message or "created" in each.message]
    found += [f"would change: {_listed(changed)}"] if changed else []
    return "dry run: " + ("; ".join(found) or "nothing would change")


def _listed(refs: list[ResourceRef]) -> str:
    return ", ".join(map(str, refs))
