"""Readings: the latest data of a source, or why there is none."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

from anchor_tui.domain.model import AwareDatetime, Problem, SourceFailure, ValueObject

T = TypeVar("T")


class Loading(ValueObject, frozen=True):
    """The first request is in flight."""


class Fresh(ValueObject, Generic[T], frozen=True):
    """A value that is current. After `fresh_until` it expires unless the source has sent something since."""

    value: T
    taken_at: AwareDatetime
    fresh_until: AwareDatetime
    problems: tuple[Problem, ...] = ()


class Stale(ValueObject, Generic[T], frozen=True):
    """The last good value, and the error that has occurred since."""

    last_good: T
    taken_at: AwareDatetime
    problems: tuple[Problem, ...]
    error: SourceFailure


class Unavailable(ValueObject, frozen=True):
    """No value was ever read; the last request failed."""

    error: SourceFailure


Reading: TypeAlias = Loading | Fresh[T] | Stale[T] | Unavailable


def get_failure(reading: Loading | Fresh[T] | Stale[T] | Unavailable) -> SourceFailure:
    """Return why a reading is not fresh."""
    return reading.error if isinstance(reading, Stale | Unavailable) else SourceFailure("unread", "not read yet")
