"""The four panels of the pull request screen. They show what the screen reads, and send no request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    ReviewThread,
)
from anchor_tui.domain.readings import Unavailable
from anchor_tui.domain.source_states import get_latest_value
from anchor_tui.tui.pull_request.markdown_body import TextBlock, parse_markdown
from anchor_tui.tui.pull_request.parts import PullRequestReadings
from anchor_tui.tui.pull_request.rows import build_check_row, build_file_row, build_review_rows, key_checks, key_threads
from anchor_tui.tui.pull_request.texts import (
    count_files,
    explain_reading,
    explain_stale,
    join_sections,
    render_facts,
    render_log,
    render_patch,
    render_thread,
)
from anchor_tui.tui.pull_request.wrapped_lines import WrappedLines, wrap_lines
from anchor_tui.tui.style import muted_text, safe_text
from anchor_tui.tui.widgets.failure_guard import FailureGuard
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent
from anchor_tui.tui.widgets.row_list import RowList

SIDE_BY_SIDE_WIDTH = 100
"""From this width on, the list of files is beside the diff instead of above it."""


class PullRequestPanel(FailureGuard, Container):
    """A panel: a list, a text, or a list with a text about its highlighted row."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self.readings = PullRequestReadings()

    @property
    def item_count(self) -> int | None:
        """The number in the line of tabs; None for a panel that is not counted."""
        return None

    @property
    def first_focus(self) -> Widget | None:
        """The widget that gets the focus when the panel is shown; None while the panel is being mounted."""
        return next(iter((*self.query(RowList), *self.query(WrappedLines))), None)

    @property
    def has_text_beside_list(self) -> bool:
        """True if the panel has a list, and a text that the keys can scroll."""
        return bool(self.query(RowList)) and bool(self.query(WrappedLines))

    @property
    def highlighted_row(self) -> ListRow | None:
        """The highlighted row of the list, if the panel has one."""
        return self.query(RowList).first().highlighted_row if self.query(RowList) else None

    def show_readings(self, readings: PullRequestReadings, now: datetime) -> None:
        """Show what was read."""
        self.readings = readings
        if self.first_focus is not None:
            self.show_parts(now)

    def show_parts(self, now: datetime) -> None:
        """Draw the parts."""
        raise NotImplementedError

    def show_now(self, now: datetime) -> None:
        """Update the ages in the rows."""
        for row_list in self.query(RowList):
            row_list.now = now


class OverviewPanel(PullRequestPanel):
    """The merge state, the facts and the body."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self._body: tuple[str, tuple[TextBlock, ...]] = ("", ())

    def compose(self) -> ComposeResult:
        """Compose the text."""
        yield WrappedLines()

    def show_parts(self, now: datetime) -> None:  # noqa: ARG002 - the text has no ages
        """Lay out the facts and the body."""
        pull = self.readings.pull
        view = self.query_one(WrappedLines)
        if pull is None:
            reason = explain_reading(self.readings.details, "the pull request")
            view.show_text("missing", lambda width: wrap_lines(reason, width))
            return
        facts = [*explain_stale(self.readings.details), *render_facts(pull, self.readings.patches)]
        blocks = self._parse_body(pull.body)

        def lay_out(width: int) -> Sequence[Content]:
            body = [line for block in blocks for line in block.wrap(width)]
            return join_sections(wrap_lines(facts, width), body or [muted_text("it has no description")])

        view.show_text("overview", lay_out)

    def _parse_body(self, body: str) -> tuple[TextBlock, ...]:
        """Parse a body, but not the same one again."""
        if self._body[0] != body:
            self._body = (body, parse_markdown(body))
        return self._body[1]


class FilesPanel(PullRequestPanel):
    """The changed files, and the diff of the highlighted one."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's parameter
        super().__init__(id=id)
        self._patch: tuple[FilePatch | None, tuple[Content, ...]] = (None, ())

    def compose(self) -> ComposeResult:
        """Compose list and diff."""
        yield RowList()
        yield WrappedLines()

    def on_resize(self) -> None:
        """Place the list beside the diff if there is room."""
        self.set_class(self.size.width >= SIDE_BY_SIDE_WIDTH, "-side-by-side")

    @property
    def item_count(self) -> int | None:
        """The number of changed files."""
        pull = self.readings.pull
        return pull.file_count if pull else None

    def show_parts(self, now: datetime) -> None:
        """Show the files."""
        found = self.readings.files
        columns = (ListColumn("FILE", is_flexible=True), ListColumn("+"), ListColumn("-"))
        rows = tuple(build_file_row(file) for file in found.files) if found else ()
        empty = "it changes no file" if found else ""
        self.query_one(RowList).show_rows(PaneContent(columns, rows, empty), now)
        self._show_patch()

    @on(RowList.Highlighted)
    def _show_patch(self) -> None:
        view, row, found = self.query_one(WrappedLines), self.highlighted_row, self.readings.files
        pull = self.readings.pull
        if found is None:
            details = self.readings.details
            if self.readings.patches is None and isinstance(details, Unavailable):
                missing = explain_reading(details, "the pull request")
            else:
                missing = explain_reading(self.readings.patches, "the files")
            view.show_text("missing", lambda width: wrap_lines(missing, width))
            return
        file = next((file for file in found.files if row and file.path == row.key), None)
        lines = [*self._render_patch(file)] if file else []
        if pull and (note := count_files(pull, found)):
            lines.insert(0, muted_text(note))
        view.show_text(file.path if file else "", lambda width: wrap_lines(lines, width))

    def _render_patch(self, file: FilePatch) -> tuple[Content, ...]:
        """Render a diff, but not the same one again."""
        if self._patch[0] != file:
            self._patch = (file, tuple(render_patch(file)))
        return self._patch[1]


