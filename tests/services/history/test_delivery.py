"""Delivery metrics read from a history file: what is read again, and what is not watched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.config.model import HistoryConfig
from anchor_tui.domain.history.application_states import STATE_KINDS
from anchor_tui.domain.history.records import APP_COMMIT, HistoryFilter, RecordedChange
from anchor_tui.domain.model import DeliveryWindow
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, build_snapshot
from anchor_tui.services.history import delivery as module
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.delivery import CHECK_EVERY, REFRESH_EVERY, DeliveryCache, DeliveryMeter, read_delivery
from anchor_tui.services.history.facts_reader import read_history_facts
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.recorder import HistoryRecorder
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests import rich
from tests.domain.history.delivery_values import START, WEB, at, begin, change, deploy, fail, state
from tests.values import NOW, ago, config, environment_config, fresh, ops_repo, readings, replace

DAY = 24 * 60
ENVIRONMENTS = tuple(environment_config(name) for name in ("staging", "prod"))
FIVE = tuple(item for day in range(1, 6) for item in deploy(day * DAY, f"1.{day}"))
OUTAGES = tuple(item for day in range(6, 11) for item in fail(day * DAY, 20))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "engine-0.sqlite3"


def write(path: Path, *changes: RecordedChange, watched: tuple[float, float] | None = (0, 20 * DAY)) -> None:
    """Write changes in the order of observation, and the session that saw them."""
    store = HistoryStore(path, START)
    if watched is not None:
        store.start_session(at(watched[0]))
    for item in sorted(changes, key=lambda item: item.observed_at):
        store.write(HistoryBatch(item.observed_at, (item,)))
    if watched is not None:
        store.end_session(at(watched[1]))
    store.close()


def read_month(path: Path, name: str = "prod") -> DeliveryWindow:
    return read_delivery(path, ENVIRONMENTS, NOW)[name][1]


def test_the_metrics_of_a_file_have_exact_values(path: Path) -> None:
    write(path, *begin(), *FIVE, *OUTAGES)
    window = read_month(path)
    assert window.deployment_frequency.value == pytest.approx(5 / 20)
    assert (window.lead_time.value, window.lead_time.count) == (300, 5)
    assert (window.change_failure_rate.value, window.change_failure_rate.count) == (0, 5)
    assert (window.time_to_restore.value, window.time_to_restore.count) == (1200, 5)


def test_an_environment_without_changes_is_unknown(path: Path) -> None:
    write(path, *begin(), *FIVE)
    assert read_month(path, "staging").deployment_frequency.state == "unknown"


@pytest.mark.parametrize("source", ["argocd", "github"])
def test_a_time_without_a_source_is_not_watched(path: Path, source: str) -> None:
    lost = change("source", 7 * DAY + 10, "stale", "fresh", environment="", subject=source)
    found = change("source", 7 * DAY + 15, "fresh", "stale", environment="", subject=source)
    write(path, *begin(), *FIVE, *OUTAGES, lost, found)
    assert (read_month(path).time_to_restore.count, read_month(path).time_to_restore.excluded) == (4, 1)


def test_a_source_of_another_environment_does_not_matter(path: Path) -> None:
    lost = change("source", 7 * DAY + 10, "stale", "fresh", environment="", subject="other")
    write(path, *begin(), *OUTAGES, lost)
    assert read_month(path).time_to_restore.count == 5


def test_nothing_is_watched_without_a_session(path: Path) -> None:
    write(path, *begin(), *FIVE, *OUTAGES, watched=None)
    window = read_month(path)
    assert window.watched_s == 0
    assert window.time_to_restore.state == "unknown"


def test_the_time_after_a_kill_is_not_watched(path: Path) -> None:
    store = HistoryStore(path, START, process="999999999@elsewhere")
    store.start_session(START)
    for item in (*begin(), *FIVE, *OUTAGES[:3]):
        store.write(HistoryBatch(item.observed_at, (item,)))
    store.close()
    assert read_month(path).watched_s == pytest.approx((7 * DAY) * 60)


def test_a_state_older_than_the_window_is_its_first_value(path: Path) -> None:
    old = [replace(item, observed_at=NOW - timedelta(days=100)) for item in begin()[1:]]
    write(path, *old, *OUTAGES)
    assert read_month(path).time_to_restore.value == 1200


def test_an_application_that_never_changed_is_synced_and_healthy(path: Path) -> None:
    first = [replace(item, application=WEB) for item in begin() if item.kind in STATE_KINDS]
    write(path, *begin(), *first, *FIVE)
    assert read_month(path).lead_time.count == 5


def test_a_first_observation_of_an_unhealthy_application_counts(path: Path) -> None:
    first = state("health", 0, "Progressing", application=WEB)
    write(path, *begin(), first, *FIVE)
    assert read_month(path).lead_time.count == 0


def test_an_application_that_appears_later_has_its_first_values(path: Path) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    cache.update(NOW)
    first = [replace(item, application=WEB, observed_at=at(6 * DAY)) for item in begin() if item.kind in STATE_KINDS]
    failed = [replace(item, application=WEB) for item in fail(7 * DAY, 20)]
    write(path, *first, *failed, *deploy(8 * DAY, "1.8"), watched=None)
    month = cache.update(NOW + CHECK_EVERY)["prod"][1]
    assert (month.time_to_restore.count, month.lead_time.count) == (1, 6)


def test_later_changes_give_the_same_as_a_new_reading(path: Path) -> None:
    changes = sorted((*begin(), *FIVE, *OUTAGES), key=lambda item: item.observed_at)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    for number, item in enumerate(changes):
        write(path, item, watched=(0, 20 * DAY) if not number else None)
        measured = cache.update(NOW + CHECK_EVERY * number)
    now = NOW + CHECK_EVERY * len(changes) + REFRESH_EVERY
    assert measured
    assert cache.update(now) == read_delivery(path, ENVIRONMENTS, now)


# --- what is done again ------------------------------------------------------------------------------


class Counter:
    """Counts the calls of a function of the module."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.calls: list[tuple[Any, ...]] = []
        original = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls.append(arguments)
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)


