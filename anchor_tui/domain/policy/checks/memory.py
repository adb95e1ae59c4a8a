"""Memory that an environment's Pods ask for, against the budget of its node."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from anchor_tui.domain.json_access import get_mapping
from anchor_tui.domain.kubernetes.quantities import format_memory, parse_quantity
from anchor_tui.domain.kubernetes.workloads import PodContainer, Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.evidence.replicas import count_replicas

WARNING_SHARE = Fraction(9, 10)


class _UnknownMemoryError(Exception):
    """A container says neither what memory it asks for nor how much it may have."""


def _check_memory_budget(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests = facts.manifests(evidence)
    limit = parse_quantity(facts.config.policy.memory_budget)
    total, largest, untold = Fraction(0), ("", Fraction(0)), []
    for workload in manifests.workloads:
        try:
            asked = sum_pod_memory(workload) * count_replicas(workload, manifests)
        except _UnknownMemoryError as error:
            untold.append(str(error))
            continue
        total += asked
        largest = max(largest, (str(workload), asked), key=lambda each: each[1])
    share = f"{format_memory(total)} of {format_memory(limit)} requested"
    if total > limit:
        yield failed(f"{share}, the most by {largest[0]} ({format_memory(largest[1])})", None, largest[0])
    elif untold:
        yield unknown(f"{share}, and {'; '.join(untold)}", fix="give each container a memory request")
    elif not manifests.workloads:
        yield unknown("no workload is rendered")
    elif total >= WARNING_SHARE * limit:
        yield failed(f"{share}: {float(total / limit):.0%}, nearly all", None, largest[0], level="warning")
    else:
        yield passed(share)


def sum_pod_memory(workload: Workload) -> Fraction:
    """What the scheduler keeps for one Pod: the sum of its containers, or its greediest init container."""
    whole = get_mapping(workload.pod, "resources", "requests").get("memory")
    overhead = get_mapping(workload.pod, "overhead").get("memory", 0)
    if workload.malformation and not workload.containers:
        raise _UnknownMemoryError(f"{workload}: {workload.malformation}")
    try:
        above = parse_quantity(overhead)
        if whole is not None:
            return parse_quantity(whole) + above
    except ValueError as error:
        raise _UnknownMemoryError(f"{workload}: {error}") from error
    running = [_requested_memory(each, workload) for each in workload.containers if not each.init]
    beginning = [_requested_memory(each, workload) for each in workload.containers if each.init]
    return max(sum(running, Fraction(0)), *beginning, Fraction(0)) + above


def _requested_memory(container: PodContainer, workload: Workload) -> Fraction:
    """A container's request; its limit stands in for one that is missing, as Kubernetes has it."""
    said = container.requests if container.requests is not None else container.limits
    where = f"{workload}, container {container.name or '?'}"
    if said is None:
        raise _UnknownMemoryError(f"{where} has neither a memory request nor a limit")
    try:
        return parse_quantity(said)
    except ValueError as error:
        raise _UnknownMemoryError(f"{where}: {error}") from error


CHECKS = (
    Check(
        id="runtime.memory-budget",
        title="It fits the node's memory",
        level="error",
        rules=("prod",),
        evidence=("rendered",),
        section="Runtime profile (4GB cost target)",
        why="Runtime profile (4GB cost target)",
        fix="lower the memory requests or the replicas, or raise memory_budget under [policy] with the node",
        evaluate=_check_memory_budget,
    ),
)
