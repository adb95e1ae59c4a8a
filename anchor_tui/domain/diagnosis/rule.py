"""A rule, and how it states what it found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.formatting import format_count, get_first_line
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.model import Diagnosis

MAX_QUOTE_LENGTH = 240
"""Characters of a foreign message inside a cause sentence."""


class WorkloadRule(NamedTuple):
    """A rule about one unhealthy branch. `ids` are the ids of the causes that it finds.

    `reads` names the evidence that it needs, for the documentation.
    """

    ids: tuple[str, ...]
    title: str
    reads: str
    find: Callable[[BranchEvidence, FailureEvidence], Diagnosis | None]


class ApplicationRule(NamedTuple):
    """A rule about an application as a whole."""

    ids: tuple[str, ...]
    title: str
    reads: str
    find: Callable[[FailureEvidence], Diagnosis | None]


def blame(
    branch: BranchEvidence,
    rule: str,
    cause: str,
    next_step: str,
    *,
    evidence: tuple[str, ...] = (),
    blocking: bool = True,
    since: datetime | None = None,
) -> Diagnosis:
    """Return the diagnosis of a branch. The number of replicas that fail alike is added to the evidence."""
    alike = (f"{format_count(branch.alike, branch.leaf.key.kind)} of {branch.workload.key} fail alike",)
    return Diagnosis(
        cause,
        rule,
        str(branch.workload.key),
        blocking,
        since or branch.leaf.created_at,
        (*evidence, *(alike if branch.alike > 1 else ())),
        next_step,
    )


def name_subject(branch: BranchEvidence, container: str = "") -> str:
    """Return the subject of a cause sentence: the workload, and the container if it has another name."""
    workload = branch.workload.key
    name = f"{workload.kind} {workload.name}" if workload.kind in {"Job", "CronJob"} else workload.name
    return f"{name} (container {container})" if container and container != workload.name else name


def quote(message: str) -> str:
    """Return the first line of a foreign message, at most MAX_QUOTE_LENGTH characters."""
    line = get_first_line(message)
    return line if len(line) <= MAX_QUOTE_LENGTH else f"{line[:MAX_QUOTE_LENGTH]}…"


def quote_event(event: ClusterEvent) -> str:
    """Return an event as evidence: "event Unhealthy, 12 times: Liveness probe failed: …"."""
    times = f", {event.count} times" if event.count > 1 else ""
    return f"event {event.reason}{times}: {quote(event.message)}"
