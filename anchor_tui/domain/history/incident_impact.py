"""The impact of an incident: how long each environment was in which level.

A level counts only while it was observed: a process was watching, and the sources of the environment answered.

| condition                                   | counts as                                                       |
|---------------------------------------------|-----------------------------------------------------------------|
| no process was watching, or nothing is known | not observed                                                   |
| the Argo CD of the environment is lost       | unknown                                                        |
| only GitHub is lost                          | failing if Argo CD reports an outage, otherwise unknown        |
| otherwise                                    | the level of the last recorded verdict                         |
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from anchor_tui.domain.history.incidents import IMPACT_LEVELS, EnvironmentImpact, ImpactLevel
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.time_spans import TimeSpan
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID

_VERDICTS: Mapping[str, ImpactLevel] = {level: level for level in IMPACT_LEVELS[:-1]}


class ValueHistory:
    """The values of one subject over time."""

    def __init__(self, changes: Iterable[RecordedChange]) -> None:
        self._changes = sorted(changes, key=lambda change: (change.at, change.id))
        self.times = [change.at for change in self._changes]
        """The times at which the value changed, the earliest first."""

    def get_value_at(self, at: datetime) -> str | None:
        """Return the value at a time; None if it is not known."""
        place = bisect_right(self.times, at)
        return self._changes[place - 1].after if place else None


def measure_impact(
    environment: str,
    source: str,
    changes: Sequence[RecordedChange],
    observed: Sequence[TimeSpan],
    start: datetime,
    end: datetime,
) -> EnvironmentImpact:
    """Return the times of an environment between two times. `source` is the id of its Argo CD.

    `changes` are those of verdicts and sources, with the last ones before the start.
    """
    verdict = ValueHistory(item for item in changes if item.kind == "verdict" and item.environment == environment)
    argocd = ValueHistory(item for item in changes if item.kind == "source" and item.subject == source)
    github = ValueHistory(item for item in changes if item.kind == "source" and item.subject == GITHUB_SOURCE_ID)
    marks = {start, end, *verdict.times, *argocd.times, *github.times}
    marks.update(time for span in observed for time in span)
    ordered = sorted(mark for mark in marks if start <= mark <= end)
    spans = dict.fromkeys(IMPACT_LEVELS, timedelta())
    for begin, finish in pairwise(ordered):
        is_observed = any(span[0] <= begin and finish <= span[1] for span in observed)
        values = (verdict.get_value_at(begin), argocd.get_value_at(begin), github.get_value_at(begin))
        spans[_judge(*values) if is_observed else "not observed"] += finish - begin
    return EnvironmentImpact(environment, **{level.replace(" ", "_"): span for level, span in spans.items()})


def _judge(verdict: str | None, argocd: str | None, github: str | None) -> ImpactLevel:
    """Return the level of a time in which a process was watching. A source without a record counts as fresh."""
    if verdict is None:
        return "not observed"
    level = _VERDICTS.get(verdict, "unknown")
    if argocd not in {None, "fresh"}:
        return "unknown"
    return level if github in {None, "fresh"} or level == "failing" else "unknown"
