"""The durations of the application controller and the cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControllerTimings:
    """Durations of the controller and the cluster, in seconds."""

    notice_push_s: float = 1.0
    """From a push to its comparison."""
    start_operation_s: float = 0.3
    """From the request of an operation to its start."""
    apply_s: float = 1.5
    finish_s: float = 0.6
    compare_s: float = 0.1
    rollout_s: float = 6.0
    delete_workload_s: float = 1.8
    """The deletion of a workload, until its Pods are gone."""
    delete_object_s: float = 0.06
    """The deletion of other objects."""
    notice_change_s: float = 0.2
    """From a change in the cluster to its comparison, and to self-heal."""
    terminate_s: float = 0.15
    """From phase Terminating to Failed."""
    window_retry_s: float = 10.0
    """Between two checks of the sync window that blocks an operation."""
    progress_deadline_s: float = 180.0
    """The time after which a Deployment that is not ready becomes Degraded."""
    refresh_s: float = 0.0
    reconcile_s: float = 60.0
    """Between two regular comparisons."""


FAST_TIMINGS = ControllerTimings(
    notice_push_s=0.1,
    start_operation_s=0.05,
    apply_s=0.1,
    finish_s=0.05,
    compare_s=0.02,
    rollout_s=0.3,
    delete_workload_s=0.2,
)
"""Short durations for tests on the wall clock."""
