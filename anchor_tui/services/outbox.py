"""Events for the status API, delivered at least once.

An event is written to the audit before it is sent, and sent again at the next start until it was taken, or refused
for good. It always carries the same idempotency key, so that who takes it can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import Emit
from anchor_tui.services.acting import Learned
from anchor_tui.services.audit import Audit, Entry, EntryKind, pending_events, who
from anchor_tui.services.connections import Connections
from anchor_tui.sources.errors import Rejected, SourceError


class Outbox:
    """What is still to be delivered stands in the audit; nothing else is kept."""

    def __init__(self, connections: Connections, audit: Audit, now: Callable[[], datetime]) -> None:
        self._connections, self._audit, self._now = connections, audit, now

    async def emit(self, plan: Plan, step: Emit, learned: Learned) -> str:
        """Completes the event with what is known now, writes it down and sends it. Never fails: it can wait."""
        event = step.event | {
            "pull_request": {"number": learned.number, "url": learned.url} if learned.number else None,
            "planned_at": _rfc3339(plan.made_at),
            "merged_at": _rfc3339(learned.merged_at),
            "healthy_at": _rfc3339(learned.healthy_at),
            "occurred_at": _rfc3339(self._now()),
        }
        if step.repository and learned.number:  # the same whoever follows the pull request, and sends it
            event["idempotency_key"] = f"{event['event']}:{step.repository}#{learned.number}"
        environments = (str(event["environment"]),)
        self._write_down("intended", plan.id, environments, f"send {event['event']}", event, plan.order.reason)
        return await self._deliver(plan.id, environments, event, learned.notes.append)

    async def deliver_pending(self) -> tuple[str, ...]:
        """Sends again what was not delivered; what is to be said of each."""
        said = []
        for pending in pending_events(self._audit.read()):
            words = await self._deliver(pending.entry.plan, pending.entry.environments, pending.event, lambda _: None)
            said.append(f"{pending.event.get('event')} of {', '.join(pending.entry.environments)}: {words}")
        return tuple(said)

    async def _deliver(
        self, plan_id: str, environments: tuple[str, ...], event: dict[str, Any], note: Callable[[str], object]
    ) -> str:
        from anchor_tui.sources.status_api import send_event

        kind: EntryKind
        try:
            await send_event(await self._connections.status_api(), event)
        except Rejected as error:
            kind, words = "refused", error.message
        except SourceError as error:
            kind, words = "failed", f"not delivered yet ({error.message}): it is sent again at the next start"
        else:
            kind, words = "done", f"{event['event']} was delivered to the status API"
        if kind != "done":
            note(words)
        self._write_down(kind, plan_id, environments, words, event, "")
        return words

    def _write_down(
        self,
        kind: EntryKind,
        plan_id: str,
        environments: tuple[str, ...],
        message: str,
        event: dict[str, Any],
        reason: str,
    ) -> None:
        # Step -1: about no step of the Plan's own, so that it neither begins nor ends the Plan's change.
        self._audit.append(
            Entry(
                self._now(),
                kind,
                plan_id,
                "event",
                environments,
                "status API",
                -1,
                message,
                who(),
                reason=reason,
                request={"service": "status-api", "method": "POST", "path": ""},
                event=event,
            )
        )


def _rfc3339(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
