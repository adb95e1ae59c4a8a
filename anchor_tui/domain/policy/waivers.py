"""Waivers: checks that may fail in one environment until a date."""

from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config, Waiver
from anchor_tui.domain.model import Finding, ValueObject


class WaiverExpiry(ValueObject, frozen=True):
    """A waiver and the number of days it remains valid. The last day counts; below 1 the waiver has expired."""

    check: str
    environment: str
    until: date
    reason: str
    days: int

    @property
    def expired(self) -> bool:
        """True after the last day."""
        return self.days < 1


def apply_waiver(finding: Finding, environment: str, config: Config, now: datetime) -> Finding:
    """Return the finding as waived until the last day of its waiver; afterwards it fails and names the waiver."""
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
    """Return the waiver with the latest end."""
    found = [waiver for waiver in config.policy.waivers if waiver.check == check and waiver.environment == environment]
    return max(found, key=lambda waiver: waiver.until or date.min, default=None)


def list_waiver_expiries(config: Config, now: datetime) -> tuple[WaiverExpiry, ...]:
    """Return every waiver, the earliest end first."""
    expiries = [
        WaiverExpiry(
            waiver.check, waiver.environment, waiver.until, waiver.reason, (waiver.until - _utc_date(now)).days + 1
        )
        for waiver in config.policy.waivers
        if waiver.until is not None
    ]
    return tuple(sorted(expiries, key=lambda expiry: (expiry.until, expiry.environment, expiry.check)))


def _utc_date(now: datetime) -> date:
    return now.astimezone(UTC).date()
