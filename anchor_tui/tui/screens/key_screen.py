"""The base of the screens whose actions are in the registry of keys."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.content import Content
from textual.events import Key, Mount
from textual.reactive import reactive
from textual.screen import Screen

from anchor_tui.domain.model import Snapshot
from anchor_tui.tui.key_actions import APP_OWNERS, KeyAction
from anchor_tui.tui.keys import REGISTRY
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.style import link_pull_requests
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.list_rows import ListRow


class KeyScreen(FailureGuard, Screen[None]):
    """A screen with a footer and a help of `key_actions`. Actions that are unavailable are explained."""

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    key_actions: tuple[KeyAction, ...] = ()

    def __init__(self, read_only_keys: Mapping[str, KeyAction] | None = None) -> None:
        super().__init__()
        self._read_only_keys = read_only_keys or {}
        """The actions that read-only mode lacks, by key."""

    @on(Mount)
    def show_banner(self) -> None:
        """Mark a session that shows the past in the first line."""
        if (banner := self.live_app.make_banner()) is not None:
            self.mount(banner, before=0)

    @property
    def live_app(self) -> LiveApp:
        """The application, which starts actions, opens screens and reads what they show."""
        assert isinstance(self.app, LiveApp)
        return self.app

    @property
    def is_read_only(self) -> bool:
        """True if the configuration or the command line excludes actions."""
        return self.snapshot is not None and self.snapshot.read_only

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request of what is highlighted, else of what the title names, if there is one."""
        return None

    def link_pull_requests(self, content: Content, row: ListRow | None = None) -> Content:
        """Return a text in which the numbers of the pull requests of the snapshot, and of a row, can be clicked."""
        known = list_known_pull_requests(self.snapshot) if self.snapshot else ()
        return link_pull_requests(content, {*known, *(row.linked_pull_requests if row is not None else ())})

    def explain_unavailable(self, action_id: str) -> str:
        """Return why an action is unavailable here and now, or an empty string."""
        if action_id == "pull-request" and self.pull_request is None:
            return "no pull request is known for it"
        return self.live_app.explain_unavailable(action_id)

    def has_key(self, _action: KeyAction) -> bool:
        """Return True if the key of an action works on what the screen shows now."""
        return True

    def can_act(self, action_id: str) -> bool:
        """Return True if an action is available here and now, otherwise notify the operator why it is not."""
        if reason := self.explain_unavailable(action_id):
            title = next(action.title for action in REGISTRY if action.id == action_id)
            self.notify(reason, title=f"{title}: not now", severity="warning", timeout=5)
        return not reason

    def on_key(self, event: Key) -> None:
        """Explain keys that read-only mode lacks."""
        if (action := self._read_only_keys.get(event.key)) is not None:
            self.notify(f"{action.title}: {self.live_app.read_only_note}", severity="warning", timeout=5)

    def show_footer(self) -> None:
        """Show the keys that work here and now."""
        footer = self.query_one(KeyFooter)
        footer.actions = tuple(
            action
            for action in self.key_actions
            if action.in_footer and self.has_key(action) and not self.explain_unavailable(action.id)
        )
        is_noted = self.is_read_only and not self.live_app.is_replay  # the first line of a replay is a note already
        footer.note = self.live_app.read_only_note if is_noted else ""

    async def run_key_action(self, action: KeyAction) -> None:
        """Run a registered action as if its key was pressed."""
        await self.app.run_action(action.call, self.app if action.owner in APP_OWNERS else self)

    @on(KeyFooter.Clicked)
    async def run_clicked_key(self, message: KeyFooter.Clicked) -> None:
        """Run the action of the key that was clicked."""
        await self.run_key_action(message.action)

    def action_show_pull_request(self) -> None:
        """Show everything about the pull request of what is highlighted."""
        if self.can_act("pull-request") and self.pull_request is not None:
            self.live_app.open_pull_request(self.pull_request)

    def action_incident(self) -> None:
        """Start an incident, or show the one that is running."""
        self.live_app.open_incident()

    def action_help(self) -> None:
        """Show the keys of what the screen shows now, and if each of them works."""
        from anchor_tui.tui.screens.help import HelpEntry, HelpScreen

        shown = (action for action in self.key_actions if self.has_key(action))
        entries = [HelpEntry(action, self.explain_unavailable(action.id)) for action in shown]
        self.app.push_screen(HelpScreen(entries))
