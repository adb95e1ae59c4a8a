"""The facts of the history that are part of a snapshot. The first frame needs no other module of the history."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.domain.first_seen import RecentPast
from anchor_tui.domain.model import DeliveryWindow, LastKnownGood, ValueObject


class HistoryFacts(ValueObject, frozen=True):
    """The facts about the environments, by their names. Each part is the same object until it changes."""

    last_known_good: Mapping[str, LastKnownGood] = {}
    delivery: Mapping[str, tuple[DeliveryWindow, ...]] = {}
    recent: RecentPast = RecentPast()
