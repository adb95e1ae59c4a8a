"""The actions of the campaign: a sandbox, the command, and what must be true of the servers afterwards."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from anchor_tui.sandbox.argocd.sync_tasks import SyncOrder
from anchor_tui.sandbox.faults.switches import Fault, FaultKind
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, request_summary
from anchor_tui.sources.api_request import ApiRequest
from tests.cli.process import surroundings
from tests.services.sandbox_operator import Operator, ReceivedRequest, operator_at, second_operator, wait_until
from tests.write_campaign.child import Command, Sabotage

WORKFLOW = '\n[promotion]\nworkflow = "promote.yaml"\n'
SLOW_APPLY = replace(FAST_TIMINGS, apply_s=60.0)
NUMBERED = re.compile(r"/(issues|pulls)/\d+/")


@dataclass(frozen=True)
class Action:
    """One command of the campaign. `arrange` prepares the servers; `counts` describes what the command may bring once.

    `once` is the upper limit of each count, however often the command is interrupted and repeated.
    """

    name: str
    argv: tuple[str, ...]
    once: dict[str, int]
    scenario: str = "steady"
    arrange: Callable[[Scene], None] = lambda scene: None
    options: dict[str, Any] = field(default_factory=dict)
    passing: frozenset[str] = frozenset()
    """The counts that may be zero in the end: a branch is deleted by the merge."""
    merges: bool = False
    """Another user merges the pull request as soon as it has its labels."""


@dataclass
class Arrival:
    """A request that arrived, and whether the server applied it."""

    request: ReceivedRequest
    is_applied: bool = True
    was_audited: bool = True


class Scene:
    """A sandbox in which one action is carried out, interrupted and repeated, by one or several operators."""

    def __init__(self, action: Action, op: Operator) -> None:
        self.action, self.op = action, op
        self.operators = [op]
        self.earlier_operators: list[Operator] = []
        """Those who acted before the scene began."""
        self.arrivals: list[Arrival] = []
        self.operations: list[str] = []
        """The request ids of the started sync operations."""
        self.strike: Callable[[Arrival], None] = lambda arrival: None
        """Called at each arrival, before it is handled."""
        self.number = 0
        self._watch_operations()

    def begin(self) -> None:
        """Arrange the servers, and record from here on."""
        self.action.arrange(self)
        self.op.traffic.clear()
        self.op.traffic.on_arrival.append(self._on_arrival)

    def _watch_operations(self) -> None:
        controller = self.op.box.controller
        start = controller.start_operation

        def starting(app: Any, now: Any, order: SyncOrder) -> Any:
            self.operations.extend(info["value"] for info in order.info if info["name"] == "anchor-tui request")
            return start(app, now, order)

        controller.start_operation = starting

    def _on_arrival(self, request: ReceivedRequest) -> None:
        """Record a request, in the server's loop, before it is handled."""
        arrival = Arrival(request)
        self.arrivals.append(arrival)
        if request.writes:
            arrival.was_audited = self._has_intended(request)
        elif self.action.merges:
            self._merge_labelled()
        self.strike(arrival)

    def _has_intended(self, request: ReceivedRequest) -> bool:
        """Return whether the audits contain as many intentions of this request as it arrived.

        One intention of an event is enough: it is sent again with the same key until it is delivered.
        """
        key = request_key(request)
        arrived = sum(request_key(each.request) == key for each in self.arrivals if each.request.writes)
        intended = sum(
            entry_key(entry) == key
            for operator in self.operators
            for entry in operator.entries
            if entry.entry == "intended" and entry.request is not None
        )
        return intended >= (1 if request.side == "status" else arrived)

    def _merge_labelled(self) -> None:
        repo, now = self.op.box.github_repo, self.op.box.clock.now()
        for number, pull in list(repo.pull_requests.items()):
            if number > self.op.first and pull.state == "OPEN" and pull.labels:
                repo.merge_pull_request(number, by="a-lee", time=now)

    # --- commands -------------------------------------------------------------------------------------

    def command(
        self,
        *argv: str,
        operator: Operator | None = None,
        sabotage: Sabotage | None = None,
        is_hasty: bool = False,
    ) -> Command:
        """Return a command of an operator; that of the action by default."""
        operator = operator or self.op
        words = argv or tuple(word.format(number=self.number) for word in self.action.argv)
        environ = surroundings(operator.folder, **operator.environ, ANCHOR_TUI_STATE=str(operator.folder / "state"))
        config = str(operator.folder / "anchor-tui.toml")
        return Command(
            (*words, "--config", config), operator.folder, environ, operator.folder / "output", is_hasty, sabotage
        )

    def hang(self, arrival: Arrival, *, after: bool) -> None:
        """Do not answer this request, before or after it is applied."""
        arrival.is_applied = after
        self.add_fault(arrival, "hang", "after" if after else "")

    def add_fault(self, arrival: Arrival, kind: FaultKind, value: str = "") -> None:
        """Let a fault strike the request that has just arrived."""
        request = arrival.request
        fault = Fault(request.side, kind, value, times=1, path=request.path, method=request.method)
        self.op.box.faults.add(fault)

    def settle(self) -> None:
        """Wait until the servers have handled everything, and switch all faults off."""
        wait_until(lambda: self.op.traffic.active == 0)
        self.op.box.faults.clear()
        self.strike = lambda arrival: None

    def output(self, operator: Operator | None = None) -> str:
        return ((operator or self.op).folder / "output").read_text()

    # --- what is true -----------------------------------------------------------------------------------

    @property
    def writes(self) -> list[Arrival]:
        return [each for each in self.arrivals if each.request.writes]

    def counts(self) -> dict[str, int]:
        """Return how often each effect exists on the servers."""
        box = self.op.box

        def count() -> dict[str, int]:
            pulls = self.op.pulls
            heads = Counter(pull.branch for pull in pulls)
            return {
                "branches": len(self.op.branches),
                "pull requests": len(pulls),
                "pull requests of one branch": max(heads.values(), default=0),
                "merged": sum(pull.state == "MERGED" for pull in pulls),
                "runs": len(box.github_repo.workflow_runs),
                "operations of one request": max(Counter(self.operations).values(), default=0),
                "events": len(box.status_api.received),
            }

        return box.call_in_loop(count)


