"""The state of a pod and of its containers, from its live manifest. Source: `GET …/resource`, kind Pod."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.json_access import JsonMapping, get_int, get_mapping, get_mappings, get_text
from anchor_tui.domain.model import AwareDatetime, ValueObject

ContainerRole: TypeAlias = Literal["container", "init"]
KILLED_BASE = 128
"""An exit code above this is 128 plus the number of the signal that ended the process."""
_SIGNAL_NAMES = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE"}
_SIGNAL_NAMES |= {9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM"}


class Termination(ValueObject, frozen=True):
    """The end of a container's process."""

    exit_code: int
    reason: str = ""
    message: str = ""
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None

    @property
    def signal_name(self) -> str:
        """The signal that ended the process, such as SIGSEGV; empty if it exited itself."""
        number = self.exit_code - KILLED_BASE
        return _SIGNAL_NAMES.get(number, f"signal {number}") if 0 < number < KILLED_BASE else ""


class ContainerState(ValueObject, frozen=True):
    """One container. At most one of `waiting_reason`, `running_since` and `ended` is set."""

    name: str
    role: ContainerRole = "container"
    image: str = ""
    is_ready: bool = False
    restarts: int = 0
    waiting_reason: str = ""
    waiting_message: str = ""
    running_since: AwareDatetime | None = None
    ended: Termination | None = None
    last_ended: Termination | None = None
    """The end of the process before the present one."""
    spec: Mapping[str, Any] = {}
    """The container of the pod's spec: probes, resources, environment, mounts."""

    def get_resource(self, kind: Literal["requests", "limits"], name: str) -> str:
        """Return a request or limit as it is written, such as "768Mi"; empty if it is not set."""
        found = get_mapping(self.spec, "resources", kind).get(name)
        return str(found) if isinstance(found, str | int | float) else ""

    @property
    def latest_end(self) -> Termination | None:
        """The last time that its process ended."""
        return self.ended or self.last_ended


class PodCondition(ValueObject, frozen=True):
    """A condition of a pod, such as PodScheduled or Ready. `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: AwareDatetime | None = None


class PodState(ValueObject, frozen=True):
    """A pod: its phase, its conditions and its containers, those that initialize it first."""

    key: ResourceKey
    phase: str = ""
    reason: str = ""
    message: str = ""
    cluster_node: str = ""
    started_at: AwareDatetime | None = None
    conditions: tuple[PodCondition, ...] = ()
    containers: tuple[ContainerState, ...] = ()
    labels: Mapping[str, str] = {}

    def find_condition(self, type_: str) -> PodCondition | None:
        """Return one condition; None if the pod does not report it."""
        return next((condition for condition in self.conditions if condition.type == type_), None)


def read_pod(manifest: object) -> PodState:
    """Return the state that a pod's manifest reports. Fields of another type than Kubernetes' are left out."""
    metadata, spec, status = (get_mapping(manifest, part) for part in ("metadata", "spec", "status"))
    return PodState(
        ResourceKey("", "Pod", get_text(metadata, "namespace"), get_text(metadata, "name")),
        get_text(status, "phase"),
        get_text(status, "reason"),
        get_text(status, "message"),
        get_text(spec, "nodeName"),
        parse_time(get_text(status, "startTime")),
        tuple(_read_condition(condition) for condition in get_mappings(status, "conditions")),
        (
            *_read_containers(spec, status, "initContainers", "initContainerStatuses", "init"),
            *_read_containers(spec, status, "containers", "containerStatuses", "container"),
        ),
        {name: value for name, value in get_mapping(metadata, "labels").items() if isinstance(value, str)},
    )


def parse_time(text: str) -> datetime | None:
    """Return a time of Kubernetes in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _read_condition(condition: JsonMapping) -> PodCondition:
    return PodCondition(
        get_text(condition, "type"),
        get_text(condition, "status"),
        get_text(condition, "reason"),
        get_text(condition, "message"),
        parse_time(get_text(condition, "lastTransitionTime")),
    )


def _read_containers(
    spec: JsonMapping, status: JsonMapping, spec_key: str, status_key: str, role: ContainerRole
) -> list[ContainerState]:
    """Return the containers in the order of the spec. One that has not started has no status yet."""
    statuses = {get_text(found, "name"): found for found in get_mappings(status, status_key)}
    return [
        _read_container(container, statuses.get(get_text(container, "name"), {}), role)
        for container in get_mappings(spec, spec_key)
    ]


def _read_container(container: JsonMapping, status: JsonMapping, role: ContainerRole) -> ContainerState:
    state, last_state = get_mapping(status, "state"), get_mapping(status, "lastState")
    return ContainerState(
        get_text(container, "name"),
        role,
        get_text(container, "image"),
        status.get("ready") is True,
        get_int(status, "restartCount") or 0,
        get_text(state, "waiting", "reason"),
        get_text(state, "waiting", "message"),
        parse_time(get_text(state, "running", "startedAt")),
        _read_termination(state),
        _read_termination(last_state),
        container,
    )


def _read_termination(state: JsonMapping) -> Termination | None:
    found = get_mapping(state, "terminated")
    exit_code = get_int(found, "exitCode")
    if exit_code is None:
        return None
    started_at, finished_at = (parse_time(get_text(found, name)) for name in ("startedAt", "finishedAt"))
    return Termination(exit_code, get_text(found, "reason"), get_text(found, "message"), started_at, finished_at)


def list_mounted_names(manifest: object) -> tuple[tuple[str, str], ...]:
    """Return kind and name of each Secret, ConfigMap and PersistentVolumeClaim that a pod mounts as a volume."""
    found = []
    for volume in get_mappings(manifest, "spec", "volumes"):
        for key, field, kind in _VOLUME_KINDS:
            if name := get_text(volume, key, field):
                found.append((kind, name))
    return tuple(found)


_VOLUME_KINDS = (
    ("secret", "secretName", "Secret"),
    ("configMap", "name", "ConfigMap"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)
