"""The client's times are scaled in a block, and are the usual ones after it."""

from __future__ import annotations

from anchor_tui.sources.argocd import source as argocd_source
from anchor_tui.sources.github import error_map
from anchor_tui.sources.github import source as github_source
from tests.chaos.scaled_time import SCALE, scale_client_times


def test_times_are_scaled_and_restored():
    with scale_client_times():
        assert argocd_source.STALE_AFTER_S == 45 * SCALE
        assert error_map.GITHUB.default_retry_after_s == 60 * SCALE
        assert github_source.Backoff(first=2.0, longest=300.0).longest == 300 * SCALE
        assert github_source.POLLS_UNTIL_STALE == 3
        assert github_source.LOW_BUDGET_FRACTION == 0.2
    assert argocd_source.STALE_AFTER_S == 45
    assert error_map.GITHUB.default_retry_after_s == 60


def test_factors_are_not_scaled():
    with scale_client_times():
        assert argocd_source.STREAM_TIMEOUT_FACTOR == 0.8
