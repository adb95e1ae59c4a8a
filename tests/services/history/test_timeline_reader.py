"""The pages of the timeline: complete, in order, with their causes, and cheap however much is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor_tui.domain.history.loaded_timeline import TimelinePage
from anchor_tui.domain.history.records import HistoryFilter, RecordedChange
from anchor_tui.domain.history.timeline import TimelineEntry, build_timeline
from anchor_tui.domain.model import AppId
from anchor_tui.services.history import timeline_reader as module
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from anchor_tui.services.history.timeline_reader import TimelineReader
from tests.domain.history.samples import GATEWAY, deployment, health, recorded
from tests.values import NOW, ago, replace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def write(path: Path, *changes: RecordedChange) -> None:
    """Write changes, oldest first."""
    store = HistoryStore(path, ago(days=1), process="host:1:test")
    ordered = sorted(changes, key=lambda change: change.at)
    store.write(HistoryBatch(NOW, tuple(replace(change, id=0) for change in ordered)))
    store.close()


def read(path: Path, wanted: HistoryFilter | None = None, **options: object) -> TimelinePage:
    with TimelineReader(path) as reader:
        return reader.read_timeline(NOW, wanted or HistoryFilter(), **options)  # type: ignore[arg-type]


def read_pages(path: Path, length: int) -> Iterator[TimelinePage]:
    with TimelineReader(path) as reader:
        page = reader.read_timeline(NOW, length=length)
        yield page
        while page.next_position is not None:
            page = reader.read_timeline(NOW, after=page.next_position, length=length)
            yield page


def flood(number: int, minutes_ago: float, after: str = "Progressing") -> list[RecordedChange]:
    return [
        health(0, after, minutes_ago, application=AppId("argocd", "argocd", f"app-{index}")) for index in range(number)
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 30), max_size=60), length=st.integers(1, 20), selection=st.integers(1, 7))
def test_pages_contain_each_change_once(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], length: int, selection: int
) -> None:
    path = tmp_path_factory.mktemp("pages") / "history.sqlite3"
    write(path, *(recorded(0, "sync", str(index), minute) for index, minute in enumerate(minutes)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SELECTION_LENGTH", selection)
        found = [change for page in read_pages(path, length) for change in page.changes]
    assert sorted(change.after for change in found) == sorted(map(str, range(len(minutes))))
    assert [change.at for change in found] == sorted((change.at for change in found), reverse=True)


def test_a_page_contains_whole_floods(path: Path) -> None:
    write(path, health(0, "Missing", 1), *flood(1_300, 5), *(recorded(0, "sync", str(n), 10 + n) for n in range(900)))
    page = read(path, length=2)
    lines = build_timeline(page.changes, page.gaps, page.evidence)
    assert [len(line.changes) for line in lines[:2] if isinstance(line, TimelineEntry)] == [1, 1_300]
    assert page.next_position is not None


def test_a_page_reads_little_of_a_long_history(path: Path) -> None:
    write(path, *(recorded(0, "sync", str(n), n) for n in range(3_000)))
    assert len(read(path).changes) == 500


def test_first_observations_of_good_values_are_left_out(path: Path) -> None:
    good = {
        "health": "Healthy",
        "sync": "Synced",
        "revision": "a" * 40,
        "application": "found",
        "diagnosis": "",
        "verdict": "ok",
        "finding": "clear",
        "checks": "pending",
        "source": "fresh",
    }
    bad = [
        recorded(0, "health", "Degraded", 2, before=None, application=AppId("argocd", "argocd", "web")),
        recorded(0, "release", "1.44.0", 3, before=None),
        recorded(0, "pull-request", "open", 4, before=None, subject="7"),
        recorded(0, "revision", "b" * 40, 5, before=None, origin="imported", application=GATEWAY),
        recorded(0, "condition", "good", 6),
    ]
    first = (recorded(0, kind, after, before=None, application=GATEWAY) for kind, after in good.items())
    write(path, *first, *bad)
    assert [change.kind for change in read(path).changes] == ["health", "release", "pull-request", "revision"]


def test_causes_on_other_pages_are_found(path: Path) -> None:
    write(path, *deployment(), *(recorded(0, "sync", str(n), 1.5 + n / 1_000) for n in range(2_400)))
    page = read(path, length=1)
    assert "release" not in {change.kind for change in page.changes}
    (first, *_) = build_timeline(page.changes, page.gaps, page.evidence)
    assert isinstance(first, TimelineEntry)
    assert [cause.identity for cause in first.causes][-1] == "opening 233"


def test_filters_select_changes(path: Path) -> None:
    write(path, *deployment(), health(0, "Missing", 30, environment="dev"))
    for wanted, kinds in (
        (HistoryFilter(environments=("dev",)), ["health"]),
        (HistoryFilter(kinds=("release", "checks")), ["release", "checks"]),
        (HistoryFilter(since=ago(minutes=5)), ["health", "revision"]),
        (HistoryFilter(until=ago(minutes=30)), ["pull-request"]),
        (HistoryFilter(application=GATEWAY, kinds=("revision",)), ["revision"]),
    ):
        assert [change.kind for change in read(path, wanted).changes] == kinds


def test_gaps_are_read_with_the_changes_beside_them(path: Path) -> None:
    for started, ended in ((300, 200), (100, 50)):
        store = HistoryStore(path, ago(days=1), process="host:1:test")
        store.start_session(ago(minutes=started))
        store.end_session(ago(minutes=ended))
        store.close()
    write(path, *(recorded(0, "sync", str(n), n / 10) for n in range(600)), health(0, "Missing", 400))
    with TimelineReader(path) as reader:
        newest = reader.read_timeline(NOW, length=10)
        assert [gap.until for gap in newest.gaps] == [None]
        older = reader.read_timeline(NOW, after=newest.next_position)
    assert [gap.until for gap in older.gaps if gap.until is not None] == [ago(minutes=100)]


def test_the_data_version_shows_that_another_process_wrote(path: Path) -> None:
    write(path, health(0, "Missing", 30))
    with TimelineReader(path) as reader:
        version = reader.read_data_version()
        assert reader.read_data_version() == version
        write(path, health(0, "Degraded", 20))
        assert reader.read_data_version() != version


def test_an_application_is_found_by_its_name(path: Path) -> None:
    other = AppId("second", "argocd", "gateway")
    write(path, health(0, "Missing", 1), health(0, "Missing", 2, application=other))
    with TimelineReader(path) as reader:
        assert reader.find_applications("gateway") == (GATEWAY, other)
        assert reader.find_applications("second:argocd/gateway") == (other,)
        assert reader.find_applications("argocd/other") == ()
        assert reader.list_environments() == ("prod",)


def test_old_changes_do_not_hide_behind_their_observation(path: Path) -> None:
    write(path, health(0, "Degraded", 0, server_at=NOW - timedelta(days=3)), recorded(0, "sync", "OutOfSync", 5))
    assert [change.kind for change in read(path).changes] == ["sync", "health"]
