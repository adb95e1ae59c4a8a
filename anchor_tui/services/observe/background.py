"""The background thread: reads the sources and executes plans, so that nothing slow delays a frame.

It starts before the screen's modules are imported; the first requests have been sent by then (`prefetch`).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anchor_tui.config.model import Config
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.observe.event_loop import close_loop

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.domain.history.records import RecordedChange
    from anchor_tui.domain.history.release_runs import ReleaseRecord
    from anchor_tui.domain.model import Application, Snapshot
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditLog
    from anchor_tui.services.execute.executor import Consent, PlanExecutor
    from anchor_tui.services.history.incident_desk import IncidentDesk, UnavailableIncidents
    from anchor_tui.services.history.timeline_service import TimelineService
    from anchor_tui.services.observe.inspect import ApplicationInspector
    from anchor_tui.services.observe.prefetch import Prefetch
    from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector
    from anchor_tui.services.observe.recording import SnapshotRecorder

STOP_TIMEOUT_S = 0.5
FIRST_FRAME_TIMEOUT_S = 1.0
"""The longest wait for the first frame, in seconds."""

T = TypeVar("T")
SnapshotListener = Callable[["Snapshot"], None]


class BackgroundThread:
    """A thread with an event loop, on which an Observer runs and, once it is needed, a PlanExecutor.

    Its public methods can be called from any thread. Listeners are called on this one. `prefetched` is the result of
    `start_prefetch`; `state_folder` contains the audit log, None means the user's own; `now` is the readings' clock.
    With `waits_for_frame` the reading starts after `on_first_frame`. With `records_history`, changes are recorded in
    the history of the estate, unless the configuration turns it off. `record_snapshot` is passed to the Observer.
    """

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        home: Path,
        prefetched: Mapping[str, Prefetch] | None = None,
        state_folder: Path | None = None,
        now: Clock = utc_now,
        *,
        waits_for_frame: bool = False,
        records_history: bool = False,
        record_snapshot: SnapshotListener | None = None,
    ) -> None:
        self.config = config
        self._record_snapshot = record_snapshot
        self.error: Exception | None = None
        """The internal error that ended the thread, if one did."""
        self._environ = environ
        self._home = home
        self._prefetched = prefetched
        self._state_folder = state_folder
        self._now = now
        self._waits_for_frame = waits_for_frame
        self._records_history = records_history and config.history.is_on
        self._local_changes: deque[RecordedChange] = deque()
        self._lock = threading.Lock()
        self._timeline: TimelineService | None = None
        self._listener: SnapshotListener | None = None
        self._on_died: Callable[[], None] | None = None
        self._latest: Snapshot | None = None
        self._executor: PlanExecutor | None = None
        self._incidents: IncidentDesk | UnavailableIncidents | None = None
        self._incidents_lock = threading.Lock()
        self._inspection: Connections | None = None
        self._job_listener: Callable[[tuple[Job, ...]], None] = lambda _: None
        self._loop = asyncio.new_event_loop()
        self._first_frame = asyncio.Event()
        self._read_again: Callable[[], None] = lambda: None
        self._main_task: asyncio.Task[None] | None = None
        # A daemon: the process ends without waiting for a server that hangs.
        self._thread = threading.Thread(target=self._run_loop, name="observer", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading and close the connections; wait STOP_TIMEOUT_S for that at most."""
        with self._lock:
            self._listener = self._on_died = None
            if self._timeline is not None:
                self._timeline.close()
        self._call_soon(lambda: self._main_task.cancel() if self._main_task else None)
        self._thread.join(timeout=STOP_TIMEOUT_S)
        if self._incidents is not None:
            self._incidents.stop()

    def listen(self, listener: SnapshotListener, died: Callable[[], None]) -> None:
        """Pass the latest snapshot to `listener` now and each new one later. Call `died` if the thread has failed."""
        with self._lock:
            self._listener, self._on_died = listener, died
            if self._latest is not None:
                listener(self._latest)
            if self.error is not None:
                died()

    def on_first_frame(self) -> None:
        """Allow modules that take time to load: the first frame is on the screen."""
        self._call_soon(self._first_frame.set)

    def read_again(self) -> None:
        """Make every source read now."""
        self._call_soon(lambda: self._read_again())

    # --- actions -------------------------------------------------------------------------------------

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """Run `PlanExecutor.prepare`."""
        return self._run_on_loop(lambda executor: executor.prepare(order, snapshot))

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """Run `PlanExecutor.execute` with the latest snapshots, until the plan has ended."""
        return self._run_on_loop(lambda executor: executor.execute(plan, consent, self._latest_snapshot))

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """Run `PlanExecutor.earlier_releases`."""
        return self._run_on_loop(lambda executor: executor.earlier_releases(environment))

    def read_release_record(self, environment: str) -> Future[ReleaseRecord]:
        """Read what the history knows about the releases of an environment."""

        async def read() -> ReleaseRecord:
            from anchor_tui.domain.history.release_runs import ReleaseRecord
            from anchor_tui.services.history.release_records import read_release_record

            if not self._records_history:
                return ReleaseRecord()
            return await asyncio.to_thread(read_release_record, self._find_history_file(), environment, self._now())

        return asyncio.run_coroutine_threadsafe(read(), self._loop)

    def inspect(
        self, application: Application, read: Callable[[ApplicationInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one application's inside. Cancelling the future cancels its request."""

        async def run() -> T:
            from anchor_tui.services.observe.inspect import ApplicationInspector

            inspector = ApplicationInspector(self._get_inspection(), application)
            try:
                return await read(inspector)
            finally:
                await inspector.aclose()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def inspect_pull_request(
        self, number: int, read: Callable[[PullRequestInspector], Coroutine[Any, Any, T]]
    ) -> Future[T]:
        """Run a reading of one pull request. Cancelling the future cancels its request."""

        async def run() -> T:
            from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

            inspector = PullRequestInspector(self._get_inspection(), number)
            try:
                return await read(inspector)
            finally:
                await inspector.aclose()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _get_inspection(self) -> Connections:
        from anchor_tui.services.connections import Connections

        if self._inspection is None:
            self._inspection = Connections(self.config, self._environ, self._home)
        return self._inspection

    def read_timeline(
        self, environments: tuple[str, ...], loaded: LoadedTimeline | None, older: bool
    ) -> Future[LoadedTimeline]:
        """Return the recorded changes of some environments, or of all: with what is new, or with older ones."""
        from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
        from anchor_tui.domain.history.records import HistoryFilter

        wanted = HistoryFilter(environments=environments)
        return self._get_timeline().read(wanted, loaded or LoadedTimeline(), older=older)

    def _get_timeline(self) -> TimelineService:
        from anchor_tui.services.history.timeline_service import TimelineService

        with self._lock:
            if self._timeline is None:
                self._timeline = TimelineService(self._find_history_file(), self._now)
            return self._timeline

    def recover(self) -> Future[tuple[str, ...]]:
        """Run `PlanExecutor.recover` if the audit contains unfinished work. Only then the executor is loaded."""

        async def recover() -> tuple[str, ...]:
            from anchor_tui.services.execute.audit import AuditError, find_unfinished, pending_events

            try:
                entries = await asyncio.to_thread(self._open_audit().read_entries)
            except AuditError as error:
                return (str(error),)
            if not find_unfinished(entries) and not pending_events(entries):
                return ()
            return await self._get_executor().recover()

        return asyncio.run_coroutine_threadsafe(recover(), self._loop)

    def finish_writes(self) -> Future[None]:
        """Run `PlanExecutor.finish_writes`."""
        return self._run_on_loop(lambda executor: executor.finish_writes())

    @property
    def incidents(self) -> IncidentDesk | UnavailableIncidents:
        """The incidents of the estate, which are part of its history. The modules are loaded for the first caller."""
        with self._incidents_lock:
            if self._incidents is None:
                self._incidents = self._open_incidents()
            return self._incidents

    def _open_incidents(self) -> IncidentDesk | UnavailableIncidents:
        from anchor_tui.services.history.incident_desk import IncidentDesk, UnavailableIncidents

        if not self._records_history:
            return UnavailableIncidents("incidents are part of the history, which is off (`[history] keep_days`)")
        return IncidentDesk(self._find_history_file(), self.config, self._now)

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Pass the running jobs to `listener` whenever they change."""
        self._job_listener = listener

    def _latest_snapshot(self) -> Snapshot:
        assert self._latest is not None
        return self._latest

    def _run_on_loop(self, start: Callable[[PlanExecutor], Coroutine[Any, Any, T]]) -> Future[T]:
        async def run() -> T:
            return await start(self._get_executor())

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _get_executor(self) -> PlanExecutor:
        """Return the executor. It is created when first needed: its modules take time to load."""
        if self._executor is None:
            from anchor_tui.services.connections import Connections
            from anchor_tui.services.execute.executor import PlanExecutor
            from anchor_tui.services.history.local_actions import FinishedActions

            finished = FinishedActions(self._now)

            def on_jobs(jobs: tuple[Job, ...]) -> None:
                if self._records_history:
                    self._local_changes.extend(finished.list_new(jobs))
                self._job_listener(jobs)

            self._executor = PlanExecutor(
                Connections(self.config, self._environ, self._home),
                self._open_audit(),
                listener=on_jobs,
                wake=lambda: self._read_again(),
            )
        return self._executor

    def _open_audit(self) -> AuditLog:
        from anchor_tui.services.execute.audit import AuditLog

        return AuditLog(self._find_state_folder())

    def _find_state_folder(self) -> Path:
        from anchor_tui.config.location import find_state_folder

        return self._state_folder or find_state_folder(self._environ)

    def _make_recorder(self) -> SnapshotRecorder:
        """Return the recorder of the history. Its modules are loaded after the first frame."""
        from anchor_tui.services.history.recorder import HistoryRecorder

        return HistoryRecorder(self._find_history_file(), self.config, self._local_changes)

    def _needs_past_syncs(self) -> bool:
        from anchor_tui.services.history.facts_reader import needs_past_syncs

        return needs_past_syncs(self._find_history_file())

    def _find_history_file(self) -> Path:
        from anchor_tui.services.history.location import find_history_file

        return find_history_file(self.config, self._find_state_folder())

    # --- the thread ----------------------------------------------------------------------------------

    def _call_soon(self, callback: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the thread has ended
            self._loop.call_soon_threadsafe(callback)

    def _publish(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._latest = snapshot
            if self._listener is not None:
                self._listener(snapshot)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._main_task = self._loop.create_task(self._run_observer())
            self._loop.run_until_complete(self._main_task)
        except asyncio.CancelledError:
            pass  # stopped
        except Exception as error:  # noqa: BLE001 - the screen has to show that nothing is read any more
            with self._lock:
                self.error = error
                if self._on_died is not None:
                    self._on_died()
        finally:
            close_loop(self._loop)

    async def _run_observer(self) -> None:
        if self._waits_for_frame:
            # The interpreter runs one thread at a time: imports and decoding here would delay the first frame.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_FRAME_TIMEOUT_S):
                    await self._first_frame.wait()
        from anchor_tui.services.observe.observer import Observer
        from anchor_tui.services.observe.source_factory import make_sources

        with_past_syncs = self._records_history and await asyncio.to_thread(self._needs_past_syncs)
        sources = make_sources(
            self.config, self._environ, self._home, self._now, self._prefetched, with_past_syncs=with_past_syncs
        )
        make_recorder = self._make_recorder if self._records_history else None
        observer = Observer(
            self.config,
            sources,
            self._now,
            make_recorder=make_recorder,
            record_snapshot=self._record_snapshot,
        )
        self._read_again = observer.read_again
        await observer.run(self._publish, self._first_frame)
