"""Workflows that are dispatched: what their files ask for, and the promotion that `promote.yaml` makes."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.hosting import HostedRepository


def step(hosted: HostedRepository, now: datetime) -> None:
    """Do the work of the runs whose time has come."""
