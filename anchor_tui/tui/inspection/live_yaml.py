"""The YAML pane: the live manifest of the selected resource or of the application, folded and searched."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.manifest_text import FoldedText, ManifestText, write_manifest
from anchor_tui.domain.model import Fresh, Reading, Unavailable, get_failure
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.environment_summary import LOADING
from anchor_tui.tui.inspection.panel import POLL_S, InspectionPanel
from anchor_tui.tui.style import MUTED, muted_text, safe_text
from anchor_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

LARGE_TEXT_LINES = 20_000
LARGE_TEXT_POLL_S = 60.0
"""The pause between two readings of a manifest with more than LARGE_TEXT_LINES lines, in seconds."""
MAX_COPIED_CHARACTERS = 100_000
"""The rest of a block is not copied: terminals refuse a longer clipboard."""
_MATCH = "$block-cursor-foreground on $block-cursor-background"


class SearchInput(Input):
    """The text that is searched for. Escape ends the search."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "end_search", "End", show=False)]

    def action_end_search(self) -> None:
        """Remove the search text and close the line."""
        self.value = ""
        self.post_message(self.Submitted(self, ""))


class YamlPanel(InspectionPanel[ManifestText]):
    """A manifest as Kubernetes has it now. It is only read; the values of Secrets are masked."""

    BINDINGS: ClassVar[list[BindingType]] = make_bindings("manifest")

    shows_managed: reactive[bool] = reactive(False, init=False)
    """True if the fields that only machines need are shown."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - the parameters of every panel
        super().__init__(*args)
        self.folded = FoldedText(ManifestText(""))
        self._last: tuple[Mapping[str, Any], bool, ManifestText] | None = None
        """The manifest that was read last, with the text that was written from it."""
        self._is_active = False
        self._matches: tuple[int, ...] = ()
        self._search_text = ""

    def compose(self) -> ComposeResult:
        """Compose the lines; the search line is inserted above them when it is opened."""
        yield LineView(id="manifest", empty_text=LOADING)

    @property
    def view(self) -> LineView:
        """The lines of the manifest."""
        return self.query_one(LineView)

    @property
    def row_count(self) -> None:
        """The tab shows no number."""
        return

    @property
    def summary(self) -> str:
        """The resource, and the place of the search."""
        name = str(self.selected.key) if self.selected else "the application"
        if not self._search_text:
            return name
        if not self._matches:
            return f"{name}: no match for “{self._search_text}”"
        number = bisect_right(self._matches, self.line)
        return f"{name}: match {number} of {len(self._matches)}"

    @property
    def line(self) -> int:
        """The line of the manifest under the cursor; 0 for an empty one."""
        rows = self.folded.rows
        return rows[min(self.view.cursor, len(rows) - 1)] if rows else 0

    # --- reading -------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to read."""
        self._is_active = True
        super().activate()

    def deactivate(self) -> None:
        """Stop to read."""
        self._is_active = False
        super().deactivate()

    async def read(self, inspector: ApplicationInspector) -> Reading[ManifestText]:
        """Read the manifest, and write it as YAML on another thread."""
        shows_managed, node = self.shows_managed, self.selected
        reading = await (inspector.read_live_object(node) if node else inspector.read_application_manifest())
        if not isinstance(reading, Fresh):
            return Unavailable(get_failure(reading))
        last = self._last
        if last is not None and last[1] == shows_managed and last[0] == reading.value:
            return Fresh(last[2], reading.taken_at, reading.fresh_until)
        text = await asyncio.to_thread(write_manifest, reading.value, with_machine_fields=shows_managed)
        self._last = reading.value, shows_managed, text
        return Fresh(text, reading.taken_at, reading.fresh_until)

    def watch_selected(self, before: ResourceNode | None, after: ResourceNode | None) -> None:
        """Read another manifest. A newer state of the same resource changes nothing."""
        if _key(before) != _key(after):
            self._read_other_text(FoldedText(ManifestText("")))

    def watch_shows_managed(self) -> None:
        """Write the manifest with or without the fields of machines."""
        self._read_other_text(self.folded)

    def _read_other_text(self, shown: FoldedText) -> None:
        if not self.is_mounted:
            return
        self.reading, self.folded, self._matches = None, shown, ()
        if not shown.rows:
            self.view.cursor = 0
            self._show_lines(LOADING)
        if self._is_active:
            self.activate()

    def show_reading(self, reading: Reading[ManifestText]) -> None:
        """Show the text. Folds and cursor stay."""
        if isinstance(reading, Unavailable):
            self.folded = FoldedText(ManifestText(""))
            self._show_lines(f"{StatusMark.UNKNOWN.glyph()} manifest: {reading.error.message}")
        elif isinstance(reading, Fresh) and reading.value is not self.folded.text:
            line = self.line
            folded = FoldedText(reading.value)
            folded.carry_folds(self.folded)
            self.folded = folded
            self._matches = folded.text.find_lines(self._search_text)
            self.poll_s = LARGE_TEXT_POLL_S if len(folded.text.lines) > LARGE_TEXT_LINES else POLL_S
            self._show_lines()
            self._move_to(min(line, max(0, len(folded.text.lines) - 1)))

    # --- drawing -------------------------------------------------------------------------------------

    def _show_lines(self, empty_text: str = "") -> None:
        width = min(self.folded.text.width + len(_FOLDED) + 20, 2_000)
        self.view.show_lines(len(self.folded.rows), self._draw_row, width=width, empty_text=safe_text(empty_text).plain)

    def _draw_row(self, row: int) -> Content:
        line, text = self.folded.rows[row], self.folded.text
        content = _draw_line(shorten_text(text.lines[line]))
        if self._search_text:
            content = _highlight(content, self._search_text)
        if line in self.folded.folded:
            content += muted_text(_FOLDED + format_count(text.block_ends[line] - line, "line"))
        return content

    def _move_to(self, line: int) -> None:
        self.view.cursor = self.folded.find_row(line)

    # --- keys ----------------------------------------------------------------------------------------

    def action_fold_block(self) -> None:
        """Hide the block that begins in the line, or show it again."""
        line = self.line
        if line in self.folded.folded:
            self.folded.unfold(line)
            self._show_lines()
        else:
            self.action_fold()

    def action_unfold(self) -> None:
        """Show the block that begins in the line."""
        self.folded.unfold(self.line)
        self._show_lines()

    def action_fold(self) -> None:
        """Hide the block that begins in the line; if it is hidden or none begins there, the one around it."""
        line = self.line
        if not self.folded.rows:
            return
        if line in self.folded.folded or not self.folded.text.begins_block(line):
            line = max(self.folded.text.parents[line], 0)
        self.folded.fold(line)
        self._show_lines()
        self._move_to(line)

    def action_fold_all(self) -> None:
        """Hide the blocks, or show all of them if one is hidden."""
        line = self.line
        if self.folded.folded:
            self.folded.unfold_all()
        else:
            self.folded.fold_all()
        self._show_lines()
        self._move_to(line)

    def action_managed_fields(self) -> None:
        """Show or hide the fields that only machines need."""
        self.shows_managed = not self.shows_managed

    def action_manifest_copy(self) -> None:
        """Copy the block under the cursor."""
        if not self.folded.rows:
            self.notify("nothing was read yet", title="Copy: not now", severity="warning", markup=False)
            return
        text, line = self.folded.text, self.line
        lines = text.lines[line : text.block_ends[line] + 1]
        indent = len(lines[0]) - len(lines[0].lstrip(" "))
        copied = "\n".join(one[indent:] for one in lines)
        self.app.copy_to_clipboard(copied[:MAX_COPIED_CHARACTERS])
        cut = f", cut after {MAX_COPIED_CHARACTERS:,} characters" if len(copied) > MAX_COPIED_CHARACTERS else ""
        self.notify(f"{format_count(len(lines), 'line')}{cut}", title="Copied", timeout=3, markup=False)

    # --- search --------------------------------------------------------------------------------------

    async def action_search(self) -> None:
        """Open the search line."""
        if not self.query(SearchInput):
            field = SearchInput(self._search_text, id="search", placeholder="search", compact=True)
            await self.mount(field, before=self.view)
        self.screen.set_focus(self.query_one(SearchInput))

    @on(Input.Changed)
    def search(self, event: Input.Changed) -> None:
        """Move to the first match at or after the cursor while the operator types."""
        event.stop()
        self._search_text = event.value
        self._matches = self.folded.text.find_lines(event.value)
        if self._matches:
            after = bisect_left(self._matches, self.line)
            self._show_match(after if after < len(self._matches) else 0)
        self.view.refresh()

    @on(Input.Submitted)
    async def close_search(self, event: Input.Submitted) -> None:
        """Return to the manifest. The matches stay marked."""
        event.stop()
        self.screen.set_focus(self.view)
        await event.input.remove()

    def action_next_match(self) -> None:
        """Move to the next matching line; after the last one to the first."""
        self._show_match(bisect_right(self._matches, self.line))

    def action_previous_match(self) -> None:
        """Move to the previous matching line; before the first one to the last."""
        self._show_match(bisect_left(self._matches, self.line) - 1)

    def _show_match(self, number: int) -> None:
        if not self._matches:
            reason = f"no match for “{self._search_text}”" if self._search_text else "search first (/)"
            self.notify(reason, title="Search", severity="warning", timeout=3, markup=False)
            return
        line = self._matches[number % len(self._matches)]
        self.folded.reveal(line)
        self._show_lines()
        self._move_to(line)


