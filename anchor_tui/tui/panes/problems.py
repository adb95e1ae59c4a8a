"""The problems pane: what could not be read, and why."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from anchor_tui.domain.model import Environment, Problem, Snapshot
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import marked_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent, static_row


def build_problems_pane(snapshot: Snapshot, environments: Sequence[Environment]) -> PaneContent:
    """Return what could not be read: sources, files and applications of these environments."""
    rows = [
        static_row(
            f"source {source.id}",
            _draw_problem(source.id, source.error.kind, source.error.message),
            safe_text(source.error.message),
            clipboard_text=source.url,
        )
        for source in snapshot.sources
        if source.error is not None
    ]
    found: list[tuple[str, Problem]] = [("", problem) for problem in snapshot.problems]
    for environment in environments:
        found += [(environment.name, problem) for problem in environment.problems]
        found += [(environment.name, problem) for app in environment.applications for problem in app.problems]
    rows += [_build_problem_row(number, name, problem) for number, (name, problem) in enumerate(found)]
    return PaneContent(
        (ListColumn("WHERE"), ListColumn("KIND"), ListColumn("PROBLEM", is_flexible=True)), tuple(rows), "no problem"
    )


def _build_problem_row(number: int, name: str, problem: Problem) -> ListRow:
    place = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file or problem.subject
    cells = _draw_problem(name or problem.subject, problem.kind, str(problem))
    return static_row(f"{number} {place} {problem.kind}", cells, safe_text(str(problem)), clipboard_text=place)


def _draw_problem(place: str, kind: str, message: str) -> tuple[Content, ...]:
    return (safe_text(place, "bold"), marked_text(StatusMark.ATTENTION, kind), safe_text(message))
