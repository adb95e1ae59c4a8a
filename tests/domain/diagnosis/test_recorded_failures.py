"""Every recorded kind of broken workload, and the cause that is derived from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from anchor_tui.domain.diagnosis.engine import diagnose
from anchor_tui.domain.diagnosis.registry import WORKLOAD_RULES
from tests.argocd_recordings import recording_names
from tests.domain.diagnosis.recorded_evidence import load_evidence

CAUSES = {
    "oom": ("out-of-memory", "anchor-gateway is killed for memory: it needs more than its limit of 768Mi"),
    "segfault": (
        "crash",
        "anchor-gateway is ended by SIGSEGV (exit code 139): "
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4012ab]",
    ),
    "crash": ("crash", "anchor-gateway exits with code 1: KeyError: 'AUTH_JWKS_URL'"),
    "dependency": (
        "failed-dependency",
        "anchor-gateway exits with code 1: it cannot connect to postgres.anchor-demo.svc:5432 (connection refused), "
        "outside of this application",
    ),
    "command": (
        "start-failure",
        "anchor-gateway cannot start: its image does not contain the executable “/app/gatewayd”",
    ),
    "liveness": (
        "liveness-probe",
        'anchor-gateway is restarted by its liveness probe: Get "http://10.1.0.5:8080/healthz": '
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
    ),
    "readiness": (
        "readiness-probe",
        "anchor-gateway is not ready: its readiness probe fails: HTTP probe failed with statuscode: 503",
    ),
    "secret": ("missing-object", "anchor-gateway cannot start: Secret anchor-platform does not exist"),
    "secretkey": (
        "missing-key",
        "anchor-gateway cannot start: Secret anchor-platform lacks the key AUDIT_SIGNING_SECRET",
    ),
    "volume": (
        "volume",
        "anchor-gateway cannot start: volume tls needs Secret gateway-tls, which does not exist",
    ),
    "pullmissing": (
        "image-not-found",
        "anchor-gateway cannot pull the image ghcr.io/anchor/anchor-gateway:1.44.0: it does not exist in the registry",
    ),
    "pulldenied": (
        "image-denied",
        "anchor-gateway cannot pull the image ghcr.io/anchor/anchor-gateway:1.44.0: the registry denies access to it",
    ),
    "pullrate": (
        "image-rate-limit",
        "anchor-gateway cannot pull the image ghcr.io/anchor/anchor-gateway:1.44.0: "
        "the registry limits the number of pulls",
    ),
    "unschedulable": (
        "unschedulable",
        "No node can run anchor-gateway: 0/1 nodes are available: 1 Insufficient memory.",
    ),
    "evicted": (
        "evicted",
        "anchor-gateway was evicted: its node ran out of memory; it used 912Mi and requests 256Mi",
    ),
    "quota": (
        "quota",
        "No pod of anchor-gateway can be created: quota tight is used up (limit pods=0, used pods=3, requested pods=1)",
    ),
}
RECOVERABLE = {"readiness", "pullrate"}


def test_every_recorded_kind_is_covered() -> None:
    kinds = {name.split("-")[1] for name in recording_names("broken-")}
    assert kinds == {*CAUSES, "none"}


@pytest.mark.parametrize("kind", CAUSES)
def test_a_broken_workload_has_its_cause(kind: str) -> None:
    evidence = load_evidence(kind)
    assert evidence.application.health == "Progressing"
    diagnosis = diagnose(evidence)
    assert diagnosis is not None
    assert (diagnosis.rule, diagnosis.cause) == CAUSES[kind]
    assert diagnosis.resource == "Deployment/anchor-gateway"
    assert diagnosis.evidence
    assert diagnosis.next_step
    assert diagnosis.since is not None
    assert diagnosis.blocking == (kind not in RECOVERABLE)


def test_every_cause_is_listed_by_its_rule() -> None:
    listed = {id_ for rule in WORKLOAD_RULES for id_ in rule.ids}
    assert {rule for rule, _ in CAUSES.values()} <= listed


def test_a_healthy_workload_has_no_cause() -> None:
    assert diagnose(load_evidence("none")) is None


def test_a_failing_readiness_probe_blocks_after_two_minutes() -> None:
    diagnosis = diagnose(load_evidence("readiness", age=timedelta(minutes=3)))
    assert diagnosis is not None
    assert diagnosis.blocking


def test_replicas_share_one_cause() -> None:
    diagnosis = diagnose(load_evidence("evicted"))
    assert diagnosis is not None
    assert "7 Pods of Deployment/anchor-gateway fail alike" in diagnosis.evidence
    assert diagnosis.also == ()


@pytest.mark.parametrize("kind", CAUSES)
def test_a_rollout_without_evidence_is_not_accused(kind: str) -> None:
    """Without events, pod and log nothing but the message of the tree may be a cause."""
    evidence = load_evidence(kind)
    bare = tuple(
        replace(branch, events=(), pod=None, manifest={}, log=(), leaf=replace(branch.leaf, message=""))
        for branch in evidence.branches
    )
    diagnosis = diagnose(replace(evidence, branches=bare))
    assert diagnosis is None or diagnosis.rule == "evicted"


def test_a_progress_deadline_is_never_the_cause() -> None:
    evidence = load_evidence("crash")
    deployment = replace(
        evidence.branches[0].workload,
        health="Degraded",
        message='Deployment "anchor-gateway" exceeded its progress deadline',
    )
    branch = replace(evidence.branches[0], leaf=deployment, workload=deployment, events=(), pod=None, log=())
    degraded = replace(evidence.application, health="Degraded")
    diagnosis = diagnose(replace(evidence, application=degraded, branches=(branch,), missing=("logs: 403",)))
    assert diagnosis is not None
    assert (diagnosis.rule, diagnosis.cause) == (None, "cause not found")
    assert any("examined" in line for line in diagnosis.evidence)
    assert "not read: logs: 403" in diagnosis.evidence
