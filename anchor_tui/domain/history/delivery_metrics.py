"""Delivery metrics of an environment, from its recorded changes. `docs/metrics.md` defines them for users.

Time in which anchor-tui was not watching is never counted as healthy: an event that was not watched from its start to
its end is left out, and counted as `excluded`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.history.application_states import EnvironmentOutage, StateStep
from anchor_tui.domain.history.deployments import ReleaseDeployment, find_deployments
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.time_spans import TimeSpan, cover_span, measure_spans
from anchor_tui.domain.model import DeliveryMetric, DeliveryUnit, DeliveryWindow, LeadTimeBasis, ValueObject

WINDOW_DAYS = (7, 30, 90)
DEFAULT_WINDOW_DAYS = 30
MIN_EVENTS = 5
"""A value of fewer events would be chance."""
FAILS_WITHIN = timedelta(hours=1)
"""An outage that begins so soon after a deployment is counted as its failure, as in the reasons of a verdict."""
MIN_KNOWN = timedelta(days=1)
"""The shortest time that a frequency is computed from."""
START_IS_SEEN_WITHIN = timedelta(minutes=1)
"""An outage that is seen so soon after the start of the watch may have begun before."""


class DeliveryRecord(ValueObject, frozen=True):
    """Everything recorded about one environment that the metrics depend on.

    `syncs` are the times at which syncs of its applications ended. `watched` are joined spans in which anchor-tui was
    running and its Argo CD and GitHub were fresh. `committed_at` are the times of commits of the app repo.
    """

    releases: Sequence[RecordedChange]
    syncs: Sequence[datetime]
    steps: Sequence[StateStep]
    outages: Sequence[EnvironmentOutage]
    watched: tuple[TimeSpan, ...]
    committed_at: Mapping[str, datetime] = {}


def measure_delivery(record: DeliveryRecord, now: datetime) -> tuple[DeliveryWindow, ...]:
    """Return the metrics of each window that ends now, the shortest first."""
    deployments = find_deployments(record.releases, record.syncs, record.steps, now)
    return tuple(_measure_window(record, deployments, days, now) for days in WINDOW_DAYS)


def _measure_window(
    record: DeliveryRecord, deployments: Sequence[ReleaseDeployment], days: int, now: datetime
) -> DeliveryWindow:
    start = now - timedelta(days=days)
    known_since = min((change.at for change in record.releases), default=None)
    since = max(start, known_since) if known_since else None
    chosen = [item for item in deployments if since is not None and since <= item.deployed_at <= now]
    outages = [item for item in record.outages if start <= (item.started_at or start) <= now]
    watched = measure_spans(record.watched, start, now)
    return DeliveryWindow(
        days=days,
        since=since,
        until=now,
        watched_s=watched.total_seconds(),
        deployment_frequency=_measure_frequency(record, chosen, since, now),
        lead_time=_measure_lead_time(record, chosen) if watched else _not_watched("s"),
        change_failure_rate=_measure_failures(record, chosen, now) if watched else _not_watched("ratio"),
        time_to_restore=_measure_restores(record, outages) if watched else _not_watched("s"),
    )


def _not_watched(unit: DeliveryUnit) -> DeliveryMetric:
    return DeliveryMetric("unknown", unit, 0, reason="anchor-tui was not watching in this window")


# --- each metric -----------------------------------------------------------------------------------


def _measure_frequency(
    record: DeliveryRecord, deployments: Sequence[ReleaseDeployment], since: datetime | None, now: datetime
) -> DeliveryMetric:
    count = len(deployments)
    if since is None:
        return DeliveryMetric("unknown", "per-day", 0, reason="a release was not recorded yet")
    known = now - since
    if known < MIN_KNOWN:
        return DeliveryMetric("unknown", "per-day", count, reason="releases are known for less than a day")
    if count < MIN_EVENTS:
        return DeliveryMetric("too-few", "per-day", count)
    has_gaps = any(_is_seen_after_gap(record, change) for change in record.releases if change.at >= since)
    return DeliveryMetric(
        "at-least" if has_gaps else "known",
        "per-day",
        count,
        count / (known / timedelta(days=1)),
        reason="releases may be missing: one was replaced while anchor-tui was not watching" if has_gaps else "",
    )


def _is_seen_after_gap(record: DeliveryRecord, change: RecordedChange) -> bool:
    """Return True if a release was merged while anchor-tui was not watching: others may have come before it."""
    return (
        change.origin == "observed"
        and change.before is not None
        and not cover_span(record.watched, change.observed_at - START_IS_SEEN_WITHIN, change.observed_at)
    )


def _measure_lead_time(record: DeliveryRecord, deployments: Sequence[ReleaseDeployment]) -> DeliveryMetric:
    """Measure from the commit in the app repo, if its time is known, else from the merge in the ops repo."""
    spans, begins = [], set[LeadTimeBasis]()
    for item in deployments:
        if item.healthy_at is not None and cover_span(record.watched, item.merged_at, item.healthy_at):
            # A return to an earlier release is not a new change of the app repo.
            committed_at = None if item.is_return else record.committed_at.get(item.commit)
            spans.append(item.healthy_at - min(committed_at or item.merged_at, item.merged_at))
            begins.add("app-repo" if committed_at else "ops-repo")
    metric = _summarize_spans(spans, len(deployments) - len(spans))
    return replace(metric, basis="both" if len(begins) > 1 else next(iter(begins), None))


def _measure_failures(
    record: DeliveryRecord, deployments: Sequence[ReleaseDeployment], now: datetime
) -> DeliveryMetric:
    starts = [item.started_at for item in record.outages if item.started_at is not None]
    judged = failed = 0
    for item in deployments:
        end = min(item.deployed_at + FAILS_WITHIN, item.replaced_at or item.deployed_at + FAILS_WITHIN)
        position = bisect_left(starts, item.deployed_at)
        outage = starts[position] if position < len(starts) and starts[position] < end else None
        has_failed = outage is not None or item.rolled_back_at is not None
        decided_at = outage or end
        if decided_at <= now and cover_span(record.watched, item.deployed_at, decided_at):
            judged += 1
            failed += has_failed
    excluded = len(deployments) - judged
    return _complete(DeliveryMetric("known", "ratio", judged, failed / judged if judged else None, excluded=excluded))


def _measure_restores(record: DeliveryRecord, outages: Sequence[EnvironmentOutage]) -> DeliveryMetric:
    spans = [
        item.ended_at - item.started_at
        for item in outages
        if item.started_at is not None and item.ended_at is not None and _is_watched(record, item)
    ]
    return _summarize_spans(spans, len(outages) - len(spans))


def _is_watched(record: DeliveryRecord, outage: EnvironmentOutage) -> bool:
    """Return True if an outage was watched from its start, or from a time by Argo CD's clock, until its end."""
    assert outage.ended_at is not None
    seen_at = outage.seen_at if outage.has_server_time else outage.seen_at - START_IS_SEEN_WITHIN
    return cover_span(record.watched, seen_at, max(seen_at, outage.ended_at))


# --- values ----------------------------------------------------------------------------------------


def _summarize_spans(spans: Sequence[timedelta], excluded: int) -> DeliveryMetric:
    seconds = sorted(span.total_seconds() for span in spans)
    return _complete(
        DeliveryMetric(
            "known",
            "s",
            len(seconds),
            _find_median(seconds) if seconds else None,
            seconds[math.ceil(0.9 * len(seconds)) - 1] if seconds else None,
            excluded,
        )
    )


def _find_median(ordered: Sequence[float]) -> float:
    """Return the median. `statistics` takes longer to import than everything here."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _complete(metric: DeliveryMetric) -> DeliveryMetric:
    """Return a metric without its value if it is of too few events, and with the reason for what is left out."""
    is_known = metric.count >= MIN_EVENTS
    reason = f"{format_count(metric.excluded, 'event')} left out: not watched, or not over" if metric.excluded else ""
    return replace(
        metric,
        state="known" if is_known else "too-few",
        value=metric.value if is_known else None,
        percentile_90=metric.percentile_90 if is_known else None,
        reason=reason,
    )
