"""A fast sandbox, an operator that acts on it, and a record of every request to its servers.

with at("incident", tmp_path) as op:
    plan = await op.plan("hard-refresh-prune", "staging")
    outcome = await op.execute(plan)
    assert op.traffic.writes == ["argocd POST sync anchor-msp-staging"]
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from anchor_tui.config.load import load_config
from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
from anchor_tui.domain.model import Snapshot
from anchor_tui.sandbox import server
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.faults import middleware
from anchor_tui.sandbox.faults.middleware import parse_mutation_fields
from anchor_tui.sandbox.github import writes
from anchor_tui.sandbox.github.pull_requests import CheckTimings, HostedPullRequest
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.sandbox.timings import ControllerTimings as SandboxPace
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute import plan_input_collector
from anchor_tui.services.execute.audit import AuditEntry, AuditLog
from anchor_tui.services.execute.executor import Consent, PlanExecutor
from anchor_tui.services.execute.step_support import Timeouts
from anchor_tui.services.observe.observer import Observer
from anchor_tui.services.observe.source_factory import make_sources

QUICK_TIMEOUTS = Timeouts(
    argocd_poll_s=0.02,
    github_poll_s=0.03,
    settle_s=0.3,
    checks_start_s=0.3,
    start_s=1.0,
    refresh_s=2.0,
    operation_s=5.0,
    health_s=5.0,
    degraded_s=0.3,
    silence_s=0.5,
    follow_s=5.0,
)
QUICK_CHECKS = CheckTimings(
    queued=timedelta(0), running=timedelta(0), run_queued=timedelta(0), run_running=timedelta(seconds=0.05)
)
RELEASE = "environments/{}/release.yaml"
OVERLAY = "infra/helm/platform/environments/{}/values.yaml"


# --- what was asked of the servers -------------------------------------------------------------------


@dataclass(frozen=True)
class ReceivedRequest:
    """One received request."""

    side: str
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def mutations(self) -> frozenset[str]:
        return parse_mutation_fields(self.body) if self.path.endswith("/graphql") else frozenset()

    @property
    def writes(self) -> bool:
        """True if it changes something: a GET with `refresh` does, a GraphQL query does not."""
        if self.path.endswith("/graphql"):
            return bool(self.mutations)
        return self.method != "GET" or "refresh" in self.query

    def __str__(self) -> str:
        """`argocd POST sync anchor-msp-dev`, `github createCommitOnBranch`, `github POST pulls`."""
        parts = self.path.strip("/").split("/")
        if self.side == "argocd":
            _, _, _, app, *what = parts
            how = self.query.get("refresh", [])
            return " ".join(["argocd", self.method, *what, *(f"refresh={each}" for each in how), app])
        if self.mutations:
            return f"{self.side} {', '.join(sorted(self.mutations))}"
        return f"{self.side} {self.method} {'/'.join(parts[3:] if parts[0] == 'repos' else parts)}"


@dataclass
class Traffic:
    """All received requests in order; `on_arrival` is called before the response. `active` counts those in progress."""

    active: int = 0
    requests: list[ReceivedRequest] = field(default_factory=list)
    on_arrival: list[Callable[[ReceivedRequest], None]] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [str(each) for each in self.requests if each.writes]

    def of(self, side: str) -> list[ReceivedRequest]:
        return [each for each in self.requests if each.side == side]

    def clear(self) -> None:
        self.requests.clear()


def recording_app(traffic: Traffic) -> type[middleware.FaultMiddleware]:
    """Return the sandbox's outermost layer, which also records requests."""

    class Recording(middleware.FaultMiddleware):
        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                return
            raw = await middleware._read_body(receive)
            query = parse_qs(scope["query_string"].decode())
            asked = ReceivedRequest(self._side, scope["method"], scope["path"], query, raw)
            traffic.requests.append(asked)
            for call in traffic.on_arrival:
                call(asked)
            traffic.active += 1
            try:
                await super().__call__(scope, middleware._replay_body(raw, receive), send)
            finally:
                traffic.active -= 1

    return Recording


