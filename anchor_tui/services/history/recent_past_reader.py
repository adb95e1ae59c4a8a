"""Reads the recent past of a history file: what is wrong since when, and the verdicts of the last 24 hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from anchor_tui.config.model import Config
from anchor_tui.domain.first_seen import RecentPast, SeenKey, SeenValue
from anchor_tui.domain.history.gaps import list_gaps
from anchor_tui.domain.history.recent_past import RECENT, WRONG_VALUES
from anchor_tui.domain.history.records import HistoryFilter, SubjectKey
from anchor_tui.domain.history.verdict_spans import build_verdict_spans
from anchor_tui.domain.model import FirstSeen, VerdictSpan
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.history.rows import STATE_KEY_COLUMNS, to_key, to_time

_MARGIN = timedelta(hours=1)
"""Changes of sources have the time of their last reading, which is earlier than the observation."""


class RecentPastReader(HistoryReader):
    """One history, open for reading the recent past. Raises HistoryError."""

    def read_recent_past(self, config: Config, now: datetime) -> RecentPast:
        """Return the recent past of the configured environments."""
        return RecentPast(self._read_seen_values(now), self._read_verdicts(config, now))

    def _read_seen_values(self, now: datetime) -> Mapping[str, Mapping[SeenKey, SeenValue]]:
        pairs = [(kind, value) for kind, values in WRONG_VALUES.items() for value in values]
        condition = f"(kind, value) IN (VALUES {', '.join(['(?, ?)'] * len(pairs))})"
        flat = [text for pair in pairs for text in pair]
        states = self._select(f"SELECT {STATE_KEY_COLUMNS}, value, observed_at FROM states WHERE {condition}", flat)
        if not states:
            return {}
        groups = {(row[1], row[0], row[8]) for row in states}
        began = {key for group in groups for key in self._list_observed_starts(*group)}
        released = {(name, at): self._find_released(name, at) for name, kind, at in groups if kind == "finding"}
        gaps = list_gaps(self.read_sessions(), now)
        last_gap = max((gap.until or now for gap in gaps), default=None)
        seen: dict[str, dict[SeenKey, SeenValue]] = {}
        for row in states:
            key, at = to_key(row[:7]), to_time(row[8])
            is_start = (row[8], key) in began
            first = FirstSeen(at, observed_start=is_start, continuous=last_gap is None or last_gap <= at)
            pull_request = released.get((key.environment, row[8])) if is_start and key.kind == "finding" else None
            seen.setdefault(key.environment, {})[key] = SeenValue(row[7], first, pull_request)
        return seen

    def _list_observed_starts(self, environment: str, kind: str, observed_at: int) -> list[tuple[int, SubjectKey]]:
        """Return the values that changed at a time and were known before, as pairs of time and key.

        Values that the server dates are not among them: they need no other time. So the index by time applies.
        """
        rows = self._select(
            f"""
            SELECT {STATE_KEY_COLUMNS} FROM changes
            WHERE environment = ? AND kind = ? AND at = ? AND observed_at = at
              AND before IS NOT NULL AND origin = 'observed'
            """,
            (environment, kind, observed_at),
        )
        return [(observed_at, to_key(row)) for row in rows]

    def _find_released(self, environment: str, observed_at: int) -> int | None:
        """Return the pull request of a new release that was observed at a time; None if there is not exactly one."""
        rows = self._select(
            """
            SELECT pull_request FROM changes WHERE environment = ? AND kind = 'release' AND observed_at = ?
            AND before IS NOT NULL AND origin = 'observed' AND pull_request IS NOT NULL
            """,
            (environment, observed_at),
        )
        return int(rows[0][0]) if len(rows) == 1 else None

    def _read_verdicts(self, config: Config, now: datetime) -> Mapping[str, tuple[VerdictSpan, ...]]:
        since, wanted = now - RECENT, HistoryFilter(kinds=("verdict", "source"))
        recent = HistoryFilter(kinds=wanted.kinds, since=since - _MARGIN)
        changes = (*self.read_latest_before(since - _MARGIN, wanted), *self.read_changes(recent))
        sessions = self.read_sessions(since)
        found = {
            environment.name: build_verdict_spans(
                environment.name, {environment.server, GITHUB_SOURCE_ID}, changes, sessions, since, now
            )
            for environment in config.environments
        }
        return {name: spans for name, spans in found.items() if spans}
