"""Guarantees of the snapshot formats beyond their golden files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from anchor_tui.cli.output.snapshot.formats import load_snapshot_format
from anchor_tui.domain.snapshot_builder import build_snapshot
from tests.tui.sample_findings import FINDINGS
from tests.tui.sample_readings import HOSTILE, INCIDENT, NO_GITHUB, STALE
from tests.values import NOW, application, argocd, config, fresh
from tests.values import readings as make_readings

SAMPLE = re.compile(r'^[a-z_]+\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\} -?[0-9.e+-]+$')


def rendered(name, readings, findings=None):
    return load_snapshot_format(name)(build_snapshot(config(), readings, NOW, findings))


def test_metrics_are_samples_and_comments_with_an_end_mark():
    for readings in (INCIDENT, HOSTILE, STALE, NO_GITHUB):
        lines = rendered("prometheus", readings, FINDINGS).splitlines()
        assert lines[-1] == "# EOF"
        for line in lines[:-1]:
            assert line.startswith(("# TYPE anchor_", "# HELP anchor_")) or SAMPLE.match(line), line


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
        assert "git 1.44.0 · live 1.43.2" in rendered(name, make_readings(fresh(argocd(app)))).replace("\\", "")
