"""Status as glyph and word, never by colour alone: the same on the screen, in text and in markdown."""

from __future__ import annotations

from enum import Enum

from anchor_tui.domain.model import Application, Checks, Level, PullRequest


class Mark(Enum):
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


_LEVELS = {
    Level.OK: Mark.OK,
    Level.ATTENTION: Mark.ATTENTION,
    Level.UNKNOWN: Mark.UNKNOWN,
    Level.FAILING: Mark.FAILING,
}
_SYNC = {"Synced": Mark.OK, "OutOfSync": Mark.ATTENTION}
_HEALTH = {
    "Healthy": Mark.OK,
    "Progressing": Mark.PROGRESS,
    "Suspended": Mark.ATTENTION,
    "Degraded": Mark.FAILING,
    "Missing": Mark.FAILING,
}
_CHECKS: dict[Checks, Mark] = {
    "success": Mark.OK,
    "failure": Mark.FAILING,
    "pending": Mark.PROGRESS,
    "unknown": Mark.UNKNOWN,
    "none": Mark.NONE,
}


def of_level(level: Level) -> Mark:
    """The mark of a verdict."""
    return _LEVELS[level]


def of_sync(application: Application) -> tuple[Mark, str]:
    """Sync as mark and word; what is not told is unknown, never ok."""
    if application.presence != "found":
        return Mark.FAILING, application.presence
    return _SYNC.get(application.sync or "", Mark.UNKNOWN), application.sync or "not told"


def of_health(application: Application) -> tuple[Mark, str]:
    """Health as mark and word."""
    if application.presence != "found":
        return Mark.FAILING, application.presence
    return _HEALTH.get(application.health or "", Mark.UNKNOWN), application.health or "not told"


def of_checks(pull: PullRequest) -> tuple[Mark, str]:
    """A pull request's checks as mark and word."""
    word = {"none": "no checks", "unknown": "checks unknown"}.get(pull.checks, f"checks {pull.checks}")
    return _CHECKS[pull.checks], word


def to_ascii(text: str) -> str:
    """The same with plain ASCII, for a terminal that has no other; unknown characters become a question mark."""
    table = {mark.value[0]: mark.value[1] for mark in Mark} | {
        "→": "->", "←": "<-", "↑": "^", "↓": "v", "·": "-", "…": "...", "≥": ">=", "│": "|", "─": "-", "—": "-",
        "●": "*", "“": '"', "”": '"', "’": "'",
    }  # fmt: skip
    return "".join(table.get(char, char) for char in text).encode("ascii", "replace").decode()


def is_unicode(encoding: str | None) -> bool:
    """Whether a stream takes more than ASCII."""
    return (encoding or "").lower().replace("-", "").startswith("utf")
