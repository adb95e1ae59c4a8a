"""The delivery metrics as short texts, the same on the screen and in every format, with their definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import DeliveryMetric, DeliveryWindow

PAGE = "docs/metrics.md"


class MetricTexts(NamedTuple):
    """The title of a metric, the name of its events and its definition. `field` is its name in a DeliveryWindow."""

    field: str
    title: str
    short_title: str
    event: str
    definition: str


METRIC_TEXTS = (
    MetricTexts(
        "deployment_frequency",
        "deployment frequency",
        "deployments",
        "deployment",
        "changes of the release that were synced, over the time in which releases are known",
    ),
    MetricTexts(
        "lead_time",
        "lead time",
        "lead time",
        "deployment",
        "median from the commit in the app repo, or the merge in the ops repo if that is not visible, until all "
        "applications are Synced and Healthy",
    ),
    MetricTexts(
        "change_failure_rate",
        "change failure rate",
        "change failures",
        "deployment",
        "deployments with an outage within an hour, or followed by a return to an earlier release",
    ),
    MetricTexts(
        "time_to_restore",
        "time to restore",
        "time to restore",
        "outage",
        "median from Degraded or Missing until every application that failed is Healthy again",
    ),
)


_BEGINS = {
    "app-repo": "from the commit in the app repo",
    "ops-repo": "from the merge in the ops repo",
    "both": "some from the commit in the app repo, others from the merge in the ops repo",
}


def list_metrics(window: DeliveryWindow) -> Iterator[tuple[MetricTexts, DeliveryMetric]]:
    """Yield each metric of a window with its texts."""
    for texts in METRIC_TEXTS:
        yield texts, getattr(window, texts.field)


def find_window(windows: Sequence[DeliveryWindow], days: int) -> DeliveryWindow | None:
    """Return the window of so many days; None if it is not included."""
    return next((window for window in windows if window.days == days), None)


def format_metric_value(metric: DeliveryMetric) -> str:
    """Return a value in words: "1.5 per week", "12 min", "20 %", "too few (3)", "unknown"."""
    if metric.state == "too-few":
        return f"too few ({metric.count})"
    if metric.state == "unknown" or metric.value is None:
        return "unknown"
    match metric.unit:
        case "per-day":
            text = f"{metric.value:.1f} per day" if metric.value >= 1 else f"{metric.value * 7:.1f} per week"
        case "ratio":
            text = f"{metric.value:.0%}".replace("%", " %")
        case "s":
            text = format_span(metric.value)
    return f"≥ {text}" if metric.state == "at-least" else text


def format_metric_note(texts: MetricTexts, metric: DeliveryMetric) -> str:
    """Return the number of events, the 90 %, the begin and the reason: "7 deployments; 90 %: 31 min; 2 events …"."""
    number = format_count(metric.count, texts.event) if metric.state in {"known", "at-least"} else ""
    high = f"90 %: {format_span(metric.percentile_90)}" if metric.percentile_90 is not None else ""
    begin = _BEGINS.get(metric.basis or "", "") if metric.value is not None else ""
    return "; ".join(filter(None, (number, high, begin, metric.reason)))


def describe_window(window: DeliveryWindow) -> str:
    """Return the time that the metrics are about: "last 30 d; releases known since …; watched 3 d 4 h (11 %)"."""
    parts = [f"last {window.days} d"]
    if window.since is None:
        parts.append("no release recorded")
    elif window.until - window.since < timedelta(days=window.days):
        parts.append(f"releases known since {_format_time(window.since)}")
    share = window.watched_s / (window.days * 86_400)
    parts.append(f"watched {format_span(window.watched_s)} ({share:.0%})".replace("%", " %"))
    return "; ".join(parts)


def format_window_briefly(window: DeliveryWindow) -> str:
    """Return all metrics of a window on one line, with their counts. Those without a value come last, by the reason.

    "last 30 d: deployments 1.8 per week (8) · lead time 12 min (7) · too few: change failures (4)"
    """
    parts = []
    without_value: dict[str, list[str]] = {"too few": [], "unknown": []}
    for texts, metric in list_metrics(window):
        if metric.value is not None:
            parts.append(f"{texts.short_title} {format_metric_value(metric)} ({metric.count})")
        elif metric.state == "too-few":
            without_value["too few"].append(f"{texts.short_title} ({metric.count})")
        else:
            without_value["unknown"].append(texts.short_title)
    parts += [f"{word}: {', '.join(titles)}" for word, titles in without_value.items() if titles]
    return f"last {window.days} d: {' · '.join(parts)}"


def format_span(seconds: float) -> str:
    """Return a duration in its two largest units: "42 s", "12 min", "3 h 5 min", "2 d 4 h"."""
    whole = max(0, int(seconds))
    for large, large_name, small, small_name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large} {large_name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
