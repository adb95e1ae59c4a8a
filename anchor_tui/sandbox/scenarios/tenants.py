"""The applications of a `scale-N` scenario: many services of other repositories, spread over the environments."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import msgspec

from anchor_tui.sandbox.argocd.applications import ClusterApplication, ClusterObject
from anchor_tui.sandbox.argocd.apply import resource_from_manifest
from anchor_tui.sandbox.argocd.chart_rendering import RenderedResource, render_chart
from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.scenarios.seed_history import DEV, PROD, STAGING

ENVIRONMENT_LABEL = "anchor.dev/environment"
"""The label by which an environment of the written configuration selects its applications."""
ENVIRONMENTS = (DEV, STAGING, PROD)
RESOURCES_PER_TENANT = 20
TENANT_PROJECTS = 20
OBJECTS_AGE = timedelta(days=30)
"""The age of every object, so that the manifests of two tenants differ in the tenant's name only."""
DEGRADED_EVERY = 60
OUT_OF_SYNC_EVERY = 40

TENANT_VALUES = {
    "rollout": {"maxSurge": 0, "maxUnavailable": 1},
    "gateway": {"replicas": 1, "image": {"repository": "ghcr.io/tenants/api", "tag": "2.7.1"}},
    "web": {"replicas": 1, "image": {"repository": "ghcr.io/tenants/web", "tag": "2.7.1"}},
    "workers": {"outbox": {"enabled": True, "replicas": 1}, "job": {"enabled": True, "replicas": 1}},
    "statusMock": {"enabled": False},
    "secrets": {"name": "tenant", "store": "anchor-vault", "remoteKey": "tenant", "keys": ["DATABASE_URL"]},
}


@cache
def _render_tenant() -> tuple[RenderedResource, ...]:
    """Return the resources of every tenant. They have other names than those that the checks look for."""
    namespace = "tenant"
    rendered = [
        msgspec.json.decode(msgspec.json.encode(resource.manifest).replace(b'"anchor-', b'"tenant-'))
        for resource in render_chart(TENANT_VALUES, namespace)
    ]
    config_maps = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"tenant-settings-{number:02}", "namespace": namespace},
            "data": {"LOG_LEVEL": "info", "REQUEST_TIMEOUT": "30s"},
        }
        for number in range(RESOURCES_PER_TENANT - len(rendered))
    ]
    found = (resource_from_manifest(manifest, namespace) for manifest in (*rendered, *config_maps))
    return tuple(sorted(found, key=lambda resource: resource.key))


def build_tenant(number: int, now: datetime) -> ClusterApplication:
    """Return one of many tenants; some are out of sync or degraded."""
    project = f"tenants-{number % TENANT_PROJECTS:02}"
    name = f"tenant-{number:05}"
    created = now - timedelta(days=30 + number % 200)
    source = {
        "repoURL": "https://github.com/anchor/tenants.git",
        "path": f"tenants/{name}",
        "targetRevision": "main",
    }
    app = ClusterApplication(
        namespace=project,
        name=name,
        spec={
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "project": project,
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
        labels={
            "app.kubernetes.io/part-of": "tenants",
            ENVIRONMENT_LABEL: ENVIRONMENTS[number % len(ENVIRONMENTS)],
        },
        created_at=created,
        target=_render_tenant(),
        foreign=True,
        sync="Synced",
        revision=f"{number % 7:040x}",
        health_since=created + timedelta(minutes=3),
    )
    objects_created = now - OBJECTS_AGE
    app.live = {resource.key: ClusterObject(resource, created_at=objects_created) for resource in app.target}
    if number % DEGRADED_EVERY == DEGRADED_EVERY - 1:
        broken = next(live for live in app.live.values() if live.resource.kind == "Deployment")
        broken.health = "Degraded"
        broken.message = f'Deployment "{broken.resource.name}" exceeded its progress deadline'
        app.update_health(now - timedelta(hours=1 + number % 40))
    if number % OUT_OF_SYNC_EVERY == OUT_OF_SYNC_EVERY - 1:
        first = app.target[0]
        del app.live[first.key]
        app.sync = "OutOfSync"
    operation = {"sync": {"revision": app.revision, "source": source}, "initiatedBy": {"automated": True}}
    app.record_history(operation, created, created + timedelta(seconds=4))
    app.operation_state = {
        "operation": operation | {"retry": {"limit": 5}},
        "phase": "Succeeded",
        "message": "successfully synced (all tasks run)",
        "startedAt": format_rfc3339(created),
        "finishedAt": format_rfc3339(created + timedelta(seconds=4)),
    }
    return app
