"""The actions of this operator, as changes of the history: plan, reason and outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import GroupResult, Plan
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.clock import Clock
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.process_identity import acting_user

ACTION = "action"
"""The kind of these changes. `subject` is the id of the action, `place` what it changed, `after` the outcome."""


class FinishedActions:
    """Finds the jobs that have ended since the last call. A refused plan is not an action: nothing was sent."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._known: set[str] = set()

    def list_new(self, jobs: Iterable[Job]) -> tuple[RecordedChange, ...]:
        """Return one change for each group of steps of the jobs that are new."""
        found: list[RecordedChange] = []
        for job in jobs:
            if job.outcome is not None and job.id not in self._known:
                self._known.add(job.id)
                found += _list_changes(job.plan, job.outcome.results, self._now())
        return tuple(found)


def _list_changes(plan: Plan, results: Iterable[GroupResult], at: datetime) -> Iterator[RecordedChange]:
    order = plan.order
    applications = {group.subject: group.application for group in plan.step_groups}
    facts = {"plan": plan.id, "title": plan.title, "reason": order.reason, "version": order.version}
    for result in results:
        if result.kind != "refused":
            own = facts | {"url": result.url, "environments": ", ".join(order.environments)}
            yield RecordedChange(
                ACTION,
                result.kind,
                at,
                environment=order.environments[0] if len(order.environments) == 1 else "",
                application=applications.get(result.subject),
                subject=order.action,
                place=result.subject,
                detail=result.message,
                pull_request=result.number or order.number,
                actor=acting_user(),
                origin="local",
                facts={name: value for name, value in own.items() if value},
            )


def record_local_changes(changes: tuple[RecordedChange, ...], config: Config, state_folder: Path) -> str:
    """Write changes of a single command. Return a warning if they cannot be written."""
    if not changes or not config.history.is_on:
        return ""
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.store import HistoryBatch, HistoryStore

    at = changes[-1].observed_at
    try:
        store = HistoryStore(find_history_file(config, state_folder), at)
        try:
            store.write(HistoryBatch(at, changes))
        finally:
            store.close()
    except HistoryError as error:
        return f"the action is not in the history: {error}"
    return ""
