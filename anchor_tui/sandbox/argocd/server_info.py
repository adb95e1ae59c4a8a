"""Argo CD's version and settings, as recorded from a real server."""

from __future__ import annotations

from typing import Any

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
