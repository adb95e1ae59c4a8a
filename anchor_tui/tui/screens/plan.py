"""The plan dialog: shows a plan before it is executed and asks for its confirmation, or shows why it is refused.

A required reason comes first. With a single key as the confirmation, Cancel then has the focus, so that enter sends
nothing, and `y` only counts outside of text fields. With a phrase as the confirmation, the phrase has the focus, and
enter does nothing until it matches. The keys of the options work outside of text fields, and only keys that work are
shown. Whatever was typed before the plan was on the screen is ignored.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, NamedTuple

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus, Key, Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from anchor_tui.domain.actions.plan import Order, Plan, Refusal
from anchor_tui.services.execute.executor import Consent
from anchor_tui.tui.live_app import LiveApp
from anchor_tui.tui.plan_hint import render_hint
from anchor_tui.tui.plan_options import flip_switch, list_options
from anchor_tui.tui.style import find_sheets, join_parts, muted_text, safe_text, title_text
from anchor_tui.tui.web_browser import open_web_address
from anchor_tui.tui.widgets.dialog_foot import DialogFoot
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.guarded_input import GuardedInput
from anchor_tui.tui.widgets.option_bar import OptionBar
from anchor_tui.tui.widgets.plan_body import PlanBody
from anchor_tui.tui.workers import start_worker

MakePlan = Callable[[Order], Awaitable[Plan | Refusal]]
SIDE_BY_SIDE_MIN_WIDTH = 118
"""Terminal width from which the diff is beside the text."""
TYPE_AHEAD_GUARD_S = 0.15
"""Keys within this time after the plan appeared were typed for something else."""
PLAN_FIELDS = ("#options", "#reason-field", "#phrase-field")
"""Widgets that are shown with a plan, but not with a refusal."""
REASON_MISSING = "a reason is required here"


class ConfirmedPlan(NamedTuple):
    """The plan that was on the screen, and the operator's consent to it."""

    plan: Plan
    consent: Consent


