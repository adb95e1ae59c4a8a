"""What stands in each pane: rows made from a snapshot, by pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from anchor_tui.domain.formatting import format_age, get_first_line, shorten_revision
from anchor_tui.domain.model import Application, Environment, Operation, Problem, PullRequest, Snapshot
from anchor_tui.domain.status_marks import (
    StatusMark,
    get_checks_mark,
    get_health_mark,
    get_level_mark,
    get_operation_mark,
    get_sync_mark,
)
from anchor_tui.tui import environment_summary
from anchor_tui.tui.panes.policy import POLICY, build_policy_pane
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent, static_row

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

APPLICATIONS = "Applications"
PULL_REQUESTS = "Pull requests"
PROBLEMS = "Problems"
ACTIVITY = "Activity"
PANES = (APPLICATIONS, POLICY, PULL_REQUESTS, PROBLEMS, ACTIVITY)


def build_pane(
    name: str, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job] = ()
) -> PaneContent:
    """A pane of these environments; what belongs to no environment is in it when all of them are shown."""
    everything = len(environments) == len(snapshot.environments)
    if name == APPLICATIONS:
        return _build_applications_pane(snapshot, environments)
    if name == POLICY:
        return build_policy_pane(snapshot, environments, everything=everything)
    if name == ACTIVITY:
        return _build_activity_pane(jobs)
    if name == PULL_REQUESTS:
        return _build_pull_requests_pane(snapshot, environments, everything=everything)
    return _build_problems_pane(snapshot, environments)


def _build_activity_pane(jobs: Sequence[Job]) -> PaneContent:
    if not jobs:
        return PaneContent(
            (ListColumn("ACTION"),), (), "nothing was done from here since the start; see `anchor-tui audit`"
        )
    from anchor_tui.tui.panes.activity import build_activity_pane  # with all that acts, which most sessions do without

    return build_activity_pane(jobs)


def describe_running_jobs(jobs: Sequence[Job]) -> str:
    """What runs from here now, in a few words; empty where nothing does."""
    if not jobs:
        return ""
    from anchor_tui.tui.panes import activity

    return activity.describe_running_jobs(jobs)


def build_fleet_pane(snapshot: Snapshot) -> PaneContent:
    """One row an environment, for where cards do not fit."""
    with_policy = any(each.findings for each in snapshot.environments)
    titles = ["", "ENV", "RELEASE", "SYNC", "HEALTH", *(["POLICY"] if with_policy else []), "POSITION", "PR"]
    columns = tuple(ListColumn(title, is_flexible=title in {"RELEASE", "POSITION", "PR"}) for title in titles)
    rows = tuple(_build_fleet_row(each, snapshot, with_policy=with_policy) for each in snapshot.environments)
    return PaneContent(columns, rows, "no environment is configured")


def _build_fleet_row(each: Environment, snapshot: Snapshot, *, with_policy: bool) -> ListRow:
    asked = {source.id: source.state in {"asking", "missing"} for source in snapshot.sources}
    no_apps = asked.get(each.source, True) or not each.applications
    waiting = environment_summary.describe_sync_and_health(each, snapshot) if no_apps else None
    cells = [
        marked_text(get_level_mark(each.verdict.level)),
        safe_text(each.name, "bold") + (muted_text(" prot.") if each.protected else Content("")),
        environment_summary.describe_version(each, snapshot),
        waiting or environment_summary.dim_if_stale(environment_summary.describe_sync(each), snapshot, each.source),
        Content("")
        if waiting
        else environment_summary.dim_if_stale(environment_summary.describe_health(each), snapshot, each.source),
        *([environment_summary.describe_policy_briefly(each)] if with_policy else []),
        environment_summary.describe_release_lag_briefly(each, snapshot),
        environment_summary.describe_open_pull_requests_briefly(each, snapshot),
    ]
    level = marked_text(get_level_mark(each.verdict.level), each.verdict.level.upper())
    detail = Content("\n").join(
        [join_parts(safe_text(each.name, "bold"), level), *map(safe_text, each.verdict.reasons)]
    )
    url = each.applications[0].url if each.applications else None
    return static_row(each.name, tuple(cells), detail, url, copied=each.name)


# --- applications ------------------------------------------------------------------------------------


def _build_applications_pane(snapshot: Snapshot, environments: Sequence[Environment]) -> PaneContent:
    several = len(snapshot.environments) > 1 and len(environments) > 1
    titles = [*(["ENV"] if several else []), "APPLICATION", "SYNC", "HEALTH", "REVISION", "OPERATION"]
    columns = tuple(ListColumn(title, is_flexible=title in {"APPLICATION", "OPERATION"}) for title in titles)
    rows = tuple(
        _build_application_row(application, environment, snapshot, with_environment=several)
        for environment in environments
        for application in environment.applications
    )
    asking = any(
        source is None or source.state == "asking"
        for source in (snapshot.find_source(environment.source) for environment in environments)
    )
    return PaneContent(columns, rows, "… asking" if asking else "no application is known")


def _build_application_row(
    app: Application, environment: Environment, snapshot: Snapshot, *, with_environment: bool
) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        cells = tuple(
            environment_summary.dim_if_stale(cell, snapshot, app.source) for cell in _draw_application(app, now)
        )
        return (safe_text(environment.name), *cells) if with_environment else cells

    phase = app.operation.phase if app.operation else ""
    troubles = " ".join(f"{each.kind}/{each.name} {each.message or ''}" for each in app.unhealthy)
    return ListRow(
        key=application_row_key(environment, app),
        draw_cells=draw,
        draw_detail=partial(_describe_application, app),
        search_text=f"{environment.name} {app.id} {app.sync} {app.health} {app.compared_revision} {phase} {troubles}",
        url=app.url,
        clipboard_text=str(app.id),
    )


def application_row_key(environment: Environment, app: Application) -> str:
    """By which an application's row is known."""
    return f"{environment.name} {app.source} {app.id}"


