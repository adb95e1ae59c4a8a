"""Delivery metrics of changes that the recorder made from snapshots: both have to understand the same changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from anchor_tui.domain.model import DeliveryWindow
from anchor_tui.services.history.delivery import read_delivery
from tests.services.history.test_recorder import CONFIG, Estate, lose_argocd
from tests.values import NOW, ago, files, release, replace

FIRST = files("1.43.1")


class DeliveringEstate(Estate):
    """An estate whose prod gets releases."""

    @property
    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.minute)

    def merge(self, version: str) -> None:
        """Merge a release, whose first observation is a minute later."""
        merged = replace(files(version), release=release(version, changed_at=self.now))
        self.set_repo(environments={"dev": FIRST, "staging": FIRST, "prod": merged})
        self.set_apps(sync="OutOfSync")
        self.observe_for(1)

    def deploy(self, version: str, *, health: str = "Healthy") -> None:
        """Merge a release, sync it a minute later, and reach a health two minutes after the sync."""
        self.merge(version)
        revision = f"{int(version.replace('.', '')):040x}"
        synced_at = self.now
        self.set_apps(health="Progressing", health_since=self.now, synced_revision=revision, synced_at=synced_at)
        self.observe_for(2)
        self.set_apps(health=health, health_since=self.now, synced_revision=revision, synced_at=synced_at)
        self.observe_for(70)

    def restore(self) -> None:
        """Make the application Healthy."""
        self.set_apps(health_since=self.now)
        self.observe_for(5)

    def read_month(self) -> DeliveryWindow:
        return read_delivery(self.path, CONFIG.environments, self.now)["prod"][1]


@pytest.fixture
def estate(tmp_path: Path) -> DeliveringEstate:
    made = DeliveringEstate(tmp_path / "history" / "anchor.sqlite3")
    first = replace(FIRST, release=release("1.43.1", changed_at=ago(days=10)), history=())
    made.set_repo(environments={"dev": FIRST, "staging": FIRST, "prod": first})
    made.set_apps(synced_revision="0" * 40, synced_at=ago(days=10))
    made.observe_for(2)
    return made


def test_five_recorded_deployments_have_exact_metrics(estate: DeliveringEstate) -> None:
    for number in range(5):
        estate.deploy(f"1.44.{number}")
    window = estate.read_month()
    assert (window.deployment_frequency.state, window.deployment_frequency.count) == ("known", 5)
    assert (window.lead_time.value, window.lead_time.percentile_90) == (180, 180)
    assert (window.change_failure_rate.value, window.change_failure_rate.count) == (0, 5)


def test_recorded_outages_and_rollbacks_are_failed_changes(estate: DeliveringEstate) -> None:
    for number in range(5):
        estate.deploy(f"1.44.{number}")
    estate.deploy("1.45.0", health="Degraded")
    estate.deploy("1.44.4")
    window = estate.read_month()
    assert (window.change_failure_rate.value, window.change_failure_rate.count) == (pytest.approx(1 / 7), 7)
    assert (window.time_to_restore.count, window.lead_time.count, window.lead_time.excluded) == (1, 6, 1)


def test_recorded_outages_have_a_time_to_restore(estate: DeliveringEstate) -> None:
    for _ in range(5):
        estate.set_apps(health="Degraded", health_since=estate.now)
        estate.observe_for(30)
        estate.restore()
    assert estate.read_month().time_to_restore.value == 30 * 60


def test_an_outage_with_a_lost_source_is_left_out(estate: DeliveringEstate) -> None:
    estate.set_apps(health="Degraded", health_since=estate.now)
    estate.observe_for(5)
    lose_argocd(estate)
    estate.observe_for(5)
    estate.restore()
    metric = estate.read_month().time_to_restore
    assert (metric.count, metric.excluded) == (0, 1)


def test_an_outage_over_a_pause_is_left_out(estate: DeliveringEstate) -> None:
    estate.set_apps(health="Degraded", health_since=estate.now)
    estate.observe_for(5)
    estate.minute += 600
    estate.observe_for(5)
    estate.restore()
    metric = estate.read_month().time_to_restore
    assert (metric.count, metric.excluded) == (0, 1)