@contextmanager
def scene_of(action: Action, folder: Path) -> Iterator[Scene]:
    """Open the sandbox of an action."""
    with operator_at(action.scenario, folder, **action.options) as op:
        scene = Scene(action, op)
        scene.begin()
        yield scene
        op.box.faults.clear()


# --- requests and their audit lines ----------------------------------------------------------------------


def request_key(request: ReceivedRequest) -> tuple[str, ...]:
    """Return what identifies a request in the audit."""
    if request.side == "status":
        return ("status-api", "POST")
    path = NUMBERED.sub(r"/\1/{number}/", request.path)
    return (request.side, request.method, path, *sorted(request.mutations))


def entry_key(entry: AuditEntry) -> tuple[str, ...]:
    """Return what identifies the request of an audit line."""
    return _key(entry.request or {})


def api_request_key(request: ApiRequest) -> tuple[str, ...]:
    """Return what identifies the request of a step."""
    return _key(request_summary(request))


def _key(summary: dict[str, str]) -> tuple[str, ...]:
    if summary.get("service") == "status-api":
        return ("status-api", "POST")
    path = NUMBERED.sub(r"/\1/{number}/", summary.get("path", ""))
    mutation = summary.get("mutation")
    return (summary.get("service", ""), summary.get("method", ""), path, *([mutation] if mutation else []))


# --- the actions -----------------------------------------------------------------------------------------


def _open_promotion(scene: Scene) -> None:
    """Another operator has opened the promotion."""
    other = second_operator(scene.op, "other")
    asyncio.run(other.act("promote", "staging", follow=False))
    scene.earlier_operators.append(other)
    scene.number = scene.op.pulls[-1].number


def _start_operation(scene: Scene) -> None:
    op = scene.op

    def start() -> None:
        op.box.controller.start_operation(op.app("dev"), op.box.clock.now(), SyncOrder(op.box.git.head))

    op.box.call_in_loop(start)
    wait_until(lambda: (op.app("dev").operation_state or {}).get("phase") == "Running")


PULL_REQUEST_ONCE = {"branches": 1, "pull requests": 1, "pull requests of one branch": 1, "merged": 0, "runs": 0}
NO_PULL_REQUEST = {"branches": 0, "pull requests": 0, "merged": 0, "runs": 0, "events": 0}
ROLLBACK = ("rollback", "prod", "--to", "1.43.1", "--confirm", "prod", "--reason", "it does not start")

ACTIONS = {
    action.name: action
    for action in (
        Action("promote", ("promote", "staging", "--yes"), PULL_REQUEST_ONCE),
        Action(
            "workflow",
            ("promote", "staging", "--via", "workflow", "--yes"),
            {"runs": 1, "pull requests": 1},
            options={"more": WORKFLOW},
        ),
        Action("rollback", ROLLBACK, PULL_REQUEST_ONCE | {"events": 0}, scenario="incident"),
        Action(
            "followed rollback",
            (*ROLLBACK, "--wait"),
            PULL_REQUEST_ONCE | {"merged": 1, "events": 1},
            scenario="incident",
            passing=frozenset({"branches"}),
            merges=True,
        ),
        Action(
            "merge",
            ("merge", "{number}", "--yes"),
            {"pull requests": 1, "merged": 1},
            arrange=_open_promotion,
        ),
        Action(
            "fix",
            ("fix", "prod", "mock.control-center-url", "--confirm", "prod", "--reason", "go live"),
            PULL_REQUEST_ONCE,
            scenario="cutover",
        ),
        Action("sync", ("sync", "dev", "--yes", "--wait"), NO_PULL_REQUEST | {"operations of one request": 1}),
        Action(
            "prune",
            ("hard-refresh-prune", "staging", "--confirm", "2", "--reason", "clean up", "--wait"),
            NO_PULL_REQUEST | {"operations of one request": 1},
            scenario="incident",
        ),
        Action(
            "terminate",
            ("terminate", "dev", "--yes"),
            NO_PULL_REQUEST,
            arrange=_start_operation,
            options={"sandbox_pace": SLOW_APPLY},
        ),
        Action("refresh", ("refresh", "dev", "--wait"), NO_PULL_REQUEST),
    )
}


def audit_lines(log: AuditLog) -> list[bytes]:
    """Return the raw lines of an audit file."""
    return log.path.read_bytes().splitlines() if log.path.exists() else []
