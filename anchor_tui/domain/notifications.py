"""Decides which changes are notified: by rule, at most one notification a minute for each rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anchor_tui.config.model import NotificationRule
from anchor_tui.domain.change_text import describe_value, get_detail, name_subject
from anchor_tui.domain.changes import Change
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import ValueObject

INTERVAL_S = 60.0
"""Seconds between two notifications of a rule. What happens in between is in the next one."""
MAX_TITLE_LENGTH = 80
MAX_TEXT_LENGTH = 200
MAX_LISTED = 3
"""Environments and sources whose changes one notification describes; the others are counted."""
_SEVERITY = ("ok", "attention", "unknown", "violation", "failing")
_LOST_SOURCE = "unknown"
"""The severity of a source that is lost."""


class OutsideNotification(ValueObject, frozen=True):
    """One notification. Title and text are safe for a terminal.

    `environment` is empty if it is about several environments or a source; `level` is the most severe verdict.
    """

    title: str
    text: str
    level: str
    environment: str = ""


class _Event(ValueObject, frozen=True):
    """The last change of one environment or source that waits to be notified. `count` is the number of changes."""

    subject: str
    state: str
    """The words after the subject: "is failing", "is read again"."""
    environment: str
    level: str
    detail: str
    count: int = 1


class NotificationDecider:
    """The memory of all rules: what they have reported, and what waits until the next notification is allowed."""

    def __init__(self, rules: Sequence[NotificationRule]) -> None:
        self._rules = [_RuleMemory(rule) for rule in rules]

    def begin(self, changes: Iterable[Change]) -> None:
        """Take over the state at the start, which is not a change."""
        for change in changes:
            for rule in self._rules:
                rule.add(change, is_silent=True)

    def decide(self, changes: Iterable[Change], now_s: float) -> tuple[OutsideNotification, ...]:
        """Return what is notified at `now_s`, a time in seconds that only grows.

        Call it with every snapshot, also without changes: what was held back becomes due. A value that is known for the
        first time is not a change.
        """
        for change in changes:
            for rule in self._rules:
                rule.add(change, is_silent=change.before is None)
        return tuple(notification for rule in self._rules if (notification := rule.take(now_s)) is not None)


class _RuleMemory:
    def __init__(self, rule: NotificationRule) -> None:
        self._rule = rule
        self._reached: dict[str, str] = {}
        """The level of each environment and source that has reached the level of the rule."""
        self._waiting: dict[str, _Event] = {}
        self._sent_s: float | None = None

    def add(self, change: Change, *, is_silent: bool) -> None:
        found = self._find_level(change)
        if found is None:
            return
        subject, level = found
        before = self._reached.get(subject)
        if _SEVERITY.index(level) >= _SEVERITY.index(self._rule.level):
            self._reached[subject] = level
            is_notified = before is None or _SEVERITY.index(level) > _SEVERITY.index(before)
        else:
            self._reached.pop(subject, None)
            is_notified = before is not None and self._rule.recovery
            if before is not None and not self._rule.recovery:
                self._waiting.pop(subject, None)  # it is over before it was notified
        if is_notified and not is_silent:
            count = self._waiting[subject].count + 1 if subject in self._waiting else 1
            self._waiting[subject] = _make_event(change, level, count)

    def take(self, now_s: float) -> OutsideNotification | None:
        if not self._waiting or (self._sent_s is not None and now_s - self._sent_s < INTERVAL_S):
            return None
        events = sorted(self._waiting.values(), key=lambda event: -_SEVERITY.index(event.level))
        self._waiting, self._sent_s = {}, now_s
        return _make_notification(events)

    def _find_level(self, change: Change) -> tuple[str, str] | None:
        """Return what a change is about, and its level; None if the rule is not about it."""
        if change.kind == "verdict" and change.environment and change.after in _SEVERITY:
            is_meant = self._rule.environment in {"", change.environment}
            return (change.environment, change.after) if is_meant else None
        if change.kind == "source" and not self._rule.environment:
            return f"source {change.subject}", "ok" if change.after == "fresh" else _LOST_SOURCE
        return None


def _make_notification(events: Sequence[_Event]) -> OutsideNotification:
    first = events[0]
    if len(events) == 1:
        title = _describe(first)
        text = first.detail or title
    else:
        title = f"{format_count(len(events), 'change')}: {_describe(first)}"
        more = f"; {len(events) - MAX_LISTED:,} more" if len(events) > MAX_LISTED else ""
        text = "; ".join(map(_describe, events[:MAX_LISTED])) + more
    return OutsideNotification(
        title=_limit(f"anchor-tui: {title}", MAX_TITLE_LENGTH),
        text=_limit(text if text.startswith(first.subject) else f"{first.subject}: {text}", MAX_TEXT_LENGTH),
        level=first.level,
        environment=first.environment if len(events) == 1 else "",
    )


def _make_event(change: Change, level: str, count: int) -> _Event:
    if change.kind == "source":
        return _Event(name_subject(change, ""), describe_value(change), "", level, get_detail(change), count)
    environment = change.environment or ""
    return _Event(environment, f"is {level}", environment, level, change.detail, count)


def _describe(event: _Event) -> str:
    times = f" after {event.count} changes" if event.count > 1 else ""
    return f"{event.subject} {event.state}{times}"


def _limit(text: str, limit: int) -> str:
    text = sanitize_text(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def encode_desktop_notification(protocol: str, notification: OutsideNotification) -> str:
    """Return the escape sequence of a notification: "bell", "osc9" (iTerm2), "osc99" (kitty) or "osc777" (urxvt).

    Title and text are sanitized here again, because the sequence is written to a terminal as it is. A semicolon
    separates the fields of the protocols and becomes a comma.
    """
    title, text = (sanitize_text(part).replace(";", ",") for part in (notification.title, notification.text))
    match protocol:
        case "bell":
            return "\x07"
        case "osc9":
            return f"\x1b]9;{title}: {text}\x07"
        case "osc99":
            return f"\x1b]99;;{title}: {text}\x1b\\"
        case "osc777":
            return f"\x1b]777;notify;{title};{text}\x07"
        case _:
            return ""
