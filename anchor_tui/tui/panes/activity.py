"""The activity pane: the actions of this session, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.formatting import format_age, get_first_line
from anchor_tui.domain.status_marks import StatusMark, get_state_mark
from anchor_tui.tui.plan_view import render_job
from anchor_tui.tui.style import marked_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

COLUMNS = (ListColumn("WHEN"), ListColumn("ACTION"), ListColumn("STATE"), ListColumn("WHAT", is_flexible=True))


def build_activity_pane(jobs: Sequence[Job]) -> PaneContent:
    """Return one row per action of this session."""
    rows = tuple(_build_row(job) for job in reversed(jobs))
    return PaneContent(COLUMNS, rows, "")


def _build_row(job: Job) -> ListRow:
    return ListRow(
        key=job.id,
        draw_cells=partial(_draw_cells, job),
        draw_detail=lambda now: render_job(job, now),
        search_text=f"{job.plan.title} {job.progress_text()} {job.outcome.kind if job.outcome else 'running'}",
        url=job.url or None,
        clipboard_text=job.plan.command,
    )


def _draw_cells(job: Job, now: datetime) -> tuple[Content, ...]:
    if job.outcome is None:
        state = marked_text(StatusMark.PROGRESS, "running")
        message = job.progress_text().removeprefix(f"{job.plan.title}: ")
    else:
        state = marked_text(get_state_mark(job.outcome.kind), job.outcome.kind)
        message = get_first_line(job.outcome.message)
    started = safe_text(f"{format_age(job.began_at, now)} ago")
    return started, safe_text(job.plan.title, "bold"), state, safe_text(message)
