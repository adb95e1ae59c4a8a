"""Argo CD's projects, settings and version: what changes little, as recorded from a real one."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from anchor_tui.sandbox.clock import format_rfc3339

VERSION = "v3.5.1"

BUILD_INFO = {
    "Version": VERSION,
    "BuildDate": "2026-01-01T00:00:00Z",
    "GitCommit": "109ca7ca71139e514114499d294a492e7910a965",
    "GitTag": VERSION,
    "GitTreeState": "clean",
    "GoVersion": "go1.26.8",
    "Compiler": "gc",
    "Platform": "linux/amd64",
    "KustomizeVersion": "v5.8.0 2026-01-01T00:00:00Z",
    "HelmVersion": "v3.21.4",
    "JsonnetVersion": "v0.22.0",
}

CAN_I_RESOURCES = (
    "clusters",
    "projects",
    "applications",
    "applicationsets",
    "repositories",
    "write-repositories",
    "certificates",
    "accounts",
    "gpgkeys",
    "logs",
    "exec",
    "extensions",
)

PUBLIC_SETTINGS: dict[str, Any] = {
    "url": "https://argocd.anchor.example",
    "appLabelKey": "app.kubernetes.io/instance",
    "googleAnalytics": {"anonymizeUsers": True},
    "kustomizeOptions": {"BuildOptions": "", "BinaryPath": "", "Versions": None},
    "help": {},
    "trackingMethod": "annotation",
    "appsInAnyNamespaceEnabled": True,
    "syncWithReplaceAllowed": True,
}
SETTINGS: dict[str, Any] = PUBLIC_SETTINGS | {
    "resourceOverrides": {
        "*/*": {
            "ignoreDifferences": "jqPathExpressions: null\njsonPointers:\n- /status\nmanagedFieldsManagers: null\n",
            "ignoreResourceUpdates": "jqPathExpressions: null\njsonPointers:\n- /status\nmanagedFieldsManagers: null\n",
        }
    },
    "passwordPattern": "^.{8,32}$",
    "controllerNamespace": "argocd",
}


def serialize_project(
    name: str,
    applications: Iterable[ClusterApplication],
    created_at: datetime,
    windows: Iterable[ProjectSyncWindow] = (),
) -> dict[str, Any]:
    """An AppProject that allows what its applications do, where its sync windows do not deny it."""
    own = [app for app in applications if app.project == name]
    about = [window.document for window in windows if any(window.applies_to(app.name) for app in own)]
    uid = hashlib.md5(f"project/{name}".encode(), usedforsecurity=False).hexdigest()
    return {
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "uid": str(uuid.UUID(uid)),
            "resourceVersion": "900",
            "generation": 1,
            "creationTimestamp": format_rfc3339(created_at),
        },
        "spec": {
            "sourceRepos": sorted({app.spec["source"]["repoURL"] for app in own}) or ["*"],
            "destinations": [
                {"server": "https://kubernetes.default.svc", "namespace": namespace}
                for namespace in sorted({app.spec["destination"]["namespace"] for app in own})
            ]
            or [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
            **({"syncWindows": about} if about else {}),
        },
        "status": {},
    }
