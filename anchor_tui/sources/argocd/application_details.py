"""The details of applications that a list does not contain: how they are kept, compared and reported as missing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Application, Problem
from anchor_tui.domain.source_data import ObservedApplication

MISSING_DETAILS = "conditions, resources and messages"
MAX_NAMES = 3
"""The number of applications that a problem names."""


def add_missing_details(observed: ObservedApplication) -> ObservedApplication:
    """Return an application with the problem that its details have not been read."""
    application = observed.application
    problem = Problem(str(application.id), "details", f"{MISSING_DETAILS} have not been read")
    return replace(observed, application=replace(application, problems=(*application.problems, problem)))


def describe_missing_details(source: str, incomplete: Sequence[Application], total: int) -> Problem:
    """Return the problem that names the applications without details. `total` counts all applications."""
    names = ", ".join(str(application.id) for application in incomplete[:MAX_NAMES])
    more = f" and {len(incomplete) - MAX_NAMES} more" if len(incomplete) > MAX_NAMES else ""
    subject = f"{len(incomplete)} of {format_count(total, 'application')}"
    return Problem(source, "details", f"{subject} without {MISSING_DETAILS}: {names}{more}")


def merge_details(listed: ObservedApplication, known: ObservedApplication | None) -> ObservedApplication:
    """Complete a listed application with the known fields that a list does not contain."""
    if known is None or known.application.presence != "found":
        return listed
    new, old = listed.application, known.application
    same_operation = _operation_key(new) == _operation_key(old)
    merged = replace(
        old,
        project=new.project,
        sync=new.sync,
        health=new.health,
        health_since=new.health_since,
        target_revision=new.target_revision,
        compared_revision=new.compared_revision or old.compared_revision,
        automated=new.automated,
        operation=old.operation if same_operation else new.operation,
        images=new.images,
        problems=new.problems,
        labels=new.labels,
    )
    return replace(listed, application=merged)


def list_comparable_fields(application: Application) -> tuple[object, ...]:
    """Return the fields that both a list and a GET contain: a difference shows that an event was missed."""
    return (
        application.presence,
        application.sync,
        application.health,
        application.health_since,
        application.compared_revision,
        application.automated,
        application.images,
        application.problems,
        _operation_key(application),
    )


def _operation_key(application: Application) -> tuple[object, ...] | None:
    operation = application.operation
    return (operation.phase, operation.started_at) if operation else None
