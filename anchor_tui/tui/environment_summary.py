"""An environment in short texts, the same on a card and in a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from textual.content import Content

from anchor_tui.domain.day_strip import DayStrips
from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.identity_cache import ElementCache, IdentityCache, ValueCounter
from anchor_tui.domain.model import Application, Environment, PullRequest, Snapshot
from anchor_tui.domain.reasons import summarize_reason
from anchor_tui.domain.resource_differences import describe_differences
from anchor_tui.domain.status_marks import (
    StatusMark,
    find_worst_mark,
    get_checks_mark,
    get_health_mark,
    get_level_mark,
    get_sync_mark,
)
from anchor_tui.domain.verdict import describe_position
from anchor_tui.tui.source_states import describe_unread_source, dim_if_stale
from anchor_tui.tui.style import MUTED, join_parts, marked_text, muted_text, safe_text

MarkedWord: TypeAlias = tuple[StatusMark, str]
Switches: TypeAlias = tuple[bool, bool, bool]
_TEXTS = IdentityCache[str]()
_MARKS, _MARK_COUNTS = ElementCache[Application, MarkedWord](), ValueCounter[MarkedWord]()
_SWITCHES, _SWITCH_COUNTS = ElementCache[Application, Switches | None](), ValueCounter[Switches | None]()
"""Facts of each application of an environment. A card is drawn every second, its applications change rarely."""


def describe_verdict(environment: Environment) -> Content:
    """Return the level and the beginning of the worst reason."""
    verdict = environment.verdict
    explained = explain_worst_reason(environment)
    summary = explained.state if explained else summarize_reason(verdict.reasons[0]) if verdict.reasons else ""
    mark = marked_text(get_level_mark(verdict.level), verdict.word.upper())
    return join_parts(mark, safe_text(summary) if summary else None)


class ExplainedReason(NamedTuple):
    """The worst reason of a verdict in parts: "Degraded 12 min", its cause, "since 1.43.2 (#233 by m-ito)"."""

    state: str
    cause: str
    since: str


def explain_worst_reason(environment: Environment) -> ExplainedReason | None:
    """Return the parts of the worst reason if it contains a diagnosis, otherwise None."""
    return _EXPLAINED.get(environment.name, (environment,), lambda: _find_explained_reason(environment))


_EXPLAINED = IdentityCache[ExplainedReason | None]()


def _find_explained_reason(environment: Environment) -> ExplainedReason | None:
    worst = environment.verdict.reasons[0] if environment.verdict.reasons else ""
    for application in environment.applications:
        diagnosis = application.diagnosis
        if diagnosis is not None and diagnosis.rule and diagnosis.cause in worst:
            state, cause, since = worst.partition(diagnosis.cause)
            return ExplainedReason(state.rstrip(": "), cause, since.lstrip(", "))
    return None


def describe_release(environment: Environment, snapshot: Snapshot, now: datetime) -> Content:
    """Return version, age, author and pull request of the release, and the live version if it differs."""
    if (placeholder := describe_unread_source(snapshot, "github")) is not None:
        return join_parts(safe_text("release"), placeholder, gap=" ")
    release = environment.release
    if release is None:
        return marked_text(StatusMark.FAILING, "release unreadable")
    age = f"{format_age(release.changed_at, now)} ago" if release.changed_at else ""
    who = f"by {release.changed_by}" if release.changed_by else ""
    number = f"#{release.pull_request.number}" if release.pull_request else ""
    versions = _describe_versions(environment, snapshot, "git ", "bold")
    words = join_parts(versions, safe_text(f"{age} {who}".strip()) or None, muted_text(number) or None)
    return dim_if_stale(words, snapshot, "github")


def describe_version(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the version of the release, and the live version if it differs."""
    if (placeholder := describe_unread_source(snapshot, "github")) is not None:
        return placeholder
    release = environment.release
    return (
        dim_if_stale(_describe_versions(environment, snapshot), snapshot, "github")
        if release
        else marked_text(StatusMark.FAILING, "unreadable")
    )


def _describe_versions(environment: Environment, snapshot: Snapshot, prefix: str = "", style: str = "") -> Content:
    """Return the version in git; if the cluster runs another, both: "git 1.44.0 · live 1.43.2"."""
    version = environment.release.version if environment.release else ""
    inputs = (environment.applications, environment.release)
    live = _TEXTS.get(environment.name, inputs, lambda: _describe_live_versions(environment))
    if not live:
        return safe_text(version, style)
    in_git = safe_text(f"{prefix}{version}", style)
    return join_parts(in_git, dim_if_stale(safe_text(live, style), snapshot, environment.source), gap=" · ")


def _describe_live_versions(environment: Environment) -> str:
    if not any(application.images for application in environment.applications):
        return ""
    from anchor_tui.domain.live_release import describe_live_versions  # imports the YAML reader

    return describe_live_versions(environment)


