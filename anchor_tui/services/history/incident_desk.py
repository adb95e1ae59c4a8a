"""The incidents of one estate for the screen: a thread of its own reads and writes the file, and sees other processes.

The thread looks once a second if another connection has written, which costs some microseconds. Only then it reads.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from anchor_tui.config.model import Config
from anchor_tui.domain.history.incidents import Incident, IncidentNote, IncidentReport, IncidentStatus
from anchor_tui.services.clock import Clock
from anchor_tui.services.history.database import HistoryError, open_for_reading
from anchor_tui.services.history.incident_queries import IncidentQueries
from anchor_tui.services.history.incident_reports import collect_facts, read_report
from anchor_tui.services.history.incident_store import IncidentStore
from anchor_tui.services.process_identity import acting_user

POLL_S = 1.0
"""The time between two looks at the file."""
STOP_TIMEOUT_S = 0.5

T = TypeVar("T")
StatusListener = Callable[[IncidentStatus], None]


class IncidentDesk:
    """Starts, notes and ends incidents. Its methods can be called from any thread and return at once.

    A future fails with HistoryError. The listener is called on the desk's thread.
    """

    def __init__(self, path: Path, config: Config, now: Clock) -> None:
        self.refusal = ""
        """The reason why there are no incidents; empty if there are."""
        self._path, self._config, self._now = path, config, now
        self._tasks = queue.SimpleQueue[Callable[[], None] | None]()
        self._listener: StatusListener = lambda _: None
        self._watcher = IncidentWatcher(path)
        self._lock = threading.Lock()
        self._is_started = False
        self._thread = threading.Thread(target=self._run, name="incidents", daemon=True)

    def watch(self, listener: StatusListener) -> None:
        """Pass the status to the listener now, and each time it changes."""
        self._listener = listener
        self._start()

    def stop(self) -> None:
        """Carry out what waits, and end the thread; wait STOP_TIMEOUT_S for that at most."""
        if self._is_started:
            self._tasks.put(None)
            self._thread.join(timeout=STOP_TIMEOUT_S)

    def start_incident(self, title: str) -> Future[tuple[Incident, bool]]:
        """Start an incident. The result is the running one, and if it is new."""

        def start() -> tuple[Incident, bool]:
            with IncidentStore(self._path, self._now()) as store:
                return store.start(title, self._now(), acting_user())

        return self._submit(start)

    def add_note(self, number: int, text: str) -> Future[IncidentNote]:
        """Add a note to an incident."""

        def add() -> IncidentNote:
            with IncidentStore(self._path, self._now()) as store:
                return store.add_note(number, text, self._now(), acting_user())

        return self._submit(add)

    def end_incident(self, number: int) -> Future[Incident]:
        """End an incident and store its facts. One that has ended already stays as it is."""

        def end() -> Incident:
            with IncidentStore(self._path, self._now()) as store:
                incident, at = store.get_incident(number), self._now()
                if not incident.is_running:
                    return incident
                return store.end(number, at, acting_user(), collect_facts(self._path, incident, self._config, at))

        return self._submit(end)

    def read_report(self, number: int) -> Future[IncidentReport]:
        """Read the hand-over of an incident, until now if it is running."""

        def read() -> IncidentReport:
            return read_report(self._path, self._watcher.get_incident(number), self._config, self._now())

        return self._submit(read)

    def _submit(self, act: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(act())
            except Exception as error:  # noqa: BLE001 - the caller shows it
                future.set_exception(error)

        self._tasks.put(run)
        self._start()
        return future

    def _start(self) -> None:
        with self._lock:
            if not self._is_started:
                self._is_started = True
                self._thread.start()

    def _run(self) -> None:
        while True:
            status = self._watcher.poll()
            if status is not None:
                self._listener(status)
            try:
                task = self._tasks.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if task is None:
                self._watcher.close()
                return
            task()


class UnavailableIncidents:
    """Takes the place of a desk where incidents do not exist, as in a replay. `refusal` is the reason."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal

    def watch(self, listener: StatusListener) -> None:
        """Report nothing: no incident is running."""

    def stop(self) -> None:
        """Do nothing: no thread is running."""

    def start_incident(self, title: str) -> Future[tuple[Incident, bool]]:  # noqa: ARG002 - of the protocol
        """Fail with the reason."""
        return self._fail()

    def add_note(self, number: int, text: str) -> Future[IncidentNote]:  # noqa: ARG002 - of the protocol
        """Fail with the reason."""
        return self._fail()

    def end_incident(self, number: int) -> Future[Incident]:  # noqa: ARG002 - of the protocol
        """Fail with the reason."""
        return self._fail()

    def read_report(self, number: int) -> Future[IncidentReport]:  # noqa: ARG002 - of the protocol
        """Fail with the reason."""
        return self._fail()

    def _fail(self) -> Future[T]:
        future: Future[T] = Future()
        future.set_exception(HistoryError(self.refusal))
        return future


class IncidentWatcher:
    """Follows the running incident of a file, which may appear, or be replaced, at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._file_version = -1
        self._status = IncidentStatus()
        self._is_reported = False

    def poll(self) -> IncidentStatus | None:
        """Return the status if it has changed. The last one stays while the file cannot be read."""
        try:
            status = self._read_status()
        except HistoryError:
            return None  # the recorder reports the state of the file
        if self._is_reported and status == self._status:
            return None
        self._is_reported, self._status = True, status
        return status

    def get_incident(self, number: int) -> Incident:
        """Return an incident of the file. Raises HistoryError."""
        queries = self._open()
        if queries is None:
            raise HistoryError(f"cannot read the history {self._path}: it does not exist")
        return queries.get_incident(number)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._identity = None

    def _read_status(self) -> IncidentStatus:
        queries = self._open()
        if queries is None:
            return IncidentStatus()
        version = queries.read_version()
        if version == self._file_version:
            return self._status
        self._file_version = version
        running = queries.find_running()
        # Without an incident, changes of the history are of no interest to the screen.
        return IncidentStatus(running, self._status.version + 1) if running is not None else IncidentStatus()

    def _open(self) -> IncidentQueries | None:
        """Return the queries of the file that has the path now; None if there is none."""
        try:
            found = self._path.stat()
        except OSError:
            self.close()
            return None
        if self._connection is None or self._identity != (found.st_dev, found.st_ino):
            self.close()
            self._connection = open_for_reading(self._path)
            self._identity, self._file_version = (found.st_dev, found.st_ino), -1
        return IncidentQueries(self._connection, self._path)
