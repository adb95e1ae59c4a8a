"""The recent past of a file: it equals what was followed, and is not read again without a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import FirstSeen, Snapshot
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, SourceReadings
from anchor_tui.services.history import recorder as recorder_module
from anchor_tui.services.history.recent_past import read_recent_past
from anchor_tui.services.history.recorder import HistoryRecorder
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.domain.history.samples import GATEWAY, health, recorded
from tests.values import NOW, ago, application, argocd, config, fresh, ops_repo, readings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def given(sync: str = "Synced") -> SourceReadings:
    """Return readings that are fresh for a long time."""
    apps = [application(f"anchor-msp-{name}") for name in ("dev", "staging")]
    prod = application("anchor-msp-prod", sync=sync)
    times = {"taken_at": ago(hours=1), "fresh_until": NOW + timedelta(hours=1)}
    return readings(fresh(argocd(*apps, prod), **times), fresh(ops_repo(), **times))


class Watch:
    """A process that records snapshots."""

    def __init__(self, path: Path) -> None:
        self.recorder = HistoryRecorder(path, config())
        self.builder = SnapshotBuilder(config())

    def see(self, at: datetime, what: SourceReadings) -> Snapshot:
        """Record readings and return the next snapshot, which contains what is known then."""
        complete = self._add_recent_past(what)
        self.recorder.record(self.builder.build(complete, at), complete)
        return self.builder.build(self._add_recent_past(what), at)

    def _add_recent_past(self, what: SourceReadings) -> SourceReadings:
        return replace(what, history=HistoryFacts(recent=self.recorder.facts.recent))


def test_another_process_knows_what_was_recorded(path: Path) -> None:
    one = Watch(path)
    one.see(ago(minutes=30), given())
    one.see(ago(minutes=29), given("OutOfSync"))
    one.see(ago(minutes=28), given("OutOfSync"))
    past = read_recent_past(path, config(), ago(minutes=28))
    assert past.seen == one.recorder.facts.recent.seen
    assert {name: spans[-1].verdict for name, spans in past.verdicts.items()} == {
        name: spans[-1].verdict for name, spans in one.recorder.facts.recent.verdicts.items()
    }


def test_after_a_restart_the_first_time_is_kept_and_interrupted(path: Path) -> None:
    one = Watch(path)
    one.see(ago(minutes=30), given())
    one.see(ago(minutes=29), given("OutOfSync"))
    one.recorder.close()
    two = Watch(path)
    two.see(ago(minutes=5), given("OutOfSync"))
    snapshot = two.see(NOW - timedelta(minutes=4, seconds=30), given("OutOfSync"))
    (prod,) = snapshot.environments[2].applications
    assert prod.sync_seen == FirstSeen(ago(minutes=29), observed_start=True, continuous=False)
    assert [(span.since, span.until) for span in snapshot.environments[2].verdicts][-1] == (ago(minutes=5), None)
    assert snapshot.environments[2].verdicts[0].until == ago(minutes=29)


def test_a_snapshot_without_a_change_costs_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(path)
    watch.see(NOW, given("OutOfSync"))
    reads: list[object] = []
    monkeypatch.setattr(recorder_module, "read_recent_past", lambda *args: reads.append(args))
    unchanged = given("OutOfSync")
    first = watch.see(NOW + timedelta(seconds=1), unchanged)
    past = watch.recorder.facts.recent
    for second in range(2, 30):
        again = watch.see(NOW + timedelta(seconds=second), unchanged)
        assert watch.recorder.facts.recent is past
        assert again.environments[0] is first.environments[0]
        assert again.environments[2].applications is first.environments[2].applications
        assert again.environments[2].verdicts is first.environments[2].verdicts
    assert reads == []


def write(path: Path, *changes: RecordedChange) -> None:
    store = HistoryStore(path, ago(days=1), process="host:1:test")
    store.start_session(ago(days=4))
    store.write(HistoryBatch(NOW, tuple(replace(change, id=0) for change in changes)))
    store.close()


def test_the_release_of_a_finding_is_read_from_the_file(path: Path) -> None:
    write(
        path,
        recorded(0, "release", "1.44.0", 60, before="1.43.2", pull_request=228, server_at=ago(minutes=65)),
        recorded(0, "finding", "fail", 60, before="clear", subject="release.pinned", place="a.yaml"),
        recorded(0, "finding", "fail", 50, before=None, subject="argo.at-head"),
    )
    seen = read_recent_past(path, config(), NOW).seen["prod"]
    assert {key.subject: (value.pull_request, value.first.observed_start) for key, value in seen.items()} == {
        "release.pinned": (228, True),
        "argo.at-head": (None, False),
    }


def test_good_values_are_not_read(path: Path) -> None:
    write(path, health(0, "Healthy", before="Degraded"), recorded(0, "sync", "Synced", application=GATEWAY))
    assert read_recent_past(path, config(), NOW).seen == {}


@pytest.mark.parametrize("content", [None, b"not a database" * 500])
def test_a_missing_or_unreadable_file_is_an_empty_past(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    past = read_recent_past(path, config(), NOW)
    assert (past.seen, past.verdicts) == ({}, {})
