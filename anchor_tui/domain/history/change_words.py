"""The words of a recorded change: those of `domain/change_text.py` with its author and with what is not known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.change_text import UNKNOWN, describe_value, get_detail, is_unexplained, name_subject
from anchor_tui.domain.changes import CHANGE_KINDS
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import AppId
from anchor_tui.domain.status_marks import StatusMark, find_value_mark

ACTION = "action"
TIMELINE_KINDS: tuple[str, ...] = (*CHANGE_KINDS, ACTION)
"""The kinds of changes that the timeline shows. Others are for calculations only."""
_WITH_AUTHOR = frozenset({"revision", "pull-request"})
_WITHOUT_START = frozenset({"verdict", "release", "sync", "health", "checks", "finding"})
"""The kinds whose first observation does not show when the value began."""


class ChangeWords(NamedTuple):
    """The subject of a change and what became of it: "anchor-msp-prod" and "Healthy → Degraded".

    `detail` is a text from outside, such as a title or a message; it may be empty.
    """

    subject: str
    sentence: str
    detail: str = ""


def get_change_mark(change: RecordedChange) -> StatusMark:
    """Return the status that a change led to. An unknown value is never ok."""
    if change.kind == "finding" and change.after == "fail" and change.severity == "warning":
        return StatusMark.ATTENTION
    if is_unexplained(change):
        return StatusMark.UNKNOWN
    return find_value_mark(change.kind, change.after)


def describe_recorded_change(change: RecordedChange, labels: Mapping[AppId, str]) -> ChangeWords:
    """Return the words of one change. `labels` are the names of applications; others are shown in full."""
    return ChangeWords(_name_subject(change, labels), _describe_sentence(change), get_detail(change))


def describe_group(changes: Sequence[RecordedChange]) -> ChangeWords:
    """Return the words of equal changes of several applications."""
    first = changes[0]
    number = len({change.application for change in changes if change.application is not None})
    if first.kind == "finding":
        places = len({(change.application, change.place) for change in changes})
        sentence = _describe_sentence(replace(first, place=""))
        return ChangeWords(f"check {first.subject}", f"{sentence} in {format_count(places, 'place')}")
    if first.kind == "diagnosis":
        causes = "causes found" if first.after and not is_unexplained(first) else _describe_sentence(first)
        return ChangeWords(format_count(number, "application"), causes)
    return ChangeWords(format_count(number, "application"), _describe_sentence(first))


def _name_subject(change: RecordedChange, labels: Mapping[AppId, str]) -> str:
    label = "" if change.application is None else labels.get(change.application) or str(change.application)
    if change.kind == ACTION:
        target = labels.get(change.application) if change.application is not None else None
        return " ".join(part for part in (change.subject or ACTION, target or change.place) if part)
    return name_subject(change, label)


def _describe_sentence(change: RecordedChange) -> str:
    if change.kind == ACTION:
        reason = change.facts.get("reason", "")
        sentence = _add_author(change.after or UNKNOWN, change)
        return f"{sentence}; reason: {reason}" if reason else sentence
    sentence = describe_value(_complete(change))
    if change.is_first_observation and change.kind in _WITHOUT_START:
        return f"{sentence} (first seen)"
    return _add_author(sentence, change) if change.kind in _WITH_AUTHOR else sentence


def _add_author(sentence: str, change: RecordedChange) -> str:
    """Add who did it. A state that something is in, as in "#7 is open", was not done."""
    return f"{sentence} by {change.actor}" if change.actor and not sentence.startswith("is ") else sentence


def _complete(change: RecordedChange) -> RecordedChange:
    """Return a change with the value before, if it is certain: GitHub reports when a pull request was opened."""
    is_dated = change.server_at is not None or change.origin == "imported"
    if change.kind == "pull-request" and change.after == "open" and change.before is None and is_dated:
        return replace(change, before="absent")
    return change
