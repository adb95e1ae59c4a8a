"""The views of one application as text for the operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from anchor_tui.cli.output.escaping import format_line, format_lines
from anchor_tui.domain.formatting import format_age, format_count, get_first_line, shorten_revision
from anchor_tui.domain.inspection.deployments import Deployment
from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import Application, Environment, Snapshot
from anchor_tui.domain.status_marks import StatusMark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.services.observe.inspect import InspectedTree

_HEALTH_MARKS = {
    "Healthy": StatusMark.OK,
    "Degraded": StatusMark.FAILING,
    "Missing": StatusMark.FAILING,
    "Progressing": StatusMark.PROGRESS,
    "Suspended": StatusMark.ATTENTION,
}


def render_overview(environment: Environment, application: Application, snapshot: Snapshot, *, is_short: bool) -> str:
    """Render the state of an application and the cause of its failure; with `is_short` only the cause."""
    lines = [*_render_cause(application)] if is_short else [*_render_state(environment, application, snapshot)]
    return format_lines(lines)


def render_view(view: str, value: Any, now: datetime, pattern: re.Pattern[str] | None) -> str:  # noqa: ANN401
    """Render another view. `pattern` selects lines of a log."""
    if isinstance(value, InspectedTree):
        lines = (
            _render_deployments(value.details.deployments, now) if view == "history" else _render_tree(value.tree, now)
        )
    elif view == "events":
        lines = _render_events(value, now)
    elif view == "diff":
        lines = _render_differences(value)
    else:
        lines = _render_log(value, pattern)
    return format_lines(lines)


def _render_cause(application: Application) -> Iterator[str]:
    diagnosis = application.diagnosis
    if diagnosis is None:
        yield f"{application.id}: nothing has failed"
        return
    yield diagnosis.cause
    yield from (f"  {line}" for line in diagnosis.evidence)
    if diagnosis.next_step:
        yield f"  next: {diagnosis.next_step}"
    yield from (f"  also: {cause}" for cause in diagnosis.also)


def _render_state(environment: Environment, application: Application, snapshot: Snapshot) -> Iterator[str]:
    mark = get_level_mark(environment.verdict.level).glyph()
    yield f"{environment.name}  {application.id}  {mark} {environment.verdict.word.upper()}"
    yield from (f"  {reason}" for reason in environment.verdict.reasons)
    (sync_mark, sync), (health_mark, health) = get_sync_mark(application), get_health_mark(application)
    revision = f" at {shorten_revision(application.compared_revision)}" if application.compared_revision else ""
    yield f"{sync_mark.glyph()} {sync}{revision}  {health_mark.glyph()} {health}"
    if release := environment.release:
        who = f" by {release.changed_by}" if release.changed_by else ""
        number = f" (#{release.pull_request.number})" if release.pull_request else ""
        when = f", {format_age(release.changed_at, snapshot.taken_at)} ago" if release.changed_at else ""
        yield f"release {release.version}{number}{who}{when}"
    if application.diagnosis is not None:
        yield ""
        yield from _render_cause(application)


def _render_tree(tree: ResourceTree, now: datetime) -> Iterator[str]:
    def render(node: ResourceNode, depth: int) -> Iterator[str]:
        yield _render_node(node, depth, now)
        for child in tree.list_children(node):
            yield from render(child, depth + 1)

    for root in sorted(tree.roots, key=lambda node: (node.is_orphan, node.key)):
        yield from render(root, 0)


def _render_node(node: ResourceNode, depth: int, now: datetime) -> str:
    mark = _HEALTH_MARKS.get(node.health, StatusMark.UNKNOWN).glyph() if node.health else " "
    states = [node.health, node.sync, node.status_reason if node.status_reason != "Running" else "", node.ready]
    states += [format_count(node.restarts, "restart")] if node.restarts else []
    states += ["orphaned"] if node.is_orphan else []
    age = f"  {format_age(node.created_at, now)}" if node.created_at else ""
    message = f"  {get_first_line(node.message)}" if node.message else ""
    return f"{'  ' * depth}{mark} {node.key}  {' '.join(filter(None, states))}{age}{message}"


def _render_events(events: Sequence[ClusterEvent], now: datetime) -> Iterator[str]:
    if not events:
        yield "there are no events: the cluster keeps them for an hour by default"
    for event in events:
        mark = StatusMark.ATTENTION.glyph() if event.is_warning else " "
        times = f" ×{event.count}" if event.count > 1 else ""
        age = f"{format_age(event.last_at, now)} ago"
        yield f"{mark} {age:>10}  {event.reason}{times}  {event.resource}: {event.message}"


def _render_log(lines: Sequence[LogLine], pattern: re.Pattern[str] | None) -> Iterator[str]:
    """Yield the lines with time and pod. The name of the pod is left out if there is one only."""
    several = len({line.pod for line in lines}) > 1
    for line in lines:
        if pattern is not None and not pattern.search(line.text):
            continue
        yield render_log_line(line, names_pod=several)


def render_log_line(line: LogLine, *, names_pod: bool) -> str:
    """Render one line of a log with its time."""
    time = f"{line.at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z " if line.at else ""
    return format_line(f"{time}{f'{line.pod} ' if names_pod and line.pod else ''}{line.text}")


def _render_differences(differences: Sequence[ResourceDifference]) -> Iterator[str]:
    changed = [difference for difference in differences if difference.kind != "equal"]
    if not changed:
        yield f"{format_count(len(differences), 'resource')}: live and git are equal"
    for difference in changed:
        yield f"{difference.resource}: {difference.kind}"
        yield from (
            f"  {change.path}: {change.live or 'not set'} → {change.predicted or 'not set'}"
            for change in difference.fields
        )
        yield from difference.unified.split("\n") if difference.unified else ()


def _render_deployments(deployments: Sequence[Deployment], now: datetime) -> Iterator[str]:
    if not deployments:
        yield "there are no deployments yet"
    for deployment in deployments:
        who = "auto-sync" if deployment.is_automated else deployment.initiated_by or "unknown"
        duration = ""
        if deployment.deployed_at and deployment.started_at:
            duration = f" in {(deployment.deployed_at - deployment.started_at).total_seconds():.0f} s"
        when = f"{deployment.deployed_at:%Y-%m-%d %H:%M}Z" if deployment.deployed_at else "unknown time"
        age = f"{format_age(deployment.deployed_at, now)} ago"
        yield f"{deployment.id:4}  {when}  {age:>9}  {shorten_revision(deployment.revision)}  by {who}{duration}"
