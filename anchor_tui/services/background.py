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
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.actions.progress import Job
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.audit import Audit
    from anchor_tui.services.execute import Consent, Executor
    from anchor_tui.services.headstart import Departed

T = TypeVar("T")
Listener = Callable[["Snapshot"], None]


class Background:
    """A running Observer. Snapshots are handed to one listener, on the reader's thread."""

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        home: Path,
        ahead: Mapping[str, Departed] | None = None,
        state: Path | None = None,
    ) -> None:
        self.config = config
        self._state = state
        self._executor: Executor | None = None
        self._watcher: Callable[[tuple[Job, ...]], None] = lambda _: None
        self._ahead = ahead
        self._environ = environ
        self._home = home
        self._lock = threading.Lock()
        self._listener: Listener | None = None
        self._mourner: Callable[[], None] | None = None
        self._latest: Snapshot | None = None
        self.fault: Exception | None = None
        """What ended the reader, if something did: a fault of ours."""
        self._loop = asyncio.new_event_loop()
        self._painted = asyncio.Event()
        self._again: Callable[[], None] = lambda: None
        self._main: asyncio.Task[None] | None = None
        # A daemon: quitting does not wait for a server that hangs.
        self._thread = threading.Thread(target=self._serve, name="observer", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def listen(self, listener: Listener, died: Callable[[], None]) -> None:
        """Hands over the latest snapshot now, and each further one as it comes; says so if there will be none."""
        with self._lock:
            self._listener, self._mourner = listener, died
            if self._latest is not None:
                listener(self._latest)
            if self.fault is not None:
                died()

    def painted(self) -> None:
        """Says that the first frame is on the screen: what costs time to load may now be loaded."""
        self._call(self._painted.set)

    def read_again(self) -> None:
        """Asks every source now."""
        self._call(lambda: self._again())

    # --- the one writer, on the same thread ----------------------------------------------------------

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """As `Executor.prepare`."""
        return self._run(lambda executor: executor.prepare(order, snapshot))

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """As `Executor.execute`, on the latest snapshot, followed to its end."""
        return self._run(lambda executor: executor.execute(plan, consent, self._now_known))

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """As `Executor.earlier_releases`."""
        return self._run(lambda executor: executor.earlier_releases(environment))

    def recover(self) -> Future[tuple[str, ...]]:
        """As `Executor.recover`; what acts is loaded only where the audit tells that something was left."""

        async def recover() -> tuple[str, ...]:
            from anchor_tui.services.audit import AuditError, pending_events, unfinished

            try:
                entries = await asyncio.to_thread(self._audit().read)
            except AuditError as error:
                return (str(error),)
            if not unfinished(entries) and not pending_events(entries):
                return ()
            return await self._the_executor().recover()

        return asyncio.run_coroutine_threadsafe(recover(), self._loop)

    def finish_writes(self) -> Future[None]:
        """As `Executor.finish_writes`."""
        return self._run(lambda executor: executor.finish_writes())

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Hands over what is under way as it changes, on the reader's thread."""
        self._watcher = listener

    def _now_known(self) -> Snapshot:
        assert self._latest is not None
        return self._latest

    def _run(self, make: Callable[[Executor], Coroutine[Any, Any, T]]) -> Future[T]:
        async def run() -> T:
            return await make(self._the_executor())

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _the_executor(self) -> Executor:
        """Made when it is first asked for something: it loads what a mere reader does without."""
        if self._executor is None:
            from anchor_tui.services.connections import Connections
            from anchor_tui.services.execute import Executor

            self._executor = Executor(
                Connections(self.config, self._environ, self._home),
                self._audit(),
                listener=lambda jobs: self._watcher(jobs),
                wake=lambda: self._again(),
            )
        return self._executor

    def _audit(self) -> Audit:
        from anchor_tui.services.audit import Audit
        from anchor_tui.services.estate import state_folder

        return Audit(self._state or state_folder(self._environ))

    def stop(self) -> None:
        """Ends the reading and closes its connections; waits a moment for that and no longer."""
        with self._lock:
            self._listener = self._mourner = None
        self._call(lambda: self._main.cancel() if self._main else None)
        self._thread.join(timeout=0.5)

    def _call(self, what: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the reader has ended
            self._loop.call_soon_threadsafe(what)

    def _publish(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._latest = snapshot
            if self._listener is not None:
                self._listener(snapshot)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._main = self._loop.create_task(self._read())
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass  # stopped
        except Exception as error:  # noqa: BLE001 - a reader that died must not leave a screen that looks alive
            with self._lock:
                self.fault = error
                if self._mourner is not None:
                    self._mourner()
        finally:
            self._loop.run_until_complete(_cancel_the_rest())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _read(self) -> None:
        from anchor_tui.services.observe import Observer, make_sources

        observer = Observer(self.config, make_sources(self.config, self._environ, self._home, ahead=self._ahead))
        self._again = observer.read_again
        await observer.run(self._publish, self._painted)


async def _cancel_the_rest() -> None:
    """Whoever waits for a Plan or an Outcome hears that none will come; what was sent is in the audit."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
