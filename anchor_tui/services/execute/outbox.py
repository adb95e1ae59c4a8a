"""Delivers events to the status API at least once.

An event is audited before it is sent. Until the status API accepts or refuses it, each start sends it again with the
same idempotency key, so the receiver recognises duplicates. The confirmation of its plan covers that: the audit is a
file that only this account can write, and an event of another account is not sent. A delivery that fails is a message,
never a failure of the command that repeated it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import SendEvent
from anchor_tui.domain.formatting import format_count, format_timestamp
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.audit import AuditEntry, AuditError, AuditLog, EntryKind, PendingEvent, pending_events
from anchor_tui.services.execute.step_support import StepContext
from anchor_tui.services.process_identity import acting_user
from anchor_tui.sources.errors import ClientError, SourceError, Unreachable

DELIVERY_TIMEOUT_S = 20.0
"""For one delivery, name resolution included."""
REPEAT_TIMEOUT_S = 5.0
"""For all undelivered events at a start: the command that the operator wants must not wait longer."""
_REQUIRED_TEXTS = ("event", "environment", "idempotency_key")


class _Delivery(NamedTuple):
    """The result of one attempt. `is_reachable` is False if the status API cannot be reached at all."""

    kind: EntryKind
    text: str
    is_reachable: bool = True


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
        delivery = await self._attempt_delivery(event, DELIVERY_TIMEOUT_S)
        if delivery.kind != "done":
            context.notes.append(delivery.text)
        try:
            self._append_audit(delivery.kind, plan.id, environments, delivery.text, event, "")
        except AuditError as error:
            context.audit_error = f"“{step.title}” is {delivery.kind}, but not recorded: {error}"
        return delivery.text

    async def deliver_pending(self) -> tuple[str, ...]:
        """Send undelivered events again. Return a sentence for each. Raises nothing but AuditError of the reading.

        After an attempt that did not reach the status API, the others wait for the next start.
        """
        messages: list[str] = []
        pending = pending_events(self._audit.read_entries())
        until = asyncio.get_running_loop().time() + REPEAT_TIMEOUT_S
        for number, event in enumerate(pending, 1):
            subject = f"{event.event.get('event')} of {', '.join(event.entry.environments)}"
            if why := _refuse_repetition(event):
                messages.append(f"{subject}: not sent again: {why}")
                continue
            delivery = await self._attempt_delivery(event.event, until - asyncio.get_running_loop().time())
            messages.append(f"{subject}: {delivery.text}")
            try:
                self._append_audit(
                    delivery.kind, event.entry.plan, event.entry.environments, delivery.text, event.event, ""
                )
            except AuditError as error:
                messages.append(str(error))
            if not delivery.is_reachable:
                if left := len(pending) - number:
                    messages.append(f"{format_count(left, 'more event')} undelivered")
                break
        return tuple(messages)

    async def _attempt_delivery(self, event: Mapping[str, Any], timeout_s: float) -> _Delivery:
        """Send an event once. Whatever is wrong with it or with the way to the status API is a result."""
        try:
            from anchor_tui.sources.status_api import send_event

            async with asyncio.timeout(max(0.0, timeout_s)):
                await send_event(await self._connections.find_status_access(), event)
        except ClientError as error:
            return _Delivery("refused", error.message)
        except SourceError as error:
            return _Delivery("failed", _undelivered_text(error.message), not isinstance(error, Unreachable))
        except TimeoutError:
            return _Delivery("failed", _undelivered_text("the status API did not answer in time"), is_reachable=False)
        except Exception as error:  # noqa: BLE001 - an event must not end the command that delivers it
            return _Delivery("failed", _undelivered_text(f"{type(error).__name__}: {error}"))
        return _Delivery("done", f"{event['event']} was delivered to the status API")

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


def _refuse_repetition(pending: PendingEvent) -> str:
    """Return why an event of the audit is not sent by this process; empty if it is."""
    account, own = (who.partition("@")[0] for who in (pending.entry.who, acting_user()))
    if account != own:
        return f"it is an event of {pending.entry.who or 'an unknown account'}"
    texts = [pending.event.get(name) for name in _REQUIRED_TEXTS]
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        return f"it lacks one of {', '.join(_REQUIRED_TEXTS)}"
    return ""


def _undelivered_text(reason: str) -> str:
    return f"not delivered ({reason}): it is sent again at the next start"


def _time_text(moment: datetime | None) -> str | None:
    return format_timestamp(moment) if moment else None
