"""The first screen: every environment, whether it is well, and what stands behind that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.widgets import Input

    from anchor_tui.domain.actions.jobs import Job

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.tui import panes
from anchor_tui.tui.keys import REGISTRY, Action
from anchor_tui.tui.orders import Aim, why_not_act
from anchor_tui.tui.widgets.card import MIN_WIDTH, Card
from anchor_tui.tui.widgets.grid import Grid, Row
from anchor_tui.tui.widgets.lines import Detail, FooterLine, SourcesLine, TabLine, TopLine

CARDS_FROM_HEIGHT = 28
FLEET = "Fleet"
READ_ONLY_NOTE = "read-only: no actions"
ACTING = frozenset(action.id for action in REGISTRY if action.acts)
MERGED_HERE = frozenset({"promotion", "rollback"})


class FleetScreen(Screen[None]):
    """Cards or rows above, panes of the highlighted environment below. Keeps cursor, pane and filter, no data."""

    AUTO_FOCUS = "#rows"

    snapshot: reactive[Snapshot | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    environment: reactive[str] = reactive("", init=False)
    pane: reactive[str] = reactive(panes.APPLICATIONS, init=False)
    words: reactive[str] = reactive("", init=False)
    show_all: reactive[bool] = reactive(False, init=False)
    as_cards: reactive[bool] = reactive(True)
    jobs: reactive[tuple[Job, ...]] = reactive(())
    selected: reactive[frozenset[str]] = reactive(frozenset[str](), init=False)

    def __init__(self, names: tuple[str, ...], actions: tuple[Action, ...], environment: str) -> None:
        super().__init__()
        self.set_reactive(FleetScreen.environment, environment)
        self._names = names
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Cards stand with their names from the first frame on."""
        yield TopLine().data_bind(FleetScreen.snapshot)
        yield SourcesLine().data_bind(FleetScreen.snapshot, FleetScreen.now)
        with Horizontal(id="cards"):
            for number, name in enumerate(self._names, 1):
                yield Card(name, number).data_bind(
                    FleetScreen.snapshot, FleetScreen.now, FleetScreen.environment, FleetScreen.jobs
                )
        yield Grid(id="fleet")
        yield TabLine()
        yield Grid(id="rows")
        yield Detail()
        yield FooterLine()

    # --- what is highlighted -----------------------------------------------------------------------

    @property
    def highlighted(self) -> Row | None:
        """The row that the keys act on."""
        return self.grid.row

    @property
    def grid(self) -> Grid:
        """The pane that has the cursor."""
        return self.query_one("#fleet" if self.pane == FLEET else "#rows", Grid)

    @property
    def filtering(self) -> bool:
        """Whether a filter is open or holds."""
        return bool(self.words) or self._typing

    def _environments(self) -> tuple[Environment, ...]:
        if self.snapshot is None:
            return ()
        chosen = self.snapshot.find_environment(self.environment)
        return (chosen,) if chosen and not self.show_all else self.snapshot.environments

    # --- data in -----------------------------------------------------------------------------------

    def watch_snapshot(self) -> None:
        """New data: the cursor stays where it is."""
        self._fill()

    def watch_now(self, now: datetime | None) -> None:
        """A second later: the ages in the rows move too, the rows themselves stay."""
        if self.is_mounted and now is not None:
            for grid in self.query(Grid):
                grid.now = now
            self._show_detail()

    def watch_environment(self, environment: str) -> None:
        """Another environment: other rows; the fleet's own cursor follows."""
        self.query_one("#fleet", Grid).cursor = environment
        self.selected = frozenset()  # what is meant is always in sight
        self._fill()

    def watch_pane(self) -> None:
        """Another pane."""
        self.grid.focus()
        self._fill()

    def watch_words(self) -> None:
        """Another filter."""
        self._fill()

    def watch_jobs(self) -> None:
        """Something that runs from here has moved."""
        self._fill()

    def watch_selected(self, selected: frozenset[str]) -> None:
        """Other rows are marked."""
        self.query_one("#rows", Grid).selected = selected
        self._fill()

    def watch_show_all(self) -> None:
        """More or fewer rows."""
        self._fill()

    def watch_as_cards(self, as_cards: bool) -> None:
        """Cards where they fit, one row each where they do not."""
        self.query_one("#cards").display = as_cards
        self.query_one("#fleet").display = not as_cards
        if as_cards and self.pane == FLEET:
            self.pane = panes.APPLICATIONS

    def on_resize(self, event: Resize) -> None:
        """The same place in another shape."""
        fits = event.size.width >= MIN_WIDTH * len(self._names) and event.size.height >= CARDS_FROM_HEIGHT
        self.as_cards = fits and bool(self._names)
        self._fill()

    def _fill(self) -> None:
        if not self.is_mounted or self.snapshot is None or self.now is None:
            return
        fleet = self.query_one("#fleet", Grid)
        if not self.as_cards:
            overview = panes.fleet(self.snapshot)
            fleet.show(overview.columns, overview.rows, overview.empty, self.now)
            fleet.styles.height = min(len(overview.rows), max(3, self.size.height // 3)) + 1
        name = panes.APPLICATIONS if self.pane == FLEET else self.pane
        made = {each: panes.make(each, self.snapshot, self._environments(), self.jobs) for each in panes.PANES}
        pane = made[name]
        rows = tuple(row for row in pane.rows if row.holds(self.words.lower())) if self.words else pane.rows
        empty = f"nothing holds “{self.words}”" if self.words and pane.rows else pane.empty
        self.query_one("#rows", Grid).show(pane.columns, rows, empty, self.now)
        tabs = self.query_one(TabLine)
        counted = tuple((each, len(made[each].rows)) for each in panes.PANES)
        tabs.panes = counted if self.as_cards else ((FLEET, len(self._names)), *counted)
        tabs.active = self.pane
        tabs.note = self._note(len(rows), len(pane.rows))
        self._show_detail()
        self._show_keys()

    def _note(self, shown: int, of: int) -> str:
        where = "every environment" if self.show_all else self.environment
        if self.selected:
            where = f"{where} · {format_count(len(self.selected), 'application')} selected"
        if (running := panes.running_words(self.jobs)) and not self.words:
            return f"{running} · {where}"
        return f"filter “{self.words}”: {shown} of {of} · {where}" if self.words else where

    def _show_detail(self) -> None:
        row = self.highlighted
        self.query_one(Detail).content = row.describe(self.now) if row and self.now else Content("")

    def _show_keys(self) -> None:
        footer = self.query_one(FooterLine)
        footer.actions = tuple(self._working())
        footer.note = READ_ONLY_NOTE if self.snapshot and self.snapshot.read_only else ""

    def _working(self) -> Iterator[Action]:
        return (action for action in self._actions if action.footer and not self.why_not(action.id))

    @property
    def aim(self) -> Aim:
        """What an action is about: the selected applications, else the highlighted one of several, else all of it."""
        row = self.highlighted
        if self.pane == panes.PULL_REQUESTS:
            return Aim(self.environment, (), int(row.key) if row and row.key.isdecimal() else None)
        found = {
            panes.application_key(environment, app): (environment.name, app.id)
            for environment in (self.snapshot.environments if self.snapshot else ())
            for app in environment.applications
        }
        if chosen := tuple(id_ for key, (_, id_) in found.items() if key in self.selected):
            return Aim(self.environment, chosen, self._only_pull)
        several = sum(1 for each in self._environments() for _ in each.applications) > 1
        if self.pane == panes.APPLICATIONS and row is not None and several and row.key in found:
            name, id_ = found[row.key]
            return Aim(name, (id_,), self._only_pull)
        return Aim(self.environment, (), self._only_pull)

    @property
    def _only_pull(self) -> int | None:
        """The one pull request that moves the environment, where there is just one that could be merged."""
        environment = self.snapshot.find_environment(self.environment) if self.snapshot else None
        pulls = [each for each in (environment.pull_requests if environment else ()) if each.kind in MERGED_HERE]
        return pulls[0].number if len(pulls) == 1 else None

    def toggle_selection(self) -> None:
        """Marks the highlighted application, or takes the mark away, and goes on to the next."""
        row = self.highlighted
        if row is not None and self.pane == panes.APPLICATIONS:
            self.selected = self.selected ^ {row.key}
            self.grid.move(1)

    def why_not(self, action: str) -> str:
        """Why an action does not work here and now; empty where it does."""
        row = self.highlighted
        match action:
            case acting if acting in ACTING:
                return why_not_act(acting, self.aim, self.snapshot, self._names)
            case "select" if self.pane != panes.APPLICATIONS or row is None:
                return "applications are selected in their pane"
            case "browser" if row is None or not row.url:
                return "what is highlighted has no address"
            case "open" | "copy" if row is None:
                return "nothing is highlighted"
            case "back" if not self.filtering and not self.selected:
                return "nothing is open"
            case _:
                return ""

    # --- messages up -------------------------------------------------------------------------------

    def on_grid_highlighted(self, message: Grid.Highlighted) -> None:
        """The details follow the cursor; in the fleet the cursor is the environment."""
        message.stop()
        if message.grid.id == "fleet" and message.row is not None and not self.as_cards and self.pane == FLEET:
            self.environment = message.row.key
        self._show_detail()
        self._show_keys()

    def on_card_chosen(self, message: Card.Chosen) -> None:
        """A card was clicked."""
        self.environment = message.name

    def on_input_changed(self, event: Input.Changed) -> None:
        """The filter works while it is typed."""
        self.words = event.value

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter and goes back to the rows."""
        await event.input.remove()
        self.grid.focus()

    # --- keys --------------------------------------------------------------------------------------

    def move_row(self, step: int) -> None:
        """Down or up in the focused pane."""
        self.grid.move(step)

    def move_pane(self, step: int) -> None:
        """The next pane, around the end."""
        order = panes.PANES if self.as_cards else (FLEET, *panes.PANES)
        self.pane = order[(order.index(self.pane) + step) % len(order)]

    def move_environment(self, step: int) -> None:
        """The next environment, no further than the ends."""
        if self._names:
            index = self._names.index(self.environment) if self.environment in self._names else 0
            self.environment = self._names[max(0, min(len(self._names) - 1, index + step))]

    async def open_filter(self) -> None:
        """Shows the line to type in."""
        from textual.widgets import Input  # 10 ms that the first frame does without

        if not self._typing:
            line = Input(self.words, id="words", placeholder="filter", compact=True, select_on_focus=False)
            await self.mount(line, before="#rows")
        self.query_one("#words", Input).focus()

    async def go_back(self) -> None:
        """Ends the filter, or the selection."""
        self.selected = frozenset()
        await self.query("#words").remove()
        self.words = ""
        self.grid.focus()

    @property
    def _typing(self) -> bool:
        return bool(self.query("#words"))
