"""The reasons of one application for the verdict on its environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from anchor_tui.domain.application_labels import label_environment
from anchor_tui.domain.formatting import format_age, format_duration, get_first_line
from anchor_tui.domain.model import Application, Environment, Level, Operation, Release, VerdictCause
from anchor_tui.domain.reasons import Reason, VerdictInputs, describe_culprit
from anchor_tui.domain.resource_differences import describe_differences
from anchor_tui.domain.since import format_since_briefly, get_health_since, get_sync_since

SYNC_FAILED = "The sync failed: "
"""The start of the cause if the last sync failed."""
LONG_PROGRESS_AFTER = timedelta(minutes=15)
STALE_CONTROLLER_AFTER = timedelta(minutes=15)
"""Argo CD reconciles every 3 minutes by default, so that 15 minutes are five missed rounds."""
RELEASE_IS_SUSPECT_FOR = timedelta(hours=1)
"""Trouble that begins this soon after a release is reported together with the release."""


def list_application_reasons(
    app: Application, environment: Environment, inputs: VerdictInputs, *, asleep: bool
) -> Iterator[Reason]:
    """Return the reasons of one application, each with its name if the environment has others.

    `asleep` is True if the application is not running, which is allowed.
    """
    severe = Level.FAILING if environment.protected else Level.ATTENTION
    if next(_list_own_reasons(app, "", inputs, severe, asleep=asleep), None) is None:
        return  # as for most applications, which then need no name
    name = _name_application(app, environment)
    suspect = _describe_suspect(app, environment.release, inputs)
    for reason in _list_own_reasons(app, name, inputs, severe, asleep=asleep):
        began_with_release = reason.level is Level.FAILING and reason.group in _HEALTH_FAILURES
        yield reason._replace(application=name, since=suspect if began_with_release else "")


def _list_own_reasons(
    app: Application, name: str, inputs: VerdictInputs, severe: Level, *, asleep: bool
) -> Iterator[Reason]:
    """Return the reasons of one application. `name` is what each will be prefixed with."""
    if app.presence == "forbidden":
        yield Reason(Level.FAILING, app.problems[0].message if app.problems else "not permitted", group="not permitted")
        return
    if app.presence == "absent":
        if asleep:
            yield Reason(Level.OK, "asleep: absent", group="asleep")
        else:
            why = app.problems[0].message if app.problems else "not found"
            yield Reason(Level.FAILING, f"absent: {why}", group="absent", cause="outage")
        return
    yield from _list_health_reasons(app, name, severe, inputs.now, asleep=asleep)
    yield from _list_sync_reasons(app, inputs, asleep=asleep)
    if app.operation:
        yield from _list_operation_reasons(app, app.operation, severe, inputs.now)
    for condition in app.conditions:
        level = Level.FAILING if condition.type.endswith("Error") else None
        text = f"{condition.type}: {get_first_line(condition.message)}"
        yield Reason(level, text, group=f"with {condition.type}")
    if app.reconciled_at and inputs.now - app.reconciled_at > STALE_CONTROLLER_AFTER:
        ago = format_age(app.reconciled_at, inputs.now)
        text = f"not reconciled for {ago}: is Argo CD's application controller running?"
        yield Reason(Level.UNKNOWN, text, group="not reconciled")
    for problem in app.problems:
        level = Level.ATTENTION if problem.kind == "deleting" else Level.UNKNOWN
        group = "being deleted" if problem.kind == "deleting" else f"with “{problem.message}”"
        yield Reason(level, problem.message, group=group)


def _name_application(app: Application, environment: Environment) -> str:
    """Return the name for a reason; empty if the environment has no other application."""
    if len(environment.applications) == 1:
        return ""
    return label_environment(environment.name, environment.applications)[app.id]


_SYNC_TAKES = timedelta(minutes=1)
"""Pods are created before a sync is recorded as ended."""
_HEALTH_FAILURES = frozenset({"Degraded", "Missing", "Progressing"})


def _describe_suspect(app: Application, release: Release | None, inputs: VerdictInputs) -> str:
    """Return the release that an application became unhealthy soon after: "since 1.43.2 (#233 by m-ito)".

    The first sign of the failure counts, if a diagnosis knows it, else the change of the health. Empty if that was
    before the release or long after it, or if the release may not be the newest.
    """
    onset = (app.diagnosis.since if app.diagnosis else None) or app.health_since
    if release is None or release.changed_at is None or onset is None:
        return ""
    is_current = all(source.state == "fresh" for source in inputs.sources if source.kind == "github")
    if not is_current or not timedelta() <= onset - release.changed_at <= RELEASE_IS_SUSPECT_FOR:
        return ""
    number = f"#{release.pull_request.number}" if release.pull_request else ""
    origin = " by ".join(part for part in (number, release.changed_by or "") if part)
    if not number and origin:
        origin = f"by {origin}"
    text = f"since {release.version}" + (f" ({origin})" if origin else "")
    if app.diagnosis and app.synced_at and -_SYNC_TAKES <= onset - app.synced_at <= RELEASE_IS_SUSPECT_FOR:
        delay = onset - app.synced_at
        text += f", {'right' if delay < _SYNC_TAKES else format_duration(delay)} after its sync"
    return text


def _list_health_reasons(
    app: Application, name: str, severe: Level, now: datetime, *, asleep: bool
) -> Iterator[Reason]:
    since = get_health_since(app)
    span = f" {format_since_briefly(since, now)}" if since is not None else ""
    culprit = _describe_cause(app, name)
    is_blocked = app.diagnosis is not None and app.diagnosis.blocking
    match app.health:
        case "Healthy":
            pass
        case _ if asleep:
            yield Reason(Level.OK, f"asleep: {app.health}", group="asleep")
        case "Degraded" | "Missing":
            yield Reason(Level.FAILING, f"{app.health}{span}{culprit}", group=app.health, cause="outage")
        case "Progressing":
            long = app.health_since is not None and now - app.health_since > LONG_PROGRESS_AFTER
            level = severe if long or is_blocked else Level.ATTENTION
            cause: VerdictCause | None = "outage" if long or is_blocked else None
            yield Reason(level, f"Progressing{span}{culprit}", group="Progressing", cause=cause)
        case "Suspended":
            yield Reason(Level.ATTENTION, f"Suspended{span}{culprit}", group="Suspended")
        case None:
            yield Reason(Level.UNKNOWN, "health is not reported", group="whose health is not reported")
        case other:
            yield Reason(Level.UNKNOWN, f"health is {other}{span}", group=f"whose health is {other}")


def _describe_cause(app: Application, name: str) -> str:
    """Return the cause of a failure after a colon: the diagnosis, else the message of the unhealthy resource."""
    if app.diagnosis and app.diagnosis.rule:
        return f": {app.diagnosis.cause}"
    return f": {describe_culprit(app.unhealthy[0], name)}" if app.unhealthy else ""


def _list_sync_reasons(app: Application, inputs: VerdictInputs, *, asleep: bool) -> Iterator[Reason]:
    match app.sync:
        case "Synced":
            pass
        case "OutOfSync" if asleep and app.health == "Missing":
            pass  # no resource is live, so that none can be in sync
        case "OutOfSync":
            since = get_sync_since(app, (inputs.out_of_sync_since or {}).get(app.id))
            is_long = since is not None and inputs.now - since.at >= timedelta(minutes=1)
            span = f" {format_since_briefly(since, inputs.now)}" if since is not None and is_long else ""
            yield Reason(Level.ATTENTION, f"OutOfSync{span}{_describe_differences(app)}", group="OutOfSync")
        case None:
            yield Reason(Level.UNKNOWN, "sync is not reported", group="whose sync is not reported")
        case other:
            yield Reason(Level.UNKNOWN, f"sync is {other}", group=f"whose sync is {other}")


def _describe_differences(app: Application) -> str:
    differences = describe_differences((app,))
    return f": {differences}" if differences else ""


def _list_operation_reasons(app: Application, operation: Operation, severe: Level, now: datetime) -> Iterator[Reason]:
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    cause = app.diagnosis.cause if app.diagnosis and app.diagnosis.rule else ""
    why = cause.removeprefix(SYNC_FAILED) if cause.startswith(SYNC_FAILED) else ""
    if operation.is_running and operation.has_failed and why:
        span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
        yield Reason(severe, f"sync fails{span}{who} and is tried again: {why}", group="whose sync fails")
    elif operation.is_running:
        span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
        message = get_first_line(operation.message)
        text = f"operation {operation.phase}{span}{who}" + (f": {message}" if message else "")
        yield Reason(Level.ATTENTION, text, group=f"with operation {operation.phase}")
    elif operation.phase in {"Failed", "Error"}:
        why = why or get_first_line(operation.message) or "no reason given"
        text = f"last operation {operation.phase}{who}: {why}"
        yield Reason(severe, text, group=f"with last operation {operation.phase}")
