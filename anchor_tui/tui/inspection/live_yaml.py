"""The YAML pane: the live manifest of the selected resource or of the application, folded and searched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widgets import Input

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.inspection.manifest_text import ManifestText, write_manifest
from anchor_tui.domain.readings import Fresh, Reading, Unavailable, get_failure
from anchor_tui.tui.bindings import make_bindings
from anchor_tui.tui.clipboard import copy_text
from anchor_tui.tui.inspection.difference_view import describe_unread
from anchor_tui.tui.inspection.manifest_view import ManifestView
from anchor_tui.tui.inspection.panel import POLL_S, InspectionPanel
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.widgets.line_field import LineField

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
    from anchor_tui.services.observe.inspect import ApplicationInspector

LARGE_TEXT_LINES = 20_000
LARGE_TEXT_POLL_S = 60.0
"""The pause between two readings of a manifest with more than LARGE_TEXT_LINES lines, in seconds."""
MAX_COPIED_CHARACTERS = 100_000
"""The rest of a block is not copied: terminals refuse a longer clipboard."""


class SearchInput(LineField):
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
        self._last: tuple[Mapping[str, Any], bool, ManifestText] | None = None
        """The manifest that was read last, with the text that was written from it."""

    def compose(self) -> ComposeResult:
        """Compose the lines; the search line is inserted above them when it is opened."""
        yield ManifestView(LOADING)

    @property
    def view(self) -> ManifestView:
        """The lines of the manifest."""
        return self.query_one(ManifestView)

    @property
    def row_count(self) -> None:
        """The tab shows no number."""
        return

    @property
    def summary(self) -> str:
        """The resource, and the place of the search."""
        name, view = str(self.selected.key) if self.selected else "the application", self.view
        if not view.search_text:
            return name
        if not view.matches:
            return f"{name}: no match for “{view.search_text}”"
        return f"{name}: match {view.match_number} of {len(view.matches)}"

    # --- reading -------------------------------------------------------------------------------------

    async def read(self, inspector: ApplicationInspector) -> Reading[ManifestText]:
        """Read the manifest, and write it as YAML on another thread."""
        shows_managed, node = self.shows_managed, self.selected
        reading = await (inspector.read_live_object(node) if node else inspector.read_application_manifest())
        if not isinstance(reading, Fresh):
            return Unavailable(get_failure(reading))
        last = self._last
        if last is not None and last[1] == shows_managed and (last[0] is reading.value or last[0] == reading.value):
            return Fresh(last[2], reading.taken_at, reading.fresh_until)
        text = await asyncio.to_thread(write_manifest, reading.value, with_machine_fields=shows_managed)
        self._last = reading.value, shows_managed, text
        return Fresh(text, reading.taken_at, reading.fresh_until)

    def watch_selected(self, before: ResourceNode | None, after: ResourceNode | None) -> None:
        """Read another manifest. A newer state of the same resource changes nothing."""
        if _key(before) != _key(after) and self.is_mounted:
            self.view.show_nothing(LOADING)
            self._read_other_text()

    def watch_shows_managed(self) -> None:
        """Write the manifest with or without the fields of machines."""
        self._read_other_text()

    def _read_other_text(self) -> None:
        self.reading = None
        if self._is_active:
            self.activate()

    def show_reading(self, reading: Reading[ManifestText]) -> None:
        """Show the text. Folds and cursor stay."""
        if isinstance(reading, Unavailable):
            self.view.show_nothing(describe_unread("manifest", reading.error.message))
        elif isinstance(reading, Fresh) and reading.value is not self.view.folded.text:
            self.poll_s = LARGE_TEXT_POLL_S if len(reading.value.lines) > LARGE_TEXT_LINES else POLL_S
            self.view.show_text(reading.value)

    # --- keys ----------------------------------------------------------------------------------------

    def action_fold_block(self) -> None:
        """Hide the block that begins in the line, or show it again."""
        self.view.toggle_block()

    def action_unfold(self) -> None:
        """Show the block that begins in the line."""
        self.view.unfold_block()

    def action_fold(self) -> None:
        """Hide the block that begins in the line, then the one around it."""
        self.view.fold_block()

    def action_fold_all(self) -> None:
        """Hide the blocks, or show all of them if one is hidden."""
        self.view.toggle_all()

    def action_managed_fields(self) -> None:
        """Show or hide the fields that only machines need."""
        self.shows_managed = not self.shows_managed

    def action_manifest_copy(self) -> None:
        """Copy the block under the cursor."""
        lines = self.view.block
        if not lines:
            self.notify("nothing was read yet", title="Copy: not now", severity="warning")
            return
        copied = "\n".join(lines)
        cut = f", cut after {MAX_COPIED_CHARACTERS:,} characters" if len(copied) > MAX_COPIED_CHARACTERS else ""
        copy_text(self.app, copied[:MAX_COPIED_CHARACTERS], f"{format_count(len(lines), 'line')}{cut}")

    async def action_search(self) -> None:
        """Open the search line."""
        if not self.query(SearchInput):
            field = SearchInput(self.view.search_text, id="search", placeholder="search")
            await self.mount(field, before=self.view)
        self.screen.set_focus(self.query_one(SearchInput))

    @on(Input.Changed)
    def search(self, event: Input.Changed) -> None:
        """Search while the operator types."""
        event.stop()
        self.view.search(event.value)

    @on(Input.Submitted)
    async def close_search(self, event: Input.Submitted) -> None:
        """Return to the manifest. The matches stay marked."""
        event.stop()
        self.screen.set_focus(self.view)
        await event.input.remove()

    def action_next_match(self) -> None:
        """Move to the next matching line."""
        if self._has_matches():
            self.view.show_next_match()

    def action_previous_match(self) -> None:
        """Move to the previous matching line."""
        if self._has_matches():
            self.view.show_previous_match()

    def _has_matches(self) -> bool:
        if not self.view.matches:
            text = self.view.search_text
            reason = f"no match for “{text}”" if text else "search first (/)"
            self.notify(reason, title="Search", severity="warning", timeout=3)
        return bool(self.view.matches)


def _key(node: ResourceNode | None) -> ResourceKey | None:
    return node.key if node else None
