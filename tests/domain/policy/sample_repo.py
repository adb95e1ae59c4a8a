"""Facts of the sample ops repo. Every check passes; tests change one kind of evidence at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from anchor_tui.config.model import Config, GitHubConfig
from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.model import AutoSyncPolicy, Finding
from anchor_tui.domain.policy.engine import PolicyFindings, evaluate_policy
from anchor_tui.domain.policy.evidence.facts import (
    BranchHead,
    Facts,
    PolicyFacts,
    ReleaseFile,
    RepositorySettings,
    UpstreamHistory,
)
from anchor_tui.domain.policy.evidence.git import read_git_evidence
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.sandbox.argocd.chart_rendering import render_chart
from tests.values import NOW, application, config, environment_config, replace

ROOT = Path(__file__).parents[3] / "anchor_tui" / "sandbox" / "ops_repo"
HEAD = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
NAMES = ("dev", "staging", "prod")
CHART = "infra/helm/platform/values.yaml"
DEV, STAGING, PROD = (f"infra/helm/platform/environments/{name}/values.yaml" for name in NAMES)
APP = "infra/argocd/applications/prod.yaml"
RELEASE = "environments/prod/release.yaml"
CONFIG: Config = replace(
    config(*(environment_config(name, rules=name) for name in NAMES)),
    github=GitHubConfig(ops_repo="anchor/anchor-msp-ops", app_repo="anchor/anchor-msp"),
)


@cache
def sample() -> Mapping[str, str]:
    """Return the files of the sample by path."""
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(ROOT.rglob("*")) if path.is_file()}


def edit_sample(edits: Mapping[str, tuple[str, str] | str | None]) -> dict[str, str]:
    """Return the files of the sample after edits: (old, new) text, a whole file, or None to remove it."""
    files = dict(sample())
    for path, edit in edits.items():
        if edit is None:
            del files[path]
        elif isinstance(edit, str):
            files[path] = edit
        else:
            assert edit[0] in files[path], f"{edit[0]!r} is not in {path}"
            files[path] = files[path].replace(*edit)
    return files


def git_facts(files: Mapping[str, str], configured: Config = CONFIG) -> dict[str, Facts]:
    """Return the facts in git of each environment."""
    found = read_git_evidence(configured, files.get, [path for path in files if path.startswith("infra/argocd/")])
    history = tuple(
        PastRelease(f"{number:040x}", one.release.release)
        for number, one in enumerate(found.values())
        if isinstance(one.release, ReleaseFile)
    )
    facts = {}
    for index, env in enumerate(configured.environments):
        own = found[env.name]
        evidence = {"values": own.values, "release": own.release, "manifest": own.manifest}
        if index:
            evidence["upstream"] = UpstreamHistory(configured.environments[index - 1].name, history, complete=True)
        facts[env.name] = Facts(configured, NOW, env, **evidence)
    return facts


@cache
def rendered_json(name: str) -> str:
    """Return the rendered manifests of an environment as JSON, so that each caller gets its own copy."""
    facts = git_facts(sample())[name]
    assert isinstance(facts.values, tuple)
    return json.dumps([resource.manifest for resource in render_chart(facts.values[0].merged, f"anchor-{name}")])


def rendered_manifests(name: str) -> list[dict[str, Any]]:
    return json.loads(rendered_json(name))


def live_manifests(name: str) -> list[dict[str, Any]]:
    """Return the live manifests: the ExternalSecret has created its Secret."""
    found = rendered_manifests(name)
    for manifest in found:
        if manifest["kind"] == "ExternalSecret":
            manifest["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    return found


def automated(**changes: bool) -> AutoSyncPolicy:
    return AutoSyncPolicy(**{"enabled": True, "prune": True, "self_heal": True, **changes})


def build_passing_facts() -> PolicyFacts:
    """Return complete facts that pass every check."""
    environments = {}
    for name, git in git_facts(sample()).items():
        environments[name] = replace(
            git,
            rendered=read_manifests(rendered_manifests(name), f"anchor-msp-{name}"),
            live=read_manifests(live_manifests(name), f"anchor-msp-{name}", live=True),
            live_spec=(application(f"anchor-msp-{name}", target_revision="main"),),
            head=BranchHead("main", HEAD),
        )
    ops = RepositorySettings(
        "anchor/anchor-msp-ops", {"ENGINE_ID": "anchor-msp"}, frozenset({"STATUS_API_URL", "STATUS_API_TOKEN"})
    )
    app = RepositorySettings(
        "anchor/anchor-msp",
        {"ENGINE_ID": "anchor-msp", "OPS_REPO": "anchor/anchor-msp-ops"},
        frozenset({"STATUS_API_URL", "STATUS_API_TOKEN", "OPS_REPO_PAT"}),
    )
    return PolicyFacts(environments, Facts(CONFIG, NOW, ops_settings=ops, app_settings=app, ci="success"))


PASSING_FACTS = build_passing_facts()


def with_environment(name: str, **evidence: Any) -> PolicyFacts:
    """Return PASSING_FACTS with other evidence in one environment."""
    changed = replace(PASSING_FACTS.environments[name], **evidence)
    return replace(PASSING_FACTS, environments={**PASSING_FACTS.environments, name: changed})


def with_estate(**evidence: Any) -> PolicyFacts:
    return replace(PASSING_FACTS, estate=replace(PASSING_FACTS.estate, **evidence))


def with_files(name: str, edits: Mapping[str, tuple[str, str] | str | None], *fields: str) -> PolicyFacts:
    """Return PASSING_FACTS with the given fields of one environment read from edited files."""
    changed = git_facts(edit_sample(edits))[name]
    return with_environment(name, **{field: getattr(changed, field) for field in fields})


def with_manifests(name: str, evidence: str, change: Callable[[list[dict[str, Any]]], Any]) -> PolicyFacts:
    """Return PASSING_FACTS with manifests that `change` has modified."""
    found = copy.deepcopy(live_manifests(name) if evidence == "live" else rendered_manifests(name))
    change(found)
    return with_environment(name, **{evidence: read_manifests(found, f"anchor-msp-{name}", live=evidence == "live")})


def evaluate(facts: PolicyFacts, configured: Config = CONFIG) -> PolicyFindings:
    return evaluate_policy(configured, facts, NOW)


def list_findings(findings: PolicyFindings) -> list[tuple[str, Finding]]:
    return [(name, finding) for name, found in findings.environments.items() for finding in found] + [
        ("", finding) for finding in findings.estate
    ]


def failed_checks(findings: PolicyFindings) -> set[tuple[str, str, str]]:
    """Return (environment, check, evidence) of each failure."""
    return {
        (name, finding.check, finding.evidence) for name, finding in list_findings(findings) if finding.status == "fail"
    }


def unknown_checks(findings: PolicyFindings) -> set[tuple[str, str, str]]:
    return {
        (name, finding.check, finding.evidence)
        for name, finding in list_findings(findings)
        if finding.status == "unknown"
    }


def only_finding(findings: PolicyFindings, environment: str, check: str, evidence: str) -> Finding:
    """Return the only finding of a check and a kind of evidence."""
    found = [
        finding
        for name, finding in list_findings(findings)
        if (name, finding.check, finding.evidence) == (environment, check, evidence)
    ]
    assert len(found) == 1, found
    return found[0]


def find_manifest(found: list[dict[str, Any]], name: str, kind: str = "Deployment") -> dict[str, Any]:
    return next(manifest for manifest in found if manifest["kind"] == kind and manifest["metadata"]["name"] == name)


def find_container(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return find_manifest(found, name)["spec"]["template"]["spec"]["containers"][0]


def set_env(found: list[dict[str, Any]], workload: str, name: str, value: Any) -> None:
    """Set a variable; None removes it."""
    spec = find_container(found, workload)
    kept = [variable for variable in spec.get("env", []) if variable["name"] != name]
    spec["env"] = kept + ([{"name": name, "value": value}] if value is not None else [])


def deployment(name: str, image: str, kind: str = "Deployment", **container_fields: Any) -> dict[str, Any]:
    """Return a workload with a small memory request."""
    fields = {"name": name, "image": image, "resources": {"requests": {"memory": "1Mi"}}, **container_fields}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "x"},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "template": {"spec": {"containers": [fields]}},
        },
    }
