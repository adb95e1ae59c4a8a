"""The formats of the delivery metrics: what each contains, also without a history."""

from __future__ import annotations

import json

import pytest

from anchor_tui.cli.output.history.metrics import (
    METRICS_FORMATS,
    MetricsReport,
    build_metrics_document,
    make_metrics_report,
    render_metrics,
)
from anchor_tui.domain.history.delivery_formatting import METRIC_TEXTS
from tests import rich
from tests.values import NOW


@pytest.fixture
def report() -> MetricsReport:
    return make_metrics_report("anchor-msp", NOW, 30, ("staging", "prod"), {"prod": (rich.DELIVERY,)})


def test_text_has_a_line_for_each_metric(report: MetricsReport):
    assert render_metrics(report, "text") == (
        "staging  unknown: no history is recorded\n"
        "\n"
        "prod  last 30 d; releases known since 2026-11-11 14:02Z; watched 2 d 21 h (10 %)\n"
        "  deployment frequency  ≥ 3.5 per week  6 deployments; releases may be missing\n"
        "  lead time             12 min          5 deployments; 90 %: 31 min; some from the commit in the app repo, "
        "others from the merge in the ops repo; 1 event left out: not watched, or not over\n"
        "  change failure rate   20 %            5 deployments\n"
        "  time to restore       too few (1)\n"
        "\n"
        + "".join(f"{texts.title}: {texts.definition}\n" for texts in METRIC_TEXTS)
        + "definitions in full, and the differences from DORA's: docs/metrics.md\n"
    )


def test_markdown_has_a_table_for_each_environment(report: MetricsReport):
    text = render_metrics(report, "markdown")
    assert "\n## prod\n\nlast 30 d; releases known since 2026-11-11 14\\:02Z; watched 2 d 21 h \\(10 %\\)\n" in text
    assert "| change failure rate | 20 % | 5 deployments |" in text
    assert "| time to restore | too few \\(1\\) |  |" in text
    assert text.count("\n| metric |") == 1


def test_json_has_the_keys_of_the_contract(report: MetricsReport):
    document = json.loads(render_metrics(report, "json"))
    assert set(document) == {"schema", "engine_id", "taken_at", "window_days", "definitions", "environments"}
    assert document["schema"] == "anchor-tui/metrics/v1"
    assert document["taken_at"] == "2026-11-23T14:02:31Z"
    staging, prod = document["environments"]
    assert staging == {"name": "staging", "window": None}
    assert set(prod) == {"name", "window"}
    assert set(prod["window"]) == {
        *("days", "since", "until", "watched_s"),
        *("deployment_frequency", "lead_time", "change_failure_rate", "time_to_restore"),
    }
    assert set(document["definitions"]) == {texts.field for texts in METRIC_TEXTS}
    metric = {"state", "unit", "count", "value", "percentile_90", "excluded", "reason", "basis"}
    assert all(set(prod["window"][name]) == metric for name in document["definitions"])


def test_the_document_is_plain_values(report: MetricsReport):
    assert build_metrics_document(report)["environments"][1]["window"]["lead_time"]["value"] == 754.0


@pytest.mark.parametrize("name", METRICS_FORMATS)
def test_every_format_ends_with_one_line_end(report: MetricsReport, name: str):
    text = render_metrics(report, name)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
