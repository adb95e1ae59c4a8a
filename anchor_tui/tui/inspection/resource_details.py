"""The details of the resource under the cursor: its state in words, and what its manifest and events add."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.inspection.describe import DetailText, Tone, describe_events, describe_resource
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.tree_lines import get_node_id
from anchor_tui.domain.model import Application, Diagnosis, Release
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.domain.status_marks import StatusMark, get_health_mark
from anchor_tui.tui.style import MUTED, join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.workers import start_worker

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector
    from anchor_tui.tui.inspection.panel import InspectionRequests

REST_S = 0.15
"""The time that the cursor rests on a resource before its manifest and events are requested, in seconds."""
_TONE_MARKS: Mapping[Tone, StatusMark | None] = {
    "": None, "muted": None, "ok": StatusMark.OK, "attention": StatusMark.ATTENTION, "failing": StatusMark.FAILING,
}  # fmt: skip


class ResourceEvidence(NamedTuple):
    """The live object of a resource, and its events."""

    manifest: Reading[Mapping[str, Any]]
    events: Reading[tuple[ClusterEvent, ...]]


class ResourceSubject(NamedTuple):
    """The resource that the details are about, its owners (the direct one first), and what is known about it.

    `diagnosis` is set if it is about this resource, one of its owners, or something below it.
    """

    node: ResourceNode
    owners: tuple[ResourceNode, ...] = ()
    diagnosis: Diagnosis | None = None
    release: Release | None = None


class ResourceDetails(FailureGuard, VerticalScroll, can_focus=False):
    """The details of one resource. The requests for another resource are cancelled when the subject changes."""

    now: reactive[datetime | None] = reactive(None)

    def __init__(self, application: Application, requests: InspectionRequests) -> None:
        super().__init__()
        self._application, self._requests = application, requests
        self._subject: ResourceSubject | None = None
        self._evidence: ResourceEvidence | None = None
        self._pending: Future[ResourceEvidence] | None = None

    def compose(self) -> ComposeResult:
        """Compose the text."""
        yield Static(id="resource-text")

    def show_subject(self, subject: ResourceSubject | None) -> None:
        """Show a resource. Its evidence is requested when the cursor rests on it, and again with every reading."""
        shown = get_node_id(self._subject.node) if self._subject else None
        wanted = get_node_id(subject.node) if subject else None
        self._subject = subject
        if shown == wanted and self._pending is not None and not self._pending.done():
            self._draw()  # the request in flight is about this resource; a slow server needs more than one poll
            return
        if shown != wanted:
            self._evidence = None
            self.scroll_home(animate=False)
        self.stop_reading()
        if subject is None:
            self.query_one(Static).update("")
        elif subject.node.uid:
            start_worker(self, self._read_evidence, group="evidence", exclusive=True)
        self._draw()

    def show_failure(self, message: str) -> None:
        """Show why there is no resource. The list of resources has one line only."""
        self.show_subject(None)
        self.query_one(Static).update(marked_text(StatusMark.UNKNOWN, message))

    def stop_reading(self) -> None:
        """Cancel the request in flight."""
        self.workers.cancel_group(self, "evidence")
        if self._pending is not None:
            self._pending.cancel()

    def on_unmount(self) -> None:
        """Cancel the request in flight."""
        self.stop_reading()

    def watch_now(self) -> None:
        """Draw the ages."""
        self._draw()

    async def _read_evidence(self) -> None:
        subject = self._subject
        if subject is None:
            return
        if self._evidence is None:
            await asyncio.sleep(REST_S)

        async def read(inspector: ApplicationInspector) -> ResourceEvidence:
            manifest, events = await asyncio.gather(
                inspector.read_live_object(subject.node), inspector.read_events(subject.node)
            )
            return ResourceEvidence(manifest, events)

        self._pending = self._requests.inspect(self._application, read)
        self._evidence = await asyncio.wrap_future(self._pending)
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted or not self.is_attached or self.now is None:
            return
        if self._subject is not None:
            self.query_one(Static).update(Content("\n").join(self._build_lines(self._subject, self.now)))

    def _build_lines(self, subject: ResourceSubject, now: datetime) -> list[Content]:
        node, evidence = subject.node, self._evidence
        lines = [draw_resource_title(node, now)]
        if (diagnosis := subject.diagnosis) is not None:
            lines.append(marked_text(StatusMark.FAILING, diagnosis.cause).stylize("bold"))
            if diagnosis.next_step:
                lines.append(join_parts(safe_text("next:", "bold"), safe_text(diagnosis.next_step), gap=" "))
        manifest = evidence.manifest.value if evidence and isinstance(evidence.manifest, Fresh) else None
        texts = list(describe_resource(node, manifest, subject.release, now))
        if evidence is not None and isinstance(evidence.events, Fresh):
            texts += describe_events(evidence.events.value, now)
            if not evidence.events.value:
                texts.append(DetailText("no recent event of this resource", "event", "muted"))
        if subject.owners:
            texts.append(DetailText(" ← ".join(str(owner.key) for owner in subject.owners), "owner", "muted"))
        lines += map(draw_detail_text, texts)
        if evidence is None and node.uid:
            lines.append(muted_text("… reading manifest and events"))
        lines += _describe_failures(evidence)
        return lines


def draw_resource_title(node: ResourceNode, now: datetime) -> Content:
    """Return kind, name, health, sync and age of a resource."""
    age = f"{format_age(node.created_at, now)} old" if node.created_at else ""
    facts = [node.key.namespace, node.sync, "orphan: not part of the application" if node.is_orphan else "", age]
    return join_parts(
        safe_text(node.key, "bold"), draw_health(node), muted_text(" · ".join(fact for fact in facts if fact))
    )


def draw_health(node: ResourceNode) -> Content:
    """Return the health of a resource; of a pod that is not healthy, its reason."""
    if not node.health:
        return Content("")
    mark, word = get_health_mark(Application("", "", "", health=node.health))
    return marked_text(mark, node.status_reason if node.is_unhealthy and node.status_reason else word)


def draw_detail_text(detail: DetailText) -> Content:
    """Return one text with its label and mark."""
    mark = _TONE_MARKS[detail.tone]
    text = marked_text(mark, detail.text) if mark else safe_text(detail.text, MUTED if detail.tone == "muted" else "")
    return join_parts(muted_text(detail.label), text, gap=" ") if detail.label else text


def _describe_failures(evidence: ResourceEvidence | None) -> Iterator[Content]:
    """Yield why a part could not be read. The same reason is shown once."""
    if evidence is None:
        return
    parts: dict[str, list[str]] = {}
    for name, reading in (("manifest", evidence.manifest), ("events", evidence.events)):
        if isinstance(reading, Unavailable):
            parts.setdefault(reading.error.message, []).append(name)
    for message, names in parts.items():
        yield marked_text(StatusMark.UNKNOWN, f"{' and '.join(names)}: {message}")
