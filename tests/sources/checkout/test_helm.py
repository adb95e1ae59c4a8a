"""Charts rendered by the real helm."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.domain.helm.value_layers import HelmSource, build_layered_values
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.policy.engine import evaluate_policy
from anchor_tui.sources.checkout.helm import render_chart
from anchor_tui.sources.checkout.reader import read_checkout
from tests.domain.policy.sample_repo import CONFIG, PROD, rendered_manifests
from tests.sources.checkout.checkouts import edit_file, find_finding
from tests.values import NOW, replace

HELM = shutil.which("helm")


needs_helm = pytest.mark.skipif(HELM is None, reason="helm is not on the PATH: the real renderer cannot be tested")


DEPENDENCY = "dependencies: [{name: x, version: 1, repository: 'https://x.example'}]"


@needs_helm
def test_helm_renders_what_the_embedded_servers_render(ops_repo: Path) -> None:
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.rendered, Manifests)
    images = {str(workload): [one.image for one in workload.containers] for workload in facts.rendered.workloads}
    ours = {
        f"Deployment/{manifest['metadata']['name']}": [manifest["spec"]["template"]["spec"]["containers"][0]["image"]]
        for manifest in rendered_manifests("prod")
        if manifest["kind"] == "Deployment"
    }
    assert images == ours


@needs_helm
def test_everything_rendered_passes_in_the_sample(ops_repo: Path) -> None:
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    findings = evaluate_policy(CONFIG, checkout.facts, NOW)

    all_findings = [finding for found in findings.environments.values() for finding in found]
    assert {finding.status for finding in all_findings if finding.evidence == "rendered"} == {"pass"}


@needs_helm
@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("infra/helm/platform/templates/web.yaml", "{{ include", "{{ inklude", "inklude"),
        ("infra/helm/platform/Chart.yaml", "version: 0.9.0", f"version: 0.9.0\n{DEPENDENCY}", "charts/ directory"),
        ("infra/helm/platform/templates/web.yaml", "{{ include", "a: [\n{{ include", "YAML"),
    ],
)  # fmt: skip
def test_a_chart_that_does_not_render_is_unknown(ops_repo: Path, path: str, old: str, new: str, words: str) -> None:
    edit_file(ops_repo, path, old, new)

    finding = find_finding(read_checkout(ops_repo, CONFIG, NOW), "prod", "workers.gateway-image", "rendered")

    assert finding.status == "unknown"
    assert words in finding.message
    assert str(ops_repo) not in finding.message


@needs_helm
def test_helm_gets_the_layers_in_the_applications_order(ops_repo: Path) -> None:
    more = (
        "      values: |\n        gateway: {env: {AUTH_MODE: one, LOG_LEVEL: one}}\n"
        "      parameters: [{name: gateway.env.AUTH_MODE, value: disabled}]\n      valueFiles:"
    )
    edit_file(ops_repo, "infra/argocd/applications/prod.yaml", "      valueFiles:", more)
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    for evidence in ("git", "rendered"):
        finding = find_finding(checkout, "prod", "auth.jwt-required", evidence)
        assert (finding.status, finding.message) == ("fail", "AUTH_MODE is disabled, must be jwt")


@needs_helm
def test_the_text_false_enables_a_mock_in_helm(ops_repo: Path) -> None:
    edit_file(ops_repo, PROD, "enabled: false", 'enabled: "false"')

    checkout = read_checkout(ops_repo, replace(CONFIG, environments=CONFIG.environments), NOW)

    assert find_finding(checkout, "prod", "mock.workloads-absent", "git").status == "fail"
    assert find_finding(checkout, "prod", "mock.workloads-absent", "rendered").status == "fail"


@needs_helm
@pytest.mark.parametrize(
    ("switch", "status"), [("{enabled: false, <<: *m}", "fail"), ("{<<: *m, enabled: false}", "pass")]
)
def test_a_merge_key_counts_as_in_helm(ops_repo: Path, switch: str, status: str) -> None:
    edit_file(ops_repo, PROD, "statusMock:\n  enabled: false", f"m: &m {{enabled: true}}\nstatusMock: {switch}")

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert find_finding(checkout, "prod", "mock.workloads-absent", "git").status == status
    assert find_finding(checkout, "prod", "mock.workloads-absent", "rendered").status == status


@needs_helm
@pytest.mark.parametrize("tag", ["1000001", '"1000001"'])
def test_a_numeric_tag_is_read_as_it_is_rendered(ops_repo: Path, tag: str) -> None:
    edit_file(ops_repo, PROD, "tag: 1.43.1", f"tag: {tag}")
    text = tag.strip('"')
    edit_file(ops_repo, "environments/prod/release.yaml", "tag: 1.43.1", f'tag: "{text}"')

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    expected = "pass" if tag.startswith('"') else "fail"
    for evidence in ("git", "rendered"):
        assert find_finding(checkout, "prod", "release.contract-aligned", evidence).status == expected


@needs_helm
@pytest.mark.parametrize(
    "helm",
    [
        {},
        {"valueFiles": ["one.yaml", "two.yaml"]},
        {"valueFiles": ["two.yaml", "one.yaml"]},
        {"valueFiles": ["one.yaml"], "values": "m: {x: null}\nl: [3]\n"},
        {"valueFiles": ["one.yaml"], "valuesObject": {"m": {"x": None, "new": 1}}, "values": "m: 1\n"},
        {"parameters": [{"name": "m.x", "value": "true"}, {"name": "n", "value": "1", "forceString": True}]},
        {"valueFiles": ["two.yaml"], "parameters": [{"name": "l[1].a", "value": "9"}, {"name": "l[2]", "value": ","}]},
        {"parameters": [{"name": "l[0].a", "value": "null"}, {"name": r"m.x\.y", "value": "{a,2}"}]},
        {"valueFiles": ["none.yaml"], "ignoreMissingValueFiles": True},
    ],
)  # fmt: skip
def test_values_are_merged_as_in_helm(tmp_path: Path, helm: Any) -> None:
    chart = {
        "Chart.yaml": "apiVersion: v2\nname: x\nversion: 0.1.0\n",
        "values.yaml": "m: {x: 1, deep: {z: 2}}\nl: [{a: 1, b: 2}]\nn: 0755\ns: 'no'\nt: no\n",
        "one.yaml": "m: {x: 2, deep: null}\nt: null\n",
        "two.yaml": "m: {x: null}\nl: [{a: 5}, {c: 7}]\n",
        "templates/all.yaml": "kind: All\nmetadata: {name: all}\nvalues: {{ toJson .Values }}\n",
    }
    for name, text in chart.items():
        (tmp_path / "c" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / name).write_text(text)
    source = HelmSource("app", "c", helm, "app.yaml")

    laid = build_layered_values(
        source, lambda path: (tmp_path / path).read_text() if (tmp_path / path).is_file() else None
    )
    files = [layer.file for layer in laid.layers if not layer.is_chart and layer.file != "app.yaml"]
    [rendered] = render_chart(HELM or "", tmp_path, source, files)

    assert isinstance(rendered, dict)
    assert laid.merged == rendered["values"]
