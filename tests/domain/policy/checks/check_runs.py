"""Single checks on changed files, manifests or facts of production."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.domain.policy.sample_repo import CONFIG, edit_sample, git_facts, rendered_manifests, sample
from tests.values import NOW, replace

Manifests = list[dict[str, Any]]


PROD_ENVIRONMENT = CONFIG.environments[2]


def check_manifests(check: str, manifests: Manifests, evidence: str = "rendered", **evident: Any) -> list[Finding]:
    """Run a check on manifests of production."""
    facts = replace(
        git_facts(sample())["prod"], **{evidence: read_manifests(manifests, "app", live=evidence == "live")}
    )
    facts = replace(facts, **evident)
    return [finding for finding in CHECKS_BY_ID[check].run(facts) if finding.evidence == evidence]


def status_after(check: str, change: Callable[[Manifests], Any], name: str = "prod") -> set[str]:
    manifests = rendered_manifests(name)
    change(manifests)
    return {finding.status for finding in check_manifests(check, manifests)}


def add(*more: dict[str, Any]) -> Callable[[Manifests], Any]:
    return lambda manifests: manifests.extend(more)


def check_files(check: str, edits: dict[str, Any], evidence: str = "git") -> list[Finding]:
    """Run a check on the edited files of production."""
    facts = git_facts(edit_sample(edits))["prod"]
    return [finding for finding in CHECKS_BY_ID[check].run(facts) if finding.evidence == evidence]


def statuses(check: str, edits: dict[str, Any]) -> set[str]:
    return {finding.status for finding in check_files(check, edits)}


def check_facts(check: str, **evidence: Any) -> list[Finding]:
    return list(
        CHECKS_BY_ID[check].run(Facts(CONFIG, NOW, PROD_ENVIRONMENT if CHECKS_BY_ID[check].rules else None, **evidence))
    )


def scaled(name: str, least: int | None, **spec: Any) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": name}
    fields = {"scaleTargetRef": target, **({"minReplicas": least} if least is not None else {}), **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": fields,
    }
