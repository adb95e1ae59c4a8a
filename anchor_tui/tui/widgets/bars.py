"""The lines above and below: the answer, the sources, the tabs, the details, the keys."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.model import Snapshot, SourceState
from anchor_tui.domain.status_marks import StatusMark, get_level_mark
from anchor_tui.tui.keys import KeyAction
from anchor_tui.tui.style import MUTED, join_parts, marked_text, muted_text, safe_text


class HeaderBar(Widget):
    """The answer in words: is the estate well, and what is worst."""

    snapshot: reactive[Snapshot | None] = reactive(None)

    def render(self) -> Content:
        """One line; the badge at its right end stays, whatever the reason's length."""
        if self.snapshot is None:
            return Content("")
        verdict = self.snapshot.verdict
        badge = safe_text(" READ-ONLY ", "reverse") if self.snapshot.read_only else Content("")
        answer = join_parts(
            safe_text(self.snapshot.engine_id, "bold"),
            marked_text(get_level_mark(verdict.level), verdict.level.upper()),
            safe_text(" · ".join(verdict.reasons[:3])),
        )
        room = max(0, self.size.width - 2 - badge.cell_length)
        return Content(" ") + answer.truncate(room, ellipsis=True, pad=True) + badge


class SourceBar(Widget):
    """Each source: alive or not, and how old its word is; the time at the right end."""

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)

    def render(self) -> Content:
        """One line; the ages count up without a reading. Errors get the room that is left: the answer has them too."""
        if self.snapshot is None or self.now is None:
            return Content("")
        now, sources = self.now, self.snapshot.sources
        clock = muted_text(f"{now:%H:%M:%S} UTC" if self.size.width >= 100 else f"{now:%H:%M}Z")
        parts = [self._describe_source(source, now) for source in sources]
        room = max(0, self.size.width - 2 - clock.cell_length)
        spare = room - join_parts(*parts, gap="   ").cell_length - 2
        for index, source in enumerate(sources):
            if source.error is not None and spare > 12:
                words = muted_text(source.error.message).truncate(spare, ellipsis=True)
                parts[index] = join_parts(parts[index], words, gap=" ")
                spare -= words.cell_length + 1
        return Content(" ") + join_parts(*parts, gap="   ").truncate(room, ellipsis=True, pad=True) + clock

    def _describe_source(self, source: SourceState, now: datetime) -> Content:
        name = "GitHub" if source.kind == "github" else f"Argo CD {source.id}" if source.id != "argocd" else "Argo CD"
        age = format_duration(now - source.taken_at) if source.taken_at else ""
        match source.state:
            case "asking":
                return join_parts(safe_text(name), muted_text("… asking"), gap=" ")
            case "fresh":
                live = f"live {age}" if source.kind == "argocd" else age
                return join_parts(
                    safe_text(name), marked_text(StatusMark.OK, live), self._describe_budget(source), gap=" "
                )
            case "stale":
                since = f"as of {source.taken_at:%H:%M}Z, {age} ago" if source.taken_at else "stale"
                return join_parts(safe_text(name), marked_text(StatusMark.FAILING, since), gap=" ")
            case "missing":
                return join_parts(safe_text(name), marked_text(StatusMark.FAILING, "no answer"), gap=" ")

    def _describe_budget(self, source: SourceState) -> Content | None:
        if source.budget is None:
            return None
        left = f"{source.budget.remaining:,}"
        return muted_text(f"· {left} of {source.budget.limit:,} left" if self.size.width >= 100 else f"{left} left")


WIDE_TABS_MIN_WIDTH = 118
SHORT_PANE_NAMES = {"Applications": "Apps", "Pull requests": "PRs"}


class PaneTabs(Widget):
    """The panes by name, with how many rows each has."""

    panes: reactive[tuple[tuple[str, int], ...]] = reactive(())
    active: reactive[str] = reactive("")
    note: reactive[str] = reactive("")

    def render(self) -> Content:
        """The active pane stands out by more than colour; where there is little room, names are short."""
        narrow = self.size.width < WIDE_TABS_MIN_WIDTH
        tabs = [
            Content.styled(
                f" {SHORT_PANE_NAMES.get(name, name) if narrow else name}{'' if narrow and not rows else f' {rows}'} ",
                "bold reverse" if name == self.active else MUTED,
            )
            for name, rows in self.panes
        ]
        line = Content(" ") + Content("│").join(tabs)
        return join_parts(line, muted_text(self.note)) if self.note else line


class DetailPanel(Widget):
    """What the highlighted row says in full, wrapped."""

    content: reactive[Content] = reactive(Content(""), layout=True)

    def render(self) -> Content:
        """As many lines as it takes, within the style sheet's limits."""
        return self.content


KEPT_KEYS = 4


class KeyFooter(Widget):
    """The keys that work here and now; read-only says so where the others would stand."""

    actions: reactive[tuple[KeyAction, ...]] = reactive(())
    note: reactive[str] = reactive("")

    def render(self) -> Content:
        """What does not fit is left out from the right; help, palette, quit and the note go last."""
        room = self.size.width - 2
        note = [muted_text(self.note)] if self.note else []
        keys = [Content.styled(each.readable_key, "bold") + Content(f" {each.title}") for each in self.actions]
        if join_parts(*keys, *note).cell_length > room:
            keys = [
                Content.styled(each.readable_key, "bold") + Content(f" {each.short_title or each.title}")
                for each in self.actions
            ]
        while keys and join_parts(*keys, *note).cell_length > room:
            if note and len(keys) <= KEPT_KEYS:
                note = []
            else:
                del keys[max(0, len(keys) - KEPT_KEYS)]
        return Content(" ") + join_parts(*keys, *note)
