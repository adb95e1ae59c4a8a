"""The client of the soak: the real reader in a process that contains nothing else, so that its memory is its own.

Reads one JSON document from stdin, and writes one line of JSON for each sample until stdin is closed.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path

from anchor_tui.domain.model import Snapshot
from tests.chaos.estate import HOSTS, count_handles, create_reader, resolve_names
from tests.chaos.scaled_time import scale_client_times

SAMPLE_S = 2.0
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class SnapshotCounter:
    """Counts the snapshots, and keeps the states of the sources in the latest one."""

    def __init__(self) -> None:
        self.count = 0
        self.states: list[str] = []
        self.has_died = False

    def receive(self, snapshot: Snapshot) -> None:
        """Count a snapshot."""
        self.count += 1
        self.states = [source.state for source in snapshot.sources]

    def on_died(self) -> None:
        """Remember that the reader has ended."""
        self.has_died = True


def read_resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_SIZE


def main() -> None:
    """Run the reader and print the samples."""
    settings = json.loads(sys.stdin.readline())
    closed = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), closed.set()), daemon=True).start()
    counter = SnapshotCounter()
    with scale_client_times(), resolve_names(HOSTS.values(), set):
        reader = create_reader(Path(settings["config_file"]), settings["environ"])
        reader.start()
        reader.listen(counter.receive, counter.on_died)
        reader.on_first_frame()
        while not closed.wait(SAMPLE_S) and not counter.has_died:
            gc.collect()
            sample = {
                "at": time.monotonic(),
                "resident": read_resident_bytes(),
                "cpu_s": time.process_time(),
                "snapshots": counter.count,
                "states": counter.states,
                **count_handles(reader)._asdict(),
            }
            print(json.dumps(sample), flush=True)
        reader.stop()


if __name__ == "__main__":
    main()
