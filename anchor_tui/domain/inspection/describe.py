"""The details of one resource as short texts: its status in words, conditions, images, probes, limits, owners, events.

Texts from the cluster are included as they are; the caller sanitizes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from anchor_tui.domain.formatting import format_age, format_count, format_duration
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.pods import ContainerState, PodState, Termination, parse_time, read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.json_access import JsonMapping, get_int, get_mapping, get_mappings, get_text
from anchor_tui.domain.kubernetes.image_references import ImageReference, parse_image_reference
from anchor_tui.domain.model import Image, Release

Tone: TypeAlias = Literal["", "ok", "attention", "failing", "muted"]
SHOWN_EVENTS = 5
_BAD_WHEN_TRUE = ("Failure", "Pressure", "Stalled", "Failed", "Error")
"""Condition types that contain one of these report a failure when they are True."""


class DetailText(NamedTuple):
    """One text and its tone. `label` is its name, such as "image"; it may be empty."""

    text: str
    label: str = ""
    tone: Tone = ""


def describe_resource(
    node: ResourceNode, manifest: Mapping[str, Any] | None, release: Release | None, now: datetime
) -> tuple[DetailText, ...]:
    """Return the details of a resource. Without its manifest, those that the tree contains."""
    if manifest is None:
        return (*_describe_message(node), *_describe_images(node.images, release))
    if node.key.kind == "Pod":
        pod = read_pod(manifest)
        is_repeated = node.message in {container.waiting_message for container in pod.containers}
        return (
            *_describe_pod_state(pod, now),
            *(() if is_repeated else _describe_message(node)),
            *_describe_conditions(manifest, now),
            *_describe_containers(pod.containers, release),
        )
    template = get_mapping(manifest, "spec", "template", "spec")
    containers = [_read_template(container) for container in get_mappings(template, "containers")]
    return (
        *_describe_message(node),
        *_describe_replicas(manifest),
        *_describe_conditions(manifest, now),
        *(_describe_containers(containers, release) if containers else _describe_images(node.images, release)),
    )


def describe_container_status(container: ContainerState, pod_started_at: datetime | None, now: datetime) -> str:
    """Return a container's status: "CrashLoopBackOff, exit 137 OOMKilled, 6 restarts in 11 min, last 40 s ago"."""
    parts = []
    if container.waiting_reason:
        parts.append(container.waiting_reason)
    elif container.running_since:
        ready = "running" if container.is_ready or container.role == "init" else "running, not ready"
        parts.append(f"{ready} for {format_age(container.running_since, now)}")
    elif container.ended:
        parts.append("ended")
    else:
        parts.append("not started")
    end = container.latest_end
    if end is not None and (end.exit_code or container.role != "init" or end.reason not in {"", "Completed"}):
        parts.append(describe_termination(end))
    if container.restarts:
        span = f" in {format_age(pod_started_at, now)}" if pod_started_at else ""
        last = f", last {format_age(end.finished_at, now)} ago" if end is not None and end.finished_at else ""
        parts.append(f"{format_count(container.restarts, 'restart')}{span}{last}")
    return ", ".join(parts)


def describe_termination(end: Termination) -> str:
    """Return the end of a process: "exit 137 OOMKilled"."""
    signal = f" ({end.signal_name})" if end.signal_name and end.reason != "OOMKilled" else ""
    reason = f" {end.reason}" if end.reason not in {"", "Error"} else ""
    return f"exit {end.exit_code}{signal}{reason}"


def describe_repetition(event: ClusterEvent) -> str:
    """Return how often an event occurred: "×23 in 10 min"; empty if it occurred once."""
    if event.count <= 1:
        return ""
    is_span_known = event.first_at is not None and event.last_at is not None and event.last_at > event.first_at
    span = f" in {format_duration(event.last_at - event.first_at)}" if is_span_known else ""  # type: ignore[operator]
    return f"×{event.count:,}{span}"


def describe_events(events: Sequence[ClusterEvent], now: datetime) -> Iterator[DetailText]:
    """Yield the latest events, newest first."""
    for event in events[:SHOWN_EVENTS]:
        repetition = describe_repetition(event)
        times = f" {repetition}" if repetition else ""
        text = f"{format_age(event.last_at, now)} ago{times} {event.reason}: {event.message}"
        yield DetailText(text, "event", "attention" if event.is_warning else "")
    if len(events) > SHOWN_EVENTS:
        yield DetailText(f"{format_count(len(events) - SHOWN_EVENTS, 'older event')}", "event", "muted")


def describe_probe(probe: JsonMapping) -> str:
    """Return a probe: "GET :8080/healthz every 10 s, timeout 1 s, 3 failures". The defaults are those of Kubernetes."""
    if request := get_mapping(probe, "httpGet"):
        target = f"GET :{request.get('port', '?')}{get_text(request, 'path') or '/'}"
    elif socket := get_mapping(probe, "tcpSocket"):
        target = f"TCP :{socket.get('port', '?')}"
    elif service := get_mapping(probe, "grpc"):
        target = f"gRPC :{service.get('port', '?')}"
    else:
        command = get_mapping(probe, "exec").get("command")
        target = f"exec {' '.join(map(str, command))}" if isinstance(command, list) else "unknown probe"
    delay = get_int(probe, "initialDelaySeconds") or 0
    return (
        f"{target} every {get_int(probe, 'periodSeconds') or 10} s, timeout {get_int(probe, 'timeoutSeconds') or 1} s, "
        f"{format_count(get_int(probe, 'failureThreshold') or 3, 'failure')}" + (f", after {delay} s" if delay else "")
    )


