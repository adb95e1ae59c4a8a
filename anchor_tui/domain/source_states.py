"""The states of the sources at the instant of a snapshot: whether their last readings are still trusted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar, assert_never

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Problem, SourceFailure, SourceState
from anchor_tui.domain.readings import Fresh, Loading, Reading, Stale, Unavailable
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData

T = TypeVar("T")
GITHUB_SOURCE_ID = "github"
CLOCK_TOLERANCE = timedelta(seconds=2)
"""A clock may be corrected by so much without an effect on the readings."""


def expire_reading(reading: Reading[T], now: datetime) -> Reading[T]:
    """Turn a fresh reading past its `fresh_until` into a stale one: its source may have stopped without an error.

    The age of a reading from the future is unknown, because the local clock was set back. It is stale until its source
    responds.
    """
    if isinstance(reading, Fresh) and reading.taken_at - now > CLOCK_TOLERANCE:
        jump = SourceFailure("clock", "the local clock was set back since the source responded; its age is unknown")
        return Stale(reading.value, reading.taken_at, reading.problems, jump)
    if not isinstance(reading, Fresh) or now <= reading.fresh_until:
        return reading
    silence = SourceFailure("silent", "the source has not responded since then")
    return Stale(reading.value, reading.taken_at, reading.problems, silence)


def get_latest_value(reading: Reading[T] | None) -> T | None:
    """Return the latest good value, fresh or stale; None if there is none. None is a reading that was not requested."""
    match reading:
        case Fresh(value=value) | Stale(last_good=value):
            return value
        case Loading() | Unavailable() | None:
            return None
        case _:
            assert_never(reading)


def keep_last_value(before: Reading[T] | None, reading: Reading[T]) -> Reading[T]:
    """Return a new reading; a part that cannot be read any more keeps its last value as stale."""
    if isinstance(reading, Unavailable) and isinstance(before, Fresh | Stale):
        last = before.value if isinstance(before, Fresh) else before.last_good
        return Stale(last, before.taken_at, (), reading.error)
    return reading


def get_reading_problems(reading: Reading[Any]) -> tuple[Problem, ...]:
    """Return the failures of parts of a source that did respond."""
    return reading.problems if isinstance(reading, Fresh | Stale) else ()


def build_argocd_state(name: str, reading: Reading[ArgoCDData], config: Config, now: datetime) -> SourceState:
    """Return the state of an Argo CD."""
    server = next(server for server in config.servers_in_use if server.name == name)
    value = get_latest_value(reading)
    state = SourceState(id=name, kind="argocd", url=value.url if value else server.server)
    if value:
        state = replace(state, version=value.version, latency_ms=value.latency_ms)
    return _apply_reading(state, reading, now)


def build_github_state(reading: Reading[OpsRepoData], config: Config, now: datetime) -> SourceState:
    """Return the state of GitHub."""
    value = get_latest_value(reading)
    state = SourceState(id=GITHUB_SOURCE_ID, kind="github", url=value.url if value else config.github.api_url)
    if value:
        state = replace(state, latency_ms=value.latency_ms, budget=value.budget)
    return _apply_reading(state, reading, now)


def _apply_reading(state: SourceState, reading: Reading[T], now: datetime) -> SourceState:
    match reading:
        case Loading():
            return state
        case Unavailable(error=error):
            return replace(state, state="missing", error=error)
        case Fresh(taken_at=taken_at):
            return replace(state, state="fresh", taken_at=taken_at, age_s=_measure_age_s(taken_at, now))
        case Stale(taken_at=taken_at, error=error):
            return replace(state, state="stale", taken_at=taken_at, age_s=_measure_age_s(taken_at, now), error=error)
        case _:
            assert_never(reading)


def _measure_age_s(taken_at: datetime, now: datetime) -> float:
    return round(max(0.0, (now - taken_at).total_seconds()), 1)
