"""What stands in each pane: rows made from a snapshot, by pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from anchor_tui.domain.formatting import format_age, get_first_line, shorten_revision
from anchor_tui.domain.model import Application, Environment, Operation, Problem, PullRequest, Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_checks_mark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.tui import summary
from anchor_tui.tui.appearance import marked, muted, spaced, text
from anchor_tui.tui.policy_pane import POLICY, make_policy
from anchor_tui.tui.widgets.grid import Column, Pane, Row, still

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job

APPLICATIONS = "Applications"
PULL_REQUESTS = "Pull requests"
PROBLEMS = "Problems"
ACTIVITY = "Activity"
PANES = (APPLICATIONS, POLICY, PULL_REQUESTS, PROBLEMS, ACTIVITY)


def make(name: str, snapshot: Snapshot, environments: Sequence[Environment], jobs: Sequence[Job] = ()) -> Pane:
    """A pane of these environments; what belongs to no environment is in it when all of them are shown."""
    everything = len(environments) == len(snapshot.environments)
    if name == APPLICATIONS:
        return _applications(snapshot, environments)
    if name == POLICY:
        return make_policy(snapshot, environments, everything=everything)
    if name == ACTIVITY:
        return _activity(jobs)
    if name == PULL_REQUESTS:
        return _pull_requests(snapshot, environments, everything=everything)
    return _problems(snapshot, environments)


def _activity(jobs: Sequence[Job]) -> Pane:
    if not jobs:
        return Pane((Column("ACTION"),), (), "nothing was done from here since the start; see `anchor-tui audit`")
    from anchor_tui.tui.activity_pane import make_activity  # with all that acts, which most sessions do without

    return make_activity(jobs)


def running_words(jobs: Sequence[Job]) -> str:
    """What runs from here now, in a few words; empty where nothing does."""
    if not jobs:
        return ""
    from anchor_tui.tui import activity_pane

    return activity_pane.running_words(jobs)


def fleet(snapshot: Snapshot) -> Pane:
    """One row an environment, for where cards do not fit."""
    with_policy = any(each.findings for each in snapshot.environments)
    titles = ["", "ENV", "RELEASE", "SYNC", "HEALTH", *(["POLICY"] if with_policy else []), "POSITION", "PR"]
    columns = tuple(Column(title, flexes=title in {"RELEASE", "POSITION", "PR"}) for title in titles)
    rows = tuple(_fleet_row(each, snapshot, with_policy=with_policy) for each in snapshot.environments)
    return Pane(columns, rows, "no environment is configured")


def _fleet_row(each: Environment, snapshot: Snapshot, *, with_policy: bool) -> Row:
    asked = {source.id: source.state in {"asking", "missing"} for source in snapshot.sources}
    no_apps = asked.get(each.source, True) or not each.applications
    waiting = summary.sync_and_health(each, snapshot) if no_apps else None
    cells = [
        marked(get_level_mark(each.verdict.level)),
        text(each.name, "bold") + (muted(" prot.") if each.protected else Content("")),
        summary.version(each, snapshot),
        waiting or summary.aged(summary.sync(each), snapshot, each.source),
        Content("") if waiting else summary.aged(summary.health(each), snapshot, each.source),
        *([summary.policy_in_short(each)] if with_policy else []),
        summary.position_in_short(each, snapshot),
        summary.pull_requests_in_short(each, snapshot),
    ]
    level = marked(get_level_mark(each.verdict.level), each.verdict.level.upper())
    detail = Content("\n").join([spaced(text(each.name, "bold"), level), *map(text, each.verdict.reasons)])
    url = each.applications[0].url if each.applications else None
    return still(each.name, tuple(cells), detail, url, copied=each.name)


# --- applications ------------------------------------------------------------------------------------


def _applications(snapshot: Snapshot, environments: Sequence[Environment]) -> Pane:
    several = len(snapshot.environments) > 1 and len(environments) > 1
    titles = [*(["ENV"] if several else []), "APPLICATION", "SYNC", "HEALTH", "REVISION", "OPERATION"]
    columns = tuple(Column(title, flexes=title in {"APPLICATION", "OPERATION"}) for title in titles)
    rows = tuple(
        _application(application, environment, snapshot, with_environment=several)
        for environment in environments
        for application in environment.applications
    )
    asking = any(
        source is None or source.state == "asking"
        for source in (snapshot.find_source(environment.source) for environment in environments)
    )
    return Pane(columns, rows, "… asking" if asking else "no application is known")


def _application(app: Application, environment: Environment, snapshot: Snapshot, *, with_environment: bool) -> Row:
    def draw(now: datetime) -> tuple[Content, ...]:
        cells = tuple(summary.aged(cell, snapshot, app.source) for cell in _application_cells(app, now))
        return (text(environment.name), *cells) if with_environment else cells

    phase = app.operation.phase if app.operation else ""
    troubles = " ".join(f"{each.kind}/{each.name} {each.message or ''}" for each in app.unhealthy)
    return Row(
        key=application_key(environment, app),
        draw=draw,
        describe=partial(_application_detail, app),
        words=f"{environment.name} {app.id} {app.sync} {app.health} {app.compared_revision} {phase} {troubles}",
        url=app.url,
        copied=str(app.id),
    )


def application_key(environment: Environment, app: Application) -> str:
    """By which an application's row is known."""
    return f"{environment.name} {app.source} {app.id}"


