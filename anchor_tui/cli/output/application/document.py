"""The views of one application as documents of plain values: `anchor-tui/app/v1`."""

from __future__ import annotations

from typing import Any

import msgspec

from anchor_tui.cli.output.yaml_text import format_yaml
from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.services.json_text import format_json
from anchor_tui.services.observe.inspect import InspectedTree

SCHEMA = "anchor-tui/app/v1"


def render(application: Application, view: str, value: object, format_name: str) -> str:
    """Return the document of a view as JSON or YAML."""
    document = {"schema": SCHEMA, "application": str(application.id), "view": view, view: value}
    return format_yaml(document) if format_name == "yaml" else format_json(document)


def build_overview(environment: Environment, application: Application, snapshot: Snapshot) -> object:
    """Return the overview: the application as in the snapshot, and the verdict on its environment."""
    return {
        "taken_at": msgspec.to_builtins(snapshot.taken_at),
        "environment": environment.name,
        "verdict": msgspec.to_builtins(environment.verdict),
        "release": msgspec.to_builtins(environment.release),
        "application": msgspec.to_builtins(application),
    }


def build_view(view: str, value: Any) -> object:  # noqa: ANN401 - what the view shows
    """Return a view as plain values."""
    if isinstance(value, InspectedTree):
        if view == "history":
            return msgspec.to_builtins(value.details.deployments)
        return [{**msgspec.to_builtins(node), "key": node.key._asdict()} for node in value.tree.nodes]
    if view == "diff":
        return [_build_difference(found) for found in value if found.kind != "equal"]
    if view == "events":
        return [{**msgspec.to_builtins(event), "resource": event.resource._asdict()} for event in value]
    return msgspec.to_builtins(value)


def _build_difference(difference: ResourceDifference) -> object:
    return {
        "resource": difference.resource._asdict(),
        "change": difference.kind,
        "fields": msgspec.to_builtins(difference.fields),
        "unified": difference.unified,
    }