def _draw_application(application: Application, now: datetime) -> tuple[Content, ...]:
    span = f" {format_age(application.health_since, now)}" if application.health_since else ""
    mark, word = get_health_mark(application)
    sync_mark, sync = get_sync_mark(application)
    return (
        safe_text(application.id),
        marked_text(sync_mark, sync),
        marked_text(mark, f"{word}{span}"),
        safe_text(shorten_revision(application.compared_revision)),
        _describe_operation(application.operation, now)
        if application.operation
        else muted_text(StatusMark.NONE.glyph()),
    )


def _describe_operation(operation: Operation, now: datetime) -> Content:
    mark = get_operation_mark(operation)
    if operation.is_running:
        return marked_text(mark, f"{operation.phase} {format_age(operation.started_at, now)}")
    return marked_text(mark, f"{operation.phase} {format_age(operation.finished_at, now)} ago")


def _describe_application(application: Application, now: datetime) -> Content:
    """What is wrong, worst first and in full; else what it runs."""
    lines = [marked_text(StatusMark.FAILING, problem.message) for problem in application.problems]
    for resource in application.unhealthy:
        where = f"{resource.kind}/{resource.name}"
        mark = get_health_mark(Application("", "", "", health=resource.health))[0]
        message = safe_text(resource.message) if resource.message else None
        lines.append(join_parts(marked_text(mark, f"{where} {resource.health}"), message))
    lines += [join_parts(safe_text(each.type, "bold"), safe_text(each.message)) for each in application.conditions]
    operation = application.operation
    if operation and operation.message and operation.phase != "Succeeded":
        lines.append(
            join_parts(safe_text(f"operation {operation.phase}", "bold"), safe_text(get_first_line(operation.message)))
        )
    if application.prunable:
        names = ", ".join(f"{each.kind}/{each.name}" for each in application.prunable)
        lines.append(join_parts(marked_text(StatusMark.ATTENTION, "git no longer has"), safe_text(names)))
    facts = [
        f"runs {shorten_revision(application.synced_revision)}" if application.synced_revision else "",
        f"synced {format_age(application.synced_at, now)} ago" if application.synced_at else "",
        f"follows {application.target_revision}" if application.target_revision else "",
        f"reconciled {format_age(application.reconciled_at, now)} ago" if application.reconciled_at else "",
    ]
    lines.append(muted_text(" · ".join(fact for fact in facts if fact)))
    lines += [muted_text(image) for image in application.images]
    return Content("\n").join(line for line in lines if line)


