"""The verdict on an environment: its level and the reasons.

| observation                                                                         | level     |
|-------------------------------------------------------------------------------------|-----------|
| Synced and Healthy, checks green, policy passes                                     | ok        |
| on-demand and Missing, absent or Suspended: shown as "asleep"                       | ok        |
| OutOfSync, Progressing, Suspended (always-on), an operation running, being deleted, | attention |
|   behind while its promotion PR waits, a policy warning,                            |           |
|   a check pending until git and Argo CD are at the same commit                      |           |
| required checks of the branch pending: on the estate, not on each environment       | attention |
| Progressing longer than 15 min or with a cause that blocks the rollout,             | attention |
|   last operation Failed or Error,                                                   |           |
|   required checks of the branch failed: on a protected environment                  | failing   |
| a condition …Warning: listed as the last reason                                     | no level  |
| sync or health Unknown or not reported, a controller that does not reconcile,       | unknown   |
|   a source that is loading, stale or unavailable, a check without its evidence      |           |
| Degraded, Missing (always-on), a condition …Error, an application absent or         | failing   |
|   forbidden, an unreadable release or overlay, a policy error                       |           |

Outages come before other failures, and policy errors come last. A source that cannot be read is described once, in the
verdict on the estate; its environments only name it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from anchor_tui.domain.application_reasons import list_application_reasons
from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.model import Application, Environment, Level, ReleasePosition, SourceState, Verdict
from anchor_tui.domain.reasons import (
    Reason,
    VerdictInputs,
    find_cause,
    group_reasons,
    prefix_subject,
    rank_cause,
    rank_reasons,
)


def judge_environment(environment: Environment, inputs: VerdictInputs) -> Verdict:
    """Return the verdict on one environment. Its present `verdict` is ignored."""
    troubled = environment.applications if inputs.troubled is None else inputs.troubled
    reasons = [
        *_list_source_reasons(inputs),
        *group_reasons(
            [
                reason
                for app in troubled
                for reason in list_application_reasons(app, environment, inputs, asleep=is_asleep(app, environment))
            ]
        ),
        *_list_file_reasons(inputs),
        *_list_policy_reasons(environment),
        *_list_position_reasons(environment),
        *_list_check_reasons(environment, inputs),
    ]
    level = Level.worst(reason.level for reason in reasons if reason.level)
    return Verdict(
        level, tuple(dict.fromkeys(reason.sentence for reason in rank_reasons(reasons))), find_cause(reasons)
    )


def is_asleep(app: Application, environment: Environment) -> bool:
    """Return True if an application of an on-demand environment is not running, which is allowed there."""
    return environment.tier == "on-demand" and (app.presence == "absent" or app.health in {"Missing", "Suspended"})


def combine_verdicts(environments: Sequence[Environment], inputs: VerdictInputs | None = None) -> Verdict:
    """Return the verdict on the estate, with all reasons, each prefixed with the environments it applies to.

    Environments with an outage come first. Among equals, protected and later environments come first, because they are
    nearest to the users. Each source of `inputs` that cannot be read is described once, without an environment.
    """
    sources = {name_unread_source(source): source for source in (inputs.sources if inputs else ())}
    by_text: dict[str, list[Environment]] = {}
    ranked = sorted(
        enumerate(environments),
        key=lambda item: (
            -item[1].verdict.level.rank,
            rank_cause(item[1].verdict.cause),
            not item[1].protected,
            -item[0],
        ),
    )
    for _, environment in ranked:
        for text in environment.verdict.reasons:
            by_text.setdefault(text, []).append(environment)
    reasons = [
        _describe_unread_source(sources[text], inputs.now)
        if inputs and text in sources
        else _prefix_environment_names(text, found, environments)
        for text, found in by_text.items()
    ]
    levels = [environment.verdict.level for environment in environments]
    for note in _list_estate_reasons(inputs) if inputs else ():
        reasons.append(note.text)
        levels += [note.level] if note.level else []
    level = Level.worst(levels)
    causes = [environment.verdict.cause for environment in environments if environment.verdict.level is Level.FAILING]
    return Verdict(level, tuple(dict.fromkeys(reasons)), min(causes, key=rank_cause, default=None))


def _prefix_environment_names(text: str, found: Sequence[Environment], every: Sequence[Environment]) -> str:
    if len(found) == len(every) > 1:
        return text
    if len(found) == 1:
        return prefix_subject(found[0].name, text)
    return f"{', '.join(environment.name for environment in every if environment in found)}: {text}"


# --- reasons -----------------------------------------------------------------------------------------


def _list_source_reasons(inputs: VerdictInputs) -> Iterator[Reason]:
    for source in inputs.sources:
        if source.state != "fresh":
            yield Reason(Level.UNKNOWN, name_unread_source(source))
    for message in inputs.missing_applications:
        yield Reason(Level.UNKNOWN, message)


def name_unread_source(source: SourceState) -> str:
    """Return why an environment is unknown, in a few words: "GitHub is stale"."""
    state = {"asking": "loading", "missing": "unavailable"}.get(source.state, source.state)
    return f"{name_source(source)} is {state}"


def _describe_unread_source(source: SourceState, now: datetime) -> str:
    message = source.error.message if source.error else "no answer"
    match source.state:
        case "missing":
            return f"{name_source(source)}: {message}"
        case "stale":
            as_of = f"as of {source.taken_at:%H:%M}Z, {format_age(source.taken_at, now)} ago"
            return f"{name_source(source)}: {as_of}: {message}"
        case _:
            return name_unread_source(source)


def name_source(source: SourceState) -> str:
    """Return the name of a source; an Argo CD includes its id if that is not the default."""
    if source.kind == "github":
        return "GitHub"
    return f"Argo CD {source.id}" if source.id != "argocd" else "Argo CD"


def _list_estate_reasons(inputs: VerdictInputs) -> Iterator[Reason]:
    if inputs.head_checks == "pending":
        yield Reason(Level.ATTENTION, f"required checks of {inputs.branch or 'the branch'} are pending")


def _list_file_reasons(inputs: VerdictInputs) -> Iterator[Reason]:
    for message in inputs.unreadable_files:
        yield Reason(Level.FAILING, message)


def _list_policy_reasons(environment: Environment) -> Iterator[Reason]:
    failed = [finding for finding in environment.findings if finding.status == "fail"]
    errors = {finding.check for finding in failed if finding.level == "error"}
    warnings = {finding.check for finding in failed if finding.level == "warning"} - errors
    undecided = [finding for finding in environment.findings if finding.status == "unknown"]
    unknown = {finding.check for finding in undecided if not finding.pending} - errors - warnings
    pending = {finding.check for finding in undecided if finding.pending} - errors - warnings - unknown
    if errors:
        text = f"{format_count(len(errors), 'policy error')}: {', '.join(sorted(errors))}"
        yield Reason(Level.FAILING, text, cause="policy")
    if unknown:
        yield Reason(Level.UNKNOWN, f"{format_count(len(unknown), 'check')} unknown: {', '.join(sorted(unknown))}")
    if pending:
        count = format_count(len(pending), "check")
        text = f"{count} pending until git and Argo CD are at the same commit: {', '.join(sorted(pending))}"
        yield Reason(Level.ATTENTION, text)
    if warnings:
        text = f"{format_count(len(warnings), 'policy warning')}: {', '.join(sorted(warnings))}"
        yield Reason(Level.ATTENTION, text)


def _list_position_reasons(environment: Environment) -> Iterator[Reason]:
    waiting = [pr for pr in environment.pull_requests if pr.kind == "promotion"]
    if environment.position and environment.position.state == "behind" and waiting:
        numbers = ", ".join(f"#{pr.number}" for pr in waiting)
        yield Reason(Level.ATTENTION, f"{describe_position(environment.position)}; {numbers} waits")


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
    if inputs.head_checks == "failure":
        level = Level.FAILING if environment.protected else Level.ATTENTION
        yield Reason(level, f"required checks of {inputs.branch or 'the branch'} failed")
