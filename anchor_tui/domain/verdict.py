"""How well an environment is, and why: one table.

| what is seen                                                                        | level     |
|-------------------------------------------------------------------------------------|-----------|
| Synced and Healthy, checks green, policy holds                                      | ok        |
| on-demand and Missing, absent or Suspended: reads "asleep"                          | ok        |
| OutOfSync, Progressing, Suspended (always-on), an operation running, being deleted, | attention |
|   behind while its promotion PR waits, a policy warning, required checks pending    |           |
| Progressing longer than 15 min, last operation Failed or Error,                     | attention |
|   required checks of the branch's head failed: on a protected environment           | failing   |
| a condition …Warning: a reason at the end                                           | no level  |
| sync or health Unknown or not told, a controller that does not reconcile,           | unknown   |
|   a source that is asking, stale or missing, a check without its evidence           |           |
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

LONG_PROGRESS_AFTER = timedelta(minutes=15)
STALE_CONTROLLER_AFTER = timedelta(minutes=15)
"""Argo CD reconciles every 3 minutes by default; five missed rounds are no accident."""

Reason = tuple[Level | None, str]
"""A level and a sentence; None gives a reason without a level."""


class VerdictInputs(ValueObject, frozen=True):
    """What is known beside the environment itself.

    `out_of_sync_since` is when each application's OutOfSync was first seen from here; `unanswered` says which
    applications were configured and are not among the answers.
    """

    now: datetime
    sources: Sequence[SourceState]
    head_checks: ChecksStatus = "none"
    out_of_sync_since: Mapping[AppId, datetime] | None = None
    missing_applications: Sequence[str] = ()
    unreadable_files: Sequence[str] = ()


def judge_environment(environment: Environment, around: VerdictInputs) -> Verdict:
    """The verdict on one environment; its own `verdict` is not looked at."""
    reasons = [
        *_list_source_reasons(around),
        *(each for app in environment.applications for each in _list_application_reasons(app, environment, around)),
        *_list_file_reasons(around),
        *_list_policy_reasons(environment),
        *_list_position_reasons(environment),
        *_list_check_reasons(environment, around),
    ]
    level = Level.worst(level for level, _ in reasons if level)
    ranked = sorted(reasons, key=lambda reason: -(reason[0].rank if reason[0] else -1))
    return Verdict(level, tuple(dict.fromkeys(text for _, text in ranked)))


def is_asleep(app: Application, environment: Environment) -> bool:
    """Whether an application of an on-demand environment is not running, as it may."""
    return environment.tier == "on-demand" and (app.presence == "absent" or app.health in {"Missing", "Suspended"})


def combine_verdicts(environments: Sequence[Environment]) -> Verdict:
    """The worst of all, its reasons worst first, each with the environments it is about.

    Among equals the protected and the later ones come first: what is nearest to the users is worst.
    """
    by_text: dict[str, list[Environment]] = {}
    ranked = sorted(
        enumerate(environments), key=lambda each: (-each[1].verdict.level.rank, not each[1].protected, -each[0])
    )
    for _, environment in ranked:
        for text in environment.verdict.reasons:
            by_text.setdefault(text, []).append(environment)
    reasons = tuple(_prefix_environment_names(text, found, environments) for text, found in by_text.items())
    return Verdict(Level.worst(each.verdict.level for each in environments), reasons)


def _prefix_environment_names(text: str, found: Sequence[Environment], every: Sequence[Environment]) -> str:
    if len(found) == len(every) > 1:
        return text
    return f"{', '.join(each.name for each in every if each in found)}: {text}"


# --- the rows ----------------------------------------------------------------------------------------


def _list_source_reasons(around: VerdictInputs) -> Iterator[Reason]:
    for source in around.sources:
        name = "GitHub" if source.kind == "github" else f"Argo CD {source.id}" if source.id != "argocd" else "Argo CD"
        match source.state:
            case "asking":
                yield Level.UNKNOWN, f"{name}: asking"
            case "missing":
                yield Level.UNKNOWN, f"{name}: {source.error.message if source.error else 'no answer'}"
            case "stale":
                as_of = f"as of {source.taken_at:%H:%M}Z, {format_age(source.taken_at, around.now)} ago"
                yield Level.UNKNOWN, f"{name}: {as_of}: {source.error.message if source.error else 'no answer'}"
            case "fresh":
                pass
    for words in around.missing_applications:
        yield Level.UNKNOWN, words


def _list_application_reasons(app: Application, environment: Environment, around: VerdictInputs) -> Iterator[Reason]:
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
    grave = Level.FAILING if environment.protected else Level.ATTENTION
    asleep = is_asleep(app, environment)
    yield from ((level, name + text) for level, text in _list_health_reasons(app, grave, around.now, asleep=asleep))
    yield from ((level, name + text) for level, text in _list_sync_reasons(app, around, asleep=asleep))
    if app.operation:
        yield from ((level, name + text) for level, text in _list_operation_reasons(app.operation, grave, around.now))
    for condition in app.conditions:
        level = Level.FAILING if condition.type.endswith("Error") else None
        yield level, f"{name}{condition.type}: {get_first_line(condition.message)}"
    if app.reconciled_at and around.now - app.reconciled_at > STALE_CONTROLLER_AFTER:
        ago = format_age(app.reconciled_at, around.now)
        yield Level.UNKNOWN, f"{name}not reconciled for {ago}: is Argo CD's application controller running?"
    for problem in app.problems:
        yield Level.ATTENTION if problem.kind == "deleting" else Level.UNKNOWN, f"{name}{problem.message}"


def _format_application_prefix(app: Application, environment: Environment) -> str:
    if len(environment.applications) == 1:
        return ""
    namesakes = [other for other in environment.applications if other.name == app.name]
    return f"{app.id if len(namesakes) > 1 else app.name}: "


def _list_health_reasons(app: Application, grave: Level, now: datetime, *, asleep: bool) -> Iterator[Reason]:
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
            yield grave if long else Level.ATTENTION, f"Progressing{span}{culprit}"
        case "Suspended":
            yield Level.ATTENTION, f"Suspended{span}{culprit}"
        case None:
            yield Level.UNKNOWN, "health is not told"
        case other:
            yield Level.UNKNOWN, f"health is {other}{span}"


def _list_sync_reasons(app: Application, around: VerdictInputs, *, asleep: bool) -> Iterator[Reason]:
    match app.sync:
        case "Synced":
            pass
        case "OutOfSync" if asleep and app.health == "Missing":
            pass  # nothing is live, so nothing can be in sync
        case "OutOfSync":
            seen = (around.out_of_sync_since or {}).get(app.id)
            span = (
                f" for ≥ {format_age(seen, around.now)}" if seen and around.now - seen >= timedelta(minutes=1) else ""
            )
            yield Level.ATTENTION, f"OutOfSync{span}{_describe_differences(app)}"
        case None:
            yield Level.UNKNOWN, "sync is not told"
        case other:
            yield Level.UNKNOWN, f"sync is {other}"


def _describe_differences(app: Application) -> str:
    parts = []
    if app.resources and app.resources.out_of_sync:
        parts.append(
            f"{format_count(app.resources.out_of_sync, 'resource')} differ" + "s" * (app.resources.out_of_sync == 1)
        )
    if app.prunable:
        parts.append(f"{len(app.prunable)} to prune")
    return f": {', '.join(parts)}" if parts else ""


def _list_operation_reasons(operation: Operation, grave: Level, now: datetime) -> Iterator[Reason]:
    who = f" by {operation.initiated_by}" if operation.initiated_by else ""
    if operation.is_running:
        span = f" for {format_age(operation.started_at, now)}" if operation.started_at else ""
        words = get_first_line(operation.message)
        yield Level.ATTENTION, f"operation {operation.phase}{span}{who}" + (f": {words}" if words else "")
    elif operation.phase in {"Failed", "Error"}:
        yield grave, f"last operation {operation.phase}{who}: {get_first_line(operation.message) or 'no reason given'}"


def _list_file_reasons(around: VerdictInputs) -> Iterator[Reason]:
    for message in around.unreadable_files:
        yield Level.FAILING, message


def _list_policy_reasons(environment: Environment) -> Iterator[Reason]:
    failed = [finding for finding in environment.findings if finding.status == "fail"]
    errors = {finding.check for finding in failed if finding.level == "error"}
    warnings = {finding.check for finding in failed if finding.level == "warning"} - errors
    unknown = {finding.check for finding in environment.findings if finding.status == "unknown"} - errors - warnings
    if errors:
        yield Level.FAILING, f"{format_count(len(errors), 'policy error')}: {', '.join(sorted(errors))}"
    if unknown:
        yield Level.UNKNOWN, f"{format_count(len(unknown), 'check')} cannot be told: {', '.join(sorted(unknown))}"
    if warnings:
        yield Level.ATTENTION, f"{format_count(len(warnings), 'policy warning')}: {', '.join(sorted(warnings))}"


def _list_position_reasons(environment: Environment) -> Iterator[Reason]:
    waiting = [pr for pr in environment.pull_requests if pr.kind == "promotion"]
    if environment.position and environment.position.state == "behind" and waiting:
        numbers = ", ".join(f"#{pr.number}" for pr in waiting)
        yield Level.ATTENTION, f"{describe_position(environment.position)}; {numbers} waits"


def describe_position(position: ReleasePosition) -> str:
    """Where an environment stands: "newest", "behind dev by 1 release", "diverged from staging"."""
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
            return f"position to {position.environment} unknown"


def _list_check_reasons(environment: Environment, around: VerdictInputs) -> Iterator[Reason]:
    if around.head_checks == "pending":
        yield Level.ATTENTION, "required checks of the branch's head are pending"
    elif around.head_checks == "failure":
        level = Level.FAILING if environment.protected else Level.ATTENTION
        yield level, "required checks of the branch's head failed"