def _application_cells(application: Application, now: datetime) -> tuple[Content, ...]:
    span = f" {format_age(application.health_since, now)}" if application.health_since else ""
    mark, word = get_health_mark(application)
    sync_mark, sync = get_sync_mark(application)
    return (
        text(application.id),
        marked(sync_mark, sync),
        marked(mark, f"{word}{span}"),
        text(shorten_revision(application.compared_revision)),
        _operation(application.operation, now) if application.operation else muted(StatusMark.NONE.glyph()),
    )


def _operation(operation: Operation, now: datetime) -> Content:
    if operation.is_running:
        return marked(StatusMark.PROGRESS, f"{operation.phase} {format_age(operation.started_at, now)}")
    mark = {"Succeeded": StatusMark.OK, "Failed": StatusMark.FAILING, "Error": StatusMark.FAILING}.get(
        operation.phase, StatusMark.UNKNOWN
    )
    return marked(mark, f"{operation.phase} {format_age(operation.finished_at, now)} ago")


def _application_detail(application: Application, now: datetime) -> Content:
    """What is wrong, worst first and in full; else what it runs."""
    lines = [marked(StatusMark.FAILING, problem.message) for problem in application.problems]
    for resource in application.unhealthy:
        where = f"{resource.kind}/{resource.name}"
        mark = get_health_mark(Application("", "", "", health=resource.health))[0]
        message = text(resource.message) if resource.message else None
        lines.append(spaced(marked(mark, f"{where} {resource.health}"), message))
    lines += [spaced(text(each.type, "bold"), text(each.message)) for each in application.conditions]
    operation = application.operation
    if operation and operation.message and operation.phase != "Succeeded":
        lines.append(spaced(text(f"operation {operation.phase}", "bold"), text(get_first_line(operation.message))))
    if application.prunable:
        names = ", ".join(f"{each.kind}/{each.name}" for each in application.prunable)
        lines.append(spaced(marked(StatusMark.ATTENTION, "git no longer has"), text(names)))
    facts = [
        f"runs {shorten_revision(application.synced_revision)}" if application.synced_revision else "",
        f"synced {format_age(application.synced_at, now)} ago" if application.synced_at else "",
        f"follows {application.target_revision}" if application.target_revision else "",
        f"reconciled {format_age(application.reconciled_at, now)} ago" if application.reconciled_at else "",
    ]
    lines.append(muted(" · ".join(fact for fact in facts if fact)))
    lines += [muted(image) for image in application.images]
    return Content("\n").join(line for line in lines if line)


