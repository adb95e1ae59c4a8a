"""Status marks: a glyph with a word and a style, the same on the screen, in text and in markdown.

Colour alone never carries a status.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from anchor_tui.domain.model import Application, ChecksStatus, Level, Operation, PullRequest


class StatusMark(Enum):
    """A glyph, its ASCII replacement and the name of its style."""

    OK = ("✓", "+", "ok")
    ATTENTION = ("!", "!", "attention")
    FAILING = ("✗", "x", "failing")
    UNKNOWN = ("?", "?", "unknown")
    PROGRESS = ("◌", "~", "attention")
    NONE = ("–", "-", "muted")

    @property
    def style(self) -> str:
        """The name of the style the mark is drawn in."""
        return self.value[2]

    def glyph(self, *, ascii_only: bool = False) -> str:
        """Return the mark as one character."""
        return self.value[1] if ascii_only else self.value[0]


WORST_FIRST = (
    StatusMark.FAILING,
    StatusMark.UNKNOWN,
    StatusMark.ATTENTION,
    StatusMark.PROGRESS,
    StatusMark.OK,
    StatusMark.NONE,
)
"""The marks in the order of severity."""
UNHEALTHY_MARKS = WORST_FIRST[:3]


def find_worst_mark(marks: Iterable[tuple[StatusMark, str]]) -> tuple[StatusMark, str]:
    """Return the most severe of some marks with its word; the first of several that are equally severe."""
    return min(marks, key=lambda pair: WORST_FIRST.index(pair[0]))


_LEVEL_MARKS = {
    Level.OK: StatusMark.OK,
    Level.ATTENTION: StatusMark.ATTENTION,
    Level.UNKNOWN: StatusMark.UNKNOWN,
    Level.FAILING: StatusMark.FAILING,
}
_SYNC_MARKS = {"Synced": StatusMark.OK, "OutOfSync": StatusMark.ATTENTION}
_HEALTH_MARKS = {
    "Healthy": StatusMark.OK,
    "Progressing": StatusMark.PROGRESS,
    "Suspended": StatusMark.ATTENTION,
    "Degraded": StatusMark.FAILING,
    "Missing": StatusMark.FAILING,
}
_OPERATION_MARKS = {"Succeeded": StatusMark.OK, "Failed": StatusMark.FAILING, "Error": StatusMark.FAILING}
_CHECKS_MARKS: dict[ChecksStatus, StatusMark] = {
    "success": StatusMark.OK,
    "failure": StatusMark.FAILING,
    "pending": StatusMark.PROGRESS,
    "unknown": StatusMark.UNKNOWN,
    "none": StatusMark.NONE,
}
_REVIEW_MARKS = {"approved": StatusMark.OK, "changes_requested": StatusMark.FAILING}
_STATE_MARKS = {
    # outcomes of plans and steps, phases of steps
    "done": StatusMark.OK,
    "drifted": StatusMark.ATTENTION,
    "failed": StatusMark.FAILING,
    "left": StatusMark.NONE,
    "refused": StatusMark.ATTENTION,
    "resolved": StatusMark.NONE,
    "running": StatusMark.PROGRESS,
    "unknown": StatusMark.UNKNOWN,
    "waiting": StatusMark.NONE,
    # lines of plans, items of the cutover checklist
    "change": StatusMark.NONE,
    "deleted": StatusMark.FAILING,
    "kept": StatusMark.NONE,
    "note": StatusMark.NONE,
    "ok": StatusMark.OK,
    "warning": StatusMark.ATTENTION,
    # outcomes of checks
    "error": StatusMark.FAILING,
    "fail": StatusMark.FAILING,
    "pass": StatusMark.OK,
    "skipped": StatusMark.NONE,
    "waived": StatusMark.NONE,
}


def get_state_mark(state: str) -> StatusMark:
    """Return the mark of an outcome, a step phase, a kind of plan line or a check status.

    Raises KeyError for any other word.
    """
    return _STATE_MARKS[state]


def get_check_mark(status: str, level: str) -> StatusMark:
    """Return the mark of a check's status; a failing check of the level "warning" asks for attention."""
    return get_state_mark("warning" if status == "fail" and level == "warning" else status)


def get_operation_mark(operation: Operation) -> StatusMark:
    """Return the mark of an operation's phase; an unfamiliar phase is unknown."""
    if operation.is_running:
        return StatusMark.PROGRESS
    return _OPERATION_MARKS.get(operation.phase, StatusMark.UNKNOWN)


