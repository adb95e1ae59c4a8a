"""A sandbox, a faulty proxy before each of its two servers, and the real reader of the screen behind them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median_high
from typing import Any, NamedTuple
from unittest import mock

from msgspec.structs import replace

from anchor_tui.config.load import parse_config
from anchor_tui.domain.model import Snapshot
from anchor_tui.sandbox.github.pull_requests import FAST_CHECK_TIMINGS
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.services.snapshot_json import snapshot_to_json
from tests.chaos.certificates import ServerCertificates, create_certificates
from tests.chaos.faults import ChaosFault, ChaosSide
from tests.chaos.proxy import LOOPBACK, FaultyProxy, relay
from tests.chaos.scaled_time import SCALE, scale_client_times
from tests.sources.github.fakes import release_yaml

HOSTS: dict[ChaosSide, str] = {"argocd": "argocd.localhost", "github": "github.localhost"}
TCP_STATES = {"01": "established", "04": "fin-wait-1", "05": "fin-wait-2", "06": "time-wait", "08": "close-wait"}
POLL_S = 30 * SCALE
RELIST_S = 180 * SCALE
HEARTBEAT_S = 15 * SCALE
CONFIGURATION = """
    read_only = true
    [argocd]
    server = "https://argocd.localhost:{argocd}"
    token_env = "A_TOKEN"
    ca_file = "{ca_file}"
    [github]
    ops_repo = "{ops_repo}"
    app_repo = "{app_repo}"
    api_url = "https://github.localhost:{github}"
    token_env = "G_TOKEN"
    ca_file = "{ca_file}"
"""


class HandleCount(NamedTuple):
    """The tasks of the reader's loop, and the threads, sockets and open files of the process."""

    tasks: int
    threads: int
    sockets: int
    files: int

    def is_within(self, limit: HandleCount) -> bool:
        """Return whether none of the counts is above its limit."""
        return all(count <= most for count, most in zip(self, limit, strict=True))


class ReleaseChange(NamedTuple):
    """A release that was committed, and its commit."""

    version: str
    commit: str


class ReceivedSnapshot(NamedTuple):
    """A snapshot, when it was published, and when each side delivered genuine bytes last (monotonic times)."""

    at: float
    snapshot: Snapshot
    last_delivery: dict[ChaosSide, float]


class Complaints(logging.Handler):
    """Everything that the process reports beside the snapshots: log records, stray exceptions, unclosed handles."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.log_lines: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record of a log."""
        text = record.getMessage()
        self.log_lines.append(text)
        if record.levelno >= logging.ERROR:
            self.errors.append(f"{text} {record.exc_info[1] if record.exc_info else ''}")

    def record_unraisable(self, event: Any) -> None:
        """Keep an exception of a finalizer, such as the warning about an unclosed transport."""
        self.errors.append(f"{event.err_msg or 'unraisable'}: {event.exc_value!r} {event.object!r}")

    def record_thread_failure(self, event: Any) -> None:
        """Keep the exception that ended a thread."""
        self.errors.append(f"a thread ended: {event.exc_value!r}")


def create_reader(config_file: Path, environ: Mapping[str, str], now: Clock = utc_now) -> BackgroundThread:
    """Return the reader of the screen for a configuration, with short intervals."""
    config = parse_config(config_file.read_text(encoding="utf-8"), config_file, environ)
    # The file format allows only longer intervals.
    config = replace(
        config,
        argocd=replace(config.argocd, relist_s=RELIST_S),
        github=replace(config.github, poll_s=POLL_S),
    )
    return BackgroundThread(config, environ, config_file.parent, state_folder=config_file.parent / "state", now=now)


