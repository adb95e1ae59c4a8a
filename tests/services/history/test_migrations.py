"""Files of earlier versions: each released version has a fixture, and stays readable."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from anchor_tui.services.history import migrations
from anchor_tui.services.history.migrations import MIGRATIONS, NEWEST_VERSION, migrate
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.store import HistoryStore
from tests.values import NOW

FIXTURES = Path(__file__).parent / "fixtures"
"""The SQL dump of a history of each version, `version-N.sql`."""


@pytest.mark.parametrize("version", range(1, NEWEST_VERSION + 1))
def test_a_file_of_each_version_keeps_its_content(tmp_path: Path, version: int) -> None:
    path = tmp_path / "history.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / f"version-{version}.sql").read_text())
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    connection.close()
    store = HistoryStore(path, NOW)
    assert store.message == ""
    assert [state.value for state in store.states.values()] == ["Degraded"]
    assert store.imported == {"release prod 1"}
    store.close()
    with HistoryReader(path) as reader:
        (change,) = reader.read_page().changes
        assert (change.kind, change.before, change.after) == ("health", "Healthy", "Degraded")
        assert change.facts == {"reason": "a test"}
        assert reader.read_good_releases()[0].version == "1.43.1"
        assert len(reader.read_sessions()) == 1
    assert read_schema(path) == read_schema(make_new_file(tmp_path))


def make_new_file(folder: Path) -> Path:
    path = folder / "new.sqlite3"
    HistoryStore(path, NOW).close()
    return path


def read_schema(path: Path) -> set[tuple[str, str]]:
    connection = sqlite3.connect(path)
    found = set(connection.execute("SELECT name, sql FROM sqlite_schema"))
    connection.close()
    return found


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_new_file(tmp_path)
    before = read_schema(path)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE extra (a); CREATE TABLE extra (a)"))
    monkeypatch.setattr(migrations, "NEWEST_VERSION", NEWEST_VERSION + 1)
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST_VERSION,)
    connection.close()
    assert read_schema(path) == before


def test_a_further_migration_is_applied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_new_file(tmp_path)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE extra (a)"))
    monkeypatch.setattr(migrations, "NEWEST_VERSION", NEWEST_VERSION + 1)
    for _ in range(2):
        HistoryStore(path, NOW).close()
    assert "extra" in {name for name, _ in read_schema(path)}
