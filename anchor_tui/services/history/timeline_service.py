"""Reads the timeline for the screen, on a thread of its own with a connection of its own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.domain.history.loaded_timeline import (
    HistoryVersion,
    LoadedTimeline,
    add_newer,
    add_older,
    start_timeline,
    with_problem,
)
from anchor_tui.domain.history.records import HistoryFilter
from anchor_tui.services.clock import Clock, utc_now

if TYPE_CHECKING:
    from anchor_tui.services.history.timeline_reader import TimelineReader

PAGE_LINES = 60
"""The lines of a page at least: a little more than a screen, because each can be a flood of many changes."""


class TimelineService:
    """The reader of one history file. The file need not exist yet."""

    def __init__(self, path: Path, now: Clock = utc_now) -> None:
        self.path = path
        self._now = now
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._reader: TimelineReader | None = None
        self._connections = 0

    def read(self, wanted: HistoryFilter, loaded: LoadedTimeline, *, older: bool = False) -> Future[LoadedTimeline]:
        """Return the timeline with what was written since, or with `older` with a further page.

        It is the same object if there is nothing to add. An error of the file is a part of it.
        """
        return self._thread.submit(self._read, wanted, loaded, older=older)

    def close(self) -> None:
        """Close the file, without waiting."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _read(self, wanted: HistoryFilter, loaded: LoadedTimeline, *, older: bool) -> LoadedTimeline:
        from anchor_tui.services.history.database import HistoryError  # loads SQLite

        try:
            if self._reader is None and not self._open():
                return loaded
            assert self._reader is not None
            if older:
                return self._add_older(self._reader, wanted, loaded)
            return self._add_newer(self._reader, wanted, loaded)
        except HistoryError as error:
            self._close()  # the file may have been replaced
            return with_problem(loaded, str(error))

    def _open(self) -> bool:
        """Open the file. Return False if there is none."""
        from anchor_tui.services.history.timeline_reader import TimelineReader

        if not self.path.exists():
            return False
        self._reader = TimelineReader(self.path)
        self._connections += 1
        return True

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _add_newer(self, reader: TimelineReader, wanted: HistoryFilter, loaded: LoadedTimeline) -> LoadedTimeline:
        version = HistoryVersion(self._connections, reader.read_data_version())
        if loaded.version == version:
            return loaded
        last_id = reader.read_last_id()
        if loaded.version is None or loaded.version.connection != version.connection:
            page = reader.read_timeline(self._now(), wanted, length=PAGE_LINES)
            return start_timeline(loaded, page, last_id, version)
        newer = reader.read_newer(self._now(), wanted, loaded.last_id, oldest=loaded.page.next_position)
        return add_newer(loaded, newer, last_id, version)

    def _add_older(self, reader: TimelineReader, wanted: HistoryFilter, loaded: LoadedTimeline) -> LoadedTimeline:
        if not loaded.has_older:
            return loaded
        page = reader.read_timeline(self._now(), wanted, loaded.page.next_position, PAGE_LINES)
        return add_older(loaded, page)
