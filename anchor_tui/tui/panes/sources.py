"""The sources pane: the state of each source, and what could not be read, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from textual.content import Content

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import Environment, Problem, Snapshot, SourceState
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.domain.verdict import name_source
from anchor_tui.tui.source_states import LOADING
from anchor_tui.tui.style import marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row

COLUMNS = (ListColumn("SOURCE"), ListColumn("STATE"), ListColumn("DETAIL", is_flexible=True))


_PROBLEMS = IdentityCache[tuple[Problem, ...]]()


class SourceRows:
    """Builds the sources pane. Rows are built once for each source and for each list of problems."""

    def __init__(self) -> None:
        self._sources = IdentityCache[ListRow]()
        self._problems = IdentityCache[tuple[ListRow, ...]]()

    def build(self, snapshot: Snapshot, environments: Sequence[Environment]) -> PaneContent:
        """Return every source, then the files and applications of these environments that could not be read."""
        rows = [
            self._sources.get(source.id, (source,), partial(_build_source_row, source)) for source in snapshot.sources
        ]
        places = (("", snapshot.problems), *((shown.name, _list_problems(shown)) for shown in environments))
        number = 0
        for name, problems in places:
            build = partial(_build_problem_rows, number, name, problems)
            rows += self._problems.get((name, number), (problems,), build)
            number += len(problems)
        return PaneContent(COLUMNS, tuple(rows), "no source is configured")


def count_sources(snapshot: Snapshot, environments: Sequence[Environment]) -> int:
    """Return the number of sources, and of what could not be read."""
    return len(snapshot.sources) + len(snapshot.problems) + sum(len(_list_problems(shown)) for shown in environments)


def _list_problems(environment: Environment) -> tuple[Problem, ...]:
    """Return the problems of an environment and of its applications."""
    return _PROBLEMS.get(
        environment.name,
        (environment.problems, environment.applications),
        lambda: (*environment.problems, *(problem for app in environment.applications for problem in app.problems)),
    )


def _build_problem_rows(start: int, name: str, problems: tuple[Problem, ...]) -> tuple[ListRow, ...]:
    return tuple(_build_problem_row(number, name, problem) for number, problem in enumerate(problems, start))


def _build_source_row(source: SourceState) -> ListRow:
    message = source.error.message if source.error else ""

    def draw(now: datetime) -> tuple[Content, ...]:
        detail = safe_text(message) if message else muted_text(source.url)
        return safe_text(name_source(source), "bold"), _describe_state(source, now), detail

    def draw_detail(now: datetime) -> Content:
        lines = [_describe_state(source, now), safe_text(message), muted_text(source.url)]
        return Content("\n").join(line for line in lines if line)

    search_text = f"{source.id} {name_source(source)} {source.state} {source.url} {message}"
    return ListRow(f"source {source.id}", draw, draw_detail, search_text, source.url, source.url)


def _describe_state(source: SourceState, now: datetime) -> Content:
    match source.state:
        case "asking":
            return muted_text(LOADING)
        case "fresh":
            return marked_text(StatusMark.OK, f"read {format_age(source.taken_at, now)} ago")
        case "stale":
            return marked_text(StatusMark.FAILING, f"stale, read {format_age(source.taken_at, now)} ago")
        case "missing":
            return marked_text(StatusMark.FAILING, "unavailable")


def _build_problem_row(number: int, name: str, problem: Problem) -> ListRow:
    place = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file or problem.subject
    cells = (
        safe_text(name or problem.subject, "bold"),
        marked_text(StatusMark.ATTENTION, problem.kind),
        safe_text(str(problem)),
    )
    return static_row(
        f"{number} {place} {problem.kind}", cells, safe_text(str(problem)), clipboard_text=place, subject=problem
    )
