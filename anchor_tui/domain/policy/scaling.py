"""How many Pods a workload has at least: its replicas, or what an autoscaler keeps it at."""

from __future__ import annotations

from anchor_tui.domain.shapes import mapping, text, whole
from anchor_tui.domain.workloads import Manifests, Workload


def replicas_of(workload: Workload, manifests: Manifests) -> int:
    """The least number of Pods that run at once. A HorizontalPodAutoscaler leaves what has 0 replicas alone."""
    kind = workload.resource.kind
    if kind in {"Job", "CronJob"}:
        spec = mapping(workload.resource.manifest, "spec")
        job = mapping(spec, "jobTemplate", "spec") if kind == "CronJob" else spec
        parallel = whole(job, "parallelism")
        return 1 if parallel is None else parallel
    own = 1 if workload.replicas is None else workload.replicas
    if kind in {"DaemonSet", "Pod"} or own == 0:
        return 1 if kind in {"DaemonSet", "Pod"} else 0
    for autoscaler in manifests.of_kind("HorizontalPodAutoscaler"):
        if _targets(workload, mapping(autoscaler.manifest, "spec", "scaleTargetRef"), "Deployment"):
            least = whole(autoscaler.manifest, "spec", "minReplicas")
            return 1 if least is None else least
    for autoscaler in manifests.of_kind("ScaledObject"):
        if _targets(workload, mapping(autoscaler.manifest, "spec", "scaleTargetRef"), "Deployment"):
            return whole(autoscaler.manifest, "spec", "minReplicaCount") or 0
    return own


def _targets(workload: Workload, reference: object, usual: str) -> bool:
    kind = text(reference, "kind") or usual
    return text(reference, "name") == workload.resource.name and kind == workload.resource.kind
