"""How many Pods a workload has at least: its replicas, or what an autoscaler keeps it at."""

from __future__ import annotations

from anchor_tui.domain.json_access import get_int, get_mapping, get_text
from anchor_tui.domain.kubernetes.workloads import Manifests, Workload


def count_replicas(workload: Workload, manifests: Manifests) -> int:
    """The least number of Pods that run at once. A HorizontalPodAutoscaler leaves what has 0 replicas alone."""
    kind = workload.resource.kind
    if kind in {"Job", "CronJob"}:
        spec = get_mapping(workload.resource.manifest, "spec")
        job = get_mapping(spec, "jobTemplate", "spec") if kind == "CronJob" else spec
        parallel = get_int(job, "parallelism")
        return 1 if parallel is None else parallel
    own = 1 if workload.replicas is None else workload.replicas
    if kind in {"DaemonSet", "Pod"} or own == 0:
        return 1 if kind in {"DaemonSet", "Pod"} else 0
    for autoscaler in manifests.list_kind("HorizontalPodAutoscaler"):
        if _is_scale_target(workload, get_mapping(autoscaler.manifest, "spec", "scaleTargetRef"), "Deployment"):
            least = get_int(autoscaler.manifest, "spec", "minReplicas")
            return 1 if least is None else least
    for autoscaler in manifests.list_kind("ScaledObject"):
        if _is_scale_target(workload, get_mapping(autoscaler.manifest, "spec", "scaleTargetRef"), "Deployment"):
            return get_int(autoscaler.manifest, "spec", "minReplicaCount") or 0
    return own


def _is_scale_target(workload: Workload, reference: object, usual: str) -> bool:
    kind = get_text(reference, "kind") or usual
    return get_text(reference, "name") == workload.resource.name and kind == workload.resource.kind