_FOLDED = " … "


def _key(node: ResourceNode | None) -> ResourceKey | None:
    return node.key if node else None


def _draw_line(line: str) -> Content:
    """Return a line of YAML with its key in another style than its value."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    rest = line[len(indent) :]
    dash = "- " if rest.startswith("- ") else ""
    key, colon, value = rest[len(dash) :].partition(": ")
    if not colon and rest.endswith(":"):
        return Content(indent) + Content.styled(dash, MUTED) + safe_text(rest[len(dash) :], "$text-primary")
    if not colon or (key[:1] in {'"', "'"} and not key.endswith(key[0])):
        return Content(indent) + Content.styled(dash, MUTED) + safe_text(rest[len(dash) :])
    parts = (
        Content(indent),
        Content.styled(dash, MUTED),
        safe_text(f"{key}:", "$text-primary"),
        safe_text(f" {value}"),
    )
    return Content("").join(parts)


def _highlight(content: Content, wanted: str) -> Content:
    """Mark every occurrence of a text."""
    plain, text = content.plain.lower(), wanted.lower()
    if len(plain) != len(content.plain):
        return content
    position = plain.find(text)
    while position >= 0:
        content = content.stylize(_MATCH, position, position + len(text))
        position = plain.find(text, position + len(text))
    return content
