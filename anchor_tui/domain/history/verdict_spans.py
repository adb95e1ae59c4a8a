"""The recorded changes of a time → the spans of an environment's verdict.

A span exists only while a process was watching. While a source of the environment was not fresh, the verdict is
unknown, whatever it was before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import cast, get_args

from anchor_tui.domain.history.gaps import join_sessions
from anchor_tui.domain.history.records import RecordedChange, WatchSession
from anchor_tui.domain.model import VerdictSpan, VerdictWord

_WORDS = frozenset(get_args(VerdictWord))


def build_verdict_spans(
    environment: str,
    sources: Collection[str],
    changes: Sequence[RecordedChange],
    sessions: Sequence[WatchSession],
    since: datetime,
    now: datetime,
) -> tuple[VerdictSpan, ...]:
    """Return the spans since a time, oldest first. `sources` are the ids of the sources of the environment.

    The changes are those of verdicts and sources, with the last one of each before `since`.
    """
    watched = [(max(start, since), end) for start, end in join_sessions(sessions, now) if end > since]
    is_open = any(session.ended_at is None for session in sessions)
    spans: list[VerdictSpan] = []
    for verdict, start, end in _list_verdicts(environment, sources, changes, now):
        for watched_from, watched_until in watched:
            first, last = max(start, watched_from), min(end, watched_until)
            if first < last:
                spans.append(VerdictSpan(verdict, first, last))
    joined = _join_equal(spans)
    if joined and is_open and joined[-1].until == now:
        joined[-1] = VerdictSpan(joined[-1].verdict, joined[-1].since)
    return tuple(joined)


def _list_verdicts(
    environment: str, sources: Collection[str], changes: Sequence[RecordedChange], now: datetime
) -> Iterator[tuple[VerdictWord, datetime, datetime]]:
    """Yield each verdict with its start and its end, as if somewhere a process was always watching."""
    relevant = [
        change
        for change in sorted(changes, key=lambda change: (change.observed_at, change.id))
        if (change.kind == "verdict" and change.environment == environment)
        or (change.kind == "source" and change.subject in sources)
    ]
    verdict: VerdictWord | None = None
    lost: set[str] = set()
    for index, change in enumerate(relevant):
        if change.kind == "verdict":
            verdict = _to_word(change.after)
        elif change.after == "fresh":
            lost.discard(change.subject)
        else:
            lost.add(change.subject)
        end = relevant[index + 1].observed_at if index + 1 < len(relevant) else now
        if verdict is not None and change.observed_at < end:
            yield "unknown" if lost else verdict, change.observed_at, end


def _to_word(text: str | None) -> VerdictWord:
    return cast("VerdictWord", text) if text in _WORDS else "unknown"


def _join_equal(spans: Sequence[VerdictSpan]) -> list[VerdictSpan]:
    joined: list[VerdictSpan] = []
    for span in sorted(spans, key=lambda span: span.since):
        last = joined[-1] if joined else None
        if last is not None and last.verdict == span.verdict and last.until == span.since:
            joined[-1] = VerdictSpan(last.verdict, last.since, span.until)
        else:
            joined.append(span)
    return joined
