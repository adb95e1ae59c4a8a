"""The reader on a thread of its own, so that a slow decode or a large estate never holds up a frame.

It is started before the screen is even imported, with the first requests under way already (headstart.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anchor_tui.config.model import Config

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.audit import AuditLog
    from anchor_tui.services.execute.executor import Consent, PlanExecutor
    from anchor_tui.services.observe.prefetch import Prefetch

T = TypeVar("T")
SnapshotListener = Callable[["Snapshot"], None]


class BackgroundThread:
    """A running Observer. Snapshots are handed to one listener, on the reader's thread."""

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        home: Path,
        ahead: Mapping[str, Prefetch] | None = None,
        state: Path | None = None,
    ) -> None:
        self.config = config
        self._state_folder = state
        self._executor: PlanExecutor | None = None
        self._job_listener: Callable[[tuple[Job, ...]], None] = lambda _: None
        self._prefetched = ahead
        self._environ = environ
        self._home = home
        self._lock = threading.Lock()
        self._listener: SnapshotListener | None = None
        self._on_died: Callable[[], None] | None = None
        self._latest: Snapshot | None = None
        self.error: Exception | None = None
        """What ended the reader, if something did: a fault of ours."""
        self._loop = asyncio.new_event_loop()
        self._first_frame = asyncio.Event()
        self._read_again: Callable[[], None] = lambda: None
        self._main_task: asyncio.Task[None] | None = None
        # A daemon: quitting does not wait for a server that hangs.
        self._thread = threading.Thread(target=self._run_loop, name="observer", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def listen(self, listener: SnapshotListener, died: Callable[[], None]) -> None:
        """Hands over the latest snapshot now, and each further one as it comes; says so if there will be none."""
        with self._lock:
            self._listener, self._on_died = listener, died
            if self._latest is not None:
                listener(self._latest)
            if self.error is not None:
                died()

    def on_first_frame(self) -> None:
        """Says that the first frame is on the screen: what costs time to load may now be loaded."""
        self._call_soon(self._first_frame.set)

    def read_again(self) -> None:
        """Asks every source now."""
        self._call_soon(lambda: self._read_again())

    # --- the one writer, on the same thread ----------------------------------------------------------

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """As `Executor.prepare`."""
        return self._run_on_loop(lambda executor: executor.prepare(order, snapshot))

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """As `Executor.execute`, on the latest snapshot, followed to its end."""
        return self._run_on_loop(lambda executor: executor.execute(plan, consent, self._latest_snapshot))

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """As `Executor.earlier_releases`."""
        return self._run_on_loop(lambda executor: executor.earlier_releases(environment))

    def recover(self) -> Future[tuple[str, ...]]:
        """As `Executor.recover`; what acts is loaded only where the audit tells that something was left."""

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
        """As `Executor.finish_writes`."""
        return self._run_on_loop(lambda executor: executor.finish_writes())

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Hands over what is under way as it changes, on the reader's thread."""
        self._job_listener = listener

    def _latest_snapshot(self) -> Snapshot:
        assert self._latest is not None
        return self._latest

    def _run_on_loop(self, make: Callable[[PlanExecutor], Coroutine[Any, Any, T]]) -> Future[T]:
        async def run() -> T:
            return await make(self._get_executor())

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _get_executor(self) -> PlanExecutor:
        """Made when it is first asked for something: it loads what a mere reader does without."""
        if self._executor is None:
            from anchor_tui.services.connections import Connections
            from anchor_tui.services.execute.executor import PlanExecutor

            self._executor = PlanExecutor(
                Connections(self.config, self._environ, self._home),
                self._open_audit(),
                listener=lambda jobs: self._job_listener(jobs),
                wake=lambda: self._read_again(),
            )
        return self._executor

    def _open_audit(self) -> AuditLog:
        from anchor_tui.services.execute.audit import AuditLog
        from anchor_tui.services.runtime_context import find_state_folder

        return AuditLog(self._state_folder or find_state_folder(self._environ))

    def stop(self) -> None:
        """Ends the reading and closes its connections; waits a moment for that and no longer."""
        with self._lock:
            self._listener = self._on_died = None
        self._call_soon(lambda: self._main_task.cancel() if self._main_task else None)
        self._thread.join(timeout=0.5)

    def _call_soon(self, what: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the reader has ended
            self._loop.call_soon_threadsafe(what)

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
        except Exception as error:  # noqa: BLE001 - a reader that died must not leave a screen that looks alive
            with self._lock:
                self.error = error
                if self._on_died is not None:
                    self._on_died()
        finally:
            self._loop.run_until_complete(_cancel_pending_tasks())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _run_observer(self) -> None:
        from anchor_tui.services.observe.observer import Observer, make_sources

        observer = Observer(self.config, make_sources(self.config, self._environ, self._home, ahead=self._prefetched))
        self._read_again = observer.read_again
        await observer.run(self._publish, self._first_frame)


async def _cancel_pending_tasks() -> None:
    """Whoever waits for a Plan or an Outcome hears that none will come; what was sent is in the audit."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