class ChecksPanel(PullRequestPanel):
    """The checks, failed ones first, and the log of the highlighted one if it is a failed job of GitHub Actions."""

    def compose(self) -> ComposeResult:
        """Compose list and log."""
        yield RowList()
        yield WrappedLines()

    @property
    def item_count(self) -> int | None:
        """The number of checks."""
        pull = self.readings.pull
        return len(pull.checks) if pull else None

    @property
    def check(self) -> CheckDetail | None:
        """The highlighted check."""
        row, pull = self.highlighted_row, self.readings.pull
        if row is None or pull is None:
            return None
        return key_checks(pull.checks).get(row.key)

    def show_parts(self, now: datetime) -> None:
        """Show the checks."""
        pull = self.readings.pull
        columns = (
            ListColumn("CHECK", is_flexible=True),
            ListColumn("RESULT"),
            ListColumn("TOOK"),
            ListColumn("AGE"),
            ListColumn("APP", is_optional=True),
        )
        checks = key_checks(pull.checks) if pull else {}
        rows = tuple(build_check_row(key, check) for key, check in checks.items())
        row_list = self.query_one(RowList)
        row_list.show_rows(PaneContent(columns, rows, "no check has reported" if pull else ""), now)
        row_list.styles.height = max(2, len(rows) + 1)
        self.show_log()

    def show_log(self) -> None:
        """Show the log or the description of the highlighted check."""
        view, check, pull = self.query_one(WrappedLines), self.check, self.readings.pull
        if check is None:
            missing = [] if pull else explain_reading(self.readings.details, "the checks")
            view.show_text("missing", lambda width: wrap_lines(missing, width))
            return
        facts = [safe_text(text) for text in (check.description, check.url) if text]
        if pull and pull.checks_omitted:
            facts.append(muted_text(f"{pull.checks_omitted:,} more runs were not read"))
        log, top = [], None
        if check.has_failure_log and check.job_id is not None:
            reading = self.readings.logs.get(check.job_id)
            tail = get_latest_value(reading)
            log = render_log(tail) if tail else explain_reading(reading, "the log of the job")
            if tail and tail.error_index is not None:
                # The line of the error is in the middle of the view.
                top = max(0, tail.error_index + len(facts) + 2 + tail.is_cut - max(2, self.size.height // 3))
        elif check.state == "failure":
            log = [muted_text("only jobs of GitHub Actions have a log here: o opens the check")]
        lines = join_sections(facts, log)
        key = f"{check.name} {check.job_id} {bool(top)}"
        view.show_text(key, lambda width: wrap_lines(lines, width), top)


class ReviewsPanel(PullRequestPanel):
    """The reviews, the comments on the code and the commits, and the whole thread of a highlighted comment.

    Without them, the text explains why there are none to show.
    """

    def compose(self) -> ComposeResult:
        """Compose list and text."""
        yield RowList()
        yield WrappedLines()

    @property
    def has_text_beside_list(self) -> bool:
        """True while a thread of comments is shown."""
        return self.thread is not None

    @property
    def item_count(self) -> int | None:
        """The number of reviews, threads of comments and commits."""
        pull = self.readings.pull
        return len(pull.reviews) + pull.thread_count + pull.commit_count if pull else None

    @property
    def thread(self) -> ReviewThread | None:
        """The highlighted thread of comments."""
        row, pull = self.highlighted_row, self.readings.pull
        return key_threads(pull.threads).get(row.key) if row is not None and pull is not None else None

    def show_parts(self, now: datetime) -> None:
        """Show the reviews, the requested ones included, the comments and the commits."""
        pull = self.readings.pull
        columns = (ListColumn("KIND"), ListColumn("WHO"), ListColumn("WHAT", is_flexible=True), ListColumn("AGE"))
        rows = tuple(build_review_rows(pull)) if pull else ()
        row_list = self.query_one(RowList)
        row_list.show_rows(PaneContent(columns, rows, "no review and no commit"), now)
        row_list.display = pull is not None
        self.show_thread()

    @on(RowList.Highlighted)
    def show_thread(self) -> None:
        """Show the thread of the highlighted row, or why nothing is shown."""
        row_list, view = self.query_one(RowList), self.query_one(WrappedLines)
        thread, row = self.thread, self.highlighted_row
        view.display = thread is not None or self.readings.pull is None
        self.set_class(thread is not None, "-thread")
        if thread is None:
            missing = explain_reading(self.readings.details, "the reviews")
            view.show_text("missing", lambda width: wrap_lines(missing, width))
        else:
            lines = render_thread(thread, row_list.now)
            view.show_text(row.key if row else "", lambda width: wrap_lines(lines, width))
