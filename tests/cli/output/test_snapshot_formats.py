"""Guarantees of the snapshot formats beyond their golden files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from anchor_tui.cli.output.snapshot.formats import load_snapshot_format
from anchor_tui.config.model import ApplicationName
from anchor_tui.domain.model import Diagnosis
from anchor_tui.domain.snapshot_builder import build_snapshot
from tests.tui.sample_findings import FINDINGS
from tests.tui.sample_readings import DEGRADED, EXPLAINED, HOSTILE, INCIDENT, NO_GITHUB, STALE
from tests.values import NOW, application, argocd, config, environment_config, fresh, readings, replace


def rendered(name, readings, findings=None):
    return load_snapshot_format(name)(build_snapshot(config(), readings, NOW, findings))


STATES = [INCIDENT, HOSTILE, STALE, NO_GITHUB]


def read_samples(families):
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


@pytest.mark.parametrize("state", STATES)
def test_the_official_parsers_read_both_formats_alike(state):
    classic = list(parse_classic(rendered("prometheus", state, FINDINGS)))
    open_metrics = list(parse_openmetrics(rendered("openmetrics", state, FINDINGS)))
    assert read_samples(classic) == read_samples(open_metrics)
    assert {family.type for family in classic} == {"gauge"}
    assert {family.type for family in open_metrics} == {"gauge", "info"}
    assert all(family.documentation for family in classic)


def test_the_classic_format_contains_nothing_of_openmetrics():
    classic = rendered("prometheus", INCIDENT, FINDINGS)
    assert "# EOF" not in classic
    assert "# TYPE anchor_release_info gauge" in classic


def test_unknown_values_have_no_sample():
    metrics = rendered("prometheus", NO_GITHUB)
    assert "anchor_release_info{" not in metrics
    assert 'anchor_source_up{engine="anchor-msp",source="github"} 0' in metrics
    assert 'anchor_environment_level{engine="anchor-msp",environment="prod"} 2' in metrics


def test_junit_fails_for_failing_environments_and_findings():
    document = ElementTree.fromstring(rendered("junit", INCIDENT, FINDINGS))
    prod = next(suite for suite in document if suite.get("name") == "prod")
    assert int(prod.get("failures", "0")) == len(prod.findall(".//failure")) == 1 + 3
    assert int(prod.get("skipped", "0")) == len(prod.findall(".//skipped"))
    assert int(prod.get("tests", "0")) == len(prod.findall("testcase"))


def test_junit_counts_an_unknown_environment_as_an_error():
    document = ElementTree.fromstring(rendered("junit", STALE))
    assert [suite.get("errors") for suite in document] == ["1", "1", "1"]


def test_html_loads_and_runs_nothing_and_fits_a_phone():
    html = rendered("html", HOSTILE, FINDINGS)
    assert "<script" not in html
    assert not re.search(r"(?:src|@import|url\()", html)
    assert 'name="viewport"' in html


def test_html_and_markdown_contain_no_foreign_markup():
    for name in ("html", "markdown"):
        shown = rendered(name, HOSTILE, FINDINGS)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "javascript:" not in rendered("html", HOSTILE)


def test_text_and_markdown_name_failed_checks_with_their_place():
    for name in ("text", "markdown"):
        shown = rendered(name, INCIDENT, FINDINGS).replace("\\", "")
        assert "mock.control-center-url (git, rendered)" in shown
        assert "infra/helm/platform/environments/prod/values.yaml:41" in shown


def test_documents_name_the_live_version_if_it_differs():
    app = application("anchor-msp-dev", images=("ghcr.io/anchor/anchor-gateway:1.43.2",))
    for name in ("text", "markdown", "html"):
        assert "git 1.44.0 · live 1.43.2" in rendered(name, readings(fresh(argocd(app)))).replace("\\", "")


def test_text_and_markdown_group_the_reasons_of_many_applications():
    names = tuple(f"scale-{number:04}" for number in range(40))
    chosen = config(environment_config("prod", applications=tuple(map(ApplicationName, names))))
    apps = [application(name, health="Degraded" if number < 8 else "Healthy") for number, name in enumerate(names)]
    snapshot = build_snapshot(chosen, readings(fresh(argocd(*apps))), NOW)
    for name in ("text", "markdown"):
        shown = load_snapshot_format(name)(snapshot)
        assert "8 Degraded: scale-0000, scale-0001 and 6 more" in shown.replace("\\", "")
    assert "| ✓ 40 Synced | ✓ 32 Healthy<br>✗ 8 Degraded |" in load_snapshot_format("markdown")(snapshot)


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
@pytest.mark.parametrize(("state", "message"), [(STALE, "the token has expired"), (NO_GITHUB, "may not see it")])
def test_a_failed_source_is_explained_once(name, state, message):
    assert rendered(name, state).count(message) == 1


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_a_diagnosis_is_one_line_with_cause_and_next_step(name):
    line = next(line for line in rendered(name, EXPLAINED).splitlines() if "next" in line)
    assert line.index("gateway exits with code 1") < line.index("next")
    assert "roll back if the release is new" in line
    assert "next" not in rendered(name, INCIDENT)


def test_a_failure_without_a_cause_is_reported_as_such():
    unexplained = Diagnosis("cause not found", next_step="Open the resources")
    state = replace(EXPLAINED, diagnoses={DEGRADED.id: unexplained})
    assert "\n    cause not found; next: Open the resources\n" in rendered("text", state)
