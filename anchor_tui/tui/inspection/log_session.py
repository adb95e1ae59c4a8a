"""The lines of the chosen logs as they arrive: the previous process first if it has just ended, then each new line.

It runs on the background thread. Each batch is handed over as one call, and the next one waits until the screen has
taken it; meanwhile the queue of the followed logs drops its oldest lines. Memory is bounded however slow a frame is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.inspection.log_sources import PodLogs, describe_restart, has_just_restarted
from anchor_tui.domain.inspection.logs import LogBatch, LogFailure, LogLine, LogSelection, format_origin
from anchor_tui.domain.inspection.pods import ContainerState
from anchor_tui.domain.readings import Fresh, Unavailable

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

TAIL = 200
SINCE_TAIL = 2_000
"""Lines of each container that are read at the start, without and with a limit of their age."""
ALL_CONTAINERS = "*"
"""The choice of every container at once. It is not a valid name."""
MAX_FOLLOWED_LOGS = 24
"""Logs that are followed at once: each one needs a connection. The containers that matter come first."""


class LogChoice(NamedTuple):
    """Which logs are shown. An empty pod means all, an empty container the one that matters."""

    pod: str = ""
    container: str = ""
    is_previous: bool = False
    since_s: int | None = None

    @property
    def tail(self) -> int:
        """The number of lines of each container that are read at the start."""
        return TAIL if self.since_s is None else SINCE_TAIL

    def select_pods(self, pods: Sequence[PodLogs]) -> tuple[PodLogs, ...]:
        """Return the chosen pods."""
        return tuple(pod for pod in pods if self.pod in {"", pod.node.key.name})

    @property
    def is_every_container(self) -> bool:
        """True if all containers are shown at once."""
        return self.container == ALL_CONTAINERS

    @property
    def container_name(self) -> str:
        """The name of the chosen container; empty if it is another one for each pod, or if all are shown."""
        return "" if self.is_every_container else self.container

    def choose_container(self, pod: PodLogs) -> ContainerState | None:
        """Return the container of a pod that matters most among those that are shown."""
        return pod.choose_container(self.container_name)

    def make_selection(self, pod: PodLogs, container: str = "") -> LogSelection:
        """Return the log of a container of a pod; without a name, of the one that is chosen or matters."""
        found = self.choose_container(pod)
        return LogSelection(
            pod.node.key.namespace,
            pod.node.key.name,
            container or self.container_name or (found.name if found else ""),
            previous=self.is_previous,
            tail=self.tail,
            since_s=self.since_s,
            names_container=self.is_every_container,
        )

    def make_selections(self, pods: Sequence[PodLogs]) -> tuple[LogSelection, ...]:
        """Return the chosen logs of some pods. A session follows the first MAX_FOLLOWED_LOGS of them."""
        chosen = self.select_pods(pods)
        selections = [self.make_selection(pod) for pod in chosen]
        for pod in chosen if self.is_every_container else ():
            names = [container.name for container in pod.state.containers] if pod.state else []
            others = (self.make_selection(pod, name) for name in names)
            selections += [selection for selection in others if selection not in selections]
        return tuple(selections)


class LogSession(NamedTuple):
    """One run of reading. `after` contains the time of the last line that is known of a log, by its origin."""

    choice: LogChoice
    pods: tuple[PodLogs, ...]
    now: datetime
    after: Mapping[str, datetime]

    @property
    def selections(self) -> tuple[LogSelection, ...]:
        """The logs that are read, MAX_FOLLOWED_LOGS at most."""
        return self.choice.make_selections(self.pods)[:MAX_FOLLOWED_LOGS]

    async def run(self, inspector: ApplicationInspector, deliver: Callable[[LogBatch], Awaitable[None]]) -> None:
        """Deliver batches until it is cancelled, or until the log of the previous process is complete."""
        if self.choice.is_previous:
            await deliver(await _read_once(inspector, self.selections))
            return
        after = dict(self.after)
        for pod in self.choice.select_pods(self.pods):
            if self.choice.make_selection(pod).origin not in after:
                batch = await self._read_previous(inspector, pod)
                after |= {
                    format_origin(line.pod, line.container): line.at
                    for line in batch.lines
                    if line.pod and line.at is not None
                }
                if batch.lines:
                    await deliver(batch)
        async with aclosing(inspector.follow_logs(self.selections, after=after)) as batches:
            async for batch in batches:
                await deliver(batch)

    async def _read_previous(self, inspector: ApplicationInspector, pod: PodLogs) -> LogBatch:
        """Return the log of the process that has just ended, with a note; nothing if there is not one."""
        container = self.choice.choose_container(pod)
        if container is None or not has_just_restarted(container, self.now):
            return LogBatch()
        batch = await _read_once(inspector, [replace(self.choice.make_selection(pod), previous=True)])
        lines = [line for line in batch.lines if line.at is not None]
        if not lines:
            return LogBatch()
        # The note has a place of its own, so that the lines of the present process follow it.
        note = LogLine(describe_restart(container, self.now), "", lines[-1].at and lines[-1].at + timedelta(0, 0, 1))
        return LogBatch((*lines, note))


async def _read_once(inspector: ApplicationInspector, selections: Sequence[LogSelection]) -> LogBatch:
    match await inspector.read_logs(selections):
        case Fresh(value=lines):
            return LogBatch(lines)
        case Unavailable(error=error):
            return LogBatch(failures=tuple(LogFailure(selection, error) for selection in selections))
        case _:
            return LogBatch()
