"""Foreign text in every format: no control character, no workflow command, no token; and each format is still read."""

from __future__ import annotations

import csv
import html.parser
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic
from ruamel.yaml import YAML

from anchor_tui.cli.audit import _format_json_line, _format_text_line
from anchor_tui.cli.output import plan_text
from anchor_tui.cli.output.changes.formats import CHANGE_FORMATS, render_change
from anchor_tui.cli.output.check.formats import CHECK_FORMATS, load_renderer
from anchor_tui.cli.output.check.report import CheckReport
from anchor_tui.cli.output.diff.formats import DIFF_FORMATS, load_diff_format
from anchor_tui.cli.output.history.csv import COLUMNS
from anchor_tui.cli.output.history.formats import HISTORY_FORMATS, load_history_format
from anchor_tui.cli.output.history.metrics import METRICS_FORMATS, MetricsReport, render_metrics
from anchor_tui.cli.output.history.report import HistoryReport
from anchor_tui.cli.output.incident import document as incident_document
from anchor_tui.cli.output.incident import markdown as incident_markdown
from anchor_tui.cli.output.incident import text as incident_text
from anchor_tui.cli.output.snapshot.formats import SNAPSHOT_FORMATS, load_snapshot_format
from anchor_tui.domain.actions.plan import (
    FileDiff,
    GroupResult,
    Order,
    Outcome,
    Plan,
    PlanLine,
    PullRequestDraft,
    Refusal,
    StepGroup,
)
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.actions.steps import AddLabels, CreatePullRequest, DispatchWorkflow, Refresh
from anchor_tui.domain.changes import CHANGE_KINDS, Change
from anchor_tui.domain.foreign_text import replace_surrogates
from anchor_tui.domain.history.gaps import ObservationGap
from anchor_tui.domain.history.incidents import IncidentReport
from anchor_tui.domain.history.timeline import build_timeline
from anchor_tui.domain.model import AppId, Finding
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.policy.waivers import WaiverExpiry
from anchor_tui.domain.snapshot_diff import compare_snapshots
from anchor_tui.services.execute.audit import AuditEntry
from anchor_tui.services.json_text import clean_document
from anchor_tui.services.snapshot_json import snapshot_to_document
from tests import rich
from tests.cli.output.hostile_values import TOKEN, assert_harmless, fill_texts, hostile_texts
from tests.cli.sample_incident import make_report
from tests.domain.history.samples import deployment, recorded
from tests.values import NOW, config

PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class LinkReader(html.parser.HTMLParser):
    """Collects the addresses of the links."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name == "href"]


def read_back(name: str, document: str) -> Any:
    """Read a document with the parser of its format."""
    match name:
        case "json" | "sarif":
            return json.loads(document)
        case "yaml":
            return YAML(typ="safe", pure=True).load(document)
        case "junit":
            return ElementTree.fromstring(document)
        case "prometheus":
            return list(parse_classic(document))
        case "openmetrics":
            return list(parse_openmetrics(document))
        case "html":
            reader = LinkReader()
            reader.feed(document)
            assert all(address.startswith(("https://", "http://")) for address in reader.addresses)
            assert all(address.isascii() for address in reader.addresses)
            return None
        case _:
            return None


SNAPSHOT = replace(rich.snapshot(), environments=rich.snapshot().environments[-1:])


@pytest.mark.parametrize("name", SNAPSHOT_FORMATS)
@settings(PROPERTY, max_examples=15)  # YAML is slow in Python
@given(text=hostile_texts)
def test_a_snapshot_is_harmless_and_readable(name: str, text: str) -> None:
    snapshot = fill_texts(SNAPSHOT, text)
    document = load_snapshot_format(name)(snapshot)
    assert_harmless(document)
    read = read_back(name, document)
    if name in {"json", "yaml"}:
        assert str(read["environments"][0]["name"]) == str(snapshot_to_document(snapshot)["environments"][0]["name"])


@pytest.mark.parametrize("name", CHANGE_FORMATS)
@pytest.mark.parametrize("kind", CHANGE_KINDS)
@PROPERTY
@given(text=hostile_texts)
def test_a_change_is_harmless_on_one_line(name: str, kind: Any, text: str) -> None:
    change = Change(kind, "b", "a", NOW, "e", AppId("s", "n", text), "s", "p", "d", "error", 1, NOW)
    for is_present in (False, True):
        line = render_change(fill_texts(change, text), name, is_present=is_present)
        assert_harmless(line)
        assert line.count("\n") == 1
        if name == "jsonl":
            assert json.loads(line)["kind"] == kind


@pytest.mark.parametrize("name", DIFF_FORMATS)
@settings(PROPERTY, max_examples=15)
@given(text=hostile_texts)
def test_a_comparison_is_harmless_and_readable(name: str, text: str) -> None:
    filled = fill_texts(SNAPSHOT, text)
    for before, after in ((SNAPSHOT, filled), (filled, SNAPSHOT)):
        document = load_diff_format(name)(compare_snapshots(before, after))
        assert_harmless(document)
        read_back(name, document)


FINDINGS = (
    Finding("release.pinned", "t", "error", "unknown", "git", "m"),
    *(
        Finding("release.pinned", "t", "error", status, "git", "m", "f", file, 3, 2, "r")  # type: ignore[arg-type]
        for status in ("fail", "unknown", "waived", "pass", "skipped")
        for file in ("a.yaml", None)
    ),
)


@pytest.mark.parametrize("name", CHECK_FORMATS)
@PROPERTY
@given(text=hostile_texts)
def test_a_check_report_is_harmless_and_readable(name: str, text: str) -> None:
    findings = PolicyFindings({"prod": fill_texts(FINDINGS, text)}, fill_texts(FINDINGS, text))
    waiver = fill_texts(WaiverExpiry("c", "prod", date(2026, 12, 1), "r", 3), text)
    document = load_renderer(name)(CheckReport(text, text, text, config(), findings, (waiver,)))
    assert_harmless(document, r"::(error|warning|notice) [^:]*::" if name == "github" else "(?!)")
    read_back(name, document)


@pytest.mark.parametrize("name", METRICS_FORMATS)
@PROPERTY
@given(text=hostile_texts)
def test_delivery_metrics_are_harmless_and_readable(name: str, text: str) -> None:
    report = MetricsReport(text, NOW, 30, ((text, fill_texts(rich.DELIVERY, text)), (f"{text}2", None)))
    document = render_metrics(report, name)
    assert_harmless(document)
    if name == "json":
        assert json.loads(document)["environments"][1]["name"] == clean_document(f"{text}2")


def make_plan(text: str) -> Plan:
    """Return a plan with the text wherever a plan displays one."""
    app = AppId("argocd", text, text)
    order = Order("promote", text, (text,), (app,), source=text, version=text, check=text, reason=text)
    encodable = replace_surrogates(text)  # as every value that a step is made from
    steps = (
        Refresh(ApplicationRef(AppId("argocd", encodable, encodable), encodable), hard=True),
        CreatePullRequest(encodable, encodable, encodable, encodable, encodable),
        AddLabels(encodable, (encodable,)),
        DispatchWorkflow(encodable, encodable, encodable, {encodable: encodable}),
    )
    return Plan(
        order,
        title=text,
        verb=text,
        confirmation="phrase",
        phrase=text,
        protected=True,
        reason_required=True,
        command=text,
        made_at=NOW,
        lines=(PlanLine("warning", text),),
        diffs=(FileDiff(text, f"--- a/x\n{text}\n"),),
        step_groups=(StepGroup(text, steps),),
        refused=(Refusal(text, "kind", text),),
        pull_request=PullRequestDraft(text, text, text, (text,), (text,)),
    )


@PROPERTY
@given(text=hostile_texts)
def test_a_plan_and_its_outcome_are_harmless(text: str) -> None:
    plan = make_plan(text)
    refusal = Refusal(text, "kind", text, url=text)
    outcome = Outcome(text, (GroupResult(text, "failed", text, url=text),), fresh=plan)
    for document in (
        plan_text.render_plan_text(plan),
        plan_text.render_refusal_text(refusal),
        plan_text.render_outcome_text(plan, outcome),
    ):
        assert_harmless(document)
    for document in (
        plan_text.render_plan_json(plan),
        plan_text.render_refusal_json(plan.order, refusal),
        plan_text.render_outcome_json(plan, outcome),
    ):
        assert_harmless(document)
        json.loads(document)


@PROPERTY
@given(text=hostile_texts)
def test_an_audit_line_is_harmless(text: str) -> None:
    entry = AuditEntry(NOW, "intended", text, text, (text,), text, message=text, who=text, reason=text, url=text)
    for line in (_format_text_line(entry, {}), _format_json_line(entry)):
        assert line.count("\n") == 1
        assert_harmless(line)


@pytest.mark.parametrize("render", [incident_text.render, incident_markdown.render, incident_document.render])
@PROPERTY
@given(text=hostile_texts)
def test_a_hand_over_is_harmless(render: Callable[[IncidentReport], str], text: str) -> None:
    document = render(fill_texts(make_report(), text))
    assert_harmless(document)
    if render is incident_document.render:
        json.loads(document)
    if render is incident_markdown.render:
        assert "<b>" not in document
        assert "javascript:" not in document


@PROPERTY
@given(text=hostile_texts)
def test_a_list_of_incidents_is_harmless(text: str) -> None:
    incidents = (fill_texts(make_report().incident, text),)
    assert_harmless(incident_text.render_list(incidents, NOW))
    assert_harmless(incident_markdown.render_list(incidents, NOW))
    json.loads(incident_document.render_list(incidents, NOW))


@pytest.mark.parametrize("name", HISTORY_FORMATS)
@PROPERTY
@given(text=hostile_texts)
def test_a_history_is_harmless_and_readable(name: str, text: str) -> None:
    changes = tuple(
        replace(fill_texts(change, text), origin=change.origin, kind=change.kind, facts={text: text})
        for change in (*deployment(), recorded(9, "action", text, 90, origin="local"))
    )
    report = HistoryReport(text, build_timeline(changes, (ObservationGap(NOW, None),)))
    document = load_history_format(name)(report)
    assert_harmless(document)
    if name == "json":
        assert len(json.loads(document)["changes"]) == 7
    if name == "csv":
        rows = list(csv.reader(document.splitlines(), strict=True))
        assert {len(row) for row in rows} == {len(COLUMNS)}
        assert [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))] == []


@given(st.text())
def test_json_keeps_the_value_of_any_text(text: str) -> None:
    from anchor_tui.services.json_text import format_json

    assert json.loads(format_json({"key": text})) == {"key": text}


def test_a_token_is_masked_in_a_machine_readable_value() -> None:
    snapshot = replace(rich.snapshot(), engine_id=f"label {TOKEN}")
    assert snapshot_to_document(snapshot)["engine_id"] == "label ****"
