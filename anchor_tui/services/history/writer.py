"""Keeps what has to be written until the file has it: opens the file, retries after an error, deletes old changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from anchor_tui.config.model import HistoryConfig
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.history.records import GoodRelease, RecordedChange, RecordedState, SubjectKey
from anchor_tui.domain.model import Problem
from anchor_tui.services.history.database import DamagedHistoryError, HistoryError, set_aside
from anchor_tui.services.history.store import HistoryBatch, HistoryStore

RETRY_AFTER = timedelta(seconds=30)
MAX_WAITING = 50_000
"""The changes that wait for the file at most. The oldest are dropped."""
FIRST_PRUNE_AFTER = timedelta(minutes=1)
PRUNE_EVERY = timedelta(hours=6)
MAX_KEEP_DAYS = 36_500


class HistoryWriter:
    """The file of one recorder, and what waits for it. No method raises an error of the file."""

    def __init__(self, path: Path, config: HistoryConfig) -> None:
        self.path = path
        self.store: HistoryStore | None = None
        """The file; None while it cannot be opened."""
        self._keep = timedelta(days=min(config.keep_days, MAX_KEEP_DAYS))
        self._waiting: deque[RecordedChange] = deque()
        self._good_waiting: list[GoodRelease] = []
        self._dropped = 0
        self._error = ""
        self._set_aside = ""
        self._retry_at: datetime | None = None
        self._prune_at: datetime | None = None

    @property
    def problem(self) -> Problem | None:
        """The warning about the file: it cannot be written at present, or another one was set aside at the start."""
        if self._error:
            waiting = f"; {format_count(len(self._waiting), 'change')} waiting" if self._waiting else ""
            lost = f", {format_count(self._dropped, 'change')} dropped" if self._dropped else ""
            return Problem("history", "history", f"{self._error}{waiting}{lost}")
        return Problem("history", "history", self._set_aside) if self._set_aside else None

    def is_due(self, at: datetime) -> bool:
        """Return True if the file can be used now: after an error it has a pause."""
        return self._retry_at is None or at >= self._retry_at

    def open(self, at: datetime) -> bool:
        """Open the file if it is not open. Return True if it was opened now."""
        if self.store is not None or not self.is_due(at):
            return False
        return self._try(at, lambda: self._open(at))

    def add(self, changes: Iterable[RecordedChange], good_releases: Iterable[GoodRelease] = ()) -> None:
        """Let changes wait for the next `flush`."""
        self._waiting.extend(changes)
        self._good_waiting.extend(good_releases)
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._dropped += 1

    def flush(
        self,
        at: datetime,
        forced: tuple[RecordedChange, ...] = (),
        past: tuple[RecordedChange, ...] = (),
        imported: tuple[str, ...] = (),
    ) -> HistoryBatch | None:
        """Write everything that waits, in one transaction. Return it; None if it was not written.

        `forced`, `past` and `imported` do not wait: the caller repeats them.
        """
        store = self.store
        if store is None or not self.is_due(at):
            return None
        batch = HistoryBatch(at, (*past, *self._waiting), forced, tuple(self._good_waiting), imported)
        if not self._try(at, lambda: store.write(batch)):
            return None
        self._waiting.clear()
        self._good_waiting.clear()
        self._dropped = 0
        return batch

    def refresh(self, at: datetime) -> Mapping[SubjectKey, RecordedState | None] | None:
        """Return `HistoryStore.refresh`; None if the file cannot be read now."""
        store, taken = self.store, None

        def refresh() -> None:
            nonlocal taken
            taken = store.refresh() if store is not None else None

        if self.is_due(at):
            self._try(at, refresh)
        return taken

    def read_good_releases(self, at: datetime) -> tuple[GoodRelease, ...] | None:
        """Return every release that was healthy for the soak time; None if the file cannot be read now."""
        store: HistoryStore | None = self.store
        found: tuple[GoodRelease, ...] | None = None

        def read() -> None:
            nonlocal found
            found = store.read_good_releases() if store is not None else None

        self._try(at, read)
        return found

    def switch_session(self, ended_at: datetime | None, started_at: datetime) -> bool:
        """Record that this process watches again. Return True if that is written."""
        store = self.store
        if store is None:
            return False

        def switch() -> None:
            if ended_at is not None:
                store.end_session(ended_at)
            store.start_session(started_at)

        return self._try(started_at, switch)

    def maintain(self, at: datetime) -> None:
        """Delete a part of the changes that are too old. The first time, search the file for damage."""
        if self.store is None or not self.is_due(at):
            return
        if self._prune_at is None:
            self._prune_at = at + FIRST_PRUNE_AFTER
        elif at >= self._prune_at:
            store = self.store
            self._prune_at = at + PRUNE_EVERY
            if self._try(at, store.check) and self._try(at, lambda: store.prune(at - self._keep) > 0):
                self._prune_at = at + FIRST_PRUNE_AFTER  # there may be more

    def close(self, at: datetime) -> None:
        """Write what waits and the end of this process's session, and close the file."""
        self._retry_at = None
        store = self.store
        if store is not None and self.flush(at) is not None:
            self._try(at, lambda: store.end_session(at))
        if self.store is not None:
            self.store.close()
            self.store = None

    def _open(self, at: datetime) -> None:
        self.store = HistoryStore(self.path, at)
        self._set_aside = self.store.message or self._set_aside

    def _try(self, at: datetime, act: Callable[[], object]) -> bool:
        """Return True if `act` succeeds and does not return False. A damaged file is set aside."""
        try:
            result = act()
        except DamagedHistoryError as error:
            self._replace_file(error, at)
            return False
        except HistoryError as error:
            self._error, self._retry_at = str(error), at + RETRY_AFTER
            return False
        self._error, self._retry_at = "", None
        return result is not False

    def _replace_file(self, error: DamagedHistoryError, at: datetime) -> None:
        """Set the file aside. The next `open` makes a new one."""
        if self.store is not None:
            self.store.close()
            self.store = None
        try:
            self._set_aside = set_aside(self.path, at, str(error))
        except OSError as failure:
            self._error, self._retry_at = f"{error}, and it cannot be renamed ({failure})", at + RETRY_AFTER
