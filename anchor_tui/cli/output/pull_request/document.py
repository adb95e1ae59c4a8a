"""One pull request as a document of plain values: `anchor-tui/pr/v1`."""

from __future__ import annotations

from typing import Any

import msgspec

from anchor_tui.cli.output.pull_request.parts import PullRequestParts
from anchor_tui.cli.output.yaml_text import format_yaml
from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.services.json_text import format_json

SCHEMA = "anchor-tui/pr/v1"


def render(parts: PullRequestParts, format_name: str, *, with_patches: bool) -> str:
    """Return the document as JSON or YAML."""
    document = build_document(parts, with_patches=with_patches)
    return format_yaml(document) if format_name == "yaml" else format_json(document)


def build_document(parts: PullRequestParts, *, with_patches: bool) -> dict[str, Any]:
    """Return the document. `files` is None if they could not be read; a patch is included if it is asked for."""
    patches = parts.patches
    files = None
    if patches is not None:
        files = [msgspec.to_builtins(file) for file in patches.files]
        for file in files if not with_patches else ():
            del file["patch"], file["is_cut"]
    return {
        "schema": SCHEMA,
        "pull_request": msgspec.to_builtins(parts.details),
        "merge": msgspec.to_builtins(describe_merge_state(parts.details)),
        "releases": msgspec.to_builtins(patches.moves) if patches else None,
        "files": files,
        "files_complete": patches.is_complete if patches else False,
        "job_logs": msgspec.to_builtins(parts.logs),
        "problems": list(parts.problems),
    }
