"""A Plan shown before it is done, and confirmed at its price; or why there is none.

One key: Cancel has the focus, enter writes nothing, `y` counts outside a text field only. A phrase: the focus is in
it, and enter does nothing until it matches. Whatever was typed before the Plan stood on the screen does not count.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, NamedTuple

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from anchor_tui.domain.actions.plan import Order, Plan, Refusal
from anchor_tui.domain.urls import is_web_url
from anchor_tui.services.execute.executor import Consent
from anchor_tui.tui.plan_view import render_diffs, render_options, render_plan, render_refusal
from anchor_tui.tui.style import find_styles_folder, join_parts, muted_text, safe_text

MakePlan = Callable[[Order], Awaitable[Plan | Refusal]]
SIDE_BY_SIDE_MIN_WIDTH = 118
"""From this width on the diff stands beside what is said of it."""
TYPE_AHEAD_GUARD_S = 0.15
"""What is typed so soon after the Plan came was typed for something else."""


class ConfirmedPlan(NamedTuple):
    """The Plan that stood on the screen, and what was given to have it executed."""

    plan: Plan
    consent: Consent


class GuardedInput(Input):
    """A line that takes nothing that was typed before its screen's Plan could be read."""

    async def _on_key(self, event: Key) -> None:
        if isinstance(self.screen, PlanScreen) and not self.screen.accepts_key_at(event.time):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _on_paste(self, event: Paste) -> None:
        if isinstance(self.screen, PlanScreen) and not self.screen.accepts_key_at(event.time):
            event.stop()
            event.prevent_default()
            return
        super()._on_paste(event)


