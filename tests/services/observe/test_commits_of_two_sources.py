"""A commit that Argo CD has and the last reading of the ops repo has not: over real sockets, against the sandbox."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from anchor_tui.config.model import GitHubConfig, ServerConfig
from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.observe import observer
from anchor_tui.services.observe.observer import Observer
from anchor_tui.services.observe.source_factory import make_sources
from anchor_tui.sources.argocd import source
from tests.domain.policy.sample_repo import CONFIG
from tests.sandbox.conftest import edit_release
from tests.services.observe.fake_sources import PublishedSnapshots
from tests.services.observe.policy_findings import select_checks
from tests.values import replace

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLL_S = 3600
"""So long that only a poll out of turn can show a new commit."""


def prod_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    prod = snapshot.find_environment("prod")
    assert prod is not None
    return prod.findings


def has_live_findings(snapshot: Snapshot) -> bool:
    return ("release.contract-aligned", "live") in select_checks(prod_findings(snapshot), "pass")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(observer, "SNAPSHOT_INTERVAL_S", 0.01)
    monkeypatch.setattr(source, "EVENT_BATCH_S", 0.005)
    monkeypatch.setattr(source, "DUE_CHECK_S", 0.005)


async def test_a_promotion_merged_elsewhere_is_never_failing(tmp_path):
    async with Sandbox.start("steady", clock=ManualClock(START), heartbeat_s=0.02) as box:
        there = replace(
            CONFIG,
            argocd=ServerConfig(server=box.argocd_url, token_env="A"),
            github=GitHubConfig(ops_repo=box.ops_repo, api_url=box.github_url, token_env="G", poll_s=POLL_S),
        )
        environ = {"A": box.argocd_token, "G": box.github_token}
        reader = Observer(there, make_sources(there, environ, tmp_path, box.clock.now), box.clock.now)
        seen = PublishedSnapshots()
        running = asyncio.create_task(reader.run(seen.publish))
        try:
            await seen.wait_until(has_live_findings)
            start = len(seen.all)
            box.commit(edit_release(box, "prod", "1.43.2"), "Promote prod to 1.43.2")
            for _ in range(200):
                box.advance(2)
                published = len(seen.all)
                await seen.wait_until(lambda _, before=published: len(seen.all) > before)
                if has_release(seen.all[-1], "1.43.2") and has_live_findings(seen.all[-1]):
                    break
            else:
                pytest.fail("the promotion has not arrived")
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    after = seen.all[start:]
    failed = [select_checks(prod_findings(snapshot), "fail") for snapshot in after]
    assert {check for found in failed for check, _ in found} <= {"argo.at-head"}
    assert "failing" not in {snapshot.environments[2].verdict.level for snapshot in after}
    reasons = {reason for snapshot in after for reason in snapshot.environments[2].verdict.reasons}
    assert "1 check pending until git and Argo CD are at the same commit: release.contract-aligned" in reasons


def has_release(snapshot: Snapshot, version: str) -> bool:
    prod = snapshot.find_environment("prod")
    return prod is not None and prod.release is not None and prod.release.version == version
