"""The ReplicaSets and pods of a live workload, derived from it: nothing is stored.

Names and uids depend on the workload and its template only, so that every request sees the same ones.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.workloads.failures import FAILURES, HOOK_FAILURE, WorkloadFailure
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject

NODE = "node-1"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
START_DELAY = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class ClusterPod:
    """A pod. `failure` is None while it is healthy or starting; `starting` is True until its workload is ready."""

    name: str
    namespace: str
    uid: str
    template: Mapping[str, Any]
    created_at: datetime
    labels: Mapping[str, str]
    starting: bool = False
    failure: WorkloadFailure | None = None

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """The containers of its spec."""
        return list(self.template["spec"]["containers"])

    def fill(self, text: str) -> str:
        """Return a text about the pod with its own names."""
        image = str(self.containers[0]["image"])
        tag = image.partition("@")[0].rpartition(":")[2]
        names = {"pod": self.name, "namespace": self.namespace, "uid": self.uid, "image": image, "tag": tag}
        return text.format(container=self.containers[0]["name"], **names)

    @property
    def health(self) -> tuple[str, str]:
        """Health and message in the tree."""
        if self.failure is not None:
            return self.failure.health, self.fill(self.failure.tree_message)
        return ("Progressing", "") if self.starting else ("Healthy", "")

    @property
    def status_reason(self) -> str:
        """The status as `kubectl get pods` shows it."""
        if self.failure is not None:
            return self.failure.status_reason
        return "ContainerCreating" if self.starting else "Running"

    @property
    def is_scheduled(self) -> bool:
        """Report whether a node runs the pod."""
        return self.failure is None or not self.failure.unschedulable


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """The present ReplicaSet of a Deployment, or a Job, with its pods. `refused` is why it cannot create any."""

    kind: str
    group: str
    name: str
    uid: str
    created_at: datetime
    pods: tuple[ClusterPod, ...]
    refused: str = ""


def build_uid(*parts: str) -> str:
    """Return a uid that depends on the parts only."""
    return str(uuid.UUID(hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()))


def list_replica_sets(app: ClusterApplication, live: ClusterObject) -> Iterator[ReplicaSet]:
    """Yield what a workload creates: the ReplicaSet of a Deployment; a Job itself. Other kinds create nothing."""
    resource = live.resource
    template = resource.manifest.get("spec", {}).get("template") if resource.kind in {"Deployment", "Job"} else None
    if template is None or live.deleting:
        return
    created_at = live.rolled_out_at or live.created_at or app.created_at
    digest = _digest(json.dumps(template, sort_keys=True))
    name = f"{resource.name}-{digest[:10]}" if resource.kind == "Deployment" else resource.name
    is_failed_job = resource.kind == "Job" and live.health == "Degraded"
    failure = HOOK_FAILURE if is_failed_job else FAILURES.get(live.failure)
    count = failure.copies if failure else int(resource.manifest["spec"].get("replicas", 1))
    pods = tuple(_build_pod(app, live, name, number, created_at, failure) for number in range(count))
    refused = pods[0].fill(failure.refused) if failure and failure.refused else ""
    group = resource.group if resource.kind == "Job" else "apps"
    kind = resource.kind if resource.kind == "Job" else "ReplicaSet"
    uid = build_uid(app.uid, kind, name, format_rfc3339(created_at))
    yield ReplicaSet(kind, group, name, uid, created_at, () if refused else pods, refused)


def list_pods(app: ClusterApplication) -> Iterator[ClusterPod]:
    """Yield every pod of an application."""
    for live in app.live.values():
        for replica_set in list_replica_sets(app, live):
            yield from replica_set.pods


def build_pod_manifest(pod: ClusterPod) -> JsonObject:
    """Return the live object of a pod."""
    failure = pod.failure
    status: JsonObject = {"phase": failure.phase if failure else ("Pending" if pod.starting else "Running")}
    if failure and failure.pod_message:
        status |= {"reason": failure.status_reason, "message": pod.fill(failure.pod_message)}
    scheduled: JsonObject = {"type": "PodScheduled", "status": "True"}
    if failure and failure.unschedulable:
        scheduled |= {"status": "False", "reason": "Unschedulable", "message": failure.unschedulable}
    is_ready = failure is None and not pod.starting
    ready = {"type": "Ready", "status": "True" if is_ready else "False"}
    since = format_rfc3339(pod.created_at + START_DELAY)
    status["conditions"] = [{**condition, "lastTransitionTime": since} for condition in (scheduled, ready)]
    if pod.is_scheduled and not (failure and failure.pod_message):
        status["startTime"] = format_rfc3339(pod.created_at)
        status["containerStatuses"] = [_build_container_status(pod, is_ready)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": pod.namespace,
            "uid": pod.uid,
            "labels": dict(pod.labels),
            "creationTimestamp": format_rfc3339(pod.created_at),
        },
        "spec": {**pod.template["spec"], **({"nodeName": NODE} if pod.is_scheduled else {})},
        "status": status,
    }


def _build_container_status(pod: ClusterPod, is_ready: bool) -> JsonObject:
    failure, container = pod.failure, pod.containers[0]
    at = format_rfc3339(pod.created_at + START_DELAY)
    state: JsonObject = {"running": {"startedAt": at}}
    if failure and failure.waiting:
        reason, message = failure.waiting
        state = {"waiting": {"reason": reason, **({"message": pod.fill(message)} if message else {})}}
    elif pod.starting and failure is None:
        state = {"waiting": {"reason": "ContainerCreating"}}
    ended: JsonObject = {}
    if failure and failure.ended:
        code, reason, message = failure.ended
        found = {"exitCode": code, "reason": reason, "startedAt": at, "finishedAt": at}
        ended = {"terminated": found | ({"message": message} if message else {})}
    if failure is HOOK_FAILURE:
        state, ended = ended, {}
    return {
        "name": container["name"],
        "image": container["image"],
        "ready": is_ready,
        "started": is_ready,
        "restartCount": failure.restarts if failure else 0,
        "state": state,
        "lastState": ended,
    }


def _build_pod(
    app: ClusterApplication,
    live: ClusterObject,
    owner: str,
    number: int,
    created_at: datetime,
    failure: WorkloadFailure | None,
) -> ClusterPod:
    template = live.resource.manifest["spec"]["template"]
    created_at, version = live.replaced_pods.get(number, (created_at, 0))
    identity = f"{owner}/{number}/{format_rfc3339(created_at)}" + (f"/{version}" if version else "")
    is_changing = not live.replaced_pods or number in live.replaced_pods
    labels = {str(key): str(value) for key, value in template.get("metadata", {}).get("labels", {}).items()}
    name = f"{owner}-{_digest(identity)[:5]}"
    return ClusterPod(
        name,
        live.resource.namespace,
        build_uid(app.uid, "Pod", name),
        template,
        created_at + timedelta(seconds=number),
        labels | {"pod-template-hash": owner.rpartition("-")[2]},
        starting=live.health == "Progressing" and failure is None and is_changing,
        failure=failure,
    )


def _digest(text: str) -> str:
    """Return letters and digits as in generated names of Kubernetes."""
    found = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in found)
