"""Evaluates conditions on each new snapshot until they hold, cannot hold, or the time is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Literal, TypeAlias

from anchor_tui.config.model import Config
from anchor_tui.domain.conditions.evaluation import (
    ConditionEvidence,
    ConditionResult,
    evaluate_condition,
    list_unlisted_pull_requests,
)
from anchor_tui.domain.conditions.language import Condition
from anchor_tui.domain.inspection.pull_request_details import PullRequestDetails
from anchor_tui.domain.model import Snapshot, SourceFailure, ValueObject
from anchor_tui.domain.readings import Fresh, get_failure
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.follow import find_credentials_error, follow_snapshots
from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

PULL_REQUEST_INTERVAL_S = 15.0
"""Seconds between two readings of a pull request that is not listed as open."""

WaitEnd: TypeAlias = Literal["", "holds", "impossible", "timeout", "credentials"]


class WaitState(ValueObject, frozen=True):
    """The results of all conditions. `end` is empty while the wait continues; `message` explains missing credentials.

    `is_holding` is True while all conditions hold and have to hold for longer.
    """

    results: tuple[ConditionResult, ...]
    end: WaitEnd = ""
    is_holding: bool = False
    message: str = ""


class ConditionWatch:
    """Follows the sources for the conditions of one command."""

    def __init__(self, config: Config, environ: Mapping[str, str], home: Path, conditions: Sequence[Condition]) -> None:
        self._config = config
        self._environ = environ
        self._home = home
        self._conditions = tuple(conditions)
        self._pull_requests = _PullRequestReader(Connections(config, environ, home))
        self._counts = {
            environment.name: len(environment.applications)
            for environment in config.environments
            if isinstance(environment.applications, tuple)
        }
        self._held_since: float | None = None

    async def follow(self, timeout_s: float, hold_s: float = 0.0) -> AsyncGenerator[WaitState]:
        """Yield the state after each snapshot. The last one has an end.

        The conditions must hold in every snapshot of `hold_s` seconds; a value that is unknown in between interrupts.
        """
        deadline = time.monotonic() + timeout_s
        state = WaitState(tuple(ConditionResult("unknown", "nothing was read yet") for _ in self._conditions))
        try:
            async with aclosing(follow_snapshots(self._config, self._environ, self._home)) as snapshots:
                while not state.end:
                    snapshot = await _get_next(snapshots, deadline)
                    state = (
                        WaitState(state.results, "timeout", state.is_holding)
                        if snapshot is None
                        else await self._evaluate(snapshot, deadline, hold_s)
                    )
                    yield state
        finally:
            await self._pull_requests.aclose()

    async def _evaluate(self, snapshot: Snapshot, deadline: float, hold_s: float) -> WaitState:
        numbers = list_unlisted_pull_requests(self._conditions, snapshot)
        with suppress(TimeoutError):  # the next call of this ends with the deadline
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                await self._pull_requests.read(numbers)
        evidence = ConditionEvidence(snapshot, self._pull_requests.found, self._counts)
        results = tuple(evaluate_condition(condition, evidence) for condition in self._conditions)
        statuses = {result.status for result in results}
        if "impossible" in statuses:
            return WaitState(results, "impossible")
        if statuses == {"true"}:
            now = time.monotonic()
            self._held_since = self._held_since if self._held_since is not None else now
            return WaitState(results, "holds" if now - self._held_since >= hold_s else "", is_holding=True)
        self._held_since = None
        message = find_credentials_error(snapshot) if "unknown" in statuses else None
        return WaitState(results, "credentials" if message else "", message=message or "")


class _PullRequestReader:
    """Reads pull requests that are not listed as open, each after a pause. One that is merged is not read again."""

    def __init__(self, connections: Connections) -> None:
        self.found: dict[int, PullRequestDetails | SourceFailure] = {}
        self._connections = connections
        self._inspectors: dict[int, PullRequestInspector] = {}
        self._due_s: dict[int, float] = {}

    async def read(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if self._is_merged(number) or time.monotonic() < self._due_s.get(number, 0.0):
                continue
            if number not in self._inspectors:
                self._inspectors[number] = PullRequestInspector(self._connections, number)
            reading = await self._inspectors[number].read_details()
            self.found[number] = reading.value if isinstance(reading, Fresh) else get_failure(reading)
            self._due_s[number] = time.monotonic() + PULL_REQUEST_INTERVAL_S
        for number in self.found.keys() - set(numbers):  # it is listed as open, or GitHub is lost
            if not self._is_merged(number):
                del self.found[number]
                self._due_s.pop(number, None)

    async def aclose(self) -> None:
        for inspector in self._inspectors.values():
            await inspector.aclose()

    def _is_merged(self, number: int) -> bool:
        found = self.found.get(number)
        return isinstance(found, PullRequestDetails) and found.state == "merged"


async def _get_next(snapshots: AsyncGenerator[Snapshot], deadline: float) -> Snapshot | None:
    """Return the next snapshot; None if the deadline is earlier. The generator can then only be closed."""
    try:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await anext(snapshots, None)
    except TimeoutError:
        return None
