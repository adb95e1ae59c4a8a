"""Failures that were not recorded: hooks, refusals, registries, volumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from anchor_tui.domain.diagnosis.engine import diagnose
from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.inspection.application_details import ApplicationDetails, ResourceSyncResult
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.failing_branches import find_failing_branches
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.pods import read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, ApplicationCondition, Diagnosis, Operation
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.inspection_conversion import to_application_details
from anchor_tui.sources.argocd.inspection_schema import ApplicationDetailsResponse
from anchor_tui.sources.argocd.schema import ApplicationJson
from tests.argocd_recordings import load_recording
from tests.values import NOW, ago

DEPLOYMENT = ResourceNode(ResourceKey("apps", "Deployment", "shop", "web"), uid="deployment", health="Progressing")
POD = ResourceNode(
    ResourceKey("", "Pod", "shop", "web-1"), uid="pod", parent_uids=("deployment",), health="Degraded", created_at=NOW
)
JOB = ResourceNode(
    ResourceKey("batch", "Job", "shop", "migrate"),
    uid="job",
    health="Degraded",
    message="backoff limit",
    created_at=NOW,
)


def make_application(**changes: Any) -> Application:
    return Application("main", "argocd", "shop", **{"health": "Degraded", "sync": "Synced", **changes})


def make_event(reason: str, message: str, *, warning: bool = True, count: int = 1, age_s: int = 5) -> ClusterEvent:
    at = NOW - timedelta(seconds=age_s)
    return ClusterEvent(POD.key, "pod", warning, reason, message, count, at, at)


def make_manifest(**container_status: Any) -> dict[str, Any]:
    return {
        "spec": {"containers": [{"name": "web", "image": "registry/web:2"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "web", **container_status}]},
    }


def diagnose_pod(
    manifest: dict[str, Any] | None = None,
    events: Sequence[ClusterEvent] = (),
    log: Sequence[str] = (),
    *,
    leaf: ResourceNode = POD,
    workload: ResourceNode = DEPLOYMENT,
    details: ApplicationDetails | None = None,
    application: Application | None = None,
) -> Diagnosis | None:
    branch = BranchEvidence(
        workload,
        leaf,
        1,
        tuple(events),
        read_pod(manifest) if manifest is not None else None,
        manifest or {},
        tuple(LogLine(text) for text in log),
    )
    return diagnose(
        FailureEvidence(
            application or make_application(),
            details or ApplicationDetails(),
            (branch,),
            ResourceTree([workload, leaf]),
            NOW,
        )
    )


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


@pytest.mark.parametrize(
    ("message", "rule", "blocking"),
    [
        ("lookup registry on 10.0.0.10:53: no such host", "registry-unreachable", False),
        ("tls: failed to verify certificate: x509: unknown authority", "registry-certificate", True),
        ("pull access denied, repository does not exist or may require authorization", "image-denied", True),
        ("manifest unknown", "image-not-found", True),
        ("something else", "image-pull", False),
    ],
)
def test_a_pull_failure_is_classified_by_its_event(message: str, rule: str, blocking: bool) -> None:
    manifest = make_manifest(**waiting("ImagePullBackOff", 'Back-off pulling image "registry/web:2"'))
    diagnosis = diagnose_pod(manifest, [make_event("Failed", f'Failed to pull image "registry/web:2": {message}')])
    assert diagnosis is not None
    assert (diagnosis.rule, diagnosis.blocking) == (rule, blocking)


def test_a_digit_in_the_image_is_not_a_status() -> None:
    manifest = make_manifest(**waiting("ErrImagePull", "registry/web:2: not found"))
    manifest["spec"]["containers"][0]["image"] = "registry/web-429:403"
    diagnosis = diagnose_pod(manifest, [make_event("Failed", "Failed to pull registry/web-429:403: not found")])
    assert diagnosis is not None
    assert diagnosis.rule == "image-not-found"


def test_a_first_crash_does_not_block_yet() -> None:
    terminated = {"exitCode": 1, "reason": "Error"}
    manifest = make_manifest(
        restartCount=1, state={"running": {"startedAt": "2026-11-23T06:00:00Z"}}, lastState={"terminated": terminated}
    )
    diagnosis = diagnose_pod(manifest, application=make_application(health="Progressing"))
    assert diagnosis is not None
    assert not diagnosis.blocking


def test_a_new_container_without_warnings_is_not_accused() -> None:
    manifest = make_manifest(**waiting("ContainerCreating"))
    events = [make_event("Pulling", "Pulling image", warning=False)]
    assert diagnose_pod(manifest, events, application=make_application(health="Progressing")) is None


def test_a_missing_config_map_that_git_lacks_is_named() -> None:
    manifest = make_manifest(**waiting("CreateContainerConfigError", 'configmap "settings" not found'))
    diagnosis = diagnose_pod(manifest)
    assert diagnosis is not None
    assert diagnosis.cause == "web cannot start: ConfigMap settings does not exist"
    assert "git does not contain it" in (diagnosis.next_step or "")


def test_a_claim_without_volume_is_a_volume_failure() -> None:
    event = make_event("FailedScheduling", "pod has unbound immediate PersistentVolumeClaims")
    diagnosis = diagnose_pod({"status": {"phase": "Pending"}}, [event])
    assert diagnosis is not None
    assert diagnosis.cause.startswith("web waits for its volume")


def test_a_node_that_is_being_added_does_not_block() -> None:
    events = [
        make_event("TriggeredScaleUp", "pod triggered scale-up", warning=False),
        make_event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu."),
    ]
    diagnosis = diagnose_pod({"status": {"phase": "Pending"}}, events)
    assert diagnosis is not None
    assert not diagnosis.blocking
    assert diagnosis.next_step == "The cluster adds a node; wait for it"


def test_a_webhook_that_refuses_a_pod_is_named() -> None:
    message = 'Error creating: admission webhook "policy.example" denied the request: runAsNonRoot is required'
    diagnosis = diagnose_pod(None, [make_event("FailedCreate", message)])
    assert diagnosis is not None
    assert diagnosis.rule == "admission-webhook"
    assert diagnosis.cause.endswith("admission webhook policy.example refused it: runAsNonRoot is required")


def test_the_pod_of_a_failed_job_explains_it() -> None:
    manifest = make_manifest(state={"terminated": {"exitCode": 2, "reason": "Error"}})
    manifest["status"]["phase"] = "Failed"
    diagnosis = diagnose_pod(manifest, log=["ERROR: relation users exists"], workload=JOB)
    assert diagnosis is not None
    assert diagnosis.cause == "Job migrate (container web) exits with code 2: ERROR: relation users exists"
    assert diagnosis.blocking


def test_a_failed_hook_job_without_pods_is_named() -> None:
    details = ApplicationDetails({}, (ResourceSyncResult(JOB.key, hook="PreSync", phase="Failed"),))
    diagnosis = diagnose_pod(leaf=JOB, workload=JOB, details=details)
    assert diagnosis is not None
    assert diagnosis.cause == "PreSync hook Job migrate failed: backoff limit"


def test_a_resource_that_reports_its_failure_is_quoted() -> None:
    secret = ResourceNode(
        ResourceKey("external-secrets.io", "ExternalSecret", "shop", "keys"),
        uid="secret",
        health="Degraded",
        message="could not get secret data from provider",
    )
    diagnosis = diagnose_pod(leaf=secret, workload=secret)
    assert diagnosis is not None
    assert diagnosis.cause == "ExternalSecret keys is Degraded: could not get secret data from provider"


@pytest.mark.parametrize(
    ("name", "rule", "cause"),
    [
        (
            "get-edge",
            "refused-resource",
            'Service anchor-gateway cannot be applied: Service "anchor-gateway" is invalid',
        ),
        ("get-sync-error", "refused-resource", "Service anchor-gateway cannot be applied"),
        ("get-legacy", "comparison-error", "Argo CD cannot compare anchor-msp-legacy"),
        ("get-bad-revision", "comparison-error", "Argo CD cannot compare anchor-msp-typo"),
        ("get-invalid-spec", "comparison-error", "Argo CD cannot compare anchor-msp-blocked"),
    ],
)
def test_a_recorded_sync_problem_has_its_cause(name: str, rule: str, cause: str) -> None:
    body = json.dumps(load_recording(name).body)
    application = to_observed_application(msgspec.json.decode(body, type=ApplicationJson), "main", "").application
    details = to_application_details(msgspec.json.decode(body, type=ApplicationDetailsResponse))
    diagnosis = diagnose(FailureEvidence(application, details, (), ResourceTree(), NOW))
    assert diagnosis is not None
    assert diagnosis.rule == rule
    assert cause in diagnosis.cause
    assert diagnosis.blocking


def test_the_causes_of_other_workloads_are_kept() -> None:
    application = make_application(
        operation=Operation("Failed", "boom", finished_at=NOW),
        conditions=(ApplicationCondition("ComparisonError", "path does not exist"),),
    )
    diagnosis = diagnose_pod(make_manifest(**waiting("InvalidImageName")), application=application)
    assert diagnosis is not None
    assert diagnosis.rule == "comparison-error"
    assert len(diagnosis.also) == 2


@pytest.mark.parametrize(
    ("changes", "suspect"),
    [
        ({"health": "Healthy"}, False),
        ({"health": "Suspended"}, False),
        ({"health": "Progressing"}, True),
        ({"health": "Degraded"}, True),
        ({"health": "Healthy", "operation": Operation("Failed")}, True),
        ({"health": "Degraded", "presence": "absent"}, False),
    ],
)
def test_only_unhealthy_applications_are_examined(changes: dict[str, Any], suspect: bool) -> None:
    assert make_application(**changes).is_suspect == suspect


def test_the_newest_of_equally_broken_pods_represents_them() -> None:
    older = msgspec.structs.replace(POD, uid="old", created_at=ago(hours=1))
    tree = ResourceTree([DEPLOYMENT, older, POD])
    (branch,) = find_failing_branches(tree)
    assert (branch.leaf.uid, branch.alike, branch.workload) == ("pod", 2, DEPLOYMENT)


def test_orphans_and_healthy_branches_are_not_examined() -> None:
    orphan = msgspec.structs.replace(POD, parent_uids=(), is_orphan=True)
    healthy = msgspec.structs.replace(DEPLOYMENT, health="Healthy")
    assert find_failing_branches(ResourceTree([orphan, healthy])) == ()
