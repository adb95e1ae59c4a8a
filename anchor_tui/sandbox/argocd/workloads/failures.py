"""The ways in which a workload fails, as a real cluster reports them.

Shapes and messages: `broken-KIND-*` of the recordings. In the texts `{pod}`, `{namespace}`, `{uid}`, `{container}` and
`{image}` stand for the pod's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEALTHY_LOG = (
    '{{"level":"info","msg":"starting {container}","version":"{tag}"}}',
    '{{"level":"info","msg":"config loaded","auth_mode":"disabled"}}',
    '{{"level":"info","msg":"database connected","pool":4}}',
    '{{"level":"warning","msg":"outbox lag","lag_s":12}}',
    '{{"level":"info","msg":"GET /healthz 200","ms":1}}',
    '{{"level":"error","msg":"upstream timed out","url":"http://agentfield-mock.anchor-dev.svc/v1/runs"}}',
    '{{"level":"info","msg":"GET /healthz 200","ms":2}}',
)
_BACK_OFF = "back-off 5m0s restarting failed container={container} pod={pod}_{namespace}({uid})"
_BACK_OFF_EVENT = "Back-off restarting failed container {container} in pod {pod}_{namespace}({uid})"


@dataclass(frozen=True, slots=True)
class FailureEvent:
    """A warning about the pod, or about its ReplicaSet if there is no pod."""

    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class WorkloadFailure:
    """One way to fail.

    `health` and `tree_message` are those of the pod in the tree. `waiting` is the reason and the message of a container
    that waits; `ended` is the exit code, reason and message of its last process. `log` is the log of that process.
    """

    kind: str
    summary: str
    status_reason: str
    health: Literal["Degraded", "Progressing"] = "Degraded"
    phase: Literal["Running", "Pending", "Failed"] = "Running"
    tree_message: str = ""
    waiting: tuple[str, str] | None = None
    ended: tuple[int, str, str] | None = None
    restarts: int = 0
    events: tuple[FailureEvent, ...] = ()
    log: tuple[str, ...] = HEALTHY_LOG
    unschedulable: str = ""
    pod_message: str = ""
    copies: int = 1
    """The number of pods that failed in the same way and still exist."""
    refused: str = ""
    """The message with which the API refuses to create the pod: there is no pod then."""


def _crash(kind: str, summary: str, code: int, reason: str, restarts: int, *log: str) -> WorkloadFailure:
    return WorkloadFailure(
        kind,
        summary,
        "CrashLoopBackOff",
        tree_message=_BACK_OFF,
        waiting=("CrashLoopBackOff", _BACK_OFF),
        ended=(code, reason, ""),
        restarts=restarts,
        events=(FailureEvent("BackOff", _BACK_OFF_EVENT, 23),),
        log=log,
    )


def _waiting(
    kind: str, summary: str, reason: str, message: str, event: FailureEvent, *, restarts: int = 0
) -> WorkloadFailure:
    return WorkloadFailure(
        kind,
        summary,
        reason,
        phase="Pending",
        tree_message=message,
        waiting=(reason, message),
        restarts=restarts,
        events=(event,),
    )


_PULL = 'failed to pull and unpack image "{image}": failed to '
_RUN_ERROR = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: error during container init: exec: "/app/gatewayd": stat /app/gatewayd: '
    "no such file or directory"
)
_EVICTED = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. Container {container} was using "
    "912Mi, request is 256Mi, has larger consumption of memory. "
)
_QUOTA = 'pods "{pod}" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=4, limited: pods=0'
_LIVENESS = (
    'Liveness probe failed: Get "http://10.1.0.5:8080/healthz": context deadline exceeded '
    "(Client.Timeout exceeded while awaiting headers)"
)
_NO_SECRET, _NO_KEY = (
    'secret "anchor-platform" not found',
    "couldn't find key AUDIT_SIGNING_SECRET in Secret {namespace}/anchor-platform",
)

FAILURES: dict[str, WorkloadFailure] = {
    failure.kind: failure
    for failure in (
        _crash(
            "oom",
            "is killed for memory",
            137,
            "OOMKilled",
            6,
            '{{"level":"info","msg":"import started","rows":1200000}}',
            '{{"level":"warning","msg":"cache grows","mb":240}}',
        ),
        _crash(
            "segfault",
            "ends with a segmentation fault",
            139,
            "Error",
            4,
            HEALTHY_LOG[0],
            "fatal error: unexpected signal during runtime execution",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4012ab]",
        ),
        _crash(
            "crash",
            "exits because a variable is missing",
            1,
            "Error",
            6,
            HEALTHY_LOG[0],
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 41, in <module>',
            "KeyError: 'AUTH_JWKS_URL'",
        ),
        _crash(
            "dependency",
            "exits because its database refuses connections",
            1,
            "Error",
            9,
            HEALTHY_LOG[0],
            '{{"level":"error","msg":"database unavailable","error":"dial tcp 10.0.0.77:5432: connect: '
            'connection refused","host":"postgres.{namespace}.svc"}}',
            '{{"level":"fatal","msg":"giving up after 5 tries"}}',
        ),
        WorkloadFailure(
            "command",
            "cannot start because its executable does not exist",
            "RunContainerError",
            tree_message=_RUN_ERROR,
            waiting=("RunContainerError", _RUN_ERROR),
            ended=(128, "StartError", 'exec: "/app/gatewayd": no such file or directory'),
            restarts=5,
            events=(
                FailureEvent("BackOff", _BACK_OFF_EVENT, 23),
                FailureEvent(
                    "Failed",
                    'Error: failed to create containerd task: exec: "/app/gatewayd": no such file or directory',
                    6,
                ),
            ),
        ),
        WorkloadFailure(
            "liveness",
            "is restarted by its liveness probe",
            "Running",
            ended=(137, "Error", ""),
            restarts=4,
            events=(
                FailureEvent("Killing", "Container {container} failed liveness probe, will be restarted", 4),
                FailureEvent("Unhealthy", _LIVENESS, 12),
            ),
            log=(
                '{{"level":"info","msg":"GET /healthz 200","ms":912}}',
                '{{"level":"warning","msg":"event loop blocked","ms":5400}}',
                '{{"level":"info","msg":"received SIGTERM"}}',
            ),
        ),
        WorkloadFailure(
            "readiness",
            "runs and its readiness probe fails",
            "Running",
            health="Progressing",
            events=(FailureEvent("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 24),),
        ),
        _waiting(
            "secret",
            "needs a Secret that does not exist",
            "CreateContainerConfigError",
            _NO_SECRET,
            FailureEvent("Failed", f"Error: {_NO_SECRET}", 14),
        ),
        _waiting(
            "secretkey",
            "needs a key that its Secret lacks",
            "CreateContainerConfigError",
            _NO_KEY,
            FailureEvent("Failed", f"Error: {_NO_KEY}", 14),
        ),
        WorkloadFailure(
            "volume",
            "waits for a volume",
            "ContainerCreating",
            health="Progressing",
            phase="Pending",
            waiting=("ContainerCreating", ""),
            events=(
                FailureEvent(
                    "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "gateway-tls" not found', 9
                ),
            ),
        ),
        _waiting(
            "pullmissing",
            "cannot pull its image: not found",
            "ErrImagePull",
            _PULL + 'resolve reference "{image}": {image}: not found',
            FailureEvent("Failed", 'Failed to pull image "{image}": not found', 5),
        ),
        _waiting(
            "pulldenied",
            "cannot pull its image: denied",
            "ErrImagePull",
            _PULL + 'resolve reference "{image}": failed to authorize: failed to fetch anonymous token: unexpected '
            "status: 403 Forbidden",
            FailureEvent(
                "Failed",
                'Failed to pull image "{image}": failed to authorize: failed to fetch anonymous token: '
                "unexpected status: 403 Forbidden",
                5,
            ),
        ),
        _waiting(
            "pullrate",
            "cannot pull its image: rate limit",
            "ErrImagePull",
            _PULL
            + "copy: httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests - Server message: "
            "toomanyrequests: You have reached your pull rate limit.",
            FailureEvent(
                "Failed", 'Failed to pull image "{image}": toomanyrequests: You have reached your pull rate limit.', 3
            ),
        ),
        WorkloadFailure(
            "unschedulable",
            "cannot be scheduled",
            "Pending",
            health="Progressing",
            phase="Pending",
            unschedulable="0/1 nodes are available: 1 Insufficient memory.",
            events=(FailureEvent("FailedScheduling", "0/1 nodes are available: 1 Insufficient memory.", 3),),
        ),
        WorkloadFailure(
            "evicted",
            "is evicted by its node",
            "Evicted",
            phase="Failed",
            tree_message=_EVICTED,
            pod_message=_EVICTED,
            events=(
                FailureEvent(
                    "Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi."
                ),
            ),
            copies=3,
        ),
        WorkloadFailure(
            "quota",
            "cannot create pods: quota",
            "",
            refused=_QUOTA,
            events=(FailureEvent("FailedCreate", f"Error creating: {_QUOTA}", 12),),
        ),
    )
}
HOOK_FAILURE = WorkloadFailure(
    "hook",
    "has a hook that fails",
    "Error",
    phase="Failed",
    ended=(1, "Error", ""),
    log=(
        '{{"level":"info","msg":"migration 0042 started"}}',
        '{{"level":"error","msg":"migration failed","error":"relation \\"users\\" already exists"}}',
    ),
)
"""The pod of a hook Job that fails."""