# --- pull requests -----------------------------------------------------------------------------------


def _build_pull_requests_pane(
    snapshot: Snapshot, environments: Sequence[Environment], *, everything: bool
) -> PaneContent:
    columns = (
        ListColumn("PR"),
        ListColumn("KIND"),
        ListColumn("ENV"),
        ListColumn("TITLE", is_flexible=True),
        ListColumn("CHECKS"),
        ListColumn("REVIEW"),
        ListColumn("AGE"),
    )
    pulls = {pull.number: pull for environment in environments for pull in environment.pull_requests}
    if everything:
        pulls |= {pull.number: pull for pull in snapshot.pull_requests}
    rows = tuple(_build_pull_request_row(pulls[number], snapshot) for number in sorted(pulls, reverse=True))
    github = snapshot.find_source("github")
    asking = github is None or github.state == "asking"
    return PaneContent(columns, rows, "… asking" if asking else "no open pull request")


def _build_pull_request_row(pull: PullRequest, snapshot: Snapshot) -> ListRow:
    def draw(now: datetime) -> tuple[Content, ...]:
        return tuple(
            environment_summary.dim_if_stale(cell, snapshot, "github") for cell in _draw_pull_request(pull, now)
        )

    return ListRow(
        key=str(pull.number),
        draw_cells=draw,
        draw_detail=lambda _now: _describe_pull_request(pull),
        search_text=f"#{pull.number} {pull.kind} {' '.join(pull.environments)} {pull.title} {pull.author} {pull.checks}",
        url=pull.url,
        clipboard_text=pull.url,
    )


def _draw_pull_request(pull: PullRequest, now: datetime) -> tuple[Content, ...]:
    mark, _ = get_checks_mark(pull)
    return (
        safe_text(f"#{pull.number}", "bold"),
        safe_text(pull.kind),
        safe_text(", ".join(pull.environments) or StatusMark.NONE.glyph()),
        join_parts(muted_text("draft") if pull.draft else None, safe_text(pull.title), gap=" "),
        marked_text(mark, pull.checks),
        safe_text((pull.review or "none").replace("_", " ")),
        safe_text(format_age(pull.created_at, now)),
    )


def _describe_pull_request(pull: PullRequest) -> Content:
    labels = ", ".join(pull.labels)
    facts = join_parts(
        environment_summary.describe_pull_request(pull),
        safe_text(f"by {pull.author}") if pull.author else None,
        muted_text(labels) if labels else None,
        muted_text(pull.mergeable) if pull.mergeable else None,
    )
    title = join_parts(safe_text(f"#{pull.number}", "bold"), safe_text(pull.title))
    return Content("\n").join([title, facts, muted_text(pull.url)])


# --- problems ----------------------------------------------------------------------------------------


def _build_problems_pane(snapshot: Snapshot, environments: Sequence[Environment]) -> PaneContent:
    """What could not be read, of these environments and of the sources themselves."""
    rows = [
        static_row(
            f"source {source.id}",
            _draw_problem(source.id, source.error.kind, source.error.message),
            safe_text(source.error.message),
            copied=source.url,
        )
        for source in snapshot.sources
        if source.error is not None
    ]
    found: list[tuple[str, Problem]] = [("", problem) for problem in snapshot.problems]
    for environment in environments:
        found += [(environment.name, problem) for problem in environment.problems]
        found += [(environment.name, problem) for app in environment.applications for problem in app.problems]
    rows += [_build_problem_row(number, name, problem) for number, (name, problem) in enumerate(found)]
    return PaneContent(
        (ListColumn("WHERE"), ListColumn("KIND"), ListColumn("PROBLEM", is_flexible=True)), tuple(rows), "no problem"
    )


def _build_problem_row(number: int, name: str, problem: Problem) -> ListRow:
    where = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file or problem.subject
    cells = _draw_problem(name or problem.subject, problem.kind, str(problem))
    return static_row(f"{number} {where} {problem.kind}", cells, safe_text(str(problem)), copied=where)


def _draw_problem(where: str, kind: str, message: str) -> tuple[Content, ...]:
    return (safe_text(where, "bold"), marked_text(StatusMark.ATTENTION, kind), safe_text(message))
