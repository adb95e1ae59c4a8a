"""The snapshot as text for a terminal: the verdict first, then the environments, then the problems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.day_strip import build_day_strip
from anchor_tui.domain.formatting import format_age, format_count, shorten_revision
from anchor_tui.domain.history.delivery_formatting import find_window, format_window_briefly
from anchor_tui.domain.history.delivery_metrics import DEFAULT_WINDOW_DAYS
from anchor_tui.domain.live_release import describe_versions
from anchor_tui.domain.model import Application, Diagnosis, Environment, Finding, PullRequest, Snapshot, SourceState
from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.domain.since import format_since, get_finding_since, get_health_since, get_sync_since
from anchor_tui.domain.status_marks import (
    StatusMark,
    get_check_mark,
    get_checks_mark,
    get_health_mark,
    get_level_mark,
    get_sync_mark,
)
from anchor_tui.domain.verdict import describe_position


def render(snapshot: Snapshot) -> str:
    """Render lines of plain text."""
    return format_lines(_render_lines(snapshot))


def _render_lines(snapshot: Snapshot) -> Iterator[str]:
    reason = f"  {snapshot.verdict.reasons[0]}" if snapshot.verdict.reasons else ""
    mark = get_level_mark(snapshot.verdict.level).glyph()
    yield f"{snapshot.engine_id}  {mark} {snapshot.verdict.word.upper()}{reason}"
    yield f"{snapshot.taken_at:%Y-%m-%d %H:%M:%SZ}  " + "  ".join(
        describe_source(source, is_explained=source.error is not None and source.error.message in reason)
        for source in snapshot.sources
    )
    for environment in snapshot.environments:
        yield ""
        yield from _render_environment(environment, snapshot)
    if snapshot.findings:
        yield ""
        yield "estate"
        yield from render_policy_lines(snapshot.findings, snapshot.taken_at)
    if snapshot.pull_requests:
        yield ""
        yield "other pull requests"
        yield from (f"  {_render_pull_request(pull)}" for pull in snapshot.pull_requests)
    if snapshot.problems:
        yield ""
        yield "problems"
        yield from (f"  {StatusMark.ATTENTION.glyph()} {problem}" for problem in snapshot.problems)


def describe_source(source: SourceState, *, is_explained: bool = False) -> str:
    """Return the state of a source in a few words; without its error if the headline contains it."""
    name = {"argocd": "Argo CD", "github": "GitHub"}.get(source.id, f"Argo CD {source.id}")
    match source.state:
        case "fresh":
            left = f", {source.budget.remaining:,} of {source.budget.limit:,} points left" if source.budget else ""
            return f"{name} {StatusMark.OK.glyph()}{f' {source.version}' if source.version else ''}{left}"
        case "asking":
            return f"{name} … loading"
        case state:
            why = f": {source.error.message}" if source.error and not is_explained else ""
            return f"{name} {StatusMark.FAILING.glyph()} {state}{why}"


def _render_environment(environment: Environment, snapshot: Snapshot) -> Iterator[str]:
    traits = [environment.tier, *(["protected"] if environment.protected else [])]
    mark = get_level_mark(environment.verdict.level).glyph()
    yield f"{environment.name} ({', '.join(traits)})  {mark} {environment.verdict.word.upper()}"
    for reason in environment.verdict.reasons:
        yield f"  {reason}"
    if release := environment.release:
        who = f" by {release.changed_by}" if release.changed_by else ""
        when = f", {format_age(release.changed_at, snapshot.taken_at)} ago{who}" if release.changed_at else ""
        number = f" (#{release.pull_request.number})" if release.pull_request else ""
        yield f"  release {describe_versions(environment)}{when}{number}"
    if environment.position:
        yield f"  {describe_position(environment.position)}"
    if (window := find_window(environment.delivery, DEFAULT_WINDOW_DAYS)) is not None:
        yield f"  {format_window_briefly(window)}"
    for application in environment.applications:
        yield f"  {_render_application(application, snapshot.taken_at)}"
        if application.diagnosis is not None:
            yield f"    {describe_diagnosis(application.diagnosis)}"
    if (strip := build_day_strip(environment.verdicts, snapshot.taken_at, snapshot.taken_at)) is not None:
        yield f"  {strip.glyphs}  {strip.text}"
    yield from render_policy_lines(environment.findings, snapshot.taken_at)
    for pull in environment.pull_requests:
        yield f"  {_render_pull_request(pull)}"
    for problem in (*environment.problems, *(problem for app in environment.applications for problem in app.problems)):
        yield f"  {StatusMark.ATTENTION.glyph()} {problem}"


def render_policy_lines(findings: tuple[Finding, ...], now: datetime | None = None) -> Iterator[str]:
    """Render failed, unknown and waived checks, worst first, with their place; then the number of passed checks.

    With `now`, since when a check fails, if that is known.
    """
    results = group_by_check(findings)
    for result in results:
        if result.status in {"fail", "unknown", "waived"}:
            worst = result.worst
            place = f"  {worst.file}:{worst.line}" if worst.file and worst.line else ""
            glyph = get_check_mark(result.status, result.level).glyph()
            since = get_finding_since(worst) if now is not None and worst.status == "fail" else None
            fails = f"  fails {format_since(since, now)}" if since is not None and now is not None else ""
            yield f"  {glyph} {result.check} ({', '.join(result.evidence)})  {worst.message}{place}{fails}"
    if passed := sum(result.status == "pass" for result in results):
        yield f"  {StatusMark.OK.glyph()} {format_count(passed, 'check')} passed"


def list_problems(snapshot: Snapshot) -> Iterator[object]:
    """Return the problems of the estate, then those of each environment and its applications."""
    yield from snapshot.problems
    for environment in snapshot.environments:
        yield from environment.problems
        yield from (problem for app in environment.applications for problem in app.problems)


def describe_diagnosis(diagnosis: Diagnosis) -> str:
    """Return the cause of a failure and the next step on one line. Without a rule, the cause is "cause not found"."""
    step = f"; next: {diagnosis.next_step}" if diagnosis.next_step else ""
    return f"{'cause: ' if diagnosis.rule else ''}{diagnosis.cause}{step}"


def _render_application(application: Application, now: datetime) -> str:
    (sync_mark, sync), (health_mark, health) = get_sync_mark(application), get_health_mark(application)
    revision = f" at {shorten_revision(application.compared_revision)}" if application.compared_revision else ""
    prunable = f", {format_count(len(application.prunable), 'resource')} to prune" if application.prunable else ""
    out_of_sync = f" {format_since(since, now)}" if (since := get_sync_since(application)) else ""
    is_wrong = application.health not in {"Healthy", None}
    unhealthy = f" {format_since(since, now)}" if is_wrong and (since := get_health_since(application)) else ""
    synced = f"{sync_mark.glyph()} {sync}{revision}{out_of_sync}"
    return f"{application.id}  {synced}  {health_mark.glyph()} {health}{unhealthy}{prunable}"


def _render_pull_request(pull: PullRequest) -> str:
    mark, checks = get_checks_mark(pull)
    return f"#{pull.number} {pull.kind}: {pull.title}  {mark.glyph()} {checks}{' (draft)' if pull.draft else ''}"
