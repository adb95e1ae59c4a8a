"""Manifests are asked for when something has changed: what was found in older ones says as of when."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.model import AppId
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.services.observe.policy import PolicyEvaluator
from tests.argocd_recordings import load_recording
from tests.values import NOW, application, argocd, config, environment_config, fresh, ops_repo

PROD = AppId("argocd", "argocd", "anchor-msp-prod")


def live(age: timedelta) -> list[str]:
    items = tuple(load_recording("managed-resources-prod").body["items"])
    managed = {PROD: ManagedResources(NOW - age, items)}
    apps = argocd(application("anchor-msp-prod"), managed=managed)
    paths = ("infra/helm/platform/Chart.yaml", "environments/prod/release.yaml")
    repo = ops_repo(files=dict.fromkeys(paths))
    found = PolicyEvaluator(config(environment_config("prod"))).evaluate(
        SourceReadings({"argocd": fresh(apps)}, fresh(repo)), NOW
    )
    assert found is not None
    return [
        finding.message
        for finding in found.environments["prod"]
        if finding.evidence == "live" and finding.status == "pass"
    ]


def test_findings_of_old_manifests_contain_their_time():
    assert live(timedelta(seconds=30))
    assert not any("as of" in message for message in live(timedelta(seconds=30)))
    assert all(message.endswith("(manifests as of 13:57Z)") for message in live(timedelta(minutes=5)))
