"""Several processes and sudden ends: a quick selection of `tests/history_campaign.py`."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from tests.history_campaign import kill_a_writer, run_writers


def test_a_kill_loses_no_written_line(tmp_path: Path) -> None:
    chance, path = random.Random(7), tmp_path / "h" / "x.sqlite3"
    for _ in range(6):
        found = kill_a_writer(path, chance)
        assert found.is_whole
        assert found.stored >= found.confirmed


def test_two_processes_lose_no_line(tmp_path: Path) -> None:
    written = run_writers(tmp_path / "h" / "x.sqlite3", 2.0)
    assert all(0 < reported <= stored for reported, stored in written.values())


FILL_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.clock import utc_now
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = HistoryStore(Path(sys.argv[1]), utc_now())
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for number in range(10_000):
    try:
        store.write(HistoryBatch(utc_now(), (RecordedChange("verdict", str(number), utc_now(), detail="x" * 900),)))
    except HistoryError as error:
        print(number, error)
        break
"""


def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "h" / "x.sqlite3"
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, str(path)], capture_output=True, text=True)
    number, _, message = done.stdout.partition(" ")
    assert "the disk" in message, done.stderr
    from anchor_tui.services.history.queries import HistoryReader

    with HistoryReader(path) as reader:
        assert [change.after for change in reader.read_changes_after(0)] == [str(n) for n in range(int(number))]