def describe_sync_and_health(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the worst sync and health status of the applications, with their number."""
    if (placeholder := describe_unread_source(snapshot, environment.source)) is not None:
        return join_parts(safe_text("Argo CD"), placeholder, gap=" ")
    if not environment.applications:
        return marked_text(StatusMark.UNKNOWN, "no application")
    return dim_if_stale(
        join_parts(describe_sync(environment), describe_health(environment), gap="   "), snapshot, environment.source
    )


def describe_sync(environment: Environment, *, brief: bool = False) -> Content:
    """Return the worst sync status of the applications; unless `brief`, with the number of resources that differ."""
    content = _describe_worst(environment, "sync", get_sync_mark)
    if brief:
        return content
    apps = environment.applications
    differences = _TEXTS.get((environment.name, "differences"), (apps,), lambda: describe_differences(apps))
    return content + safe_text(f", {differences}") if differences else content


def describe_health(environment: Environment) -> Content:
    """Return the worst health status of the applications."""
    return _describe_worst(environment, "health", get_health_mark)


def _describe_worst(environment: Environment, what: str, get_mark: Callable[[Application], MarkedWord]) -> Content:
    """Return the most severe of the applications' marks with its word, and the number of applications that have it."""
    name, number = (environment.name, what), len(environment.applications)
    counted = _MARK_COUNTS.get(name, _MARKS.get(name, environment.applications, get_mark))
    mark, word = find_worst_mark(counted)
    several = f" {counted[mark, word]:,} of {number:,} apps" if number > 1 else ""
    return marked_text(mark, f"{word}{several}")


def describe_automation(environment: Environment, snapshot: Snapshot) -> Content:
    """Return auto-sync, prune and self-heal; a switch that is off for any application is marked."""
    if describe_unread_source(snapshot, environment.source) is not None:
        return Content("")
    name = environment.name
    counted = _SWITCH_COUNTS.get(name, _SWITCHES.get(name, environment.applications, _read_switches))
    found = [switches for switches in counted if switches is not None]
    if not found:
        return Content("")
    are_on = zip(("auto-sync", "prune", "self-heal"), map(all, zip(*found, strict=True)), strict=True)
    texts = [safe_text(title) if is_on else muted_text(f"{StatusMark.NONE.glyph()}{title}") for title, is_on in are_on]
    return dim_if_stale(Content(" ").join(texts), snapshot, environment.source)


def _read_switches(application: Application) -> Switches | None:
    """Return auto-sync, prune and self-heal of an application; None if it was not found."""
    if application.presence != "found":
        return None
    automated = application.automated
    return (automated.enabled, automated.prune, automated.self_heal) if automated else (False, False, False)


def describe_release_lag(environment: Environment, snapshot: Snapshot) -> Content:
    """Return how far the environment is behind or ahead of the previous one."""
    if describe_unread_source(snapshot, "github") is not None or environment.position is None:
        return Content("")
    position = environment.position
    pulls = f", {format_count(len(position.pull_requests), 'PR')}" if position.pull_requests else ""
    return dim_if_stale(safe_text(f"{describe_position(position)}{pulls}"), snapshot, "github")


def describe_release_lag_briefly(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the same for a narrow column."""
    if describe_unread_source(snapshot, "github") is not None or environment.position is None:
        return Content("")
    position = environment.position
    number = len(position.versions)
    short = {"behind": f"{number} rel behind", "ahead": f"{number} rel ahead"}.get(position.state, position.state)
    return dim_if_stale(safe_text("same" if short == "newest" and position.environment else short), snapshot, "github")


def describe_open_pull_requests(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the newest open pull request that changes the environment, and the number of others."""
    if (placeholder := describe_unread_source(snapshot, "github")) is not None:
        return join_parts(safe_text("PRs"), placeholder, gap=" ")
    if not environment.pull_requests:
        return dim_if_stale(Content.styled(f"{StatusMark.NONE.glyph()} no open PR", MUTED), snapshot, "github")
    newest = environment.pull_requests[0]
    more = len(environment.pull_requests) - 1
    return dim_if_stale(
        join_parts(describe_pull_request(newest), muted_text(f"+{more}") if more else None), snapshot, "github"
    )


def describe_open_pull_requests_briefly(environment: Environment, snapshot: Snapshot) -> Content:
    """Return the same for a narrow column."""
    if not environment.pull_requests or describe_unread_source(snapshot, "github") is not None:
        return muted_text(StatusMark.NONE.glyph())
    newest, more = environment.pull_requests[0], len(environment.pull_requests) - 1
    mark, _ = get_checks_mark(newest)
    short = join_parts(
        safe_text(f"#{newest.number}"), marked_text(mark), muted_text(f"+{more}") if more else None, gap=" "
    )
    return dim_if_stale(short, snapshot, "github")


def describe_pull_request(pull: PullRequest) -> Content:
    """Return the effect of a pull request, not its title: "#232 promote 1.44.0"."""
    effect = {"promotion": "promote", "rollback": "roll back to", "bump": "bump to", "fix": "fix", "other": "changes"}[
        pull.kind
    ]
    mark, checks = get_checks_mark(pull)
    draft = muted_text("draft") if pull.draft else None
    return join_parts(
        safe_text(f"#{pull.number} {effect} {pull.version or ''}".rstrip()), marked_text(mark, checks), draft
    )


def describe_day(environment: Environment, snapshot: Snapshot, now: datetime, cell_count: int = 24) -> Content | None:
    """Return the verdicts of the last 24 hours as a strip, and in words if there are 48 cells; None without history."""
    strip = _STRIPS.get(environment.name, environment.verdicts, now, snapshot.taken_at, cell_count)
    if strip is None:
        return None
    cells = Content("").join(marked_text(mark) for mark in strip.marks)
    return join_parts(cells, safe_text(strip.text) if cell_count > 24 else muted_text("last 24 h"))


_STRIPS = DayStrips()


def describe_last_known_good(environment: Environment) -> Content:
    """Return the release to roll back to."""
    good = environment.last_known_good
    return safe_text(f"last good {good.version} ({good.seen_at:%a %H:%M})") if good else Content("")