# --- pull requests -----------------------------------------------------------------------------------


def _pull_requests(snapshot: Snapshot, environments: Sequence[Environment], *, everything: bool) -> Pane:
    columns = (
        Column("PR"),
        Column("KIND"),
        Column("ENV"),
        Column("TITLE", flexes=True),
        Column("CHECKS"),
        Column("REVIEW"),
        Column("AGE"),
    )
    pulls = {pull.number: pull for environment in environments for pull in environment.pull_requests}
    if everything:
        pulls |= {pull.number: pull for pull in snapshot.pull_requests}
    rows = tuple(_pull_request(pulls[number], snapshot) for number in sorted(pulls, reverse=True))
    github = snapshot.find_source("github")
    asking = github is None or github.state == "asking"
    return Pane(columns, rows, "… asking" if asking else "no open pull request")


def _pull_request(pull: PullRequest, snapshot: Snapshot) -> Row:
    def draw(now: datetime) -> tuple[Content, ...]:
        return tuple(summary.aged(cell, snapshot, "github") for cell in _pull_request_cells(pull, now))

    return Row(
        key=str(pull.number),
        draw=draw,
        describe=lambda _now: _pull_request_detail(pull),
        words=f"#{pull.number} {pull.kind} {' '.join(pull.environments)} {pull.title} {pull.author} {pull.checks}",
        url=pull.url,
        copied=pull.url,
    )


def _pull_request_cells(pull: PullRequest, now: datetime) -> tuple[Content, ...]:
    mark, _ = get_checks_mark(pull)
    return (
        text(f"#{pull.number}", "bold"),
        text(pull.kind),
        text(", ".join(pull.environments) or StatusMark.NONE.glyph()),
        spaced(muted("draft") if pull.draft else None, text(pull.title), gap=" "),
        marked(mark, pull.checks),
        text((pull.review or "none").replace("_", " ")),
        text(format_age(pull.created_at, now)),
    )


def _pull_request_detail(pull: PullRequest) -> Content:
    labels = ", ".join(pull.labels)
    facts = spaced(
        summary.pull_request(pull),
        text(f"by {pull.author}") if pull.author else None,
        muted(labels) if labels else None,
        muted(pull.mergeable) if pull.mergeable else None,
    )
    title = spaced(text(f"#{pull.number}", "bold"), text(pull.title))
    return Content("\n").join([title, facts, muted(pull.url)])


# --- problems ----------------------------------------------------------------------------------------


def _problems(snapshot: Snapshot, environments: Sequence[Environment]) -> Pane:
    """What could not be read, of these environments and of the sources themselves."""
    rows = [
        still(
            f"source {source.id}",
            _problem_cells(source.id, source.error.kind, source.error.message),
            text(source.error.message),
            copied=source.url,
        )
        for source in snapshot.sources
        if source.error is not None
    ]
    found: list[tuple[str, Problem]] = [("", problem) for problem in snapshot.problems]
    for environment in environments:
        found += [(environment.name, problem) for problem in environment.problems]
        found += [(environment.name, problem) for app in environment.applications for problem in app.problems]
    rows += [_problem(number, name, problem) for number, (name, problem) in enumerate(found)]
    return Pane((Column("WHERE"), Column("KIND"), Column("PROBLEM", flexes=True)), tuple(rows), "no problem")


def _problem(number: int, name: str, problem: Problem) -> Row:
    where = f"{problem.file}:{problem.line}" if problem.file and problem.line else problem.file or problem.subject
    cells = _problem_cells(name or problem.subject, problem.kind, str(problem))
    return still(f"{number} {where} {problem.kind}", cells, text(str(problem)), copied=where)


def _problem_cells(where: str, kind: str, message: str) -> tuple[Content, ...]:
    return (text(where, "bold"), marked(StatusMark.ATTENTION, kind), text(message))
