"""The durations of the application controller and the cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControllerTimings:
    """How long things take, in seconds."""

    notice_push_s: float = 1.0
    """From a push to the comparison with it."""
    start_operation_s: float = 0.3
    """From an operation to its being taken up."""
    apply_s: float = 1.5
    finish_s: float = 0.6
    compare_s: float = 0.1
    rollout_s: float = 6.0
    delete_workload_s: float = 1.8
    """The foreground deletion of a Deployment that was pruned, until its Pods are gone."""
    delete_object_s: float = 0.06
    """The deletion of anything that owns nothing."""
    notice_change_s: float = 0.2
    """From a change in the cluster to the comparison with it, and to self-heal."""
    terminate_s: float = 0.15
    """From Terminating to Failed."""
    window_retry_s: float = 10.0
    """Between two looks at whether a sync window that holds an operation has ended."""
    progress_deadline_s: float = 180.0
    """After this long a Deployment that does not become ready is Degraded."""
    refresh_s: float = 0.0
    reconcile_s: float = 60.0
    """Between two comparisons without a reason."""


FAST_TIMINGS = ControllerTimings(
    notice_push_s=0.1,
    start_operation_s=0.05,
    apply_s=0.1,
    finish_s=0.05,
    compare_s=0.02,
    rollout_s=0.3,
    delete_workload_s=0.2,
)
"""A pace for those who wait by the wall clock."""
