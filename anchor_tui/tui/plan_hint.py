"""The last line of the plan dialog: the keys that work with the current focus."""

from __future__ import annotations

from textual.content import Content

from anchor_tui.domain.actions.plan import Plan, Refusal
from anchor_tui.tui.style import join_parts, muted_text, safe_text


def render_hint(result: Plan | Refusal | None, focused_id: str | None) -> Content:
    """Return the keys that work. `result` is None until the plan is ready."""
    match result:
        case None:
            return muted_text("esc Cancel")
        case Refusal(url=url):
            return muted_text("esc closes · o opens it in the browser" if url else "esc closes")
        case Plan() if focused_id == "reason":
            return muted_text("enter next · shift+tab options · esc Cancel")
        case Plan() if focused_id == "phrase":
            return muted_text("enter confirms a match · shift+tab reason · esc Cancel")
        case Plan() as plan:
            is_key = plan.confirmation == "key"
            confirm = join_parts(safe_text(" y ", "bold reverse"), safe_text(plan.verb)) if is_key else None
            change = "←→ select · space changes" if focused_id == "options" else ""
            move = "tab next" if focused_id == "options" else "tab options"
            return join_parts(confirm, muted_text(" · ".join(filter(None, (change, "esc Cancel", "↑↓ scroll", move)))))