# --- who acts -----------------------------------------------------------------------------------------


class Operator:
    """An operator with a configuration, an audit log and an executor."""

    def __init__(
        self,
        box: Sandbox,
        traffic: Traffic,
        folder: Path,
        *,
        more: str = "",
        said: Callable[[str], str] = lambda text: text,
        environ: dict[str, str] | None = None,
        login: str = "",
        read_only: bool = False,
        timeouts: Timeouts = QUICK_TIMEOUTS,
    ) -> None:
        self.box, self.traffic, self.folder = box, traffic, folder
        file = write_configuration(box, folder) / "anchor-tui.toml"
        file.write_text(said(file.read_text()) + more)
        self.environ = {
            "ARGOCD_AUTH_TOKEN": box.argocd_token,
            "GITHUB_TOKEN": box.call_in_loop(lambda: box.github.issue_token(login)) if login else box.github_token,
            "STATUS_API_TOKEN": box.status_token,
            "HOME": str(folder),
        } | (environ or {})
        self.config: Config = load_config(file, self.environ, cwd=folder, read_only=read_only)
        self.connections = Connections(self.config, self.environ, folder)
        self.audit = AuditLog(folder / "state")
        self.known: Snapshot | None = None
        self.looks_once = False
        """Use the first snapshot for all plans, to save time."""
        self.jobs: tuple[Job, ...] = ()
        self.told: list[str] = []
        self.executor = PlanExecutor(self.connections, self.audit, timeouts=timeouts, listener=self._listen)

    def _listen(self, jobs: tuple[Job, ...]) -> None:
        self.jobs = jobs
        for job in jobs:
            for track in job.groups:
                if track.current is not None:
                    words = f"{track.subject}: {track.current.title}: {track.current.note}"
                    if words not in self.told:
                        self.told.append(words)

    async def observe(self, *kinds: str) -> Snapshot:
        """Take one snapshot, of Argo CD only by default."""
        sources = make_sources(self.config, self.environ, self.folder)
        return await Observer(self.config, [x for x in sources if x.kind in (kinds or ("argocd",))]).read_once(5)

    async def prepare(
        self, action: str, *environments: str, snapshot: Snapshot | None = None, only_look: bool = False, **more: Any
    ) -> Plan | Refusal:
        order = Order(action, uuid.uuid4().hex, environments, **more)
        self.known = snapshot or (self.known if self.looks_once and self.known else await self.observe())
        return await self.executor.prepare(order, self.known, only_look=only_look)

    async def plan(self, action: str, *environments: str, **more: Any) -> Plan:
        found = await self.prepare(action, *environments, **more)
        assert isinstance(found, Plan), found
        return found

    async def refusal(self, action: str, *environments: str, **more: Any) -> Refusal:
        found = await self.prepare(action, *environments, **more)
        assert isinstance(found, Refusal), found
        return found

    async def execute(
        self,
        plan: Plan,
        *,
        phrase: str | None = None,
        reason: str = "because",
        confirmed: bool = True,
        follow: bool = True,
        snapshot: Snapshot | None = None,
    ) -> Outcome:
        """Execute the Plan as shown, with the confirmation it needs unless another is given.

        The snapshot is the one used for planning; the Executor reads the current state again.
        """
        present = snapshot or self.known or await self.observe()
        consent = Consent(confirmed, plan.phrase if phrase is None else phrase, reason)
        return await self.executor.execute(plan, consent, lambda: present, follow=follow)

    async def act(self, action: str, *environments: str, follow: bool = True, **more: Any) -> Outcome:
        """Plan and execute an action."""
        return await self.execute(await self.plan(action, *environments, **more), follow=follow)

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        return self.audit.read_entries()

    @property
    def ends(self) -> list[tuple[str, str]]:
        """(subject, kind) of the lines that record results."""
        return [(each.subject, each.entry) for each in self.entries if each.step is None and each.entry != "intended"]

    # --- the other side ------------------------------------------------------------------------------

    def app(self, name: str) -> Any:
        return self.box.applications["argocd", f"anchor-msp-{name}"]

    def live(self, name: str) -> set[str]:
        """Return the live resources of an application, including hooks."""
        return self.box.call_in_loop(
            lambda: {f"{live.resource.kind}/{live.resource.name}" for live in self.app(name).live.values()}
        )

    def syncs(self, name: str) -> int:
        """Return the number of syncs in the history."""
        return self.box.call_in_loop(lambda: len(self.app(name).history))

    def read(self, path: str, ref: str = "HEAD") -> bytes:
        def blob() -> bytes:
            git = self.box.git
            sha = git.resolve_ref(ref)
            assert sha is not None
            entry = git.find_entry(sha, path)
            assert entry is not None
            return git.read_blob(entry.sha)

        return self.box.call_in_loop(blob)

    def set_real_control_center(self) -> None:
        """Commit the URL of the real control center: then nothing in prod uses the status mock."""
        path = OVERLAY.format("prod")
        changed = self.read(path).replace(
            b"http://status-mock.anchor-prod.svc/egi", b"https://control.anchor.example/egi"
        )
        self.box.commit({path: changed}, "Let prod's gateway ask the control center")

    @property
    def pulls(self) -> list[HostedPullRequest]:
        """The pull requests opened since the start, in any state."""
        return self.box.call_in_loop(
            lambda: [each for number, each in self.box.github_repo.pull_requests.items() if number > self.first]
        )

    first: int = 0

    @property
    def branches(self) -> set[str]:
        """Our branches."""
        return self.box.call_in_loop(lambda: {each for each in self.box.git.branches if each.startswith("anchor-tui/")})

    def commits(self, branch: str) -> list[Any]:
        """Return the commits of a branch that main lacks, newest first."""
        git = self.box.git
        return self.box.call_in_loop(lambda: git.list_history(git.branches[branch], exclude=git.head))

    def merge(self, number: int, by: str = "a-lee") -> str:
        """Merge on GitHub as another user, regardless of rules."""
        return self.box.call_in_loop(
            lambda: self.box.github_repo.merge_pull_request(number, by=by, time=self.box.clock.now())
        )

    def close(self, number: int) -> None:
        """Close on GitHub as another user."""
        self.box.call_in_loop(
            lambda: writes.close_pull_request(self.box.github_repo.pull_requests[number], self.box.clock.now())
        )


