"""The deployments of an environment: changes of its release's content that became effective in the cluster.

A release is merged, then deployed: an application is synced after the merge, and all applications are Synced. It is
healthy when they have been Synced and Healthy for HEALTHY_FOR. A release that the next one replaces before it was
deployed is not a deployment. The release with which the record begins is not one either. A release that git holds from
before the first recorded sync counts with its merge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from anchor_tui.domain.history.application_states import StateStep
from anchor_tui.domain.history.records import RecordedChange

HEALTHY_FOR = timedelta(minutes=1)
"""Argo CD reports a health of before the sync for some seconds after it: a shorter health does not count."""


class ReleaseDeployment(NamedTuple):
    """One deployment. `healthy_at` is None if it was not healthy before the next release was merged.

    `replaced_at` is the merge of the next release, `rolled_back_at` the same if that returns to an earlier content.
    `is_return` is True if this release itself has a content that the environment ran before.
    """

    version: str
    commit: str
    merged_at: datetime
    deployed_at: datetime
    healthy_at: datetime | None = None
    replaced_at: datetime | None = None
    rolled_back_at: datetime | None = None
    is_return: bool = False


class _ReleaseRun(NamedTuple):
    """A release in git until the next one."""

    content: str
    change: RecordedChange


def find_deployments(
    releases: Sequence[RecordedChange], syncs: Sequence[datetime], steps: Sequence[StateStep], now: datetime
) -> tuple[ReleaseDeployment, ...]:
    """Return the deployments, oldest first.

    `releases` are the changes of kind `release`, `syncs` the times at which syncs of any application ended.
    """
    runs = _list_runs(releases)
    sync_times = sorted(syncs)
    found = []
    seen: set[str] = set()
    for index, run in enumerate(runs):
        following = runs[index + 1] if index + 1 < len(runs) else None
        end = following.change.at if following else None
        deployed_at = _find_deployed_at(run.change.at, end or now, sync_times, steps)
        if deployed_at is not None and (index or run.change.before is not None):
            is_rolled_back = following is not None and following.content in seen
            found.append(
                ReleaseDeployment(
                    version=run.change.after or "",
                    commit=run.change.commit,
                    merged_at=run.change.at,
                    deployed_at=deployed_at,
                    healthy_at=_find_healthy_at(deployed_at, end or now, steps, now),
                    replaced_at=end,
                    rolled_back_at=end if is_rolled_back else None,
                    is_return=run.content in seen,
                )
            )
        seen.add(run.content)
    return tuple(found)


def _list_runs(releases: Sequence[RecordedChange]) -> list[_ReleaseRun]:
    """Return the releases by the time of their merge. What was imported and observed is one."""
    runs: list[_ReleaseRun] = []
    for change in sorted(releases, key=lambda change: (change.at, change.id)):
        content = change.compared_value
        if content is not None and (not runs or runs[-1].content != content):
            runs.append(_ReleaseRun(content, change))
    return runs


def _find_deployed_at(
    merged_at: datetime, end: datetime, syncs: Sequence[datetime], steps: Sequence[StateStep]
) -> datetime | None:
    """Return the first time after a sync at which all are Synced; None if the release was not deployed.

    Before the states were recorded it is the end of the sync, and before the syncs were, the merge.
    """
    if not syncs or end <= syncs[0]:
        return merged_at if not steps or end <= steps[0].at else None
    position = bisect_left(syncs, merged_at)
    if position == len(syncs) or syncs[position] >= end:
        return None
    synced_at = syncs[position]
    current = bisect_right(steps, synced_at, key=lambda step: step.at) - 1
    if current < 0 or steps[current].is_synced:
        return synced_at
    for index in range(current + 1, len(steps)):
        if steps[index].at >= end:
            return None
        if steps[index].is_synced:
            return steps[index].at
    return None


def _find_healthy_at(
    deployed_at: datetime, end: datetime, steps: Sequence[StateStep], now: datetime
) -> datetime | None:
    """Return the first time after a deployment, and before `end`, since which all are good for HEALTHY_FOR."""
    current = bisect_right(steps, deployed_at, key=lambda step: step.at) - 1
    for index in range(max(current, 0), len(steps)):
        start = max(steps[index].at, deployed_at)
        if start >= end:
            return None
        until = steps[index + 1].at if index + 1 < len(steps) else now
        if steps[index].is_good and until - start >= HEALTHY_FOR:
            return start
    return None
