"""The card of one environment: verdict, release, sync and health, release lag, policy, open pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.model import Environment, Level, Snapshot
from anchor_tui.domain.reasons import summarize_reason
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui import environment_summary
from anchor_tui.tui.policy_summary import describe_policy
from anchor_tui.tui.running_jobs import select_running_jobs
from anchor_tui.tui.source_states import LOADING, dim_if_stale
from anchor_tui.tui.style import link_pull_requests, marked_text, muted_text, safe_text, title_text, wrap_muted
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.steady_text import SteadyText

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

CARD_MIN_WIDTH = 34
CARDS_MIN_HEIGHT = 28
"""Height of a terminal in which the panes have enough room below the cards."""
MAX_CAUSE_LINES = 3
"""Lines of a card that the cause of a failure takes. The rest of the card is needed to decide what to do."""


def fit_cards(count: int, size: Size) -> bool:
    """Return True if a terminal has room for so many cards beside each other, and for the panes below them."""
    return count > 0 and size.width >= CARD_MIN_WIDTH * count and size.height >= CARDS_MIN_HEIGHT


class EnvironmentCard(SteadyText):
    """A card. Its frame is red if it fails, heavy if it is also protected, and double if it is highlighted."""

    auto_links = reactive(False)  # the colour of a number is that of its line
    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    now: reactive[datetime | None] = reactive(None, repaint=False)
    environment: reactive[str] = reactive("", repaint=False)
    jobs: reactive[tuple[Job, ...]] = reactive((), repaint=False)

    class Clicked(Message):
        """The operator clicked on the card."""

        def __init__(self, environment: str) -> None:
            super().__init__()
            self.environment = environment

    def __init__(self, name: str, number: int) -> None:
        super().__init__(id=f"card-{number}")
        self._environment_name = name
        self._number = number
        self._frame: tuple[str, set[str]] = "", set()

    @property
    def _shown_environment(self) -> Environment | None:
        return self.snapshot.find_environment(self._environment_name) if self.snapshot else None

    def watch_snapshot(self) -> None:
        """Show the verdict in the frame."""
        shown = self._shown_environment
        if shown is None and self.snapshot is None:
            return
        traits = [shown.tier, *(["protected"] if shown.protected else [])] if shown else []
        title = title_text(" · ".join((f"{self._number} {self._environment_name}", *traits)))
        level = shown.verdict.level if shown else Level.UNKNOWN
        classes = {f"-{level}", *(["-protected"] if shown and shown.protected else [])}
        if (title, classes) != self._frame:
            self._frame = title, classes
            self.border_title = title
            self.set_classes(classes)
            self.set_class(self.environment == self._environment_name, "-highlighted")
        self.refresh_if_changed()

    def watch_now(self) -> None:
        """Update the ages."""
        self.refresh_if_changed()

    def watch_jobs(self) -> None:
        """Show the running actions."""
        self.refresh_if_changed()

    def watch_environment(self, environment: str) -> None:
        """Show the highlight in the frame."""
        self.set_class(environment == self._environment_name, "-highlighted")

    @on(Click)
    def report_click(self, event: Click) -> None:
        """Post `Clicked`."""
        event.stop()
        self.post_message(self.Clicked(self._environment_name))

    def render(self) -> Content:
        """Draw the lines, each cut at the card's width."""
        shown = self._shown_environment
        if self.snapshot is None or self.now is None:
            return muted_text(LOADING)
        if shown is None:  # a recording can contain snapshots of other configurations
            return marked_text(StatusMark.UNKNOWN, "not in this snapshot")
        width = self.size.width
        lines = islice(self._render_lines(shown, self.snapshot, self.now), self.size.height or None)
        numbers = list_known_pull_requests(shown)
        return Content("\n").join(link_pull_requests(line.truncate(width, ellipsis=True), numbers) for line in lines)

    def _render_lines(self, shown: Environment, snapshot: Snapshot, now: datetime) -> Iterator[Content]:
        yield environment_summary.describe_verdict(shown)
        explained = environment_summary.explain_worst_reason(shown)
        if explained is not None:
            yield from self._render_cause(explained)
        for job in select_running_jobs(self.jobs, shown):
            action = job.plan.order.action.replace("-", " ")
            yield marked_text(StatusMark.PROGRESS, f"{action} started {format_age(job.began_at, now)} ago")
        yield environment_summary.describe_release(shown, snapshot, now)
        yield from self._render_status(shown, snapshot)
        yield environment_summary.describe_automation(shown, snapshot)
        yield environment_summary.describe_release_lag(shown, snapshot)
        if shown.findings:
            yield describe_policy(shown, snapshot)
        yield environment_summary.describe_open_pull_requests(shown, snapshot)
        if shown.last_known_good:
            yield environment_summary.describe_last_known_good(shown)
        first, *others = shown.verdict.reasons or ("",)
        rest = first.removeprefix(summarize_reason(first)).lstrip(":;, ")  # the first line contains the summary
        for reason in (rest, *others) if rest and explained is None else others:
            yield from wrap_muted(f"· {reason}", self.size.width or 80)
        day = environment_summary.describe_day(shown, snapshot, now)
        if day is not None:  # the last line: it is shown if there is room
            yield day

    def _render_cause(self, explained: environment_summary.ExplainedReason) -> Iterator[Content]:
        """Render the diagnosed cause in a few lines, then the release that the failure began with."""
        width = self.size.width or 80
        lines = safe_text(explained.cause).wrap(width)
        yield from lines[: MAX_CAUSE_LINES - 1]
        if len(lines) >= MAX_CAUSE_LINES:
            yield Content(" ").join(line.rstrip() for line in lines[MAX_CAUSE_LINES - 1 :])  # cut at the width
        yield from wrap_muted(explained.since, width) if explained.since else ()

    def _render_status(self, shown: Environment, snapshot: Snapshot) -> Iterator[Content]:
        """Render sync and health on one line, or on one line each if they do not fit."""
        width = self.size.width or 80
        status = environment_summary.describe_sync_and_health(shown, snapshot)
        if status.cell_length <= width or not shown.applications:
            yield status
            return
        for part in (environment_summary.describe_sync(shown), environment_summary.describe_health(shown)):
            yield from dim_if_stale(part, snapshot, shown.source).wrap(width)
