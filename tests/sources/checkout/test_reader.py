"""A checkout of the ops repo as evidence: files, history by git, manifests by helm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.config.model import Config
from anchor_tui.domain.helm.value_layers import HelmSource, build_layered_values
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.engine import evaluate_policy
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, NotApplicable, UpstreamHistory
from anchor_tui.sources.checkout.git import GitError, open_git_checkout
from anchor_tui.sources.checkout.helm import render_chart
from anchor_tui.sources.checkout.reader import Checkout, CheckoutError, read_checkout
from tests.domain.policy.sample_repo import CONFIG, ROOT, manifests_of
from tests.values import NOW, replace

HELM = shutil.which("helm")
needs_helm = pytest.mark.skipif(HELM is None, reason="helm is not on the PATH: the real renderer cannot be tested")
PROD = "infra/helm/platform/environments/prod/values.yaml"
STAGING_RELEASE = "environments/staging/release.yaml"
PROD_RELEASE = "environments/prod/release.yaml"
DEPENDENCY = "dependencies: [{name: x, version: 1, repository: 'https://x.example'}]"
ENVIRON = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}


@pytest.fixture
def no_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor_tui.sources.checkout.helm.find_helm", lambda: None)


@pytest.fixture
def ops_repo(tmp_path: Path) -> Path:
    """The sample, without a history."""
    root = tmp_path / "ops"
    shutil.copytree(ROOT, root)
    return root


def git(root: Path, *arguments: str) -> str:
    if shutil.which("git") is None:
        pytest.skip("git is not on the PATH")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, env=ENVIRON, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(root: Path, message: str = "change") -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def edit(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def promoted(root: Path) -> None:
    """Staging has had what production runs now, and has moved on."""
    sample = (root / STAGING_RELEASE).read_text()
    prod = (root / PROD_RELEASE).read_text()
    git(root, "init", "--quiet")
    (root / PROD_RELEASE).write_text(prod.replace("1.43.1", "1.42.0").replace("c3d4e5f6", "00000000"))
    (root / STAGING_RELEASE).write_text(sample.replace("1.43.2", "1.42.9"))
    commit(root, "begin")
    (root / STAGING_RELEASE).write_text(prod.replace("environment: prod", "environment: staging"))
    commit(root, "staging to 1.43.1")
    (root / STAGING_RELEASE).write_text(sample)
    (root / PROD_RELEASE).write_text(prod)
    commit(root, "on")


def found(checkout: Checkout, environment: str, check: str, evidence: str = "git", config: Config = CONFIG) -> Finding:
    findings = evaluate_policy(config, checkout.facts, NOW).environments[environment]
    return next(each for each in findings if (each.check, each.evidence) == (check, evidence))


# --- files ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_helm")
def test_nothing_fails_in_the_untouched_sample(ops_repo: Path) -> None:
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    findings = evaluate_policy(CONFIG, checkout.facts, NOW)

    every = [each for name in findings.environments for each in findings.environments[name]]
    assert {each.status for each in every} == {"pass", "unknown", "skipped"}
    assert {each.evidence for each in every if each.status == "unknown"} == {"rendered", "git"}
    assert {each.check for each in every if each.status == "unknown" and each.evidence == "git"} == {"release.order"}
    assert {each.status for each in findings.estate} == {"skipped"}


@pytest.mark.usefixtures("no_helm")
def test_without_helm_what_is_rendered_is_unknown_with_the_reason(ops_repo: Path) -> None:
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.rendered, MissingEvidence)
    assert "helm is not on the PATH" in facts.rendered.reason
    assert isinstance(facts.live, NotApplicable)


@pytest.mark.usefixtures("no_helm")
@pytest.mark.parametrize(
    ("break_it", "check", "words"),
    [
        (lambda root: (root / PROD).unlink(), "auth.jwt-required", "uses the values file"),
        (lambda root: (root / PROD).write_bytes(b"\xff\xfe"), "auth.jwt-required", "UTF-8"),
        (lambda root: (root / PROD).write_text("- a\n"), "auth.jwt-required", "mapping"),
        (lambda root: (root / PROD_RELEASE).unlink(), "release.pinned", "is not there"),
        (lambda root: (root / PROD_RELEASE).write_text(""), "release.pinned", "empty"),
        (lambda root: (root / "infra/helm/platform/Chart.yaml").unlink(), "auth.jwt-required", "no Chart.yaml"),
    ],
)
def test_a_file_that_is_missing_or_unreadable_is_unknown(
    ops_repo: Path, break_it: Callable[[Path], Any], check: str, words: str
) -> None:
    break_it(ops_repo)

    finding = found(read_checkout(ops_repo, CONFIG, NOW), "prod", check)

    assert finding.status == "unknown"
    assert words in finding.message


@pytest.mark.usefixtures("no_helm")
def test_a_link_out_of_the_checkout_is_not_followed(ops_repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("gateway: {env: {AUTH_MODE: jwt}}\n")
    (ops_repo / PROD).unlink()
    (ops_repo / PROD).symlink_to(tmp_path / "secret.yaml")

    assert found(read_checkout(ops_repo, CONFIG, NOW), "prod", "auth.jwt-required").status == "unknown"


@pytest.mark.usefixtures("no_helm")
def test_an_application_is_found_by_the_overlay_that_it_reads(ops_repo: Path) -> None:
    edit(ops_repo, "infra/argocd/applications/prod.yaml", "name: anchor-msp-prod", "name: production")

    finding = found(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest")

    assert (finding.status, finding.resource) == ("pass", "production")


@pytest.mark.usefixtures("no_helm")
def test_without_applications_the_overlay_still_counts_and_auto_sync_is_unknown(ops_repo: Path) -> None:
    shutil.rmtree(ops_repo / "infra/argocd")
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert found(checkout, "prod", "auth.jwt-required").status == "pass"
    prune = found(checkout, "prod", "argo.automated-prune", "manifest")
    assert prune.status == "unknown"
    assert "there is no Application for prod" in prune.message


@pytest.mark.usefixtures("no_helm")
def test_applications_are_found_wherever_they_stand(ops_repo: Path) -> None:
    (ops_repo / "infra/argocd").rename(ops_repo / "clusters")

    assert found(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest").status == "pass"


@pytest.mark.usefixtures("no_helm")
def test_an_application_set_cannot_be_told(ops_repo: Path) -> None:
    for each in (ops_repo / "infra/argocd/applications").iterdir():
        each.write_text(each.read_text().replace("kind: Application", "kind: ApplicationSet"))

    prune = found(read_checkout(ops_repo, CONFIG, NOW), "prod", "argo.automated-prune", "manifest")

    assert prune.status == "unknown"
    assert "ApplicationSet" in prune.message


def test_a_folder_without_an_ops_repo_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="no ops repo"):
        read_checkout(tmp_path, CONFIG, NOW)
    with pytest.raises(CheckoutError, match="no folder"):
        read_checkout(tmp_path / "nowhere", CONFIG, NOW)


# --- history -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_helm")
def test_the_order_of_promotion_is_read_from_the_branchs_history(ops_repo: Path) -> None:
    promoted(ops_repo)

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert checkout.commit == git(ops_repo, "rev-parse", "HEAD")
    assert found(checkout, "prod", "release.order").status == "pass"


@pytest.mark.usefixtures("no_helm")
def test_what_the_environment_before_never_had_is_a_warning(ops_repo: Path) -> None:
    promoted(ops_repo)
    edit(ops_repo, PROD_RELEASE, "5d6e7f80", "ffffffff")

    finding = found(read_checkout(ops_repo, CONFIG, NOW), "prod", "release.order")

    assert (finding.status, finding.level, finding.file, finding.line) == ("fail", "warning", PROD_RELEASE, 14)
    assert finding.message.startswith("staging never had web 1.43.1@sha256:ffffffff")


@pytest.mark.usefixtures("no_helm")
def test_a_shallow_clone_leaves_the_order_unknown_and_names_the_way_out(ops_repo: Path, tmp_path: Path) -> None:
    promoted(ops_repo)
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{ops_repo}", "shallow")

    finding = found(read_checkout(tmp_path / "shallow", CONFIG, NOW), "prod", "release.order")

    assert finding.status == "unknown"
    assert "shallow clone" in finding.message
    assert "fetch-depth: 0" in finding.message


@pytest.mark.usefixtures("no_helm")
def test_a_branch_that_was_never_merged_does_not_count(ops_repo: Path) -> None:
    promoted(ops_repo)
    head = git(ops_repo, "rev-parse", "HEAD")
    git(ops_repo, "checkout", "--quiet", "-b", "topic", head)
    edit(ops_repo, STAGING_RELEASE, "7be1c0a9", "eeeeeeee")
    commit(ops_repo)
    edit(ops_repo, STAGING_RELEASE, "eeeeeeee", "7be1c0a9")
    commit(ops_repo)
    git(ops_repo, "checkout", "--quiet", "main")
    git(ops_repo, "merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.before, UpstreamHistory)
    digests = {image.digest for past in facts.before.history if past.release for image in past.release.images}
    assert not [digest for digest in digests if digest and "eeeeeeee" in digest]


@pytest.mark.usefixtures("no_helm")
def test_a_checkout_below_the_repositorys_top_knows_where_it_lies(ops_repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)

    checkout = read_checkout(ops_repo, CONFIG, NOW)

    assert checkout.prefix == "ops/"
    assert found(checkout, "prod", "release.order").status == "unknown"


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    with pytest.raises(GitError, match="no commit"):
        open_git_checkout(tmp_path)


def test_git_that_is_not_there_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitError, match="not on the PATH"):
        open_git_checkout(tmp_path)


# --- helm ----------------------------------------------------------------------------------------------


@needs_helm
def test_helm_renders_what_the_embedded_servers_render(ops_repo: Path) -> None:
    facts = read_checkout(ops_repo, CONFIG, NOW).facts.environments["prod"]

    assert isinstance(facts.rendered, Manifests)
    images = {str(each): [one.image for one in each.containers] for each in facts.rendered.workloads}
    ours = {
        f"Deployment/{each['metadata']['name']}": [each["spec"]["template"]["spec"]["containers"][0]["image"]]
        for each in manifests_of("prod")
        if each["kind"] == "Deployment"
    }
    assert images == ours


@needs_helm
def test_everything_rendered_holds_in_the_sample(ops_repo: Path) -> None:
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    findings = evaluate_policy(CONFIG, checkout.facts, NOW)

    every = [each for found in findings.environments.values() for each in found]
    assert {each.status for each in every if each.evidence == "rendered"} == {"pass"}


@needs_helm
@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("infra/helm/platform/templates/web.yaml", "{{ include", "{{ inklude", "inklude"),
        ("infra/helm/platform/Chart.yaml", "version: 0.9.0", f"version: 0.9.0\n{DEPENDENCY}", "charts/ directory"),
        ("infra/helm/platform/templates/web.yaml", "{{ include", "a: [\n{{ include", "YAML"),
    ],
)  # fmt: skip
def test_a_chart_that_does_not_render_is_unknown_with_helms_own_words(
    ops_repo: Path, path: str, old: str, new: str, words: str
) -> None:
    edit(ops_repo, path, old, new)

    finding = found(read_checkout(ops_repo, CONFIG, NOW), "prod", "workers.gateway-image", "rendered")

    assert finding.status == "unknown"
    assert words in finding.message
    assert str(ops_repo) not in finding.message


@needs_helm
def test_helm_gets_the_layers_in_the_applications_order(ops_repo: Path) -> None:
    more = (
        "      values: |\n        gateway: {env: {AUTH_MODE: one, LOG_LEVEL: one}}\n"
        "      parameters: [{name: gateway.env.AUTH_MODE, value: disabled}]\n      valueFiles:"
    )
    edit(ops_repo, "infra/argocd/applications/prod.yaml", "      valueFiles:", more)
    checkout = read_checkout(ops_repo, CONFIG, NOW)

    for evidence in ("git", "rendered"):
        finding = found(checkout, "prod", "auth.jwt-required", evidence)
        assert (finding.status, finding.message) == ("fail", "AUTH_MODE is disabled, must be jwt")


@needs_helm
def test_the_text_false_turns_a_mock_on_in_what_helm_renders(ops_repo: Path) -> None:
    edit(ops_repo, PROD, "enabled: false", 'enabled: "false"')

    checkout = read_checkout(ops_repo, replace(CONFIG, environments=CONFIG.environments), NOW)

    assert found(checkout, "prod", "mock.workloads-absent", "git").status == "fail"
    assert found(checkout, "prod", "mock.workloads-absent", "rendered").status == "fail"


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
def test_the_layers_are_laid_as_helm_lays_them(tmp_path: Path, helm: Any) -> None:
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
    files = [each.file for each in laid.layers if not each.is_chart and each.file != "app.yaml"]
    [rendered] = render_chart(HELM or "", tmp_path, source, files)

    assert isinstance(rendered, dict)
    assert laid.merged == rendered["values"]
