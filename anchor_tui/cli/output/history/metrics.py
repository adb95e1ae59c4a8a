"""Delivery metrics of one window as text, Markdown or JSON: the contract `anchor-tui/metrics/v1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.cli.output.snapshot.markdown import escape_markdown
from anchor_tui.domain.history.delivery_formatting import (
    METRIC_TEXTS,
    PAGE,
    describe_window,
    find_window,
    format_metric_note,
    format_metric_value,
    list_metrics,
)
from anchor_tui.domain.model import DeliveryWindow, ValueObject
from anchor_tui.services.json_text import format_json

METRICS_SCHEMA = "anchor-tui/metrics/v1"
_NO_HISTORY = "unknown: no history is recorded"


class MetricsReport(ValueObject, frozen=True):
    """The metrics of some environments in one window, in the order of promotion. None without a history."""

    engine_id: str
    taken_at: datetime
    window_days: int
    environments: tuple[tuple[str, DeliveryWindow | None], ...]


def make_metrics_report(
    engine_id: str,
    taken_at: datetime,
    window_days: int,
    names: tuple[str, ...],
    delivery: Mapping[str, tuple[DeliveryWindow, ...]],
) -> MetricsReport:
    """Return the report of the environments with these names. `delivery` is what `read_delivery` returns."""
    windows = tuple((name, find_window(delivery.get(name, ()), window_days)) for name in names)
    return MetricsReport(engine_id, taken_at, window_days, windows)


def render_metrics(report: MetricsReport, format_name: str) -> str:
    """Return the report in one of METRICS_FORMATS."""
    return _RENDERERS[format_name](report)


# --- text ------------------------------------------------------------------------------------------


def _render_text(report: MetricsReport) -> str:
    return format_lines(_render_text_lines(report))


def _render_text_lines(report: MetricsReport) -> Iterator[str]:
    for name, window in report.environments:
        yield f"{name}  {describe_window(window) if window else _NO_HISTORY}"
        for texts, metric in list_metrics(window) if window else ():
            note = format_metric_note(texts, metric)
            yield f"  {texts.title:22}{format_metric_value(metric):16}{note}".rstrip()
        yield ""
    for texts in METRIC_TEXTS:
        yield f"{texts.title}: {texts.definition}"
    yield f"definitions in full, and the differences from DORA's: {PAGE}"


# --- Markdown --------------------------------------------------------------------------------------


def _render_markdown(report: MetricsReport) -> str:
    return "\n".join(_render_markdown_lines(report)) + "\n"


def _render_markdown_lines(report: MetricsReport) -> Iterator[str]:
    yield f"# {escape_markdown(report.engine_id)}: delivery metrics, last {report.window_days} days"
    yield ""
    yield f"{report.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    for name, window in report.environments:
        yield ""
        yield f"## {escape_markdown(name)}"
        yield ""
        yield f"{escape_markdown(describe_window(window) if window else _NO_HISTORY)}"
        if window is None:
            continue
        yield ""
        yield "| metric | value | events |"
        yield "|---|---|---|"
        for texts, metric in list_metrics(window):
            value, note = format_metric_value(metric), format_metric_note(texts, metric)
            yield f"| {texts.title} | {escape_markdown(value)} | {escape_markdown(note)} |"
    yield ""
    yield "## Definitions"
    yield ""
    for texts in METRIC_TEXTS:
        yield f"- **{texts.title}**: {texts.definition}"


# --- JSON ------------------------------------------------------------------------------------------


def _render_json(report: MetricsReport) -> str:
    return format_json(build_metrics_document(report))


def build_metrics_document(report: MetricsReport) -> dict[str, Any]:
    """Return the document. `window` is that of the snapshot's `delivery`; null without a history."""
    return {
        "schema": METRICS_SCHEMA,
        "engine_id": report.engine_id,
        "taken_at": report.taken_at,
        "window_days": report.window_days,
        "definitions": {texts.field: texts.definition for texts in METRIC_TEXTS},
        "environments": [{"name": name, "window": msgspec.to_builtins(window)} for name, window in report.environments],
    }


_RENDERERS: Mapping[str, Callable[[MetricsReport], str]] = {
    "text": _render_text,
    "json": _render_json,
    "markdown": _render_markdown,
}
METRICS_FORMATS = tuple(_RENDERERS)