def describe_image(text: str, release: Release | None) -> DetailText:
    """Return an image and its state in git: equal to the release, another version, or not part of the release."""
    try:
        image = parse_image_reference(text)
    except ValueError:
        return DetailText(text, "image")
    shown = f"{image.repository}{':' if image.tag else ''}{image.version}"
    wanted = _find_release_image(image, release)
    if wanted is None:
        return DetailText(f"{shown}; not part of the release in git" if release else shown, "image")
    if (wanted.digest and image.digest and wanted.digest == image.digest) or (
        not (wanted.digest and image.digest) and wanted.tag == image.tag
    ):
        return DetailText(f"{shown}; as in git", "image")
    in_git = ImageReference(wanted.repository, wanted.tag, wanted.digest).version
    return DetailText(f"{shown}; git has {in_git}", "image", "attention")


def _find_release_image(image: ImageReference, release: Release | None) -> Image | None:
    for found in release.images if release else ():
        try:
            if parse_image_reference(found.repository).repository == image.repository:
                return found
        except ValueError:
            continue
    return None


def _describe_message(node: ResourceNode) -> Iterator[DetailText]:
    if node.message:
        yield DetailText(node.message, "message", "failing" if node.is_unhealthy else "")


def _describe_pod_state(pod: PodState, now: datetime) -> Iterator[DetailText]:
    if pod.reason or pod.message:
        yield DetailText(": ".join(filter(None, (pod.reason, pod.message))), "pod", "failing")
    several = len(pod.containers) > 1
    for container in pod.containers:
        is_done = container.role == "init" and container.ended is not None and container.ended.exit_code == 0
        tone: Tone = "ok" if container.is_ready or is_done else "failing"
        if tone == "failing" and not (container.waiting_reason or container.latest_end):
            tone = "attention"
        name = f"{container.name}: " if several or container.role == "init" else ""
        status = "completed" if is_done else describe_container_status(container, pod.started_at, now)
        yield DetailText(f"{name}{status}", container.role, tone)
        if container.waiting_message:
            yield DetailText(container.waiting_message, "reason", tone)
        if (end := container.latest_end) is not None and end.message:
            yield DetailText(end.message, "last words", tone)
    if pod.cluster_node:
        yield DetailText(pod.cluster_node, "node", "muted")


def _describe_conditions(manifest: Mapping[str, Any], now: datetime) -> Iterator[DetailText]:
    """Yield the conditions that report a failure with their reason, and the others in one line."""
    well = []
    for condition in get_mappings(manifest, "status", "conditions"):
        type_, status = get_text(condition, "type"), get_text(condition, "status")
        is_well = status == ("False" if any(part in type_ for part in _BAD_WHEN_TRUE) else "True")
        reason = get_text(condition, "reason")
        if is_well and reason != "ProgressDeadlineExceeded":
            well.append(type_)
            continue
        since = parse_time(get_text(condition, "lastTransitionTime"))
        age = f" for {format_age(since, now)}" if since else ""
        parts = (f"{type_} is {status}{age}", reason, get_text(condition, "message"))
        yield DetailText(": ".join(filter(None, parts)), "condition", "attention")
    if well:
        yield DetailText(", ".join(well), "conditions", "muted")


def _describe_replicas(manifest: Mapping[str, Any]) -> Iterator[DetailText]:
    wanted = get_int(manifest, "spec", "replicas")
    status = get_mapping(manifest, "status")
    if wanted is None or not status:
        return
    ready, updated = get_int(status, "readyReplicas") or 0, get_int(status, "updatedReplicas")
    new = f", {updated} updated" if updated is not None else ""
    yield DetailText(f"{ready} of {wanted} ready{new}", "replicas", "ok" if ready >= wanted else "failing")


def _describe_images(images: Sequence[str], release: Release | None) -> Iterator[DetailText]:
    for image in images:
        yield describe_image(image, release)


def _describe_containers(containers: Sequence[ContainerState], release: Release | None) -> Iterator[DetailText]:
    for container in containers:
        prefix = f"{container.name} " if len(containers) > 1 else ""
        image = describe_image(container.image, release)
        yield image._replace(label=f"{prefix}image")
        for kind in ("startup", "liveness", "readiness"):
            if probe := get_mapping(container.spec, f"{kind}Probe"):
                yield DetailText(describe_probe(probe), f"{prefix}{kind}")
        limits = "; ".join(filter(None, (_describe_amounts(container, kind) for kind in ("requests", "limits"))))
        yield DetailText(limits or "no requests and limits", f"{prefix}resources", "" if limits else "muted")


def _describe_amounts(container: ContainerState, kind: Literal["requests", "limits"]) -> str:
    amounts = [(name, container.get_resource(kind, name)) for name in get_mapping(container.spec, "resources", kind)]
    texts = [f"{amount} {name}" for name, amount in amounts if amount]
    return f"{kind} {', '.join(texts)}" if texts else ""


def _read_template(container: JsonMapping) -> ContainerState:
    return ContainerState(get_text(container, "name"), image=get_text(container, "image"), spec=container)
