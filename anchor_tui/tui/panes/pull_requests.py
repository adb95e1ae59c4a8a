"""The pull requests pane: every open pull request with its checks and review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import Environment, PullRequest, Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_checks_mark
from anchor_tui.tui.environment_summary import describe_pull_request
from anchor_tui.tui.source_states import LOADING, SourceStateMemory, dim_if_stale, is_loading
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

COLUMNS = (
    ListColumn("PR"),
    ListColumn("KIND"),
    ListColumn("ENV"),
    ListColumn("TITLE", is_flexible=True),
    ListColumn("CHECKS"),
    ListColumn("REVIEW"),
    ListColumn("AGE"),
)


class PullRequestRows:
    """Builds the pull requests pane. A row is built once for each pull request."""

    def __init__(self) -> None:
        self._states = SourceStateMemory()
        self._rows = IdentityCache[ListRow]()

    def build(
        self, snapshot: Snapshot, environments: Sequence[Environment], *, include_unassigned: bool
    ) -> PaneContent:
        """Return one row per open pull request, newest first; `include_unassigned` adds those of no environment."""
        states = self._states.get(snapshot)
        rows = tuple(
            self._rows.get(pull.number, (pull, states), partial(_build_pull_request_row, pull, snapshot))
            for pull in list_pull_requests(snapshot, environments, include_unassigned=include_unassigned)
        )
        return PaneContent(COLUMNS, rows, LOADING if is_loading(snapshot, "github") else "no open pull request")


def list_pull_requests(
    snapshot: Snapshot, environments: Sequence[Environment], *, include_unassigned: bool
) -> list[PullRequest]:
    """Return the open pull requests of these environments, newest first."""
    pulls = {pull.number: pull for environment in environments for pull in environment.pull_requests}
    if include_unassigned:
        pulls |= {pull.number: pull for pull in snapshot.pull_requests}
    return [pulls[number] for number in sorted(pulls, reverse=True)]


def _build_pull_request_row(pull: PullRequest, snapshot: Snapshot) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        return tuple(dim_if_stale(cell, snapshot, "github") for cell in _draw_pull_request(pull, now))

    names = " ".join(pull.environments)
    return ListRow(
        key=str(pull.number),
        draw_cells=draw,
        draw_detail=lambda _now: _describe_pull_request(pull),
        search_text=f"#{pull.number} {pull.kind} {names} {pull.title} {pull.author} {pull.checks}",
        url=pull.url,
        clipboard_text=pull.url,
        pull_request=pull.number,
        subject=pull,
    )


def _draw_pull_request(pull: PullRequest, now: datetime) -> tuple[Content, ...]:
    mark, _ = get_checks_mark(pull)
    return (
        safe_text(f"#{pull.number}", "bold"),
        safe_text(pull.kind),
        safe_text(", ".join(pull.environments) or StatusMark.NONE.glyph()),
        join_parts(muted_text("draft") if pull.draft else None, safe_text(pull.title), gap=" "),
        marked_text(mark, pull.checks),
        safe_text((pull.review or "none").replace("_", " ")),
        safe_text(format_age(pull.created_at, now)),
    )


def _describe_pull_request(pull: PullRequest) -> Content:
    labels = ", ".join(pull.labels)
    facts = join_parts(
        describe_pull_request(pull),
        safe_text(f"by {pull.author}") if pull.author else None,
        muted_text(labels) if labels else None,
        muted_text(pull.mergeable) if pull.mergeable else None,
    )
    title = join_parts(safe_text(f"#{pull.number}", "bold"), safe_text(pull.title))
    return Content("\n").join([title, facts, muted_text(pull.url)])
