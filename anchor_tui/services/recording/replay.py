"""The background thread of a replay: loads recorded snapshots instead of reading servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.model import Snapshot, SourceFailure
from anchor_tui.domain.readings import Unavailable
from anchor_tui.services.recording.recording import SnapshotSeries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan
    from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
    from anchor_tui.domain.history.release_runs import ReleaseRecord
    from anchor_tui.domain.model import Application
    from anchor_tui.domain.source_data import PastRelease
    from anchor_tui.services.execute.executor import Consent
    from anchor_tui.services.history.incident_desk import UnavailableIncidents

T = TypeVar("T")
NOT_RECORDED = "not recorded: a replay has snapshots only"
_UNAVAILABLE = Unavailable(SourceFailure("not-recorded", NOT_RECORDED))
_NO_ACTION = Refusal("", "replay", "a replay shows the past and sends nothing: end it, and act on the present")
_NO_HISTORY = Refusal("", "replay", NOT_RECORDED)
_NO_INCIDENTS = "a replay shows the past: end it to start or see an incident"


class ReplayThread:
    """Loads the snapshots of a series on a thread of its own. It has no sources and executes nothing."""

    def __init__(self, series: SnapshotSeries) -> None:
        self.series = series
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="replay")

    def load(self, place: int) -> Future[Snapshot]:
        """Load a snapshot by its place. The future raises RecordingError if it cannot be read."""
        return self._worker.submit(load_for_replay, self.series, place)

    def stop(self) -> None:
        """End the thread, without waiting for it."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def listen(self, listener: Callable[[Snapshot], None], died: Callable[[], None]) -> None:
        """Do nothing: no snapshot arrives that was not asked for."""

    def on_first_frame(self) -> None:
        """Do nothing."""

    def read_again(self) -> None:
        """Do nothing: the past does not change."""

    def inspect(self, application: Application, read: Callable[[Any], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a reading of an application. Each of its parts is not recorded."""
        del application
        return asyncio.run_coroutine_threadsafe(read(_NothingRecorded()), asyncio.get_running_loop())

    def inspect_pull_request(self, number: int, read: Callable[[Any], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a reading of a pull request. Each of its parts is not recorded."""
        del number
        return asyncio.run_coroutine_threadsafe(read(_NothingRecorded()), asyncio.get_running_loop())

    # --- actions -------------------------------------------------------------------------------------

    def prepare(self, order: Order, snapshot: Snapshot) -> Future[Plan | Refusal]:
        """Refuse every order."""
        del order, snapshot
        return _complete(_NO_ACTION)

    def execute(self, plan: Plan, consent: Consent) -> Future[Outcome]:
        """Execute nothing. No plan exists in a replay."""
        raise AssertionError(f"{plan.title}: {_NO_ACTION.message} ({consent})")

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        """Return that the history is not recorded."""
        del environment
        return _complete(_NO_HISTORY)

    def read_release_record(self, environment: str) -> Future[ReleaseRecord]:
        """Return an empty record: the history is not part of a recording."""
        from anchor_tui.domain.history.release_runs import ReleaseRecord

        del environment
        return _complete(ReleaseRecord())

    def read_timeline(
        self, environments: tuple[str, ...], loaded: LoadedTimeline | None, older: bool
    ) -> Future[LoadedTimeline]:
        """Return an empty timeline: the history is not part of a recording."""
        from anchor_tui.domain.history.loaded_timeline import LoadedTimeline

        del environments, loaded, older
        return _complete(LoadedTimeline(problem=NOT_RECORDED))

    @property
    def incidents(self) -> UnavailableIncidents:
        """Incidents belong to the present."""
        from anchor_tui.services.history.incident_desk import UnavailableIncidents

        return UnavailableIncidents(_NO_INCIDENTS)

    def recover(self) -> Future[tuple[str, ...]]:
        """Recover nothing."""
        return _complete(())

    def watch_jobs(self, listener: Callable[[tuple[Job, ...]], None]) -> None:
        """Do nothing: a replay has no jobs."""

    def finish_writes(self) -> Future[None]:
        """Return at once: nothing is ever written."""
        return _complete(None)


class _NothingRecorded:
    """An inspector of an application or a pull request whose parts are all unavailable."""

    async def follow_tree(self) -> AsyncGenerator[Unavailable, None]:
        """Yield that the resources are not recorded."""
        yield _UNAVAILABLE

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Unavailable]]:
        if not name.startswith("read_"):
            raise AttributeError(name)

        async def read(*_: object) -> Unavailable:
            return _UNAVAILABLE

        return read


def load_for_replay(series: SnapshotSeries, place: int) -> Snapshot:
    """Return a snapshot that allows no action. Raises RecordingError."""
    return replace(series.load(place), read_only=True)


def make_replay_config(series: SnapshotSeries, shown: Snapshot, keys: Mapping[str, str]) -> Config:
    """Return the configuration of a replay: the environments of the series, and the keys of the operator."""
    known = {environment.name: environment for environment in shown.environments}
    environments = []
    for name in series.environment_names:
        values = EnvironmentConfig(name=name)
        if (environment := known.get(name)) is not None:
            values = EnvironmentConfig(
                name, environment.rules, environment.tier, environment.protected, environment.source
            )
        environments.append(values)
    return Config(engine_id=shown.engine_id, read_only=True, environments=tuple(environments), keys=keys)


def _complete(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future
