"""The verdict on an environment: its level and the reasons.

| observation                                                                         | level     |
|-------------------------------------------------------------------------------------|-----------|
| Synced and Healthy, checks green, policy passes                                     | ok        |
| on-demand and Missing, absent or Suspended: shown as "asleep"                       | ok        |
| OutOfSync, Progressing, Suspended (always-on), an operation running, being deleted, | attention |
|   behind while its promotion PR waits, a policy warning, required checks pending    |           |
| Progressing longer than 15 min, last operation Failed or Error,                     | attention |
|   required checks of the branch's head failed: on a protected environment           | failing   |
| a condition …Warning: listed as the last reason                                     | no level  |
| sync or health Unknown or not reported, a controller that does not reconcile,       | unknown   |
|   a source that is loading, stale or unavailable, a check without its evidence      |           |
| Degraded, Missing (always-on), a condition …Error, an application absent or         | failing   |
|   forbidden, an unreadable release or overlay, a policy error                       |           |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from anchor_tui.domain.formatting import format_age, format_count, get_first_line
from anchor_tui.domain.model import (
    AppId,
    Application,
    ChecksStatus,
    Environment,
    Level,
    Operation,
    ReleasePosition,
    SourceState,
    ValueObject,
    Verdict,
)
from anchor_tui.domain.resource_differences import describe_differences

LONG_PROGRESS_AFTER = timedelta(minutes=15)
STALE_CONTROLLER_AFTER = timedelta(minutes=15)
"""Argo CD reconciles every 3 minutes by default, so that 15 minutes are five missed rounds."""

Reason = tuple[Level | None, str]
"""A level and a sentence. A reason without a level does not change the verdict."""


class VerdictInputs(ValueObject, frozen=True):
    """The inputs of a verdict that are not part of the environment itself.

    `out_of_sync_since` is when anchor-tui first saw each application OutOfSync. `missing_applications` are sentences
    about configured applications that were not read.
    """

    now: datetime
    sources: Sequence[SourceState]
    head_checks: ChecksStatus = "none"
    out_of_sync_since: Mapping[AppId, datetime] | None = None
    missing_applications: Sequence[str] = ()
    unreadable_files: Sequence[str] = ()


def judge_environment(environment: Environment, inputs: VerdictInputs) -> Verdict:
    """Return the verdict on one environment. Its present `verdict` is ignored."""
    reasons = [
        *_list_source_reasons(inputs),
        *(reason for app in environment.applications for reason in _list_application_reasons(app, environment, inputs)),
        *_list_file_reasons(inputs),
        *_list_policy_reasons(environment),
        *_list_position_reasons(environment),
        *_list_check_reasons(environment, inputs),
    ]
    level = Level.worst(level for level, _ in reasons if level)
    ranked = sorted(reasons, key=lambda reason: -(reason[0].rank if reason[0] else -1))
    return Verdict(level, tuple(dict.fromkeys(text for _, text in ranked)))


def is_asleep(app: Application, environment: Environment) -> bool:
    """Return True if an application of an on-demand environment is not running, which is allowed there."""
    return environment.tier == "on-demand" and (app.presence == "absent" or app.health in {"Missing", "Suspended"})


def combine_verdicts(environments: Sequence[Environment]) -> Verdict:
    """Return the most severe verdict, with all reasons, each prefixed with the environments it applies to.

    Among equals, protected and later environments come first, because they are nearest to the users.
    """
    by_text: dict[str, list[Environment]] = {}
    ranked = sorted(
        enumerate(environments), key=lambda item: (-item[1].verdict.level.rank, not item[1].protected, -item[0])
    )
    for _, environment in ranked:
        for text in environment.verdict.reasons:
            by_text.setdefault(text, []).append(environment)
    reasons = tuple(_prefix_environment_names(text, found, environments) for text, found in by_text.items())
    return Verdict(Level.worst(environment.verdict.level for environment in environments), reasons)


def _prefix_environment_names(text: str, found: Sequence[Environment], every: Sequence[Environment]) -> str:
    if len(found) == len(every) > 1:
        return text
    names = ", ".join(environment.name for environment in every if environment in found)
    return f"{names}: {text}"


# --- reasons -----------------------------------------------------------------------------------------


def _list_source_reasons(inputs: VerdictInputs) -> Iterator[Reason]:
    for source in inputs.sources:
        name = "GitHub" if source.kind == "github" else f"Argo CD {source.id}" if source.id != "argocd" else "Argo CD"
        match source.state:
            case "asking":
                yield Level.UNKNOWN, f"{name}: asking"
            case "missing":
                yield Level.UNKNOWN, f"{name}: {source.error.message if source.error else 'no answer'}"
            case "stale":
                as_of = f"as of {source.taken_at:%H:%M}Z, {format_age(source.taken_at, inputs.now)} ago"
                yield Level.UNKNOWN, f"{name}: {as_of}: {source.error.message if source.error else 'no answer'}"
            case "fresh":
                pass
    for message in inputs.missing_applications:
        yield Level.UNKNOWN, message


def _list_application_reasons(app: Application, environment: Environment, inputs: VerdictInputs) -> Iterator[Reason]:
    name = _format_application_prefix(app, environment)
    if app.presence == "forbidden":
        yield Level.FAILING, f"{name}{app.problems[0].message if app.problems else 'not permitted'}"
        return
    if app.presence == "absent":
        if is_asleep(app, environment):
            yield Level.OK, f"{name}asleep: absent"
        else:
            yield Level.FAILING, f"{name}absent: {app.problems[0].message if app.problems else 'not found'}"
        return
    severe = Level.FAILING if environment.protected else Level.ATTENTION
    asleep = is_asleep(app, environment)
    yield from ((level, name + text) for level, text in _list_health_reasons(app, severe, inputs.now, asleep=asleep))
    yield from ((level, name + text) for level, text in _list_sync_reasons(app, inputs, asleep=asleep))
    if app.operation:
        yield from ((level, name + text) for level, text in _list_operation_reasons(app.operation, severe, inputs.now))
    for condition in app.conditions:
        level = Level.FAILING if condition.type.endswith("Error") else None
        yield level, f"{name}{condition.type}: {get_first_line(condition.message)}"
    if app.reconciled_at and inputs.now - app.reconciled_at > STALE_CONTROLLER_AFTER:
        ago = format_age(app.reconciled_at, inputs.now)
        yield Level.UNKNOWN, f"{name}not reconciled for {ago}: is Argo CD's application controller running?"
    for problem in app.problems:
        yield Level.ATTENTION if problem.kind == "deleting" else Level.UNKNOWN, f"{name}{problem.message}"


def _format_application_prefix(app: Application, environment: Environment) -> str:
    if len(environment.applications) == 1:
        return ""
    namesakes = [other for other in environment.applications if other.name == app.name]
    return f"{app.id if len(namesakes) > 1 else app.name}: "


def _list_health_reasons(app: Application, severe: Level, now: datetime, *, asleep: bool) -> Iterator[Reason]:
    span = f" for {format_age(app.health_since, now)}" if app.health_since else ""
    culprit = ""
    if app.unhealthy:
        worst = app.unhealthy[0]
        culprit = f", {worst.kind}/{worst.name}" + (f": {get_first_line(worst.message)}" if worst.message else "")
    match app.health:
        case "Healthy":
            pass
        case _ if asleep:
            yield Level.OK, f"asleep: {app.health}"
        case "Degraded" | "Missing":
            yield Level.FAILING, f"{app.health}{span}{culprit}"
        case "Progressing":
            long = app.health_since is not None and now - app.health_since > LONG_PROGRESS_AFTER
            yield severe if long else Level.ATTENTION, f"Progressing{span}{culprit}"
        case "Suspended":
            yield Level.ATTENTION, f"Suspended{span}{culprit}"
        case None:
            yield Level.UNKNOWN, "health is not reported"
        case other:
            yield Level.UNKNOWN, f"health is {other}{span}"


def _list_sync_reasons(app: Application, inputs: VerdictInputs, *, asleep: bool) -> Iterator[Reason]:
    match app.sync:
        case "Synced":
            pass
        case "OutOfSync" if asleep and app.health == "Missing":
            pass  # no resource is live, so that none can be in sync
        case "OutOfSync":
            seen = (inputs.out_of_sync_since or {}).get(app.id)
            is_long = seen is not None and inputs.now - seen >= timedelta(minutes=1)
            span = f" for ≥ {format_age(seen, inputs.now)}" if is_long else ""
            yield Level.ATTENTION, f"OutOfSync{span}{_describe_differences(app)}"
        case None:
            yield Level.UNKNOWN, "sync is not reported"
        case other:
            yield Level.UNKNOWN, f"sync is {other}"


def _describe_differences(app: Application) -> str:
    differences = describe_differences((app,))
    return f": {differences}" if differences else ""


def _list_operation_reasons(operation: Operation, severe: Level, now: datetime) -> Iterator[Reason]:
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    if operation.is_running:
        span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
        message = get_first_line(operation.message)
        yield Level.ATTENTION, f"operation {operation.phase}{span}{who}" + (f": {message}" if message else "")
    elif operation.phase in {"Failed", "Error"}:
        yield severe, f"last operation {operation.phase}{who}: {get_first_line(operation.message) or 'no reason given'}"


def _list_file_reasons(inputs: VerdictInputs) -> Iterator[Reason]:
    for message in inputs.unreadable_files:
        yield Level.FAILING, message


def _list_policy_reasons(environment: Environment) -> Iterator[Reason]:
    failed = [finding for finding in environment.findings if finding.status == "fail"]
    errors = {finding.check for finding in failed if finding.level == "error"}
    warnings = {finding.check for finding in failed if finding.level == "warning"} - errors
    unknown = {finding.check for finding in environment.findings if finding.status == "unknown"} - errors - warnings
    if errors:
        yield Level.FAILING, f"{format_count(len(errors), 'policy error')}: {', '.join(sorted(errors))}"
    if unknown:
        yield Level.UNKNOWN, f"{format_count(len(unknown), 'check')} unknown: {', '.join(sorted(unknown))}"
    if warnings:
        yield Level.ATTENTION, f"{format_count(len(warnings), 'policy warning')}: {', '.join(sorted(warnings))}"


def _list_position_reasons(environment: Environment) -> Iterator[Reason]:
    waiting = [pr for pr in environment.pull_requests if pr.kind == "promotion"]
    if environment.position and environment.position.state == "behind" and waiting:
        numbers = ", ".join(f"#{pr.number}" for pr in waiting)
        yield Level.ATTENTION, f"{describe_position(environment.position)}; {numbers} waits"


def describe_position(position: ReleasePosition) -> str:
    """Return a position as text: "newest", "behind dev by 1 release", "diverged from staging"."""
    releases = format_count(len(position.versions), "release")
    match position.state:
        case "newest":
            return f"same as {position.environment}" if position.environment else "newest"
        case "behind":
            return f"behind {position.environment} by {releases}"
        case "ahead":
            return f"ahead of {position.environment} by {releases}"
        case "diverged":
            return f"diverged from {position.environment}"
        case "unknown":
            return f"position relative to {position.environment} unknown"


def _list_check_reasons(environment: Environment, inputs: VerdictInputs) -> Iterator[Reason]:
    if inputs.head_checks == "pending":
        yield Level.ATTENTION, "required checks of the branch's head are pending"
    elif inputs.head_checks == "failure":
        level = Level.FAILING if environment.protected else Level.ATTENTION
        yield level, "required checks of the branch's head failed"
