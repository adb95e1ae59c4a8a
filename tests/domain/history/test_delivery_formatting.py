"""The words of delivery metrics."""

from __future__ import annotations

import pytest

from anchor_tui.domain.history.delivery_formatting import (
    METRIC_TEXTS,
    describe_window,
    format_metric_note,
    format_metric_value,
    format_span,
    format_window_briefly,
    list_metrics,
)
from anchor_tui.domain.model import DeliveryMetric
from tests import rich
from tests.values import ago, replace


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (DeliveryMetric("known", "per-day", 7, 2.34), "2.3 per day"),
        (DeliveryMetric("known", "per-day", 7, 0.25), "1.8 per week"),
        (DeliveryMetric("at-least", "per-day", 7, 0.25), "≥ 1.8 per week"),
        (DeliveryMetric("known", "s", 7, 11_100.0), "3 h 5 min"),
        (DeliveryMetric("known", "ratio", 7, 0.0), "0 %"),
        (DeliveryMetric("too-few", "ratio", 4), "too few (4)"),
        (DeliveryMetric("unknown", "s", 0, reason="not watched"), "unknown"),
    ],
)
def test_a_value_has_its_unit_or_a_word(metric: DeliveryMetric, text: str):
    assert format_metric_value(metric) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (3660, "1 h 1 min"), (90_000, "1 d 1 h"), (-1, "0 s")],
)
def test_a_span_has_two_units_at_most(seconds: float, text: str):
    assert format_span(seconds) == text


def test_the_note_has_count_percentile_and_reason():
    metric = DeliveryMetric("known", "s", 5, 60.0, 120.0, 1, "1 event left out")
    assert format_metric_note(METRIC_TEXTS[1], metric) == "5 deployments; 90 %: 2 min; 1 event left out"


def test_the_window_names_when_releases_became_known():
    text = describe_window(rich.DELIVERY)
    assert text == "last 30 d; releases known since 2026-11-11 14:02Z; watched 2 d 21 h (10 %)"
    assert "known since" not in describe_window(replace(rich.DELIVERY, since=ago(days=30)))
    assert "no release recorded" in describe_window(replace(rich.DELIVERY, since=None))


def test_metrics_without_a_value_come_last_by_reason():
    window = replace(
        rich.DELIVERY,
        lead_time=DeliveryMetric("unknown", "s", 0),
        deployment_frequency=DeliveryMetric("too-few", "per-day", 0),
    )
    text = "last 30 d: change failures 20 % (5) · too few: deployments (0), time to restore (1) · unknown: lead time"
    assert format_window_briefly(window) == text


def test_every_metric_of_a_window_has_texts():
    assert len(list(list_metrics(rich.DELIVERY))) == 4
