"""The logs of pods, as the lines of a stream. Shapes: `pod-logs*` and `broken-KIND-logs*` of the recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.workloads.failures import HEALTHY_LOG
from anchor_tui.sandbox.argocd.workloads.pods import ClusterPod, list_replica_sets
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.json_types import JsonObject

LINE_INTERVAL = timedelta(seconds=11)
FOLLOW_INTERVAL_S = 1.0


def select_pods(app: ClusterApplication, query: Mapping[str, str]) -> list[ClusterPod]:
    """Return the pods whose logs a request asks for: one pod, those of one workload, or all."""
    found = []
    for live in app.live.values():
        resource = live.resource
        for replica_set in list_replica_sets(app, live):
            names = {(resource.kind, resource.name), (replica_set.kind, replica_set.name)}
            wanted = (query.get("kind", ""), query.get("resourceName", ""))
            for pod in replica_set.pods:
                if query.get("podName"):
                    is_wanted = pod.name == query["podName"]
                else:
                    is_wanted = not wanted[1] or wanted in names or wanted == ("Pod", pod.name)
                if is_wanted and query.get("namespace", "") in {"", pod.namespace}:
                    found.append(pod)
    return found


def build_log_lines(pods: list[ClusterPod], query: Mapping[str, str], now: datetime) -> Iterator[JsonObject]:
    """Yield the lines that exist, oldest first, without the last line of the stream."""
    container = query.get("container", "")
    is_previous = query.get("previous") == "true"
    for pod in pods:
        names = [str(found["name"]) for found in pod.containers]
        if container and container not in names:
            message = f"container {container} is not valid for pod {pod.name}"
            yield _build_message(message)
            continue
        if is_previous and not (pod.failure and pod.failure.restarts):
            message = f'previous terminated container "{names[0]}" in pod "{pod.name}" not found'
            yield _build_message(message)
            continue
        yield from _build_pod_lines(pod, query, now)


def build_last_line(now: datetime) -> JsonObject:
    """Return the line that ends a stream."""
    return {**_build_line("", "", now), "last": True}


def follow_pods(pods: list[ClusterPod], now: datetime) -> Iterator[JsonObject]:
    """Yield one new line of each running pod in turn, without end."""
    running = [pod for pod in pods if pod.health[0] == "Healthy"]
    for number in count() if running else ():
        pod = running[number % len(running)]
        text = f'{{"level":"info","msg":"GET /healthz 200","ms":{number % 7}}}'
        yield _build_line(text, pod.name, now + timedelta(seconds=number + 1))


def _build_pod_lines(pod: ClusterPod, query: Mapping[str, str], now: datetime) -> Iterator[JsonObject]:
    if pod.starting or not pod.is_scheduled or (pod.failure and pod.failure.phase == "Pending"):
        return
    texts = [pod.fill(text) for text in (pod.failure.log if pod.failure else HEALTHY_LOG)]
    first = now - LINE_INTERVAL * (len(texts) + 1)
    lines = [(first + LINE_INTERVAL * place, text) for place, text in enumerate(texts)]
    if pattern := query.get("filter", ""):
        wanted = re.escape(pattern.lstrip("!"))
        lines = [line for line in lines if bool(re.search(wanted, line[1])) is not pattern.startswith("!")]
    if seconds := query.get("sinceSeconds", ""):
        lines = [line for line in lines if line[0] >= now - timedelta(seconds=int(seconds))]
    tail = int(query.get("tailLines") or len(lines))
    for at, text in lines[len(lines) - min(tail, len(lines)) :]:
        yield _build_line(text, pod.name, at)


def _build_message(text: str) -> JsonObject:
    """Return a line of the server itself: it has no time."""
    found = {"timeStamp": None, "last": False, "timeStampStr": "0001-01-01T00:00:00Z", "podName": ""}
    return {"content": text, **found}


def _build_line(text: str, pod: str, at: datetime) -> JsonObject:
    return {
        "content": text,
        "timeStamp": format_rfc3339(at),
        "last": False,
        "timeStampStr": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "podName": pod,
    }
