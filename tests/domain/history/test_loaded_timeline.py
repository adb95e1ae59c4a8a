"""The timeline that was read so far: whatever arrives in parts, it equals one reading."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.loaded_timeline import (
    MAX_LINES,
    HistoryVersion,
    LoadedTimeline,
    TimelinePage,
    add_newer,
    add_older,
    start_timeline,
    with_problem,
)
from anchor_tui.domain.history.records import HistoryPosition, RecordedChange
from anchor_tui.domain.history.timeline import TimelineEntry, build_timeline
from tests.domain.history.samples import deployment, recorded
from tests.values import ago, replace

VERSION = HistoryVersion(1, 1)


def newest_first(changes: list[RecordedChange]) -> list[RecordedChange]:
    return sorted(changes, key=lambda change: (change.at, change.id), reverse=True)


def page(changes: list[RecordedChange], *, has_older: bool = False) -> TimelinePage:
    end = HistoryPosition(changes[-1].at, changes[-1].id) if has_older and changes else None
    return TimelinePage(tuple(changes), next_position=end)


@given(minutes=st.lists(st.integers(0, 20), max_size=30), data=st.data())
def test_parts_equal_one_reading(minutes: list[int], data: st.DataObject) -> None:
    changes = [recorded(index + 1, "sync", str(minute), minute) for index, minute in enumerate(minutes)]
    written = data.draw(st.integers(0, len(changes)))
    stored = newest_first(changes[:written])
    cut = data.draw(st.integers(0, len(stored)))
    loaded = start_timeline(LoadedTimeline(), page(stored[:cut], has_older=0 < cut < len(stored)), written, VERSION)
    if cut == 0:
        loaded = start_timeline(loaded, page(stored), written, VERSION)
    loaded = add_newer(loaded, page(newest_first(changes[written:])), len(changes), VERSION)
    if (end := loaded.page.next_position) is not None:
        older = [change for change in newest_first(changes) if (change.at, change.id) < end]
        loaded = add_older(loaded, page(older))
    assert loaded.lines == build_timeline(newest_first(changes), ())
    assert loaded.last_id == len(changes)


def test_lines_that_stay_are_the_same_objects() -> None:
    first = start_timeline(LoadedTimeline(), page(list(deployment())), 6, VERSION)
    second = add_newer(first, page([recorded(7, "sync", "OutOfSync")]), 7, HistoryVersion(1, 2))
    assert all(new is old for new, old in zip(second.lines[1:], first.lines, strict=True))
    again = start_timeline(second, page(list(deployment())), 6, HistoryVersion(2, 1))
    assert all(new is old for new, old in zip(again.lines, first.lines, strict=True))


def test_a_line_with_a_new_cause_is_another_object() -> None:
    release, *others = deployment()[2:]
    first = start_timeline(LoadedTimeline(), page([release]), 4, VERSION)
    second = add_older(first, page(others))
    (before,), after = first.lines, second.lines[0]
    assert isinstance(before, TimelineEntry)
    assert isinstance(after, TimelineEntry)
    assert (before.cause_text, after.cause_text) == ("← #233 by m-ito", "← #233 merged ← #233 opened by m-ito")


def test_a_gap_of_two_pages_is_one_line() -> None:
    gap = ObservationGap(ago(minutes=30), ago(minutes=10))
    first = start_timeline(LoadedTimeline(), replace(page([recorded(2, "sync", "a", 5)]), gaps=(gap,)), 2, VERSION)
    second = add_older(first, replace(page([recorded(1, "sync", "b", 50)]), gaps=(gap,)))
    assert [line.key for line in second.lines] == ["change 2", gap.key, "change 1"]


def test_the_number_of_lines_is_limited() -> None:
    changes = [recorded(index, "sync", "a", MAX_LINES - index) for index in range(MAX_LINES, 0, -1)]
    assert not start_timeline(LoadedTimeline(), page(changes, has_older=True), 0, VERSION).has_older
    assert start_timeline(LoadedTimeline(), page(changes[1:], has_older=True), 0, VERSION).has_older


def test_a_problem_keeps_the_lines_and_is_read_again() -> None:
    loaded = start_timeline(LoadedTimeline(), page(list(deployment())), 6, VERSION)
    failed = with_problem(loaded, "the disk is gone")
    assert (failed.lines, failed.version) == (loaded.lines, None)
    assert with_problem(failed, "the disk is gone") is failed
