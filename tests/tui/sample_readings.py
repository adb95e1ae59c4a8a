"""Readings for every state that the screens show."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.model import (
    AppId,
    ApplicationCondition,
    Diagnosis,
    Operation,
    Problem,
    PrunableResource,
    RateBudget,
    ResourceCounts,
    SourceFailure,
    UnhealthyResource,
)
from anchor_tui.domain.readings import Stale, Unavailable
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import PastRelease
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    files,
    fresh,
    opened,
    ops_repo,
    readings,
    release,
    replace,
)

BUDGET = RateBudget(5000, 4988, 1, NOW + timedelta(minutes=30))
DEV, STAGING = application("anchor-msp-dev"), application("anchor-msp-staging")
PROD = application("anchor-msp-prod", operation=Operation("Succeeded", "synced", ago(hours=3), ago(hours=3)))
DEGRADED = application(
    "anchor-msp-prod",
    url="https://cd.example.com/applications/argocd/anchor-msp-prod",
    health="Degraded",
    health_since=ago(minutes=12),
    unhealthy=(
        UnhealthyResource(
            "apps", "Deployment", "anchor-prod", "gateway", "Degraded", "0 of 1 updated replicas are available"
        ),
    ),
    conditions=(ApplicationCondition("OrphanedResourceWarning", "Application has 1 orphaned resources"),),
    resources=ResourceCounts(7, 0, 1),
)
OUT_OF_SYNC = application(
    "anchor-msp-staging",
    sync="OutOfSync",
    resources=ResourceCounts(9, 2, 0),
    prunable=(PrunableResource("", "Service", "anchor-staging", "status-mock"),),
)
WORKER = application("anchor-worker-prod")
HEALTHY = readings(fresh(argocd(DEV, STAGING, PROD)), fresh(ops_repo(budget=BUDGET)))
INCIDENT = readings(
    fresh(argocd(DEV, OUT_OF_SYNC, DEGRADED)),
    fresh(ops_repo(budget=BUDGET, pull_requests=(opened(232, staging="1.44.0"), opened(227)))),
    out_of_sync_since={AppId("argocd", "argocd", "anchor-msp-staging"): ago(minutes=4)},
)
STALE = SourceReadings(
    {
        "argocd": Stale(
            argocd(DEV, STAGING, PROD),
            ago(minutes=4),
            (),
            SourceFailure("unauthenticated", "401: the token has expired; log in again (`argocd login`)"),
        )
    },
    fresh(ops_repo(budget=BUDGET)),
)
NO_GITHUB = readings(
    fresh(argocd(DEV, STAGING, PROD)),
    Unavailable(SourceFailure("not-found", "anchor/anchor-msp-ops: not found, or the token may not see it")),
)
HOSTILE_NAME = "[/foo] [@click=app.quit]quit[/] \x1b[31mred\x1b[0m \u202egnp.exe"
HOSTILE = readings(
    fresh(
        argocd(
            application("anchor-msp-dev", health="Degraded", unhealthy=(
                UnhealthyResource("", "Pod", "n", HOSTILE_NAME, "Degraded", HOSTILE_NAME),
            ), conditions=(ApplicationCondition("ComparisonError", HOSTILE_NAME),)),
            STAGING,
            PROD,
        )
    ),
    fresh(
        ops_repo(pull_requests=(opened(232, staging="1.44.0"),)),
        problems=(Problem(HOSTILE_NAME, "malformed", HOSTILE_NAME),),
    ),
)  # fmt: skip
CRASH = Diagnosis(
    "gateway exits with code 1: cannot connect to postgres.anchor-prod:5432 (the Service has no ready endpoint)",
    "crash",
    "Deployment/gateway",
    blocking=True,
    since=ago(minutes=12),
    evidence=("6 restarts in 11 min, last 40 s ago", "log: dial tcp 10.96.4.11:5432: connect: connection refused"),
    next_step="Read the log of the process that ended; roll back if the release is new",
    also=("worker is not ready: 503 from /ready",),
)
"""The cause of the failure in `EXPLAINED`."""
EXPLAINED = replace(
    INCIDENT,
    argocd={
        "argocd": fresh(argocd(DEV, OUT_OF_SYNC, replace(DEGRADED, synced_at=ago(minutes=15)), WORKER)),
    },
    github=fresh(
        ops_repo(
            budget=BUDGET,
            pull_requests=(opened(232, staging="1.44.0"), opened(240, prod="1.43.1")),
            environments={
                "dev": files("1.44.0", "1.43.2", "1.43.1"),
                "staging": files("1.43.2", "1.43.1"),
                "prod": replace(files("1.43.2"), release=release("1.43.2", changed_at=ago(minutes=16))),
            },
        )
    ),
    diagnoses={DEGRADED.id: CRASH},
)
"""prod has a second application, and its failure is explained."""
PAST_RELEASES = tuple(
    PastRelease(f"{index:x}".rjust(40, "4"), release(version, changed_at=ago(days=2 * index)))
    for index, version in enumerate(("1.43.1", "1.43.0", "1.42.7"), 1)
)
