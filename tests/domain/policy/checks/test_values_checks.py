"""Checks of Helm values in git: types, order of the layers, locations, unreadable files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor_tui.domain.helm.value_layers import LayeredValues, ValueLayer
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.domain.policy.checks.check_runs import check_files, statuses
from tests.domain.policy.sample_repo import APP, CHART, CONFIG, PASSING_FACTS, PROD, RELEASE, edit_sample, git_facts
from tests.values import NOW

MODE = "AUTH_MODE: jwt"
EGI = "EGI_CONTROL_CENTER_URL: https://control.anchor.example/egi"
OFF = "statusMock:\n  enabled: false"


def web_env(text: str) -> dict[str, Any]:
    """Return an edit that adds a variable to the web."""
    return {PROD: ("web:\n", f"web:\n  env: {{{text}}}\n")}


def helm(text: str) -> dict[str, Any]:
    """Return an edit that adds text under `helm` of the Application."""
    return {APP: ("      valueFiles:\n", f"{text}      valueFiles:\n")}


def mock(text: str) -> dict[str, Any]:
    """Return an edit that replaces the switch of the status mock, with a mapping to merge before it."""
    return {PROD: (OFF, f"mock: &mock {{enabled: true}}\nstatusMock: {text}")}


def automated(text: str) -> dict[str, Any]:
    """Return an edit that replaces the sync policy of the Application, with a mapping to merge before it."""
    policy = "    automated:\n      prune: true\n      selfHeal: true\n"
    return {APP: (policy, f"    x: &off {{prune: false, selfHeal: false}}\n    automated: {text}\n")}


@pytest.mark.parametrize(
    ("check", "edits", "expected"),
    [
        ("mock.workloads-absent", mock("{enabled: false, <<: *mock}"), "fail"),
        ("mock.workloads-absent", mock("{<<: *mock, enabled: false}"), "pass"),
        ("mock.workloads-absent", mock("{<<: {enabled: false}, <<: *mock}"), "fail"),
        ("mock.workloads-absent", mock("{<<: *mock, <<: {enabled: false}}"), "pass"),
        ("mock.workloads-absent", mock("{enabled: false, 'enabled': true}"), "unknown"),
        ("mock.workloads-absent", mock("{enabled: false, u: https://x.example/?a=b}"), "unknown"),
        ("mock.workloads-absent", mock('{enabled: false, x: "\\/"}'), "unknown"),
        ("mock.workloads-absent", mock("{enabled: false, x: .inf}"), "unknown"),
        ("mock.workloads-absent", mock("{enabled: false, ~: 1}"), "unknown"),
        ("mock.workloads-absent", {PROD: ("# prod", "%YAML 1.2\n---\n# prod")}, "unknown"),
        ("mock.workloads-absent", {PROD: ("# prod", "---\n---\n# prod")}, "unknown"),
        ("argo.automated-prune", automated("{prune: true, <<: *off}"), "fail"),
        ("argo.automated-self-heal", automated("{selfHeal: true, prune: true, <<: *off}"), "fail"),
        ("argo.automated-self-heal", automated("{<<: *off, selfHeal: true, prune: true}"), "pass"),
    ],
)  # fmt: skip
def test_merge_keys_and_rejected_files_never_pass_falsely(check: str, edits: dict[str, Any], expected: str) -> None:
    evidence = "manifest" if check.startswith("argo.") else "git"
    found = check_files(check, edits, evidence)
    assert {finding.status for finding in found} == {expected}
    assert expected == "pass" or all(finding.line for finding in found)


@pytest.mark.parametrize(
    ("check", "edits", "expected"),
    [
        ("auth.jwt-required", {PROD: (MODE, "AUTH_MODE: JWT")}, "unknown"),
        ("auth.jwt-required", {PROD: (MODE, "AUTH_MODE: null")}, "unknown"),
        ("auth.jwt-required", {PROD: (MODE, 'AUTH_MODE: ""')}, "unknown"),
        ("auth.jwt-required", {PROD: (MODE, "X: y")}, "pass"),  # the chart's default
        ("auth.jwt-required", {PROD: (MODE, "AUTH_MODE: {valueFrom: {secretKeyRef: {key: b}}}")}, "unknown"),
        ("auth.jwt-required", {PROD: (MODE, "X: y"), CHART: (MODE, "AUTH_MODE: disabled")}, "fail"),
        ("auth.operator-jwt-required", web_env("ANCHOR_REQUIRE_OPERATOR_JWT: false"), "fail"),
        ("auth.operator-jwt-required", web_env("ANCHOR_REQUIRE_OPERATOR_JWT: off"), "fail"),
        ("auth.operator-jwt-required", web_env("ANCHOR_REQUIRE_OPERATOR_JWT: null"), "pass"),
        ("auth.operator-jwt-required", web_env("ANCHOR_REQUIRE_OPERATOR_JWT: maybe"), "unknown"),
        (
            "auth.operator-jwt-required",
            {PROD: ("web:\n", "web:\n  env: [{name: ANCHOR_REQUIRE_OPERATOR_JWT, value: 'False'}]\n")},
            "fail",
        ),
        ("auth.no-wildcard-workspaces", web_env("ANCHOR_ALLOW_WILDCARD_WORKSPACE_IDS: 1"), "fail"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: {}")}, "pass"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: null")}, "pass"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: {enabled: null}")}, "pass"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: {enabled: []}")}, "pass"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: {enabled: 'false'}")}, "fail"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: {enabled: yes}")}, "fail"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: [enabled]")}, "unknown"),
        ("mock.workloads-absent", {PROD: (OFF, "agentfield-mock: {enabled: true}")}, "fail"),
        ("mock.workloads-absent", {PROD: (OFF, "statusMock: true")}, "fail"),
        ("mock.control-center-url", {PROD: (EGI, "X: y")}, "fail"),  # the chart's own is empty
        ("mock.control-center-url", {PROD: (EGI, "X: y"), CHART: ('    EGI_CONTROL_CENTER_URL: ""\n', "")}, "unknown"),
        ("mock.control-center-url", {PROD: (EGI, "EGI_CONTROL_CENTER_URL: HTTPS://STATUS-MOCK.example./")}, "fail"),
        ("mock.control-center-url", {PROD: (EGI, "EGI_CONTROL_CENTER_URL: HTTPS://Control.example:8443")}, "pass"),
        ("mock.control-center-url", {PROD: (EGI, "EGI_CONTROL_CENTER_URL: https://$(HOST)/egi")}, "unknown"),
        ("runtime.always-on", {PROD: ("  replicas: 1        #", '  replicas: "0"   #')}, "fail"),
        ("runtime.always-on", {PROD: ("  replicas: 1        #", "  replicas: many   #")}, "unknown"),
        (
            "runtime.always-on",
            {PROD: ("  replicas: 1        #", "  replicas: 0\n  autoscaling: {enabled: true, minReplicas: 2} #")},
            "pass",
        ),
        ("runtime.rollout-strategy", {PROD: ("web:\n", "rollout: {maxSurge: '0'}\nweb:\n")}, "pass"),
        ("runtime.rollout-strategy", {PROD: ("web:\n", "rollout: {maxSurge: 25%}\nweb:\n")}, "fail"),
        ("runtime.rollout-strategy", {PROD: ("web:\n", "rollout: null\nweb:\n")}, "unknown"),
        ("secrets.required-keys", {PROD: ("AUTH_JWKS_URL: https", 'AUTH_JWKS_URL: ""\n    X: https')}, "fail"),
        (
            "secrets.required-keys",
            {PROD: ("    - DATABASE_URL", "    - {secretKey: DATABASE_URL}")},
            "pass",
        ),
        ("secrets.required-keys", {PROD: ("  keys:\n", "  names:\n")}, "pass"),
        ("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", "DATABASE_URL: postgres://u:p@h/d")}, "fail"),
        ("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", 'DATABASE_URL: ""')}, "pass"),
        ("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", "DATABASE_URL: ref+vault://a#b")}, "pass"),
        ("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", "DATABASE_URL: {valueFrom: {}}")}, "pass"),
        ("secrets.none-in-git", {PROD: ("web:\n", "web:\n  args: [--database-url=x, 'XERO_API_TOKEN=abc']\n")}, "fail"),
        ("secrets.none-in-git", {PROD: ("web:\n", "web:\n  env: [{name: XERO_API_TOKEN, value: abc}]\n")}, "fail"),
        ("secrets.none-in-git", {PROD: ("web:\n", "web:\n  remoteKeys: {XERO_API_TOKEN: xero/token}\n")}, "pass"),
        ("secrets.none-in-git", {CHART: ("LOG_LEVEL: info", "XERO_API_TOKEN: abc")}, "fail"),
        ("release.pinned", {RELEASE: ("    digest: sha256:c3d4", "    x: sha256:c3d4")}, "fail"),
        ("release.pinned", {RELEASE: ("tag: 1.43.1", "tag: main")}, "fail"),
        ("release.pinned", {RELEASE: "version: 1.0.0\n"}, "unknown"),
        ("release.contract-aligned", {RELEASE: "version: 1.0.0\n"}, "unknown"),
        ("release.contract-aligned", {RELEASE: None}, "unknown"),
        ("release.contract-aligned", {RELEASE: "version: [1\n"}, "unknown"),
        ("release.contract-aligned", {PROD: ("tag: 1.43.1", "tag: 1.43.2")}, "fail"),
        ("release.contract-aligned", {PROD: ("    digest: sha256:c3d4", "    x: sha256:c3d4")}, "fail"),
        ("release.contract-aligned", {CHART: ("ghcr.io/anchor/anchor-web", "x/anchor-web")}, "fail"),
        ("release.contract-aligned", {PROD: ("web:\n", "r: {image: {repository: redis, tag: '7'}}\nweb:\n")}, "pass"),
        ("release.contract-aligned", {PROD: ("    tag: 1.43.1", "    t: 1"), RELEASE: ("digest", "d")}, "unknown"),
        ("release.contract-aligned", {CHART: ("repository: ghcr.io/anchor", "name: ghcr.io/anchor")}, "pass"),
        ("release.contract-aligned", {CHART: ("repository: ghcr.io/anchor", "path: ghcr.io/anchor")}, "unknown"),
        ("argo.automated-prune", {}, "pass"),
    ],
)  # fmt: skip
def test_values_have_the_types_of_helm_templates(check: str, edits: dict[str, Any], expected: str) -> None:
    evidence = "manifest" if check.startswith("argo.") else "git"
    assert {finding.status for finding in check_files(check, edits, evidence)} == {expected}


def test_a_finding_has_the_location_of_the_deciding_scalar() -> None:
    [mode] = check_files("auth.jwt-required", {PROD: (MODE, "AUTH_MODE: disabled")})
    [default] = check_files("runtime.rollout-strategy", {CHART: ("maxSurge: 0", "maxSurge: 1")})[:1]
    [prune] = check_files("argo.automated-prune", {APP: ("prune: true", "prune: false")}, "manifest")

    assert (mode.file, mode.line, mode.column) == (PROD, 10, 16)
    assert (default.file, default.line, default.column) == (CHART, 6, 13)
    assert (prune.file, prune.line, prune.column) == (APP, 24, 14)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("      values: |\n        gateway:\n          env:\n            AUTH_MODE: disabled\n", 19, None),
        ("      valuesObject:\n        gateway: {env: {AUTH_MODE: disabled}}\n", 17, 36),
        ("      parameters:\n        - name: gateway.env.AUTH_MODE\n          value: disabled\n", 17, 11),
        ("      values: 'gateway: {env: {AUTH_MODE: disabled}}'\n", 16, 15),
    ],
)
def test_inline_values_of_the_application_override_the_overlay(text: str, line: int, column: int | None) -> None:
    [finding] = check_files("auth.jwt-required", helm(text))

    assert (finding.status, finding.file, finding.line, finding.column) == ("fail", APP, line, column)


def test_values_files_apply_in_the_order_of_the_application() -> None:
    swapped = {
        APP: (
            "        - values.yaml\n        - environments/prod/values.yaml",
            "        - environments/prod/values.yaml\n        - values.yaml",
        )
    }

    assert statuses("mock.control-center-url", swapped) == {"fail"}


def test_a_forced_string_is_true_to_a_template() -> None:
    text = "      parameters:\n        - {name: statusMock.enabled, value: 'false', forceString: true}\n"

    assert statuses("mock.workloads-absent", helm(text)) == {"fail"}
    assert statuses("mock.workloads-absent", helm(text.replace(", forceString: true", ""))) == {"pass"}


def test_a_secret_value_never_appears_in_a_finding() -> None:
    found = check_files("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", "DATABASE_URL: hunter2hunter2")})
    urls = check_files("mock.control-center-url", {PROD: (EGI, "EGI_CONTROL_CENTER_URL: http://u:hunter2@status-mock")})

    assert "hunter2" not in "".join(finding.message + (finding.fix or "") for finding in (*found, *urls))


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({PROD: None}, "values file"),
        ({PROD: "- a\n- b\n"}, "mapping"),
        ({PROD: "a: [\n"}, "YAML"),
        ({PROD: ("web:", "gateway:")}, "already"),
        ({CHART: "[]\n"}, "mapping"),
        ({APP: ("path: infra/helm/platform", "path: infra/helm/other")}, "no Chart.yaml"),
        ({APP: ("    path: infra/helm/platform\n", "    chart: platform\n")}, "registry"),
        (
            {APP: ("environments/prod/values.yaml", "https://example.com/values.yaml")},
            "https://example.com/values.yaml",
        ),
        ({APP: ("environments/prod/values.yaml", "$other/prod.yaml")}, "another repository"),
        ({APP: ("environments/prod/values.yaml", "../../../../etc/passwd")}, "etc/passwd"),
        ({APP: ("      valueFiles:", "      values: '['\n      valueFiles:")}, "helm.values"),
        ({APP: ("      valueFiles:", "      values: '- a'\n      valueFiles:")}, "mapping"),
        ({APP: ("      valueFiles:", "      parameters: [{value: x}]\n      valueFiles:")}, "without a name"),
    ],
)
def test_unreadable_values_leave_every_git_check_unknown(edits: dict[str, Any], reason: str) -> None:
    facts = git_facts(edit_sample(edits))["prod"]
    about_values = ("auth.jwt-required", "mock.workloads-absent", "runtime.always-on", "secrets.none-in-git")

    for check in about_values:
        [finding] = [finding for finding in CHECKS_BY_ID[check].run(facts) if finding.evidence == "git"]
        assert finding.status == "unknown"
        assert reason in finding.message


def test_an_empty_overlay_is_not_an_error() -> None:
    assert statuses("auth.jwt-required", {PROD: "# nothing yet\n"}) == {"pass"}


def test_a_subchart_has_its_own_defaults() -> None:
    chart = "infra/helm/platform/Chart.yaml"
    edits = {
        chart: ("version: 0.9.0", "version: 0.9.0\ndependencies: [{name: extras, version: 1.0.0, alias: more}]"),
        "infra/helm/platform/charts/extras/values.yaml": "replicaCount: 0\n",
    }
    [finding] = [finding for finding in check_files("runtime.always-on", edits) if finding.status == "fail"]

    assert finding.message == "`more.replicaCount` is 0"
    assert finding.file == "infra/helm/platform/charts/extras/values.yaml"


def test_a_multi_source_application_reads_values_from_its_own_repository() -> None:
    sources = (
        "  source:\n    repoURL: https://github.com/anchor/anchor-msp-ops.git\n    targetRevision: main\n"
        "    path: infra/helm/platform\n    helm:\n      valueFiles:\n        - values.yaml\n"
        "        - environments/prod/values.yaml\n"
    )
    several = (
        "  sources:\n    - {repoURL: r, ref: values, targetRevision: main}\n    - repoURL: r\n"
        "      path: infra/helm/platform\n      helm:\n        valueFiles:\n"
        f"          - $values/{PROD}\n"
    )

    assert statuses("auth.jwt-required", {APP: (sources, several)}) == {"pass"}


# --- never a crash ---------------------------------------------------------------------------------------

KEYS = """statusMock enabled image repository tag digest env AUTH_MODE DATABASE_URL secrets keys replicas rollout
maxSurge maxUnavailable autoscaling minReplicas gateway name value AGENTFIELD_URL AUTH_JWKS_URL"""
WORDS = st.sampled_from(KEYS.split())
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_no_shape_of_values_crashes_a_check(values: Any) -> None:
    laid = LayeredValues("app", "chart", values, (ValueLayer("values.yaml", values),))
    facts = Facts(
        CONFIG, NOW, CONFIG.environments[2], values=(laid,), release=PASSING_FACTS.environments["prod"].release
    )
    for check in CHECKS_BY_ID.values():
        assert {finding.evidence for finding in check.run(facts)} == set(check.evidence)