@contextmanager
def operator_at(
    scenario: str,
    folder: Path,
    *,
    checks: CheckTimings = QUICK_CHECKS,
    sandbox_pace: SandboxPace = FAST_TIMINGS,
    **options: Any,
) -> Iterator[Operator]:
    """Start a sandbox with an operator. The options are those of Operator."""
    traffic = Traffic()
    was = server.FaultMiddleware, server.TICK_S, plan_input_collector.MERGEABILITY_PAUSE_S
    server.FaultMiddleware, server.TICK_S, plan_input_collector.MERGEABILITY_PAUSE_S = (
        recording_app(traffic),
        0.01,
        0.02,
    )
    try:
        with run_sandbox_in_thread(scenario, timings=sandbox_pace, checks=checks) as box:
            op = Operator(box, traffic, folder, **options)
            op.first = box.call_in_loop(lambda: max(box.github_repo.pull_requests))
            yield op
            assert box.errors == []
    finally:
        server.FaultMiddleware, server.TICK_S, plan_input_collector.MERGEABILITY_PAUSE_S = was


def second_operator(op: Operator, name: str, **options: Any) -> Operator:
    """Return a second operator of the same sandbox, with a separate audit log."""
    folder = op.folder / name
    folder.mkdir()
    found = Operator(op.box, op.traffic, folder, **options)
    found.first = op.first
    return found


async def wait_until_true(true: Callable[[], Any], within_s: float = 5.0) -> None:
    """Wait in the event loop until a condition is true."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - there is no event for what is looked at from outside
            await asyncio.sleep(0.002)


def wait_until(true: Callable[[], Any], within_s: float = 10.0) -> None:
    """Wait without an event loop until a condition is true."""
    last = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < last, "it did not come to that"
        time.sleep(0.005)
