"""The logs that belong to a workload: its pods, and of each pod the container that matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.inspection.pods import ContainerState, PodState
from anchor_tui.domain.inspection.resource_tree import ResourceNode

RECENT_RESTART = timedelta(minutes=10)
"""After a restart the log of the process before is more interesting for this long."""


class PodLogs(NamedTuple):
    """A pod with its containers; `state` is None if its manifest could not be read."""

    node: ResourceNode
    state: PodState | None = None

    def choose_container(self, wanted: str = "") -> ContainerState | None:
        """Return the wanted container; without one, the first that fails, else the first that is not an init one."""
        containers = self.state.containers if self.state else ()
        if wanted:
            return next((container for container in containers if container.name == wanted), None)
        main = [container for container in containers if container.role == "container"]
        init = [container for container in containers if container.role == "init"]
        failing = [found for found in (*init, *main) if _has_failed(found)]
        return next(iter([*failing, *main]), None)


class LogPods(NamedTuple):
    """The pods whose logs can be read, those that are not healthy first. `total` counts those left out too."""

    pods: tuple[PodLogs, ...]
    total: int

    @property
    def container_names(self) -> tuple[str, ...]:
        """The names of all containers, in the order of the pods."""
        every = (container.name for pod in self.pods if pod.state for container in pod.state.containers)
        return tuple(dict.fromkeys(every))


def has_just_restarted(container: ContainerState, now: datetime) -> bool:
    """Return True if the process before this one ended recently, so that its log explains more."""
    ended = container.latest_end
    finished_at = ended.finished_at if ended else None
    return container.restarts > 0 and finished_at is not None and now - finished_at <= RECENT_RESTART


def describe_restart(container: ContainerState, now: datetime) -> str:
    """Return a note about the end of the process before."""
    ended = container.latest_end
    if ended is None:
        return f"{container.name} has restarted"
    how = f"{ended.reason}, " if ended.reason and ended.reason != "Error" else ""
    how += ended.signal_name or f"exit {ended.exit_code}"
    return f"above: the previous process of {container.name} ({how}, {format_age(ended.finished_at, now)} ago)"


def explain_empty_log(pods: Sequence[PodLogs], container: str, tail: int) -> str:
    """Return a sentence that explains why there are no lines."""
    reasons = []
    for pod in pods:
        found = pod.choose_container(container)
        if found is not None and found.waiting_reason:
            reasons.append(f"{pod.node.key.name} waits: {found.waiting_reason}")
        elif pod.state is not None and pod.state.phase == "Pending":
            reasons.append(f"{pod.node.key.name} has not started")
    shown = "; ".join(dict.fromkeys(reasons)) or "the process has not written anything, or nothing recently"
    return f"no lines in the last {tail}: {shown}"


def _has_failed(container: ContainerState) -> bool:
    if container.role == "init":
        return bool(container.waiting_reason not in {"", "PodInitializing"} or _exit_code(container))
    return bool(container.waiting_reason or container.restarts or _exit_code(container))


def _exit_code(container: ContainerState) -> int:
    return container.ended.exit_code if container.ended else 0