class PlanScreen(ModalScreen[ConfirmedPlan | None]):
    """Stands at once, is filled when the Plan has been made, and made anew when an option is changed."""

    CSS_PATH = str(find_styles_folder() / "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+d,pagedown", "scroll(1)", "Down"),
        Binding("ctrl+u,pageup", "scroll(-1)", "Up"),
    ]

    def __init__(self, order: Order, title: str, plan: MakePlan, note: str = "") -> None:
        super().__init__()
        self._order = order
        self._title = title
        self._make_plan = plan
        self._note = note
        self._result: Plan | Refusal | None = None
        self._readable_at: float | None = None
        self._shows_requests = False

    def compose(self) -> ComposeResult:
        """The frame stands before the Plan does."""
        with Vertical(id="plan") as frame:
            frame.border_title = safe_text(self._title).markup
            with Horizontal(id="sides"):
                with VerticalScroll(id="said", can_focus=False):
                    yield Static(muted_text("… reading what it would change"), id="words")
                with VerticalScroll(id="changed", can_focus=False):
                    yield Static("", id="diff")
            with Vertical(id="foot"):
                yield Static("", id="options")
                yield GuardedInput(placeholder="reason", id="reason", compact=True, select_on_focus=False)
                yield Static("", id="ask")
                yield GuardedInput(id="phrase", compact=True, select_on_focus=False)
                with Horizontal(id="buttons"):
                    yield Button("Cancel", id="cancel", compact=True)
                    yield Static("", id="key")

    def on_mount(self) -> None:
        """Begins to plan; until then only Cancel is there."""
        for name in ("#options", "#reason", "#ask", "#phrase", "#changed"):
            self.query_one(name).display = False
        self.query_one("#cancel").focus()
        self._replan(self._order)

    def on_resize(self) -> None:
        """Another size, the same Plan."""
        if isinstance(self._result, Plan):
            self._show_text(self._result)

    def _show_text(self, plan: Plan) -> None:
        """The Plan's text, with the diff beside it where there is room; what is asked for always stays in sight."""
        beside = bool(plan.diffs) and self.size.width >= SIDE_BY_SIDE_MIN_WIDTH
        self.query_one("#plan").set_class(beside, "-wide")
        words = render_plan(plan, with_steps=self._shows_requests, with_diffs=not beside)
        note = safe_text(self._note, "bold $text-warning") if self._note else None
        self.query_one("#words", Static).update(Content("\n").join([note, words]) if note else words)
        self.query_one("#diff", Static).update(render_diffs(plan) if beside else "")
        self.query_one("#changed").display = beside
        self.call_after_refresh(self._limit_height)

    def _limit_height(self) -> None:
        frame = int(self.size.height * 0.96) - 2
        room = max(3, frame - self.query_one("#foot").outer_size.height)
        for name in ("#said", "#changed"):
            self.query_one(name).styles.max_height = room

    # --- the Plan ----------------------------------------------------------------------------------

    def _replan(self, order: Order) -> None:
        self._order, self._readable_at, self._result = order, None, None
        self.query_one("#cancel").focus()
        self.query_one("#key", Static).update("")
        self.run_worker(self._load_plan(order), exclusive=True)

    async def _load_plan(self, order: Order) -> None:
        self._show_result(await self._make_plan(order))

    def _show_result(self, found: Plan | Refusal) -> None:
        self._result = found
        if isinstance(found, Refusal):
            self._show_refusal(found)
        else:
            self._show_plan(found)
        self.call_after_refresh(self._mark_readable)

    def _mark_readable(self) -> None:
        self._readable_at = time.monotonic()

    def accepts_key_at(self, typed_at: float) -> bool:
        """Whether a key of that moment was typed with the Plan on the screen."""
        return self._readable_at is not None and typed_at >= self._readable_at + TYPE_AHEAD_GUARD_S

    @property
    def is_readable(self) -> bool:
        """Whether a key that is pressed now counts."""
        return self.accepts_key_at(time.monotonic())

    def _show_refusal(self, refusal: Refusal) -> None:
        self.query_one("#words", Static).update(render_refusal(refusal))
        for name in ("#options", "#reason", "#ask", "#phrase"):
            self.query_one(name).display = False
        keys = join_parts(
            muted_text("esc closes"), muted_text("o opens it in the browser") if refusal.url else None, gap=" · "
        )
        self.query_one("#key", Static).update(keys)

    def _show_plan(self, plan: Plan) -> None:
        frame = self.query_one("#plan")
        protected = " · PROTECTED" if plan.protected else ""
        frame.border_title = safe_text(f"{plan.title}{protected}").markup
        frame.set_class(plan.protected, "-protected")
        frame.set_class(plan.is_destructive, "-destructive")
        self._show_text(plan)
        self.query_one("#said", VerticalScroll).scroll_home(animate=False)
        options = self.query_one("#options", Static)
        options.update(render_options(plan))
        options.display = True
        reason = self.query_one("#reason", GuardedInput)
        reason.display = True
        wanted = "which a protected environment wants" if plan.reason_required else "if you like"
        reason.placeholder = f"reason, {wanted}"
        typed = plan.confirmation == "phrase"
        ask, phrase = self.query_one("#ask", Static), self.query_one("#phrase", GuardedInput)
        ask.display = phrase.display = typed
        phrase.value = ""
        if typed:
            ask.update(
                join_parts(
                    safe_text("type"), safe_text(plan.phrase, "bold reverse"), safe_text("and enter to go on"), gap=" "
                )
            )
            phrase.focus()
        else:
            self.query_one("#cancel").focus()
        self._show_prompt(plan)

    def _show_prompt(self, plan: Plan, complaint: str = "") -> None:
        """What does it, or what is still wrong."""
        words = muted_text("esc cancels · enter does it once the phrase matches")
        if complaint:
            words = safe_text(complaint, "bold $text-warning")
        elif plan.confirmation != "phrase":
            words = join_parts(safe_text(" y ", "bold reverse"), safe_text(plan.verb))
        self.query_one("#key", Static).update(words)

    # --- keys --------------------------------------------------------------------------------------

    def on_key(self, event: Key) -> None:
        """Single keys, outside text fields: a field keeps what is typed into it."""
        if event.key in {"up", "down"}:
            self._scroll_plan(1 if event.key == "down" else -1)
        if not self.accepts_key_at(event.time) or isinstance(self.focused, Input):
            return
        match self._result:
            case Refusal(url=url) if event.key == "o" and is_web_url(url):
                self.app.open_url(url)
            case Plan() as plan:
                self._handle_key(event.key, plan)

    def _handle_key(self, key: str, plan: Plan) -> None:
        order = self._order
        match key:
            case "y" if plan.confirmation == "key":
                self._confirm(plan)
            case "i":
                self._shows_requests = not self._shows_requests
                self._show_text(plan)
            case "u" if order.action == "sync":
                self._replan(replace(order, prune=not order.prune))
            case "d" if order.action in {"sync", "hard-refresh-prune"}:
                self._replan(replace(order, dry_run=not order.dry_run))
            case "a" if plan.choices:
                self._choose_resources(plan)
            case "e" if plan.pull_request is not None:
                self._edit_pull_request(plan)
            case "j":
                self._scroll_plan(1)
            case "k":
                self._scroll_plan(-1)

    def on_input_changed(self) -> None:
        """What was complained of is being mended."""
        if isinstance(self._result, Plan):
            self._show_prompt(self._result)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: in the reason on to what comes next, in the phrase it counts where it matches."""
        plan = self._result
        if not isinstance(plan, Plan):
            return
        if event.input.id == "reason":
            self.query_one("#phrase" if plan.confirmation == "phrase" else "#cancel").focus()
            return
        if event.value != plan.phrase:
            self._show_prompt(plan, f"that is not {plan.phrase}: nothing is done")
            return
        self._confirm(plan)

    def _confirm(self, plan: Plan) -> None:
        reason = self.query_one("#reason", GuardedInput)
        if plan.reason_required and not reason.value.strip():
            reason.focus()
            self._show_prompt(plan, "a reason is asked for here")
            return
        consent = Consent(confirmed=True, phrase=plan.phrase, reason=reason.value.strip())
        self.dismiss(ConfirmedPlan(plan, consent))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel is the only button."""
        event.stop()
        self.action_cancel()

    def action_cancel(self) -> None:
        """Nothing is done."""
        self.dismiss(None)

    def action_scroll(self, pages: int) -> None:
        """A screenful of the Plan."""
        self._scroll_plan(pages * max(1, self.query_one("#said").size.height - 1))

    def _scroll_plan(self, lines: int) -> None:
        """What does not fit: the diff where it stands by itself, else the whole."""
        beside = self.query_one("#changed", VerticalScroll)
        scrolled = beside if beside.display else self.query_one("#said", VerticalScroll)
        scrolled.scroll_relative(y=lines, animate=False)

    # --- options that want a screen ----------------------------------------------------------------

    def _choose_resources(self, plan: Plan) -> None:
        from anchor_tui.tui.screens.resource_chooser import ResourceChooser

        def chosen(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self._replan(replace(self._order, resources=names))

        self.app.push_screen(ResourceChooser(plan.choices, self._order.resources), chosen)

    def _edit_pull_request(self, plan: Plan) -> None:
        from anchor_tui.tui.screens.pull_request_editor import PullRequestEditor

        assert plan.pull_request is not None

        def edited(words: tuple[str, str] | None) -> None:
            if words is not None:
                self._replan(replace(self._order, title=words[0], body=words[1]))

        self.app.push_screen(PullRequestEditor(plan.pull_request.title, plan.pull_request.body), edited)
