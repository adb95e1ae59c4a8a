"""The releases of one environment: the current one, then the earlier ones, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.formatting import format_age, format_duration, shorten_revision
from anchor_tui.domain.model import Environment, Release, Snapshot
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.source_states import dim_if_stale, is_loading
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent

if TYPE_CHECKING:
    from anchor_tui.domain.history.release_runs import ReleaseRecord, ReleaseRun  # not needed for the first frame

RELEASE_COLUMNS = (
    ListColumn("RELEASE"),
    ListColumn("SINCE"),
    ListColumn("RAN FOR"),
    ListColumn("BY"),
    ListColumn("PR", is_flexible=True),
    ListColumn("COMMIT"),
)
CHOOSER_COLUMNS = (*RELEASE_COLUMNS[:3], ListColumn("HEALTHY"), *RELEASE_COLUMNS[3:])
"""The columns with a `ReleaseRecord`."""
CURRENT = "current"
"""The key of the row of the current release."""


def build_releases_pane(
    snapshot: Snapshot, environment: Environment, history: Sequence[PastRelease] | None, refusal: Refusal | None
) -> PaneContent:
    """Return one row per release.

    `history` are the earlier releases, or None before they were read. With a `refusal` they are what was read before
    it, and dim.
    """
    current = environment.release
    rows = [_build_current_row(current, snapshot)] if current else []
    earlier = build_past_release_rows(history or (), current)
    rows += [_dim_row(row) for row in earlier] if refusal else earlier
    if refusal is not None:
        rows.append(_build_note("refused", marked_text(StatusMark.FAILING, "earlier"), refusal.message))
    elif history is None and rows:
        rows.append(_build_note("loading", muted_text("…"), "reading the history"))
    elif history is not None and not history and rows:
        rows.append(_build_note("empty", muted_text(StatusMark.NONE.glyph()), "no earlier release"))
    number = len(history or ()) + (1 if current else 0)
    return PaneContent(RELEASE_COLUMNS, tuple(rows), _explain_empty(snapshot, history), number)


def _explain_empty(snapshot: Snapshot, history: Sequence[PastRelease] | None) -> str:
    if is_loading(snapshot, "github") or history is None:
        return "… reading the history"
    return "no release is readable"


def _build_note(key: str, mark: Content, text: str) -> ListRow:
    """Return a row about the history itself. Its text is in the widest column."""
    cells = (mark, Content(""), Content(""), Content(""), safe_text(text), Content(""))
    return ListRow(key, lambda _now: cells, lambda _now: safe_text(text), text)


def _dim_row(row: ListRow) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        return tuple(Content.styled(cell.plain, "dim") for cell in row.draw_cells(now))

    return replace(row, draw_cells=draw)


def _build_current_row(release: Release, snapshot: Snapshot) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        version = join_parts(safe_text(release.version, "bold"), marked_text(StatusMark.OK, CURRENT))
        span = format_age(release.changed_at, now) if release.changed_at else "?"
        cells = (version, *_describe_origin(release, span), muted_text(StatusMark.NONE.glyph()))
        return tuple(dim_if_stale(cell, snapshot, "github") for cell in cells)

    return _make_row(CURRENT, release, draw, release)


def build_past_release_rows(
    releases: Sequence[PastRelease], current: Release | None, record: ReleaseRecord | None = None
) -> list[ListRow]:
    """Return one row per readable release. Its key is the commit of the ops repo that introduced it.

    With a `record` the rows have the CHOOSER_COLUMNS, and known good releases are marked.
    """
    rows = []
    replaced_at = current.changed_at if current else None
    for past in releases:
        release = past.release
        if release is None:
            continue
        since = release.changed_at
        ran = format_duration(replaced_at - since) if replaced_at and since and replaced_at > since else "?"
        mark = marked_text(StatusMark.OK, "known good") if record and record.is_known_good(release) else None
        since_text, ran_text, *origin = _describe_origin(release, ran)
        cells = (
            join_parts(safe_text(release.version, "bold"), mark),
            since_text,
            ran_text,
            *([_describe_health(record.find_run(release))] if record is not None else []),
            *origin,
            safe_text(shorten_revision(past.commit)),
        )
        rows.append(_make_row(past.commit, release, partial(_repeat_cells, cells), past))
        replaced_at = since
    return rows


def _describe_health(run: ReleaseRun | None) -> Content:
    """Return the share of the observed time in which a release was Synced and Healthy: "99 % of 3 d"."""
    share = run.good_share if run is not None else None
    if run is None or share is None:
        return muted_text("unknown")
    return safe_text(f"{int(share * 100)} % of {format_duration(run.observed)}")


def _repeat_cells(cells: tuple[Content, ...], _now: datetime) -> tuple[Content, ...]:
    """Return cells that do not change with time."""
    return cells


def _describe_origin(release: Release, ran: str) -> tuple[Content, ...]:
    """Return the time of a release, how long it ran, its author and its pull request."""
    since = release.changed_at
    pull = f"#{release.pull_request.number} {release.pull_request.title}" if release.pull_request else "–"
    return (
        safe_text(f"{since:%a %d %b %H:%M}Z" if since else "?"),
        safe_text(ran),
        safe_text(release.changed_by or "?"),
        safe_text(pull),
    )


def _make_row(
    key: str, release: Release, draw_cells: Callable[[datetime], tuple[Content, ...]], subject: Release | PastRelease
) -> ListRow:
    pull = release.pull_request
    title = f"#{pull.number} {pull.title}" if pull else ""
    return ListRow(
        key,
        draw_cells,
        partial(_describe_release, release),
        f"{release.version} {release.changed_by or ''} {title} {key}",
        pull.url if pull else None,
        release.version,
        subject,
        pull.number if pull else None,
    )


def _describe_release(release: Release, now: datetime) -> Content:
    """Return who released it, with which pull request, and its images."""
    age = f"{format_age(release.changed_at, now)} ago" if release.changed_at else ""
    who = f"by {release.changed_by}" if release.changed_by else ""
    lines = [join_parts(safe_text(release.version, "bold"), safe_text(f"{age} {who}".strip()))]
    if pull := release.pull_request:
        lines.append(join_parts(safe_text(f"#{pull.number} {pull.title}"), muted_text(pull.url)))
    for image in release.images:
        reference = f"{image.name}  {image.repository}:{image.tag or '?'}"
        lines.append(join_parts(safe_text(reference), muted_text(image.digest) if image.digest else None))
    return Content("\n").join(lines)
