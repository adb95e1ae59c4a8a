"""The snapshot in Prometheus' text format 0.0.4, for the textfile collector and the Pushgateway."""

from __future__ import annotations

from anchor_tui.cli.output.snapshot.metrics import build_families, render_samples
from anchor_tui.domain.model import Snapshot


def render(snapshot: Snapshot) -> str:
    """Render the metrics. The format has no type "info": such a metric is a gauge with the value 1."""
    lines: list[str] = []
    for family in build_families(snapshot):
        kind = "gauge" if family.type == "info" else family.type
        lines += [f"# HELP {family.sample_name} {family.description}", f"# TYPE {family.sample_name} {kind}"]
        lines += render_samples(family)
    return "\n".join(lines) + "\n"
