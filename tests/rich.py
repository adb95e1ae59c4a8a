"""One snapshot with something of everything, including foreign text with markup and terminal escapes."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from anchor_tui.domain.model import (
    ApplicationCondition,
    DeliveryMetric,
    DeliveryWindow,
    Diagnosis,
    Finding,
    FirstSeen,
    LastKnownGood,
    Operation,
    Problem,
    PrunableResource,
    PullRequestRef,
    RateBudget,
    ResourceCounts,
    Snapshot,
    SourceFailure,
    UnhealthyResource,
    VerdictSpan,
)
from anchor_tui.domain.readings import Stale
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.domain.source_data import OpenPullRequestData
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    config,
    fresh,
    opened,
    ops_repo,
    pull_request,
    readings,
    release,
)

EVIL = (
    "\x1b[31mred\x1b]0;title\x07 <b>*bold*</b> | `code`\n# heading [x](javascript:1) "
    "\u202egpj ![i](http://e/x) www.e.example"
)
"""Text that anyone can write into the title of a pull request."""

DELIVERY = DeliveryWindow(
    days=30,
    since=ago(days=12),
    until=NOW,
    watched_s=250_000.0,
    deployment_frequency=DeliveryMetric("at-least", "per-day", 6, 0.5, excluded=0, reason="releases may be missing"),
    lead_time=DeliveryMetric("known", "s", 5, 754.0, 1890.0, 1, "1 event left out: not watched, or not over", "both"),
    change_failure_rate=DeliveryMetric("known", "ratio", 5, 0.2, excluded=1),
    time_to_restore=DeliveryMetric("too-few", "s", 1),
)


def snapshot() -> Snapshot:
    """Return a snapshot: dev OutOfSync with an operation, staging absent and behind, prod Degraded, GitHub stale."""
    dev = application(
        "anchor-msp-dev",
        url="https://cd.example.com/applications/argocd/anchor-msp-dev",
        sync="OutOfSync",
        target_revision="main",
        synced_revision="58c99611d007a6cc61b03fc859cecf01bfcf1e22",
        synced_at=ago(hours=1),
        sync_seen=FirstSeen(ago(minutes=20), observed_start=True, continuous=True),
        operation=Operation("Running", EVIL, ago(minutes=2), None, "a.lee", "a" * 40),
        prunable=(PrunableResource("apps", "Deployment", "anchor-dev", "status-mock", "Prune=false"),),
        resources=ResourceCounts(20, 2, 0),
        images=("ghcr.io/anchor/anchor-gateway:1.44.0",),
    )
    staging = application(
        "anchor-msp-staging",
        presence="absent",
        sync=None,
        health=None,
        problems=(Problem("argocd/anchor-msp-staging", "absent", "it does not exist"),),
    )
    prod = application(
        health="Degraded",
        health_since=ago(minutes=12),
        conditions=(
            ApplicationCondition("SyncError", EVIL),
            ApplicationCondition("OrphanedResourceWarning", "2 orphans"),
        ),
        unhealthy=(UnhealthyResource("apps", "Deployment", "anchor-prod", "anchor-gateway", "Degraded", EVIL),),
        diagnosis=Diagnosis(
            f"anchor-gateway exits with code 1: {EVIL}",
            "crash",
            "Deployment/anchor-gateway",
            True,
            ago(minutes=11),
            (f"log: {EVIL}",),
            "Read the log of the process that ended; roll back if the release is new",
            ("anchor-web is not ready",),
        ),
        labels=(("team", "payments"), ("tier", "prod")),
    )
    evil = replace(pull_request(240, title=EVIL, checks="failure", draft=True, review="changes_requested"))
    repo = ops_repo(
        pull_requests=(opened(232, staging="1.44.0"), OpenPullRequestData(evil, "evil", {"prod": release("1.43.2")})),
        budget=RateBudget(5000, 4321, 1, NOW + timedelta(minutes=28)),
        latency_ms=123.4,
    )
    stale = Stale(
        repo,
        ago(minutes=3),
        (Problem("anchor/old", "renamed", EVIL), Problem("x", "y", "z", "a.yaml", 3, 7)),
        SourceFailure("timeout", "https://api.github.com: no answer within 15 s"),
    )
    found = build_snapshot(config(), readings(fresh(argocd(dev, staging, prod)), stale), NOW)
    finding = Finding(
        "release.pinned", "Images are pinned", "error", "fail", "git", EVIL, "pin it", "a.yaml", 1, 2, "x", NOW
    )
    seen = FirstSeen(ago(days=3), observed_start=True, continuous=True)
    finding = replace(finding, first_seen=seen, since_pull_request=228)
    environments = list(found.environments)
    environments[2] = replace(
        environments[2],
        findings=(finding,),
        last_known_good=LastKnownGood("1.43.1", ago(hours=5)),
        delivery=(DELIVERY,),
        verdicts=(
            VerdictSpan("ok", ago(hours=30), ago(hours=5)),
            VerdictSpan("failing", ago(hours=4), ago(hours=3)),
            VerdictSpan("unknown", ago(minutes=12)),
        ),
        position=replace(environments[2].position, pull_requests=(PullRequestRef(1, "t", "https://x/1"),), since=NOW),
    )
    return replace(found, environments=tuple(environments), findings=(finding,))
