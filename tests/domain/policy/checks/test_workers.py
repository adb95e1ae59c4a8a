"""The image of the workers."""

from __future__ import annotations

from anchor_tui.config.model import DeploymentNames
from anchor_tui.domain.kubernetes.workloads import read_manifests
from anchor_tui.domain.policy.evidence.facts import Facts
from anchor_tui.domain.policy.registry import CHECKS_BY_ID
from tests.domain.policy.checks.check_runs import PROD_ENVIRONMENT, check_manifests
from tests.domain.policy.sample_repo import CONFIG, find_container, rendered_manifests
from tests.values import NOW, replace


def test_workers_are_compared_by_digest_and_configured_name() -> None:
    manifests = rendered_manifests("prod")
    worker = find_container(manifests, "anchor-job-worker")
    worker["image"] = worker["image"].replace(":1.43.1@", "@")
    assert [finding.status for finding in check_manifests("workers.gateway-image", manifests)] == ["pass"]

    worker["image"] = worker["image"].partition("@")[0] + ":1.43.1"
    assert [finding.status for finding in check_manifests("workers.gateway-image", manifests)] == ["fail"]

    other = replace(CONFIG, names=DeploymentNames(gateway="door"))
    facts = Facts(other, NOW, PROD_ENVIRONMENT, rendered=read_manifests(manifests))
    [finding] = [
        finding for finding in CHECKS_BY_ID["workers.gateway-image"].run(facts) if finding.evidence == "rendered"
    ]
    assert (finding.status, finding.message) == ("unknown", "there is no workload door")
    assert "[names]" in (finding.fix or "")