class LagMeter:
    """Measures how late the machine is: the limits of a cell grow with that, as nothing else in it depends on load."""

    STEP_S = 0.02

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lag-meter", daemon=True)

    def __enter__(self) -> LagMeter:
        """Start to measure."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _measure(self) -> None:
        began = time.monotonic()
        while not self._over.wait(self.STEP_S):
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - began - self.STEP_S)
            began = now


class Estate:
    """The running parts. Its methods are called from the test's thread."""

    def __init__(
        self,
        box: Sandbox,
        certificates: ServerCertificates,
        proxies: dict[ChaosSide, FaultyProxy],
        folder: Path,
        complaints: Complaints,
        lag: LagMeter,
    ) -> None:
        self.box, self.proxies, self.folder, self.complaints, self.lag = box, proxies, folder, complaints, lag
        self.certificates = certificates
        self.tokens = (box.argocd_token, box.github_token)
        self.unresolved: set[str] = set()
        self.clock_shift = timedelta(0)
        self.received: list[ReceivedSnapshot] = []
        self.died = False
        self._changed = threading.Condition()
        self._changes = 0
        text = CONFIGURATION.format(
            argocd=proxies["argocd"].port,
            github=proxies["github"].port,
            ca_file=certificates.ca_file,
            ops_repo=box.ops_repo,
            app_repo=box.app_repo,
        )
        self.config_file = folder / "anchor-tui.toml"
        self.config_file.write_text(text, encoding="utf-8")
        self.environ = {"A_TOKEN": box.argocd_token, "G_TOKEN": box.github_token, "HOME": str(folder)}
        self.reader = create_reader(self.config_file, self.environ, self.now)

    def now(self) -> datetime:
        """Return the time of the client's clock, which faults can shift."""
        return utc_now() + self.clock_shift

    # --- snapshots -----------------------------------------------------------------------------------

    def start_reader(self) -> None:
        """Start the reader, and wait until both sources are fresh."""
        self.reader.start()
        self.reader.listen(self._receive, self._on_died)
        self.reader.on_first_frame()
        self.reader._loop.call_soon_threadsafe(self.reader._loop.set_exception_handler, self._on_loop_error)
        assert self.wait_for(lambda received: not received.snapshot.sources_not_fresh, 20), self.describe()

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.errors.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _receive(self, snapshot: Snapshot) -> None:
        deliveries = {side: proxy.last_delivery for side, proxy in self.proxies.items()}
        with self._changed:
            self.received.append(ReceivedSnapshot(time.monotonic(), snapshot, deliveries))
            self._changed.notify_all()

    def _on_died(self) -> None:
        with self._changed:
            self.died = True
            self._changed.notify_all()

    def wait_for(
        self, is_reached: Callable[[ReceivedSnapshot], bool], limit_s: float, since: float = 0.0
    ) -> ReceivedSnapshot | None:
        """Return the first snapshot after `since` (a monotonic time) that meets a condition, None without one."""
        last = time.monotonic() + limit_s
        place = 0
        with self._changed:
            while not self.died:
                for received in self.received[place:]:
                    if received.at >= since and is_reached(received):
                        return received
                place = len(self.received)
                if not self._changed.wait(max(0.0, last - time.monotonic())):
                    return None
        return None

    def observe(self, seconds: float) -> None:
        """Receive snapshots for a while."""
        self.wait_for(lambda _: False, seconds)

    def begin_cell(self) -> None:
        """Keep only the latest snapshot, and measure the lag from now on."""
        self.lag.longest_s = 0.0
        with self._changed:
            del self.received[:-1]

    def describe(self) -> str:
        """Return the state of both sources and the problems, for a failure."""
        if not self.received:
            return "no snapshot"
        return "\n".join(text for side in HOSTS for text in list_texts(self.received[-1].snapshot, side))

    # --- faults --------------------------------------------------------------------------------------

    def apply(self, faults: tuple[ChaosFault, ...]) -> None:
        """Turn faults on, and end the open connections of their sides."""
        for fault in faults:
            self.clock_shift += fault.clock_shift
            if fault.has_no_name:
                self.unresolved.add(HOSTS[fault.side])
        self.box.call_in_loop(lambda: [self._apply_to_proxy(fault) for fault in faults])

    def _apply_to_proxy(self, fault: ChaosFault) -> None:
        proxy = self.proxies[fault.side]
        proxy.behaviour = fault.behaviour
        proxy.certificate = getattr(self.certificates, fault.certificate)
        if fault.refuses:
            proxy.refuse()
        # A fault that disturbs nothing must not begin with a broken request.
        proxy.break_connections(only_streams=fault.effect == "unaffected")

    def clear(self) -> None:
        """Turn every fault off. Requests that are in flight keep their fault."""
        self.clock_shift = timedelta(0)
        self.unresolved.clear()
        asyncio.run_coroutine_threadsafe(self._clear_proxies(), self.box._loop).result()

    async def _clear_proxies(self) -> None:
        for proxy in self.proxies.values():
            proxy.behaviour, proxy.certificate = relay, self.certificates.valid
            await proxy.listen()

    def change_release(self) -> ReleaseChange:
        """Commit a new release of the first environment."""
        self._changes += 1
        version = f"9.{self._changes}.0"
        files = {"environments/dev/release.yaml": release_yaml(version)}
        return ReleaseChange(version, self.box.commit(files, f"Release {version}"))

    # --- counts --------------------------------------------------------------------------------------

    def count_handles(self) -> HandleCount:
        """Count what must not grow."""
        return count_handles(self.reader)

    def describe_connections(self) -> str:
        """Return the states of the connections to the proxies as the kernel lists them, for a failure."""
        ports = {proxy.port: side for side, proxy in self.proxies.items()}
        found: Counter[str] = Counter()
        for line in Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, state, *_ = line.split()
            for role, address in (("proxy", local), ("client", remote)):
                if side := ports.get(int(address.rpartition(":")[2], 16)):
                    found[f"{side} {role} {TCP_STATES.get(state, state)}"] += 1
        return ", ".join(f"{count} {name}" for name, count in sorted(found.items()))

    def find_baseline(self) -> HandleCount:
        """Return the usual counts: the medians of two polls."""
        counts = []
        for _ in range(10):
            self.observe(POLL_S / 5)
            counts.append(self.count_handles())
        return HandleCount(*(median_high(column) for column in zip(*counts, strict=True)))

    @property
    def reader_cpu_s(self) -> float:
        """The processor time of the reader's thread, in seconds."""
        ident = self.reader._thread.ident
        assert ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(ident))

    @property
    def requests(self) -> int:
        """The requests that the proxies received."""
        return sum(proxy.requests for proxy in self.proxies.values())

    def find_token(self) -> str | None:
        """Return the first text that contains a token: snapshots, logs, exceptions."""
        documents = (snapshot_to_json(received.snapshot).decode() for received in self.received)
        for text in (*self.complaints.log_lines, *self.complaints.errors, *documents):
            if any(token in text for token in self.tokens):
                return text[:500]
        self.complaints.log_lines.clear()
        return None


