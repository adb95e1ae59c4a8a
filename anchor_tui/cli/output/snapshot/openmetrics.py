"""The snapshot in the OpenMetrics text format 1.0."""

from __future__ import annotations

from anchor_tui.cli.output.snapshot.metrics import build_families, render_samples
from anchor_tui.domain.model import Snapshot


def render(snapshot: Snapshot) -> str:
    """Render the metrics; `# EOF` marks the end."""
    lines: list[str] = []
    for family in build_families(snapshot):
        lines += [f"# TYPE {family.name} {family.type}", f"# HELP {family.name} {family.description}"]
        lines += render_samples(family)
    return "\n".join([*lines, "# EOF"]) + "\n"
