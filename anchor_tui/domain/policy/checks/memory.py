"""Check of the memory requests of an environment against the memory budget of its node."""

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
    """The memory of a Pod cannot be computed. The message names the container and the reason."""


def _check_memory_budget(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests = facts.require_manifests(evidence)
    budget = parse_quantity(facts.config.policy.memory_budget)
    total, largest_name, largest, reasons = Fraction(0), "", Fraction(0), []
    for workload in manifests.workloads:
        try:
            requested = sum_pod_memory(workload) * count_replicas(workload, manifests)
        except _UnknownMemoryError as error:
            reasons.append(str(error))
            continue
        total += requested
        if requested > largest:
            largest_name, largest = str(workload), requested
    share = f"{format_memory(total)} of {format_memory(budget)} requested"
    if total > budget:
        yield failed(f"{share}, most of it by {largest_name} ({format_memory(largest)})", None, largest_name)
    elif reasons:
        yield unknown(f"{share}, but not complete: {'; '.join(reasons)}", fix="give each container a memory request")
    elif not manifests.workloads:
        yield unknown("no workload is rendered")
    elif total >= WARNING_SHARE * budget:
        yield failed(f"{share}: {float(total / budget):.0%}, nearly all", None, largest_name, level="warning")
    else:
        yield passed(share)


def sum_pod_memory(workload: Workload) -> Fraction:
    """Return the memory in bytes that the scheduler reserves for one Pod.

    This is the sum of its containers or its largest init container, plus the Pod's overhead. A request of the whole Pod
    replaces both. Raises _UnknownMemoryError.
    """
    pod_request = get_mapping(workload.pod, "resources", "requests").get("memory")
    overhead_text = get_mapping(workload.pod, "overhead").get("memory", 0)
    if workload.malformation and not workload.containers:
        raise _UnknownMemoryError(f"{workload}: {workload.malformation}")
    try:
        overhead = parse_quantity(overhead_text)
        if pod_request is not None:
            return parse_quantity(pod_request) + overhead
    except ValueError as error:
        raise _UnknownMemoryError(f"{workload}: {error}") from error
    containers = [_requested_memory(container, workload) for container in workload.containers if not container.init]
    init_containers = [_requested_memory(container, workload) for container in workload.containers if container.init]
    return max(sum(containers, Fraction(0)), *init_containers, Fraction(0)) + overhead


def _requested_memory(container: PodContainer, workload: Workload) -> Fraction:
    """Return the request of a container. Without a request, Kubernetes uses its limit."""
    quantity = container.requests if container.requests is not None else container.limits
    name = f"{workload}, container {container.name or '?'}"
    if quantity is None:
        raise _UnknownMemoryError(f"{name} has neither a memory request nor a limit")
    try:
        return parse_quantity(quantity)
    except ValueError as error:
        raise _UnknownMemoryError(f"{name}: {error}") from error


CHECKS = (
    Check(
        id="runtime.memory-budget",
        title="Memory requests fit the node",
        level="error",
        rules=("prod",),
        evidence=("rendered",),
        section="Runtime profile (4GB cost target)",
        why="Runtime profile (4GB cost target)",
        fix="lower the memory requests or the replicas, or enlarge the node and raise memory_budget under [policy]",
        evaluate=_check_memory_budget,
    ),
)