def count_handles(reader: BackgroundThread) -> HandleCount:
    """Count what must not grow. Threads of an executor are few and are kept, so they are not counted."""
    tasks = asyncio.run_coroutine_threadsafe(_count_tasks(), reader._loop).result(10)
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    targets = _list_open_files()
    sockets = sum(target.startswith("socket:") for target in targets)
    return HandleCount(tasks, len(threads), sockets, len(targets) - sockets)


async def _count_tasks() -> int:
    return len(asyncio.all_tasks())


def _list_open_files() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the descriptor of the listing
            found.append(str(descriptor.readlink()))
    return found


def list_texts(snapshot: Snapshot, side: ChaosSide) -> list[str]:
    """Return what a snapshot contains about one side: its state with the error, and the problems."""
    source = snapshot.find_source(side)
    assert source is not None
    texts = [f"{source.state} · {source.error.kind}: {source.error.message}" if source.error else source.state]
    problems = [*snapshot.problems, *(problem for one in snapshot.environments for problem in one.problems)]
    problems += [problem for application in snapshot.all_applications for problem in application.problems]
    return [*texts, *(str(problem) for problem in problems)]


@contextmanager
def resolve_names(hosts: Collection[str], unresolved: Callable[[], set[str]]) -> Iterator[None]:
    """Resolve the proxies' names to loopback, and fail for those that a fault has taken away."""
    resolve = socket.getaddrinfo

    def look_up(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in unresolved():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(LOOPBACK if name in hosts else host, port, *more, **options)

    with mock.patch.object(socket, "getaddrinfo", look_up):
        yield


@contextmanager
def _collect_complaints() -> Iterator[Complaints]:
    complaints = Complaints()
    root = logging.getLogger()
    level = root.level
    root.addHandler(complaints)
    root.setLevel(logging.DEBUG)
    hooks = sys.unraisablehook, threading.excepthook
    sys.unraisablehook, threading.excepthook = complaints.record_unraisable, complaints.record_thread_failure
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)  # in a finalizer it reaches the hook
            yield complaints
    finally:
        sys.unraisablehook, threading.excepthook = hooks
        root.setLevel(level)
        root.removeHandler(complaints)


@contextmanager
def open_estate(folder: Path, *, scenario: str = "steady", starts_reader: bool = True) -> Iterator[Estate]:
    """Run everything until the block ends. Times are scaled meanwhile."""
    certificates = create_certificates(folder, *HOSTS.values())
    proxies: dict[ChaosSide, FaultyProxy] = {}
    with ExitStack() as stack:
        stack.enter_context(scale_client_times())
        complaints = stack.enter_context(_collect_complaints())
        box = stack.enter_context(
            run_sandbox_in_thread(scenario, timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS, heartbeat_s=HEARTBEAT_S)
        )

        def run(work: Any) -> None:
            asyncio.run_coroutine_threadsafe(work, box._loop).result()

        for side, url in (("argocd", box.argocd_url), ("github", box.github_url)):
            proxies[side] = FaultyProxy(int(url.rpartition(":")[2]), certificates.valid)
            run(proxies[side].listen())
            stack.callback(lambda proxy=proxies[side]: run(proxy.close()))
        estate = Estate(box, certificates, proxies, folder, complaints, stack.enter_context(LagMeter()))
        stack.enter_context(resolve_names(HOSTS.values(), lambda: estate.unresolved))
        if starts_reader:
            stack.callback(estate.reader.stop)
            estate.start_reader()
        yield estate
