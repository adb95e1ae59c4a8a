"""The recorded responses about broken workloads, as evidence for a diagnosis."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anchor_tui.domain.diagnosis.evidence import BranchEvidence, FailureEvidence
from anchor_tui.domain.inspection.failing_branches import find_failing_branches
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.pods import read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceTree
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.inspection_conversion import (
    to_application_details,
    to_events,
    to_log_line,
    to_resource_nodes,
)
from anchor_tui.sources.argocd.inspection_schema import (
    ApplicationDetailsResponse,
    EventListResponse,
    LogEvent,
    ResourceTreeJson,
)
from anchor_tui.sources.argocd.schema import ApplicationJson
from tests.argocd_recordings import FOLDER, load_recording


def load_evidence(kind: str, *, age: timedelta = timedelta(seconds=30)) -> FailureEvidence:
    """Return what a reader collects about `broken-KIND-*`. `age` is the time since its last event."""
    application_json = load_recording(f"broken-{kind}-get").body
    details = to_application_details(_convert(application_json, ApplicationDetailsResponse))
    tree_json = _convert(load_recording(f"broken-{kind}-tree").body, ResourceTreeJson)
    tree = ResourceTree(to_resource_nodes(tree_json, details.resource_sync))
    events = to_events(_convert(load_recording(f"broken-{kind}-events").body, EventListResponse).items or ())
    manifest = _load_manifest(kind)
    branches = tuple(
        BranchEvidence(
            branch.workload,
            branch.leaf,
            branch.alike,
            events,
            read_pod(manifest) if branch.leaf.key.kind == "Pod" else None,
            manifest,
            _load_log(f"broken-{kind}-logs-previous"),
        )
        for branch in find_failing_branches(tree)
    )
    application = to_observed_application(_convert(application_json, ApplicationJson), "main", "").application
    return FailureEvidence(application, details, branches, tree, _find_latest(events) + age)


def _find_latest(events: Any) -> datetime:
    return max(event.last_at for event in events)


def _convert(body: object, shape: type[Any]) -> Any:
    return msgspec.json.decode(json.dumps(body), type=shape)


def _load_manifest(kind: str) -> dict[str, Any]:
    if not (FOLDER / f"broken-{kind}-pod.json").exists():
        return {}
    manifest: dict[str, Any] = json.loads(load_recording(f"broken-{kind}-pod").body["manifest"])
    return manifest


def _load_log(name: str) -> tuple[LogLine, ...]:
    if not (FOLDER / f"{name}.json").exists():
        return ()
    entries = [
        msgspec.json.decode(line, type=LogEvent).result
        for line in load_recording(name).content.splitlines()
        if line.strip()
    ]
    return tuple(to_log_line(entry) for entry in entries if entry is not None and not entry.last)