def test_the_file_is_opened_once_a_minute(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, *begin(), *FIVE)
    opened = Counter(monkeypatch, module, "DeliveryReader")
    cache = DeliveryCache(path, ENVIRONMENTS)
    results = [cache.update(NOW + timedelta(seconds=second)) for second in range(65)]
    assert len(opened.calls) == 1
    assert results[4] == {}
    assert results[5] is results[64]
    assert set(results[5]) == {"staging", "prod"}


def test_nothing_is_measured_without_a_change(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    first = cache.update(NOW)
    measured = Counter(monkeypatch, module, "measure_delivery")
    assert cache.update(NOW + CHECK_EVERY) is first
    assert measured.calls == []


def test_only_the_environment_of_a_change_is_measured(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    first = cache.update(NOW)
    write(path, change("finding", 20 * DAY, "fail"), state("health", 20 * DAY, "Degraded", "Healthy"), watched=None)
    measured = Counter(monkeypatch, module, "measure_delivery")
    second = cache.update(NOW + CHECK_EVERY)
    assert len(measured.calls) == 1
    assert second["staging"] is first["staging"]
    assert second["prod"][1].time_to_restore.excluded == 1


def test_a_finding_is_not_a_reason_to_measure(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, *begin())
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    first = cache.update(NOW)
    write(path, change("finding", 20 * DAY, "fail"), watched=None)
    assert cache.update(NOW + CHECK_EVERY) is first


def test_the_windows_move_after_a_quarter_of_an_hour(path: Path) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    cache.update(NOW)
    later = NOW + REFRESH_EVERY
    assert cache.update(later)["prod"][0].until == later


# --- files that are of no use ------------------------------------------------------------------------


def test_without_a_file_there_is_nothing(path: Path) -> None:
    assert DeliveryCache(path, ENVIRONMENTS, timedelta()).update(NOW) == {}
    with pytest.raises(HistoryError):
        read_delivery(path, ENVIRONMENTS, NOW)


def test_a_damaged_file_leaves_no_old_values(path: Path) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    assert cache.update(NOW)
    path.write_bytes(b"x" * 8192)
    assert cache.update(NOW + CHECK_EVERY) == {}


def test_a_replaced_file_is_read_from_its_start(path: Path) -> None:
    write(path, *begin(), *FIVE)
    cache = DeliveryCache(path, ENVIRONMENTS, timedelta())
    cache.update(NOW)
    for file in path.parent.iterdir():
        file.unlink()
    write(path, *begin())
    assert cache.update(NOW + CHECK_EVERY)["prod"][1].deployment_frequency.count == 0


def test_a_meter_of_an_empty_file_has_unknown_metrics(path: Path) -> None:
    HistoryStore(path, NOW).close()
    reader = module.DeliveryReader(path)
    measured = DeliveryMeter(ENVIRONMENTS).measure(reader, NOW)
    reader.close()
    assert measured["prod"][1].lead_time.state == "unknown"


def test_a_command_reads_the_metrics_of_its_estate(tmp_path: Path) -> None:
    it = config(*ENVIRONMENTS)
    assert read_history_facts(it, tmp_path, NOW).delivery == {}
    write(find_history_file(it, tmp_path), *begin(), *FIVE)
    assert read_history_facts(it, tmp_path, NOW).delivery["prod"][1].lead_time.count == 5
    off = replace(it, history=HistoryConfig(keep_days=0))
    assert read_history_facts(off, tmp_path, NOW).delivery == {}


def test_a_history_that_cannot_be_read_costs_a_command_nothing(tmp_path: Path) -> None:
    path = find_history_file(config(), tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage" * 100)
    assert read_history_facts(config(), tmp_path, NOW).delivery == {}


def test_the_recorder_measures_what_it_has_recorded(path: Path) -> None:
    recorder = HistoryRecorder(path, config())
    for seconds in (5, 0):
        assert recorder.facts.delivery == {}
        recorder.record(build_snapshot(config(), readings(), ago(seconds=seconds)), readings())
    first = recorder.facts.delivery
    assert set(first) == {"dev", "staging", "prod"}
    recorder.record(build_snapshot(config(), readings(), ago(seconds=-5)), readings())
    assert recorder.facts.delivery is first
    recorder.close()


def test_the_time_of_a_commit_is_imported_once(path: Path) -> None:
    commit, committed_at = "c" * 40, ago(hours=9)
    repo = ops_repo(commit_times={commit: committed_at})
    for _ in range(2):
        recorder = HistoryRecorder(path, config())
        data = readings(repo=fresh(repo))
        recorder.record(build_snapshot(config(), data, NOW), data)
        recorder.close()
    with HistoryReader(path) as reader:
        (found,) = reader.read_changes(HistoryFilter(kinds=(APP_COMMIT,)))
    assert (found.subject, found.at, found.origin) == (commit, committed_at, "imported")


def test_a_known_commit_makes_the_lead_time_longer(path: Path) -> None:
    named = [replace(item, commit=f"commit {item.after}") if item.kind == "release" else item for item in FIVE]
    commits = [
        change(APP_COMMIT, day * DAY, "merged", environment="", subject=f"commit 1.{day}", server_at=at(day * DAY - 60))
        for day in range(1, 6)
    ]
    write(path, *begin(), *named, *commits)
    assert read_month(path).lead_time.value == 3600 + 300


def test_an_environment_with_the_same_metrics_is_the_same_object() -> None:
    builder = SnapshotBuilder(config())
    measured = {"prod": (rich.DELIVERY,)}
    data = readings(history=HistoryFacts(delivery=measured))
    first, second = (
        builder.build(data, NOW),
        builder.build(replace(data, history=HistoryFacts(delivery=dict(measured))), NOW),
    )
    assert first.environments[2].delivery is measured["prod"]
    assert second.environments[2] is first.environments[2]
