"""The lines around the rows: verdict, sources and details."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.model import Snapshot, SourceState
from anchor_tui.domain.status_marks import StatusMark, get_level_mark
from anchor_tui.domain.verdict import name_source
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import join_parts, link_pull_requests, marked_text, muted_text, safe_text
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.incident_badge import draw_badge
from anchor_tui.tui.widgets.steady_text import SteadyText

HEADLINE_LINES = 2


class HeaderBar(SteadyText):
    """The overall verdict and its worst reasons."""

    auto_links = reactive(False)  # the colour of a number is that of its line
    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)

    def on_mount(self) -> None:
        """Leave room for the mark of an incident when one starts."""
        self.watch(self.app, "incident", lambda _: self.watch_snapshot(), init=False)

    def watch_snapshot(self) -> None:
        """Change the height if the headline needs another number of lines."""
        if self.size.width and len(self._render_lines(self.size.width)) != self.size.height:
            self.refresh(layout=True)
        self.refresh_if_changed()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - of Textual
        """Return the number of lines of the headline."""
        return len(self._render_lines(width))

    def render(self) -> Content:
        """Draw the headline. The worst reason wraps before it is cut; the badge stays at the right end."""
        numbers = list_known_pull_requests(self.snapshot) if self.snapshot else ()
        return link_pull_requests(Content("\n").join(self._render_lines(self.size.width)), numbers)

    def _render_lines(self, width: int) -> list[Content]:
        if self.snapshot is None:
            return [Content("")]
        verdict = self.snapshot.verdict
        badge = safe_text(" READ-ONLY ", "reverse") if self.snapshot.read_only else Content("")
        whole_room = max(1, width - 2 - badge.cell_length)
        reserved = draw_badge(self).cell_length
        badge += Content(" " * reserved)
        room = max(1, whole_room - reserved)
        beginning = (
            safe_text(self.snapshot.engine_id, "bold"),
            marked_text(get_level_mark(verdict.level), verdict.word.upper()),
        )
        # Only what fits is wrapped: a reason may contain a long foreign text.
        worst = [safe_text(reason[: room * (HEADLINE_LINES + 1)]) for reason in verdict.reasons[:1]]
        line = join_parts(*beginning, *worst)
        first = line.wrap(room)
        if len(line.wrap(whole_room)) <= 1:  # the mark of an incident takes no line from the rows
            return [self._fill(join_parts(*beginning, safe_text(" · ".join(verdict.reasons[:3]))), room) + badge]
        rest = Content(" ").join([line.rstrip() for line in first[HEADLINE_LINES - 1 :]])
        return [self._fill(first[0], room) + badge, self._fill(rest, whole_room)]

    @staticmethod
    def _fill(line: Content, room: int) -> Content:
        return Content(" ") + line.truncate(room, ellipsis=True, pad=True)


class SourceBar(SteadyText):
    """The state and age of each source, and the time."""

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    now: reactive[datetime | None] = reactive(None, repaint=False)

    def watch_snapshot(self) -> None:
        """Show new data."""
        self.refresh_if_changed()

    def watch_now(self) -> None:
        """Update the ages."""
        self.refresh_if_changed()

    def render(self) -> Content:
        """Draw one line. Errors that the headline does not contain get the remaining width."""
        if self.snapshot is None or self.now is None:
            return Content("")
        now, sources = self.now, self.snapshot.sources
        clock = muted_text(f"{now:%H:%M:%S} UTC" if self.size.width >= 100 else f"{now:%H:%M}Z")
        parts = [self._describe_source(source, now) for source in sources]
        room = max(0, self.size.width - 2 - clock.cell_length)
        spare = room - join_parts(*parts, gap="   ").cell_length - 2
        headline = "".join(self.snapshot.verdict.reasons[:1])
        for index, source in enumerate(sources):
            if source.error is not None and source.error.message not in headline and spare > 12:
                message = muted_text(source.error.message).truncate(spare, ellipsis=True)
                parts[index] = join_parts(parts[index], message, gap=" ")
                spare -= message.cell_length + 1
        return Content(" ") + join_parts(*parts, gap="   ").truncate(room, ellipsis=True, pad=True) + clock

    def _describe_source(self, source: SourceState, now: datetime) -> Content:
        name = name_source(source)
        age = format_duration(now - source.taken_at) if source.taken_at else ""
        match source.state:
            case "asking":
                return join_parts(safe_text(name), muted_text(LOADING), gap=" ")
            case "fresh":
                live = f"live {age}" if source.kind == "argocd" else age
                return join_parts(
                    safe_text(name), marked_text(StatusMark.OK, live), self._describe_budget(source), gap=" "
                )
            case "stale":
                age_text = f"as of {source.taken_at:%H:%M}Z, {age} ago" if source.taken_at else "stale"
                return join_parts(safe_text(name), marked_text(StatusMark.FAILING, age_text), gap=" ")
            case "missing":
                return join_parts(safe_text(name), marked_text(StatusMark.FAILING, "unavailable"), gap=" ")

    def _describe_budget(self, source: SourceState) -> Content | None:
        if source.budget is None:
            return None
        left = f"{source.budget.remaining:,}"
        return muted_text(f"· {left} of {source.budget.limit:,} left" if self.size.width >= 100 else f"{left} left")


MAX_DETAIL_LENGTH = 4_000
"""Characters that are laid out below the rows: more than fit. `DetailScreen` shows everything."""


class DetailPanel(FailureGuard, Widget):
    """The details of the highlighted row, wrapped."""

    auto_links = reactive(False)
    content: reactive[Content] = reactive(Content(""), repaint=False, always_update=True)

    def watch_content(self, before: Content, after: Content) -> None:
        """Draw other details. The height changes if they need another number of lines; ages change every second."""
        if before.is_same(after):
            return
        width = self.content_size.width
        self.refresh(layout=not width or len(before.wrap(width)) != len(after.wrap(width)))

    def validate_content(self, content: Content) -> Content:
        """Cut what cannot be visible."""
        return content[:MAX_DETAIL_LENGTH] if len(content) > MAX_DETAIL_LENGTH else content

    def render(self) -> Content:
        """Draw as many lines as the content needs, within the style sheet's limits."""
        return self.content
