"""The length of the runs of a release, and the share of the observed time in which it was healthy."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.records import RecordedChange, WatchSession
from anchor_tui.domain.history.release_runs import (
    ReleaseRun,
    identify_condition,
    join_sessions,
    measure_release_runs,
)
from tests.values import NOW


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def released(content: str, minute: float) -> RecordedChange:
    return RecordedChange("release", content, at(minute), environment="prod", identity=content)


def became(condition: str, content: str, minute: float) -> RecordedChange:
    identity = identify_condition(condition, content)
    return RecordedChange("condition", condition, at(minute), environment="prod", identity=identity)


def watched(start: float, end: float | None) -> WatchSession:
    return WatchSession(at(start), None if end is None else at(end))


def minutes(run: ReleaseRun) -> tuple[float | None, float, float]:
    minute = timedelta(minutes=1)
    return None if run.ran is None else run.ran / minute, run.observed / minute, run.good / minute


def test_only_observed_time_counts_for_health() -> None:
    conditions = [became("good", "a", 10), became("bad", "a", 40), became("good", "b", 60)]
    runs = measure_release_runs([released("a", 0), released("b", 50)], conditions, [watched(10, 100)], at(100))
    assert minutes(runs["a"]) == (50, 50, 30)
    assert minutes(runs["b"]) == (50, 40, 40)
    assert runs["a"].good_share == 0.6


def test_a_gap_is_not_healthy_time() -> None:
    runs = measure_release_runs([], [became("good", "a", 0)], [watched(0, 10), watched(50, None)], at(60))
    assert minutes(runs["a"]) == (None, 20, 20)


def test_sleep_and_unknown_time_do_not_count() -> None:
    conditions = [became("good", "a", 0), became("asleep", "a", 10), became("unknown", "a", 20), became("bad", "a", 30)]
    runs = measure_release_runs([], conditions, [watched(0, None)], at(40))
    assert minutes(runs["a"]) == (None, 20, 10)


def test_an_imported_release_has_no_share() -> None:
    runs = measure_release_runs([released("a", 0), released("b", 5)], [], [], at(10))
    assert minutes(runs["a"]) == (5, 0, 0)
    assert runs["a"].good_share is None


def test_a_release_that_returned_adds_up() -> None:
    changes = [released("a", 0), released("b", 5), released("a", 7)]
    assert minutes(measure_release_runs(changes, [], [], at(10))["a"])[0] == 8


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted), max_size=8)
CONDITIONS = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["good", "bad", "asleep", "unknown"]), st.sampled_from("ab")),
    max_size=8,
)


@given(SPANS, CONDITIONS)
def test_good_time_is_within_the_observed_and_watched_time(
    spans: list[list[int]], conditions: list[tuple[int, str, str]]
) -> None:
    sessions = [watched(start, end) for start, end in spans]
    changes = [became(condition, content, minute) for minute, condition, content in conditions]
    runs = measure_release_runs([], changes, sessions, at(60))
    total = sum((end - start for start, end in join_sessions(sessions, at(60))), timedelta())
    assert all(timedelta() <= run.good <= run.observed for run in runs.values())
    assert sum((run.observed for run in runs.values()), timedelta()) <= total


@given(SPANS)
def test_joined_sessions_do_not_overlap(spans: list[list[int]]) -> None:
    joined = join_sessions([watched(start, end) for start, end in spans], at(60))
    assert all(one[1] < other[0] for one, other in pairwise(joined))
