"""The head of an environment's screen: its name, traits, verdict, release, and every reason."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from anchor_tui.domain.history.delivery_formatting import find_window, format_window_briefly
from anchor_tui.domain.history.delivery_metrics import DEFAULT_WINDOW_DAYS
from anchor_tui.domain.model import Environment, Snapshot
from anchor_tui.domain.status_marks import get_level_mark
from anchor_tui.tui import environment_summary
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text


def describe_environment(environment: Environment, snapshot: Snapshot, now: datetime) -> Content:
    """Return name, traits and verdict, every reason on a line of its own, and facts: release, last 24 h, delivery.

    The delivery metrics come last: in an outage with many reasons they may not be visible.
    """
    verdict = environment.verdict
    traits = " · ".join([environment.tier, *(["protected"] if environment.protected else [])])
    title = join_parts(
        safe_text(environment.name, "bold reverse"),
        muted_text(traits),
        marked_text(get_level_mark(verdict.level), verdict.word.upper()),
    )
    facts = join_parts(
        environment_summary.describe_release(environment, snapshot, now),
        environment_summary.describe_release_lag(environment, snapshot),
        environment_summary.describe_automation(environment, snapshot),
        environment_summary.describe_last_known_good(environment) if environment.last_known_good else None,
        gap=" · ",
    )
    day = environment_summary.describe_day(environment, snapshot, now, 48)
    window = find_window(environment.delivery, DEFAULT_WINDOW_DAYS)
    reasons = (safe_text(f"· {reason}") for reason in verdict.reasons)
    delivery = muted_text(format_window_briefly(window)) if window is not None else None
    return Content("\n").join(line for line in (title, *reasons, facts, day, delivery) if line is not None)
