"""The checks on git's values: types as Helm and Kubernetes see them, layers in the Application's order, places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor_tui.domain.helm.value_layers import LayeredValues, ValueLayer
from anchor_tui.domain.model import ChecksStatus, Finding
from anchor_tui.domain.policy.checks.release import is_moving_tag
from anchor_tui.domain.policy.evidence.facts import Facts, UpstreamHistory
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from anchor_tui.domain.source_data import PastRelease
from tests.domain.policy.sample_repo import CONFIG, WHOLE, edited, git_facts
from tests.values import NOW, release, replace

PROD = "infra/helm/platform/environments/prod/values.yaml"
CHART = "infra/helm/platform/values.yaml"
APP = "infra/argocd/applications/prod.yaml"
RELEASE = "environments/prod/release.yaml"
MODE = "AUTH_MODE: jwt"
EGI = "EGI_CONTROL_CENTER_URL: https://control.anchor.example/egi"
OFF = "statusMock:\n  enabled: false"


def git(check: str, edits: dict[str, Any], evidence: str = "git") -> list[Finding]:
    """What a check tells of prod's files after these edits."""
    facts = git_facts(edited(edits))["prod"]
    return [each for each in CHECKS_BY_ID[check].run(facts) if each.evidence == evidence]


def statuses(check: str, edits: dict[str, Any]) -> set[str]:
    return {each.status for each in git(check, edits)}


def web_env(text: str) -> dict[str, Any]:
    """The overlay with a variable of the web."""
    return {PROD: ("web:\n", f"web:\n  env: {{{text}}}\n")}


def helm(text: str) -> dict[str, Any]:
    """The Application with more under `helm`."""
    return {APP: ("      valueFiles:\n", f"{text}      valueFiles:\n")}


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
        ("release.contract-aligned", {CHART: ("repository: ghcr.io/anchor", "name: ghcr.io/anchor")}, "unknown"),
        ("argo.automated-prune", {}, "pass"),
    ],
)  # fmt: skip
def test_values_mean_what_helm_makes_of_them(check: str, edits: dict[str, Any], expected: str) -> None:
    evidence = "manifest" if check.startswith("argo.") else "git"
    assert {each.status for each in git(check, edits, evidence)} == {expected}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("prune: true", 'prune: "true"', "fail"),
        ("prune: true", "prune: yes", "pass"),
        ("      prune: true\n", "      prune: true\n      enabled: false\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated: {}\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated:\n", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "", "fail"),
        ("    automated:\n      prune: true\n      selfHeal: true\n", "    automated: [prune]\n", "fail"),
    ],
)
def test_auto_sync_in_git_is_what_kubernetes_reads(old: str, new: str, expected: str) -> None:
    assert {each.status for each in git("argo.automated-prune", {APP: (old, new)}, "manifest")} == {expected}


def test_a_finding_stands_at_the_scalar_that_decides() -> None:
    [mode] = git("auth.jwt-required", {PROD: (MODE, "AUTH_MODE: disabled")})
    [default] = git("runtime.rollout-strategy", {CHART: ("maxSurge: 0", "maxSurge: 1")})[:1]
    [prune] = git("argo.automated-prune", {APP: ("prune: true", "prune: false")}, "manifest")

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
def test_what_the_application_says_itself_beats_the_overlay(text: str, line: int, column: int | None) -> None:
    [finding] = git("auth.jwt-required", helm(text))

    assert (finding.status, finding.file, finding.line, finding.column) == ("fail", APP, line, column)


def test_values_files_count_in_the_applications_own_order() -> None:
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


def test_a_tag_without_quotes_is_a_number_to_helm() -> None:
    edits = {PROD: ("tag: 1.43.1   # written", "tag: 1.10   # written"), RELEASE: ("tag: 1.43.1", "tag: 1.10")}

    found = [each for each in git("release.contract-aligned", edits) if "number to Helm" in each.message]

    assert found
    assert 'write "1.10"' in found[0].message


def test_a_disagreement_says_which_image_of_which_file() -> None:
    [finding] = git("release.contract-aligned", {PROD: ("digest: sha256:5d6e", "digest: sha256:0000")})

    assert finding.message == (
        f"anchor-web: {PROD} says 1.43.1@sha256:00007f8091a2…, {RELEASE} says 1.43.1@sha256:5d6e7f8091a2…"
    )
    assert (finding.file, finding.line) == (PROD, 19)


