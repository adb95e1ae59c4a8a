"""Status as glyph and word, never by colour alone: the same on the screen, in text and in markdown."""

from __future__ import annotations

from enum import Enum

from anchor_tui.domain.model import Application, ChecksStatus, Level, PullRequest


class StatusMark(Enum):
    """A glyph, the plain ASCII that stands in for it, and the style it is drawn in."""

    OK = ("✓", "+", "ok")
    ATTENTION = ("!", "!", "attention")
    FAILING = ("✗", "x", "failing")
    UNKNOWN = ("?", "?", "unknown")
    PROGRESS = ("◌", "~", "attention")
    NONE = ("–", "-", "muted")

    @property
    def style(self) -> str:
        """The name of the colour, for those who have colours."""
        return self.value[2]

    def glyph(self, *, ascii_only: bool = False) -> str:
        """One character."""
        return self.value[1] if ascii_only else self.value[0]


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
_CHECKS_MARKS: dict[ChecksStatus, StatusMark] = {
    "success": StatusMark.OK,
    "failure": StatusMark.FAILING,
    "pending": StatusMark.PROGRESS,
    "unknown": StatusMark.UNKNOWN,
    "none": StatusMark.NONE,
}


def get_level_mark(level: Level) -> StatusMark:
    """The mark of a verdict."""
    return _LEVEL_MARKS[level]


def get_sync_mark(application: Application) -> tuple[StatusMark, str]:
    """Sync as mark and word; what is not told is unknown, never ok."""
    if application.presence != "found":
        return StatusMark.FAILING, application.presence
    return _SYNC_MARKS.get(application.sync or "", StatusMark.UNKNOWN), application.sync or "not told"


def get_health_mark(application: Application) -> tuple[StatusMark, str]:
    """Health as mark and word."""
    if application.presence != "found":
        return StatusMark.FAILING, application.presence
    return _HEALTH_MARKS.get(application.health or "", StatusMark.UNKNOWN), application.health or "not told"


def get_checks_mark(pull: PullRequest) -> tuple[StatusMark, str]:
    """A pull request's checks as mark and word."""
    word = {"none": "no checks", "unknown": "checks unknown"}.get(pull.checks, f"checks {pull.checks}")
    return _CHECKS_MARKS[pull.checks], word


def convert_to_ascii(text: str) -> str:
    """The same with plain ASCII, for a terminal that has no other; unknown characters become a question mark."""
    table = {mark.value[0]: mark.value[1] for mark in StatusMark} | {
        "→": "->", "←": "<-", "↑": "^", "↓": "v", "·": "-", "…": "...", "≥": ">=", "│": "|", "─": "-", "—": "-",
        "●": "*", "“": '"', "”": '"', "’": "'",
    }  # fmt: skip
    return "".join(table.get(char, char) for char in text).encode("ascii", "replace").decode()


def supports_unicode(encoding: str | None) -> bool:
    """Whether a stream takes more than ASCII."""
    return (encoding or "").lower().replace("-", "").startswith("utf")
