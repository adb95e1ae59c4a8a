"""Delivers events to the status API at least once.

An event is audited before it is sent. Until the status API accepts or refuses it, each start sends it again with the
same idempotency key, so the receiver recognises duplicates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import SendEvent
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, EntryKind, acting_user, pending_events
from anchor_tui.services.execute.step_support import StepContext
from anchor_tui.sources.errors import ClientError, SourceError


class Outbox:
    """Pending events. The audit is their only storage."""

    def __init__(self, connections: Connections, audit: AuditLog, now: Callable[[], datetime]) -> None:
        self._connections, self._audit, self._now = connections, audit, now

    async def send_event(self, plan: Plan, step: SendEvent, context: StepContext) -> str:
        """Complete an event, audit it and send it. A failed delivery is a note in the outcome, not an error."""
        event = step.event | {
            "pull_request": {"number": context.number, "url": context.url} if context.number else None,
            "planned_at": _time_text(plan.made_at),
            "merged_at": _time_text(context.merged_at),
            "healthy_at": _time_text(context.healthy_at),
            "occurred_at": _time_text(self._now()),
        }
        if step.repository and context.number:  # the same key from every process that follows the pull request
            event["idempotency_key"] = f"{event['event']}:{step.repository}#{context.number}"
        environments = (str(event["environment"]),)
        self._append_audit("intended", plan.id, environments, f"send {event['event']}", event, plan.order.reason)
        return await self._deliver_event(plan.id, environments, event, context.notes.append)

    async def deliver_pending(self) -> tuple[str, ...]:
        """Send undelivered events again. Return a sentence for each."""
        messages = []
        for pending in pending_events(self._audit.read_entries()):
            words = await self._deliver_event(
                pending.entry.plan, pending.entry.environments, pending.event, lambda _: None
            )
            messages.append(f"{pending.event.get('event')} of {', '.join(pending.entry.environments)}: {words}")
        return tuple(messages)

    async def _deliver_event(
        self, plan_id: str, environments: tuple[str, ...], event: dict[str, Any], note: Callable[[str], object]
    ) -> str:
        from anchor_tui.sources.status_api import send_event

        kind: EntryKind
        try:
            await send_event(await self._connections.find_status_access(), event)
        except ClientError as error:
            kind, words = "refused", error.message
        except SourceError as error:
            kind, words = "failed", f"not delivered ({error.message}): it is sent again at the next start"
        else:
            kind, words = "done", f"{event['event']} was delivered to the status API"
        if kind != "done":
            note(words)
        self._append_audit(kind, plan_id, environments, words, event, "")
        return words

    def _append_audit(
        self,
        kind: EntryKind,
        plan_id: str,
        environments: tuple[str, ...],
        message: str,
        event: dict[str, Any],
        reason: str,
    ) -> None:
        # Step -1 is not a step of the plan, so this line neither starts nor ends a group.
        self._audit.append_entry(
            AuditEntry(
                self._now(),
                kind,
                plan_id,
                "event",
                environments,
                "status API",
                -1,
                message,
                acting_user(),
                reason=reason,
                request={"service": "status-api", "method": "POST", "path": ""},
                event=event,
            )
        )


def _time_text(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