def test_a_secret_is_never_repeated() -> None:
    found = git("secrets.none-in-git", {PROD: ("LOG_LEVEL: warning", "DATABASE_URL: hunter2hunter2")})
    urls = git("mock.control-center-url", {PROD: (EGI, "EGI_CONTROL_CENTER_URL: http://u:hunter2@status-mock")})

    assert "hunter2" not in "".join(each.message + (each.fix or "") for each in (*found, *urls))


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({PROD: None}, "uses the values file"),
        ({PROD: "- a\n- b\n"}, "mapping"),
        ({PROD: "a: [\n"}, "YAML"),
        ({PROD: ("web:", "gateway:")}, "already"),
        ({CHART: "[]\n"}, "mapping"),
        ({APP: ("path: infra/helm/platform", "path: infra/helm/other")}, "no Chart.yaml"),
        ({APP: ("    path: infra/helm/platform\n", "    chart: platform\n")}, "registry"),
        ({APP: ("environments/prod/values.yaml", "https://example.com/values.yaml")}, "cannot be resolved in git"),
        ({APP: ("environments/prod/values.yaml", "$other/prod.yaml")}, "another repository"),
        ({APP: ("environments/prod/values.yaml", "../../../../etc/passwd")}, "is outside of"),
        ({APP: ("      valueFiles:", "      values: '['\n      valueFiles:")}, "helm.values"),
        ({APP: ("      valueFiles:", "      values: '- a'\n      valueFiles:")}, "mapping"),
        ({APP: ("      valueFiles:", "      parameters: [{value: x}]\n      valueFiles:")}, "without a name"),
    ],
)
def test_values_that_cannot_be_laid_leave_every_git_check_unknown(edits: dict[str, Any], reason: str) -> None:
    facts = git_facts(edited(edits))["prod"]
    about_values = ("auth.jwt-required", "mock.workloads-absent", "runtime.always-on", "secrets.none-in-git")

    for check in about_values:
        [finding] = [each for each in CHECKS_BY_ID[check].run(facts) if each.evidence == "git"]
        assert finding.status == "unknown"
        assert reason in finding.message


def test_an_empty_overlay_is_nothing_and_not_an_error() -> None:
    assert statuses("auth.jwt-required", {PROD: "# nothing yet\n"}) == {"pass"}


def test_a_subchart_has_its_own_defaults() -> None:
    chart = "infra/helm/platform/Chart.yaml"
    edits = {
        chart: ("version: 0.9.0", "version: 0.9.0\ndependencies: [{name: extras, version: 1.0.0, alias: more}]"),
        "infra/helm/platform/charts/extras/values.yaml": "replicaCount: 0\n",
    }
    [finding] = [each for each in git("runtime.always-on", edits) if each.status == "fail"]

    assert finding.message == "`more.replicaCount` is 0"
    assert finding.file == "infra/helm/platform/charts/extras/values.yaml"


def test_a_multi_source_application_reads_its_own_repository_as_values() -> None:
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


# --- the order of promotion ----------------------------------------------------------------------------


def order(before: UpstreamHistory) -> Finding:
    facts = replace(git_facts(edited({}))["prod"], before=before)
    return CHECKS_BY_ID["release.order"].run(facts)[0]


def test_the_order_holds_where_the_environment_before_has_had_it_once() -> None:
    facts = git_facts(edited({}))["prod"]
    past = facts.release.release  # type: ignore[union-attr]
    history = (PastRelease("b" * 40, release("9.9.9")), PastRelease("a" * 40, past))

    assert order(UpstreamHistory("staging", history, complete=False)).status == "pass"


@pytest.mark.parametrize(
    ("before", "status", "words"),
    [
        (UpstreamHistory("staging", (), complete=True), "fail", "staging never had gateway 1.43.1"),
        (
            UpstreamHistory("staging", (), complete=False, incomplete_reason="shallow: fetch-depth: 0"),
            "unknown",
            "fetch-depth: 0",
        ),
        (UpstreamHistory("staging", (PastRelease("a" * 40, None),), complete=True), "unknown", "cannot be read"),
    ],
)
def test_the_order_is_told_only_where_the_history_is_whole(before: UpstreamHistory, status: str, words: str) -> None:
    finding = order(before)

    assert finding.status == status
    assert words in finding.message


def test_a_history_that_begins_too_late_does_not_tell() -> None:
    own = git_facts(edited({}))["prod"].release.release  # type: ignore[union-attr]

    finding = order(UpstreamHistory("staging", (), complete=True, initial_release=own))

    assert finding.status == "unknown"
    assert "here already when the history of staging begins" in finding.message


@pytest.mark.parametrize(
    ("tag", "moves"),
    [("latest", True), ("main", True), ("release", True), ("v2-latest", True), ("1.44.0", False), ("20261120", False)],
)
def test_a_moving_tag_is_told_by_its_name(tag: str, moves: bool) -> None:
    assert is_moving_tag(tag) is moves


@pytest.mark.parametrize(
    ("checks", "status"),
    [("success", "pass"), ("none", "pass"), ("failure", "fail"), ("pending", "unknown"), ("unknown", "unknown")],
)
def test_the_head_is_green_where_its_required_checks_passed(checks: ChecksStatus, status: str) -> None:
    assert [each.status for each in CHECKS_BY_ID["ci.green"].run(Facts(CONFIG, NOW, ci=checks))] == [status]


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
    facts = Facts(CONFIG, NOW, CONFIG.environments[2], values=(laid,), release=WHOLE.environments["prod"].release)
    for check in CHECKS_BY_ID.values():
        assert {each.evidence for each in check.run(facts)} == set(check.evidence)