class PlanScreen(FailureGuard, ModalScreen[ConfirmedPlan | None]):
    """Appears at once, is filled when the plan is ready, and filled again when an option changes.

    The reason of the order is offered in the field; only what is in the field at the confirmation counts.
    """

    AUTO_FOCUS = ""
    CSS_PATH = find_sheets("dialog.tcss", "plan.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+d,pagedown", "scroll_pages(1)", "Down"),
        Binding("ctrl+u,pageup", "scroll_pages(-1)", "Up"),
    ]

    def __init__(self, order: Order, title: str, make_plan: MakePlan, note: str = "") -> None:
        super().__init__()
        self._order = replace(order, reason="")
        self._offered_reason = order.reason
        self._title = title
        self._make_plan = make_plan
        self._note = note
        self._result: Plan | Refusal | None = None
        self._readable_at: float | None = None
        self._shows_requests = False
        self._was_shown = False
        self._complaint = ""

    def compose(self) -> ComposeResult:
        """Compose the frame, before the plan is ready."""
        with Vertical(id="plan", classes="dialog") as frame:
            frame.border_title = title_text(self._title)
            yield PlanBody()
            with DialogFoot(id="foot"):
                yield OptionBar(id="options")
                with Horizontal(id="reason-field", classes="field"):
                    yield Static("reason", id="reason-label")
                    yield GuardedInput(self.accepts_key_at, id="reason")
                with Horizontal(id="phrase-field", classes="field"):
                    yield Static("", id="prompt")
                    yield GuardedInput(self.accepts_key_at, id="phrase")
                with Horizontal(id="buttons"):
                    yield Button("Cancel", id="cancel", compact=True)
                    yield Static("", id="hint")

    def on_mount(self) -> None:
        """Start to plan. Until the plan is ready, only escape works: an early enter must not close the dialog."""
        self._show_fields(visible=False)
        self._replan(self._order)

    def _show_fields(self, *, visible: bool) -> None:
        for selector in PLAN_FIELDS:
            self.query_one(selector).display = visible

    # --- the plan ------------------------------------------------------------------------------------

    def _replan(self, order: Order) -> None:
        self._order, self._readable_at, self._result = order, None, None
        if self.focused is not self.query_one(OptionBar):
            self.set_focus(None)
        self._show_keys()
        start_worker(self, partial(self._load_plan, order), exclusive=True)

    async def _load_plan(self, order: Order) -> None:
        self._result = result = await self._make_plan(order)
        if isinstance(result, Refusal):
            self._show_refusal(result)
        else:
            self._show_plan(result)
        self.call_after_refresh(self._mark_readable)

    def _mark_readable(self) -> None:
        self._readable_at = time.monotonic()

    def accepts_key_at(self, typed_at: float) -> bool:
        """Return True if a key of that time was typed while the plan was on the screen."""
        return self._readable_at is not None and typed_at >= self._readable_at + TYPE_AHEAD_GUARD_S

    @property
    def is_readable(self) -> bool:
        """True if a key that is pressed now counts."""
        return self.accepts_key_at(time.monotonic())

    def _show_refusal(self, refusal: Refusal) -> None:
        self.query_one(PlanBody).show_refusal(refusal)
        self._show_fields(visible=False)
        self.query_one("#cancel").focus()
        self._show_keys()

    def _show_plan(self, plan: Plan) -> None:
        frame = self.query_one("#plan")
        frame.border_title = title_text(f"{plan.title}{' · PROTECTED' if plan.protected else ''}")
        frame.set_class(plan.protected, "-protected")
        frame.set_class(plan.is_destructive, "-destructive")
        self._show_text(plan)
        self.query_one(PlanBody).scroll_to_top()
        self._show_fields(visible=True)
        self._show_options(plan)
        need = "required" if plan.reason_required else "optional"
        self.query_one("#reason-label", Static).update(muted_text(f"reason ({need})"))
        if not self._was_shown:
            self.query_one("#reason", Input).value = self._offered_reason or plan.order.reason
        prompt, phrase = self.query_one("#prompt", Static), self.query_one("#phrase", Input)
        phrase.value = ""
        if plan.confirmation == "phrase":
            instruction = (safe_text("type"), safe_text(plan.phrase, "bold reverse"), safe_text("and press enter"))
            prompt.update(join_parts(*instruction, gap=" "))
        self.query_one("#phrase-field").display = plan.confirmation == "phrase"
        self._choose_focus(plan)
        self._was_shown = True
        self._show_keys()

    def _show_options(self, plan: Plan) -> None:
        self.query_one(OptionBar).options = list_options(plan, shows_requests=self._shows_requests)

    def _choose_focus(self, plan: Plan) -> None:
        """Focus the first field to fill in. The bar of options keeps the focus while options are changed."""
        reason = self.query_one("#reason", Input)
        if self.focused is self.query_one(OptionBar):
            return
        if plan.reason_required and not (self._was_shown and reason.value.strip()):
            reason.focus()
        else:
            self._last_field(plan).focus()

    def _last_field(self, plan: Plan) -> Widget:
        return self.query_one("#phrase" if plan.confirmation == "phrase" else "#cancel")

    def _show_text(self, plan: Plan) -> None:
        side_by_side = bool(plan.diffs) and self.size.width >= SIDE_BY_SIDE_MIN_WIDTH
        self.query_one("#plan").set_class(side_by_side, "-wide")
        self.query_one(PlanBody).show_plan(
            plan, self._note, with_requests=self._shows_requests, side_by_side=side_by_side
        )
        self.call_after_refresh(self._limit_height)

    @on(DialogFoot.Resized)
    def _limit_height(self) -> None:
        """Keep the fields and the hint in sight below a long plan."""
        frame = int(self.size.height * 0.96) - 2
        self.query_one(PlanBody).limit_height(max(3, frame - self.query_one("#foot").outer_size.height))

    @on(Resize)
    def fit_to_size(self) -> None:
        """Show the same plan in another size."""
        if isinstance(self._result, Plan):
            self._show_text(self._result)

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _show_keys(self) -> None:
        """Show the keys that work with the current focus, or what is still missing."""
        self.query_one(OptionBar).shows_keys = not isinstance(self.focused, Input)
        complaint = safe_text(self._complaint, "bold $text-warning")
        hint = complaint or render_hint(self._result, self.focused.id if self.focused else None)
        self.query_one("#hint", Static).update(hint)

    def _complain(self, complaint: str) -> None:
        self._complaint = complaint
        self._show_keys()

    # --- keys ----------------------------------------------------------------------------------------

    @on(Key)
    def apply_key(self, event: Key) -> None:
        """Handle single keys outside of text fields, which keep what is typed into them."""
        if event.key in {"up", "down"}:
            self.query_one(PlanBody).scroll_lines(1 if event.key == "down" else -1)
        if not self.accepts_key_at(event.time) or isinstance(self.focused, Input):
            return
        match self._result:
            case Refusal(url=url) if event.key == "o":
                open_web_address(self.app, url)
            case Plan() as plan:
                self._handle_plan_key(event.key, plan)

    def _handle_plan_key(self, key: str, plan: Plan) -> None:
        if key == "y" and plan.confirmation == "key":
            self._confirm(plan)
        elif key == "C" and isinstance(self.app, LiveApp):
            self.app.open_commands(plan, "")
        elif key in {"j", "k"}:
            self.query_one(PlanBody).scroll_lines(1 if key == "j" else -1)
        else:
            self._change_option(key, plan)

    @on(OptionBar.Chosen)
    def change_chosen_option(self, message: OptionBar.Chosen) -> None:
        """Change the option that was chosen in the bar."""
        if isinstance(self._result, Plan) and self.is_readable:
            self._change_option(message.key, self._result)

    def _change_option(self, key: str, plan: Plan) -> None:
        """Change an option, if the plan offers one with this key."""
        if key not in {option.key for option in list_options(plan, shows_requests=self._shows_requests)}:
            return
        if (order := flip_switch(self._order, key)) is not None:
            self._replan(order)
        elif key == "i":
            self._shows_requests = not self._shows_requests
            self._show_options(plan)
            self._show_text(plan)
        elif key == "a":
            self._choose_resources(plan)
        elif plan.pull_request is not None:
            self._edit_pull_request(plan.pull_request.title, plan.pull_request.body)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll the plan by pages."""
        body = self.query_one(PlanBody)
        body.scroll_lines(pages * body.page_height)

    @on(Input.Changed)
    def clear_complaint(self) -> None:
        """Remove the complaint while the operator corrects the input."""
        self._complain("")

    @on(Input.Submitted, "#reason")
    def leave_reason(self) -> None:
        """Move the focus from the reason to the phrase or to Cancel."""
        plan = self._result
        if not isinstance(plan, Plan):
            return
        if plan.reason_required and not self.query_one("#reason", Input).value.strip():
            self._complain(REASON_MISSING)
        else:
            self._last_field(plan).focus()

    @on(Input.Submitted, "#phrase")
    def check_phrase(self, event: Input.Submitted) -> None:
        """Confirm if the phrase matches."""
        plan = self._result
        if not isinstance(plan, Plan):
            return
        if event.value == plan.phrase:
            self._confirm(plan)
        else:
            self._complain(f"that is not {plan.phrase}: nothing was sent")

    def _confirm(self, plan: Plan) -> None:
        reason = self.query_one("#reason", Input)
        if plan.reason_required and not reason.value.strip():
            reason.focus()
            self._complain(REASON_MISSING)
            return
        consent = Consent(confirmed=True, phrase=plan.phrase, reason=reason.value.strip())
        self.dismiss(ConfirmedPlan(plan, consent))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close the dialog without sending anything."""
        self.dismiss(None)

    # --- options with their own screen ---------------------------------------------------------------

    def _choose_resources(self, plan: Plan) -> None:
        from anchor_tui.tui.screens.resource_chooser import ResourceChooser

        def apply_choice(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self._replan(replace(self._order, resources=names))

        self.app.push_screen(ResourceChooser(plan.choices, self._order.resources), apply_choice)

    def _edit_pull_request(self, title: str, body: str) -> None:
        from anchor_tui.tui.screens.pull_request_editor import PullRequestEditor

        def apply_edit(edited: tuple[str, str] | None) -> None:
            if edited is not None:
                self._replan(replace(self._order, title=edited[0], body=edited[1]))

        self.app.push_screen(PullRequestEditor(title, body), apply_edit)