def get_level_mark(level: Level) -> StatusMark:
    """Return the mark of a verdict's level."""
    return _LEVEL_MARKS[level]


def get_sync_mark(application: Application) -> tuple[StatusMark, str]:
    """Return the sync status as mark and word; a missing status is unknown, never ok."""
    if application.presence != "found":
        return StatusMark.FAILING, application.presence
    return _SYNC_MARKS.get(application.sync or "", StatusMark.UNKNOWN), application.sync or "not reported"


def get_health_mark(application: Application) -> tuple[StatusMark, str]:
    """Return the health as mark and word; a missing health is unknown, never ok."""
    if application.presence != "found":
        return StatusMark.FAILING, application.presence
    return _HEALTH_MARKS.get(application.health or "", StatusMark.UNKNOWN), application.health or "not reported"


def get_application_mark(application: Application) -> StatusMark:
    """Return the worst mark of an application: of its health, its sync, its operation, and what Argo CD reports."""
    marks = [get_health_mark(application)[0], get_sync_mark(application)[0]]
    if operation := application.operation:
        marks.append(StatusMark.FAILING if operation.has_failed else get_operation_mark(operation))
    if any(condition.type.endswith("Error") for condition in application.conditions):
        marks.append(StatusMark.FAILING)
    marks += [
        StatusMark.ATTENTION if problem.kind == "deleting" else StatusMark.UNKNOWN for problem in application.problems
    ]
    return min(marks, key=WORST_FIRST.index)


def get_checks_mark(pull: PullRequest) -> tuple[StatusMark, str]:
    """Return the state of a pull request's checks as mark and word."""
    word = {"none": "no checks", "unknown": "checks unknown"}.get(pull.checks, f"checks {pull.checks}")
    return _CHECKS_MARKS[pull.checks], word


def get_check_state_mark(state: ChecksStatus) -> StatusMark:
    """Return the mark of the state of one check."""
    return _CHECKS_MARKS[state]


def get_review_mark(state: str) -> StatusMark:
    """Return the mark of a review by GitHub's state in lower case."""
    return _REVIEW_MARKS.get(state, StatusMark.NONE)


def get_thread_mark(*, is_resolved: bool) -> StatusMark:
    """Return the mark of the comments on one line: an unresolved thread needs attention."""
    return StatusMark.OK if is_resolved else StatusMark.ATTENTION


_PRESENCE_MARKS = {"found": StatusMark.OK, "absent": StatusMark.FAILING, "forbidden": StatusMark.FAILING}
_VALUE_MARKS: dict[str, dict[str, StatusMark]] = {
    "verdict": {level.value: mark for level, mark in _LEVEL_MARKS.items()} | {"violation": StatusMark.FAILING},
    "sync": _SYNC_MARKS,
    "health": _HEALTH_MARKS,
    "application": _PRESENCE_MARKS,
    "finding": {"fail": StatusMark.FAILING, "waived": StatusMark.NONE, "clear": StatusMark.OK},
    "checks": {str(state): mark for state, mark in _CHECKS_MARKS.items()},
    "source": {"fresh": StatusMark.OK, "stale": StatusMark.FAILING, "missing": StatusMark.FAILING},
    "action": _STATE_MARKS,
    "pull-request": {"open": StatusMark.NONE, "merged": StatusMark.NONE, "absent": StatusMark.NONE},
}
"""The marks of the values of recorded changes, by kind."""


def find_value_mark(kind: str, value: str | None) -> StatusMark:
    """Return the mark of a recorded value by its kind. None is unknown. A free text has no mark."""
    if value is None:
        return StatusMark.UNKNOWN
    if kind == "diagnosis":
        return StatusMark.FAILING if value else StatusMark.OK
    known = _VALUE_MARKS.get(kind)
    return StatusMark.NONE if known is None else known.get(value, StatusMark.UNKNOWN)


def convert_to_ascii(text: str) -> str:
    """Replace the glyphs and punctuation used here by ASCII; any other character becomes a question mark."""
    table = {mark.value[0]: mark.value[1] for mark in StatusMark} | {
        "→": "->", "←": "<-", "↑": "^", "↓": "v", "·": "-", "…": "...", "≥": ">=", "│": "|", "─": "-", "—": "-",
        "●": "*", "“": '"', "”": '"', "’": "'",
    }  # fmt: skip
    return "".join(table.get(character, character) for character in text).encode("ascii", "replace").decode()


def supports_unicode(encoding: str | None) -> bool:
    """Return True if a stream of this encoding can write more than ASCII."""
    return (encoding or "").lower().replace("-", "").startswith("utf")
