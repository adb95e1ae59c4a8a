"""The watchdog of the screen: without new snapshots, everything on the screen becomes stale.

The reader marks old readings itself, but only in a new snapshot. If the reader is blocked, no snapshot arrives.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_duration
from anchor_tui.domain.model import Environment, Level, Snapshot, SourceFailure, SourceState, Verdict
from anchor_tui.domain.policy.stale_findings import mark_stale_findings
from anchor_tui.domain.verdict import name_unread_source

MISSED_SNAPSHOTS = 3
"""The reader publishes at a fixed interval at least. After so many intervals without a snapshot it is silent."""
SILENCE_STEP = timedelta(seconds=5)
"""The reported silence is a multiple of this: the screen is drawn again only if it changes."""


class SnapshotWatchdog:
    """Measures the time since the last snapshot, by the clock of the screen and by the monotonic clock.

    The larger of the two counts: the wall clock may be set back, and the monotonic one stops while the machine sleeps.
    """

    def __init__(self, now: datetime) -> None:
        self._last_at, self._last_monotonic = now, time.monotonic()

    def reset(self, now: datetime) -> None:
        """Start to measure again: a snapshot has arrived."""
        self._last_at, self._last_monotonic = now, time.monotonic()

    def measure_silence(self, now: datetime) -> timedelta | None:
        """Return the time without a snapshot, in whole steps; None while it is short."""
        # Imported here: it loads the sources, which the background thread loads while the first frame is drawn.
        from anchor_tui.services.observe.observer import SNAPSHOT_INTERVAL_S

        silence = max(now - self._last_at, timedelta(seconds=time.monotonic() - self._last_monotonic))
        if silence < timedelta(seconds=MISSED_SNAPSHOTS * SNAPSHOT_INTERVAL_S):
            return None
        return silence // SILENCE_STEP * SILENCE_STEP


def mark_silent(snapshot: Snapshot, silence: timedelta) -> Snapshot:
    """Return the last snapshot as it is known now: no source is fresh, no level is better than unknown."""
    brief = f"no snapshot for {format_duration(silence)}"
    message = f"{brief}: the reader is busy or blocked"
    sources = tuple(_mark_source(source, message) for source in snapshot.sources)
    loading = frozenset(name_unread_source(source) for source in snapshot.sources if source.state == "asking")
    return replace(
        snapshot,
        verdict=_mark_verdict(snapshot.verdict, message, loading, is_first=True),
        sources=sources,
        environments=tuple(
            _mark_environment(environment, sources, brief, loading) for environment in snapshot.environments
        ),
        findings=mark_stale_findings(snapshot.findings, sources),
    )


def _mark_source(source: SourceState, message: str) -> SourceState:
    match source.state:
        case "fresh":
            return replace(source, state="stale", error=SourceFailure("silent", message))
        case "asking":
            return replace(source, state="missing", error=SourceFailure("silent", message))
        case _:
            return source


def _mark_environment(
    environment: Environment, sources: tuple[SourceState, ...], brief: str, loading: frozenset[str]
) -> Environment:
    own = tuple(source for source in sources if source.kind == "github" or source.id == environment.source)
    is_failing = environment.verdict.level is Level.FAILING
    verdict = _mark_verdict(environment.verdict, brief, loading, is_first=not is_failing)
    return replace(environment, verdict=verdict, findings=mark_stale_findings(environment.findings, own))


def _mark_verdict(verdict: Verdict, reason: str, loading: frozenset[str], *, is_first: bool) -> Verdict:
    """Return a verdict with one more reason and without those that wait for the reader."""
    others = tuple(other for other in verdict.reasons if other not in loading)
    reasons = (reason, *others) if is_first else (*others, reason)
    return Verdict(Level.worst((verdict.level, Level.UNKNOWN)), reasons, verdict.cause)
