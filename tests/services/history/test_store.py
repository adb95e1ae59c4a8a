"""The history file: what is written, what two processes share, and what becomes of a file that is of no use."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.records import GoodRelease, HistoryFilter, RecordedChange
from anchor_tui.domain.model import AppId
from anchor_tui.services.history import store as module
from anchor_tui.services.history.database import DamagedHistoryError, HistoryError, set_aside
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.values import NOW, config, replace

GATEWAY = AppId("argocd", "argocd", "gateway")


def change(after: str | None, minutes: float = 0, **changes: object) -> RecordedChange:
    at = NOW + timedelta(minutes=minutes)
    base = RecordedChange("verdict", after, at, environment="prod", application=GATEWAY)
    return replace(base, **changes)


def batch(*changes: RecordedChange, **others: object) -> HistoryBatch:
    return replace(HistoryBatch(NOW, changes), **others)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history" / "engine-0.sqlite3"


@pytest.fixture
def store(path: Path) -> HistoryStore:
    return HistoryStore(path, NOW)


def read_all(path: Path) -> tuple[RecordedChange, ...]:
    with HistoryReader(path) as reader:
        return reader.read_changes()


def read_values(path: Path) -> list[tuple[str | None, str | None]]:
    return [(item.before, item.after) for item in read_all(path)]


def test_a_change_reads_back_as_it_was_written(store: HistoryStore, path: Path) -> None:
    complete = change(
        "Degraded",
        before="Healthy",
        subject="check",
        place="Deployment/gateway",
        server_at=NOW - timedelta(minutes=3),
        detail="a text, ünï",
        severity="error",
        pull_request=232,
        commit="c" * 40,
        actor="kim",
        identity="other",
        cause_id=7,
        facts={"url": "https://example.com"},
    )
    (stored,) = store.write(batch(complete))
    assert read_all(path) == (stored,)
    assert stored == replace(complete, id=stored.id)


def test_a_value_that_the_file_has_is_not_written(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy")))
    before = path.with_name(path.name + "-wal").stat()
    assert store.write(batch()) == ()
    assert path.with_name(path.name + "-wal").stat() == before
    assert store.write(batch(change("Healthy", 1))) == ()
    assert read_values(path) == [(None, "Healthy")]


def test_repetitions_within_one_batch_are_written_once(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy"), change("Healthy", 1), change("Degraded", 2), change("Healthy", 3)))
    assert read_values(path) == [(None, "Healthy"), ("Healthy", "Degraded"), ("Degraded", "Healthy")]


def test_the_identity_decides_if_a_release_is_another(store: HistoryStore, path: Path) -> None:
    store.write(
        batch(change("1.44.0", kind="release", identity="a"), change("1.44.0", 1, kind="release", identity="b"))
    )
    assert read_values(path) == [(None, "1.44.0"), ("1.44.0", "1.44.0")]


def test_two_processes_record_one_change_once(store: HistoryStore, path: Path) -> None:
    other = HistoryStore(path, NOW, process="other")
    store.write(batch(change("Healthy")))
    assert other.write(batch(change("Healthy", 1))) == ()
    other.write(batch(change("Degraded", 2)))
    assert store.write(batch(change("Degraded", 3))) == ()
    store.write(batch(change("Healthy", 4)))
    assert read_values(path) == [(None, "Healthy"), ("Healthy", "Degraded"), ("Degraded", "Healthy")]


def test_an_observation_older_than_the_file_is_dropped(store: HistoryStore, path: Path) -> None:
    other = HistoryStore(path, NOW, process="other")
    store.write(batch(change("Degraded"), change("Healthy", 5, server_at=NOW)))
    assert other.write(batch(change("Degraded", 1))) == ()
    assert other.write(batch(change("Degraded", 9, server_at=NOW - timedelta(minutes=1)))) == ()
    assert len(other.write(batch(forced=(change("Degraded", 9),)))) == 1
    assert read_values(path)[-1] == ("Healthy", "Degraded")


def test_a_refresh_returns_what_others_changed(store: HistoryStore, path: Path) -> None:
    other = HistoryStore(path, NOW, process="other")
    other.write(batch(change("Healthy")))
    assert store.refresh() == {change("Healthy").key: None}
    assert store.states[change("Healthy").key].value == "Healthy"
    assert store.refresh() is None


def test_a_restart_compares_with_the_file(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy")))
    store.close()
    again = HistoryStore(path, NOW)
    assert again.write(batch(change("Healthy", 60))) == ()
    assert again.write(batch(change("Degraded", 61)))[0].before == "Healthy"


@pytest.mark.parametrize(("kind", "value"), [("health", "Healthy"), ("finding", "clear"), ("revision", "c" * 40)])
def test_only_the_state_of_a_usual_first_value_is_written(
    store: HistoryStore, path: Path, kind: str, value: str
) -> None:
    other = HistoryStore(path, NOW, process="other")
    assert store.write(batch(change(value, kind=kind))) == ()
    assert other.write(batch(change(value, 1, kind=kind))) == ()
    assert other.states[change(value, kind=kind).key].value == value
    other.write(batch(change("bad", 2, kind=kind), change(value, 3, kind=kind)))
    assert read_values(path) == [(value, "bad"), ("bad", value)]


def test_a_bad_first_value_is_a_change(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Degraded", kind="health"), change("fail", kind="finding")))
    assert read_values(path) == [(None, "Degraded"), (None, "fail")]


def test_local_actions_are_always_written(store: HistoryStore, path: Path) -> None:
    action = change("done", kind="action", origin="local")
    store.write(batch(action, action))
    assert len(read_all(path)) == 2
    assert store.states == {}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from(["1", "2", None])), max_size=30))
def test_writers_lose_and_double_no_change(writes: list[tuple[bool, str, str | None]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "h" / "x.sqlite3"
        stores = [HistoryStore(path, NOW, process=str(number)) for number in range(2)]
        expected: list[tuple[str, str | None]] = []
        values: dict[str, str | None] = {}
        for minute, (is_second, subject, value) in enumerate(writes):
            stores[is_second].write(batch(change(value, minute, subject=subject)))
            if subject not in values or values[subject] != value:
                expected.append((subject, value))
            values[subject] = value
        assert [(item.subject, item.after) for item in read_all(path)] == expected
        for store in stores:
            store.refresh()
            assert {key.subject: state.value for key, state in store.states.items()} == values
            store.close()


# --- the file --------------------------------------------------------------------------------------------


def test_file_and_folder_are_private(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy")))
    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}
    assert {f"{path.name}-wal", f"{path.name}-shm", path.name} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def write_garbage(path: Path) -> None:
    path.write_bytes(b"not a database" * 1_000)


def write_newer_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def write_foreign_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (a)")
    connection.close()


def truncate(path: Path) -> None:
    HistoryStore(path, NOW).close()
    os.truncate(path, 5_000)


@pytest.mark.parametrize("damage", [write_garbage, write_newer_version, write_foreign_tables, truncate])
def test_a_useless_file_is_set_aside_and_replaced(path: Path, damage: object) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    damage(path)  # type: ignore[operator]
    content = path.read_bytes()
    store = HistoryStore(path, NOW)
    (aside,) = path.parent.glob("*.aside-*.sqlite3")
    assert aside.name in store.message
    assert aside.read_bytes() == content
    store.write(batch(change("Healthy")))
    assert read_values(path) == [(None, "Healthy")]
    store.close()
    assert HistoryStore(path, NOW).message == ""


def test_damage_in_a_page_is_found_later(store: HistoryStore, path: Path) -> None:
    store.write(batch(*(change(str(number), number, detail="x" * 500) for number in range(300))))
    store.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 8_192)
    again = HistoryStore(path, NOW)
    with pytest.raises(DamagedHistoryError, match="damaged"):
        again.check()


def test_two_files_set_aside_have_different_names(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    for seconds in (0, 0.001):
        write_garbage(path)
        set_aside(path, NOW + timedelta(seconds=seconds), "damaged")
    assert len(list(path.parent.iterdir())) == 2


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    path.touch(0o600)
    assert HistoryStore(path, NOW).message == ""


def test_a_locked_file_is_reported_and_written_later(
    store: HistoryStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match="another process has locked it"):
        store.write(batch(change("Healthy")))
    other.execute("ROLLBACK")
    other.close()
    store.write(batch(change("Healthy")))
    assert read_values(path) == [(None, "Healthy")]


def test_a_full_disk_is_reported_and_loses_nothing(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy")))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = tuple(change(str(number), number, detail="x" * 2_000) for number in range(50))
    with pytest.raises(HistoryError, match="the disk is full"):
        store.write(batch(*many))
    assert read_values(path) == [(None, "Healthy")]
    store._connection.execute("PRAGMA max_page_count = 100000")
    assert len(store.write(batch(*many))) == 50


def test_a_read_only_folder_is_reported(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path.parent.parent.mkdir(parents=True)
    path.parent.parent.chmod(0o500)
    with pytest.raises(HistoryError, match="Permission denied"):
        HistoryStore(path, NOW)


def test_a_folder_of_others_is_refused(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    path.parent.chmod(0o777)
    with pytest.raises(HistoryError, match="other accounts can write its folder"):
        HistoryStore(path, NOW)


def test_tokens_and_surrogates_do_not_reach_the_file(store: HistoryStore, path: Path) -> None:
    token = "ghp_" + "a1" * 18
    dirty = f"bad \ud800\x00 {token}"
    foreign = change(dirty, subject=dirty, detail=dirty, facts={"url": f"https://user:{token}@host/"})
    store.write(batch(foreign))
    assert store.write(batch(replace(foreign, observed_at=NOW + timedelta(minutes=1)))) == ()
    store.close()
    assert token.encode() not in path.read_bytes()
    assert read_all(path)[0].detail == "bad \ufffd ****"


def test_each_estate_has_its_own_file(tmp_path: Path) -> None:
    one = config()
    others = [
        replace(one, engine_id="other"),
        replace(one, github=replace(one.github, ops_repo="anchor/other")),
        replace(one, github=replace(one.github, api_url="https://example.com")),
    ]
    paths = {find_history_file(item, tmp_path) for item in (one, *others)}
    assert len(paths) == 4
    assert find_history_file(one, tmp_path) == find_history_file(config(), tmp_path)


# --- good releases, sessions, retention ---------------------------------------------------------------


def good(version: str, since: float, qualified: float, seen: float) -> GoodRelease:
    times = (NOW + timedelta(minutes=minutes) for minutes in (since, qualified, seen))
    return GoodRelease("prod", version, version, "c", *times)


def test_good_releases_are_read_newest_first(store: HistoryStore, path: Path) -> None:
    store.write(batch(good_releases=(good("1", 0, 10, 10), good("2", 20, 30, 30))))
    store.write(batch(good_releases=(good("1", 40, 50, 60),)))
    with HistoryReader(path) as reader:
        found = reader.read_good_releases("prod")
        assert [item.version for item in found] == ["1", "2"]
        assert found[0] == good("1", 40, 50, 60)
        assert reader.read_good_releases("dev") == ()


def test_a_second_process_does_not_qualify_a_run_again(store: HistoryStore, path: Path) -> None:
    store.write(batch(good_releases=(good("1", 0, 10, 10),)))
    store.write(batch(good_releases=(good("1", 3, 13, 13),)))
    with HistoryReader(path) as reader:
        assert reader.read_good_releases() == (good("1", 0, 10, 13),)


def test_a_session_lasts_while_its_process_runs(store: HistoryStore, path: Path) -> None:
    store.start_session(NOW)
    with HistoryReader(path) as reader:
        assert reader.read_sessions()[0].ended_at is None
        store.end_session(NOW + timedelta(minutes=5))
        assert reader.read_sessions()[0].ended_at == NOW + timedelta(minutes=5)


def test_a_killed_process_watched_until_its_last_change(path: Path) -> None:
    dead = HistoryStore(path, NOW, process=f"{os.uname().nodename}:4194305:x")
    dead.start_session(NOW)
    dead.write(replace(batch(change("Healthy")), at=NOW + timedelta(minutes=2)))
    with HistoryReader(path) as reader:
        assert reader.read_sessions()[0].ended_at == NOW + timedelta(minutes=2)
    HistoryStore(path, NOW).start_session(NOW + timedelta(minutes=60))
    rows = sqlite3.connect(path).execute("SELECT ended_at IS NOT NULL FROM sessions ORDER BY id").fetchall()
    assert rows == [(1,), (0,)]


def test_old_changes_are_deleted_in_small_parts(
    store: HistoryStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRUNE_ROWS", 2)
    store.write(batch(*(change(str(minute), minute) for minute in range(6))))
    counts = [store.prune(NOW + timedelta(minutes=5)) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
    assert read_values(path) == [("4", "5")]
    assert store.write(batch(change("9", 9)))[0].before == "5"


def test_nothing_to_prune_writes_nothing(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("1")))
    before = path.with_name(path.name + "-wal").stat()
    store.prune(NOW - timedelta(days=1))
    assert path.with_name(path.name + "-wal").stat() == before


# --- reading -------------------------------------------------------------------------------------------


def test_pages_contain_every_change_once(store: HistoryStore, path: Path) -> None:
    store.write(batch(*(change(str(number), number // 3) for number in range(10))))
    seen, position = [], None
    with HistoryReader(path) as reader:
        while True:
            page = reader.read_page(after=position, length=4)
            seen += [item.after for item in page.changes]
            position = page.next_position
            if position is None:
                break
    assert seen == [str(number) for number in reversed(range(10))]


def test_pages_of_several_kinds_and_environments_are_one_order(store: HistoryStore, path: Path) -> None:
    kinds, names = ("health", "sync", "verdict"), ("dev", "staging", "prod")
    store.write(
        batch(
            *(
                change(str(number), number // 2, kind=kinds[number % 3], environment=names[number // 3 % 3])
                for number in range(40)
            )
        )
    )
    wanted = HistoryFilter(environments=("prod", "dev"), kinds=("sync", "health"))
    seen: list[RecordedChange] = []
    position = None
    with HistoryReader(path) as reader:
        while not seen or position is not None:
            page = reader.read_page(wanted, position, 3)
            seen += page.changes
            position = page.next_position
        assert tuple(reversed(seen)) == reader.read_changes(wanted)
    assert {(item.kind, item.environment) for item in seen} == {
        (kind, name) for kind in wanted.kinds for name in wanted.environments
    }


def test_a_change_during_reading_shifts_no_page(store: HistoryStore, path: Path) -> None:
    store.write(batch(*(change(str(number), number) for number in range(4))))
    with HistoryReader(path) as reader:
        first = reader.read_page(length=2)
        store.write(batch(change("new", 9)))
        assert [item.after for item in reader.read_page(after=first.next_position, length=2).changes] == ["1", "0"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (HistoryFilter(environments=("dev",)), ["d"]),
        (HistoryFilter(kinds=("sync",)), ["s"]),
        (HistoryFilter(application=AppId("argocd", "argocd", "web")), ["w"]),
        (HistoryFilter(subject="check"), ["c"]),
        (HistoryFilter(pull_request=5), ["p"]),
        (HistoryFilter(origins=("imported",)), ["i"]),
        (HistoryFilter(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)), ["s", "w"]),
    ],
)
def test_a_filter_selects_changes(store: HistoryStore, path: Path, wanted: HistoryFilter, expected: list[str]) -> None:
    store.write(
        batch(
            change("d", 1, environment="dev"),
            change("s", 2, kind="sync"),
            change("w", 3, application=AppId("argocd", "argocd", "web")),
            change("c", 4, subject="check"),
            change("p", 5, pull_request=5),
            change("i", 6, origin="imported"),
        )
    )
    with HistoryReader(path) as reader:
        assert [item.after for item in reader.read_page(wanted).changes] == expected[::-1]
        assert [item.after for item in reader.read_changes(wanted)] == expected


def test_the_values_of_an_earlier_time_are_read(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("a"), change("b", 1), change("c", 2), change("x", 0, subject="other")))
    with HistoryReader(path) as reader:
        found = reader.read_latest_before(NOW + timedelta(minutes=2))
    assert [(item.subject, item.after) for item in found] == [("", "b"), ("other", "x")]


def test_a_missing_file_is_reported_and_not_made(path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot read the history"):
        HistoryReader(path)
    assert not path.parent.exists()


_READ = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM states').fetchall(); c.close()"


def test_a_second_connection_keeps_the_locks_of_the_first(store: HistoryStore, path: Path) -> None:
    store.write(batch(change("Healthy")))
    HistoryStore(path, NOW).close()
    # Without the locks of this process, the last reader believes to be alone: it deletes the log that we write to.
    subprocess.run([sys.executable, "-c", _READ, str(path)], check=True, timeout=60)
    assert path.with_name(path.name + "-shm").exists()
    store.write(batch(change("Degraded", 1)))
    assert read_values(path)[-1] == ("Healthy", "Degraded")
    store.close()


def test_a_readable_file_becomes_private_without_being_opened(path: Path) -> None:
    HistoryStore(path, NOW).close()
    path.chmod(0o644)
    HistoryStore(path, NOW).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("spoil", ["link", "writable"])
def test_a_file_that_is_not_private_is_refused(path: Path, tmp_path: Path, spoil: str) -> None:
    HistoryStore(path, NOW).close()
    if spoil == "link":
        path.rename(tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    else:
        path.chmod(0o666)
    with pytest.raises(HistoryError, match=r"symbolic link|other accounts"):
        HistoryStore(path, NOW)
