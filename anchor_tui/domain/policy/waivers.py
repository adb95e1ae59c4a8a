"""Checks that may fail for a while: what a waiver makes of a finding, and when the waivers end."""

from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config, Waiver
from anchor_tui.domain.model import Finding, ValueObject


class WaiverExpiry(ValueObject, frozen=True):
    """A waiver and how many days it still holds, its last day included; below 1 it has expired."""

    check: str
    environment: str
    until: date
    reason: str
    days: int

    @property
    def expired(self) -> bool:
        """Whether its last day is over."""
        return self.days < 1


def apply_waiver(finding: Finding, environment: str, config: Config, now: datetime) -> Finding:
    """A failure under its waiver: waived until its last day, a failure that says so from then on."""
    if finding.status != "fail":
        return finding
    waiver = _find_waiver(finding.check, environment, config)
    if waiver is None or waiver.until is None:
        return finding
    if _utc_date(now) <= waiver.until:
        message = f"{finding.message} (waived until {waiver.until}: {waiver.reason})"
        return replace(finding, status="waived", message=message)
    message = f"{finding.message}; its waiver expired on {waiver.until} ({waiver.reason})"
    return replace(finding, message=message)


def _find_waiver(check: str, environment: str, config: Config) -> Waiver | None:
    """The waiver that lasts longest."""
    found = [each for each in config.policy.waivers if each.check == check and each.environment == environment]
    return max(found, key=lambda each: each.until or date.min, default=None)


def list_waiver_expiries(config: Config, now: datetime) -> tuple[WaiverExpiry, ...]:
    """Every waiver, the one that ends first first."""
    ends = [
        WaiverExpiry(each.check, each.environment, each.until, each.reason, (each.until - _utc_date(now)).days + 1)
        for each in config.policy.waivers
        if each.until is not None
    ]
    return tuple(sorted(ends, key=lambda end: (end.until, end.environment, end.check)))


def _utc_date(now: datetime) -> date:
    return now.astimezone(UTC).date()
