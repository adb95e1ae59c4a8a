"""The minimum number of Pods of a workload: its replicas, or the minimum of its autoscaler."""

from __future__ import annotations

from anchor_tui.domain.json_access import get_int, get_mapping
from anchor_tui.domain.kubernetes.workloads import Manifests, Workload


def count_replicas(workload: Workload, manifests: Manifests) -> int:
    """Return the minimum number of Pods that run at the same time.

    A HorizontalPodAutoscaler does not scale a workload with 0 replicas.
    """
    kind = workload.resource.kind
    if kind in {"Job", "CronJob"}:
        spec = get_mapping(workload.resource.manifest, "spec")
        job = get_mapping(spec, "jobTemplate", "spec") if kind == "CronJob" else spec
        parallelism = get_int(job, "parallelism")
        return 1 if parallelism is None else parallelism
    if kind in {"DaemonSet", "Pod"}:
        return 1
    replicas = 1 if workload.replicas is None else workload.replicas
    if replicas == 0:
        return 0
    autoscaler = manifests.autoscalers.get((kind, workload.resource.name))
    if autoscaler is None:
        return replicas
    if autoscaler.kind == "ScaledObject":
        return get_int(autoscaler.manifest, "spec", "minReplicaCount") or 0
    minimum = get_int(autoscaler.manifest, "spec", "minReplicas")
    return 1 if minimum is None else minimum
