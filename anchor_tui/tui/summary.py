"""An environment in short pieces, the same on a card and in a row.

What comes from a source that is asking, stale or missing never looks like the present: it says `asking`,
or stands dimmed.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from textual.content import Content

from anchor_tui.domain.formatting import format_age, format_count
from anchor_tui.domain.model import Application, Environment, PullRequest, Snapshot
from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.domain.status_marks import StatusMark, get_checks_mark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.domain.verdict import describe_position
from anchor_tui.tui.appearance import MUTED, marked, muted, spaced, text

ASKING = "… asking"


def _waiting(snapshot: Snapshot, source_id: str) -> Content | None:
    """What stands where a source has not answered at all."""
    source = snapshot.find_source(source_id)
    if source is None or source.state == "asking":
        return muted(ASKING)
    return marked(StatusMark.UNKNOWN, "not known") if source.state == "missing" else None


def aged(content: Content, snapshot: Snapshot, source_id: str) -> Content:
    """Old data looks old: dim, and in no status's colour."""
    source = snapshot.find_source(source_id)
    return Content.styled(content.plain, "dim") if source is not None and source.state == "stale" else content


def verdict(environment: Environment) -> Content:
    """The level and the beginning of the worst reason: what, without the details."""
    level = environment.verdict.level
    reason = environment.verdict.reasons[0] if environment.verdict.reasons else ""
    what = re.split(r", |; ", reason)[0]
    return spaced(marked(get_level_mark(level), level.upper()), text(what) if what else None)


def release(environment: Environment, snapshot: Snapshot, now: datetime) -> Content:
    """Version, age, who, pull request."""
    if (waiting := _waiting(snapshot, "github")) is not None:
        return spaced(text("release"), waiting, gap=" ")
    found = environment.release
    if found is None:
        return marked(StatusMark.FAILING, "release unreadable")
    age = f"{format_age(found.changed_at, now)} ago" if found.changed_at else ""
    who = f"by {found.changed_by}" if found.changed_by else ""
    number = f"#{found.pull_request.number}" if found.pull_request else ""
    words = spaced(text(found.version, "bold"), text(f"{age} {who}".strip()) or None, muted(number) or None)
    return aged(words, snapshot, "github")


def version(environment: Environment, snapshot: Snapshot) -> Content:
    """The release's version alone."""
    if (waiting := _waiting(snapshot, "github")) is not None:
        return waiting
    found = environment.release
    return aged(text(found.version), snapshot, "github") if found else marked(StatusMark.FAILING, "unreadable")


def sync_and_health(environment: Environment, snapshot: Snapshot) -> Content:
    """Both, as Argo CD says; of several applications the worst, with how many."""
    if (waiting := _waiting(snapshot, environment.source)) is not None:
        return spaced(text("Argo CD"), waiting, gap=" ")
    if not environment.applications:
        return marked(StatusMark.UNKNOWN, "no application")
    return aged(spaced(sync(environment), health(environment), gap="   "), snapshot, environment.source)


def sync(environment: Environment) -> Content:
    """Sync of the applications."""
    content = _worst([get_sync_mark(application) for application in environment.applications])
    differing = sum(app.resources.out_of_sync for app in environment.applications if app.resources)
    return content + text(f" ({differing})") if differing else content


def health(environment: Environment) -> Content:
    """Health of the applications."""
    return _worst([get_health_mark(application) for application in environment.applications])


_WORST = (
    StatusMark.FAILING,
    StatusMark.UNKNOWN,
    StatusMark.ATTENTION,
    StatusMark.PROGRESS,
    StatusMark.OK,
    StatusMark.NONE,
)


def _worst(marks: list[tuple[StatusMark, str]]) -> Content:
    counted = Counter(marks)
    mark, word = min(counted, key=lambda each: _WORST.index(each[0]))
    several = f" ({counted[mark, word]} of {len(marks)})" if len(marks) > 1 else ""
    return marked(mark, f"{word}{several}")


def automation(environment: Environment, snapshot: Snapshot) -> Content:
    """Auto-sync, prune and self-heal; what is off for any of the applications is marked."""
    found = [app for app in environment.applications if app.presence == "found"]
    if _waiting(snapshot, environment.source) is not None or not found:
        return Content("")
    return aged(Content(" ").join(_switch(name, found) for name in _SWITCHES), snapshot, environment.source)


_SWITCHES = {
    "auto-sync": lambda app: app.automated is not None and app.automated.enabled,
    "prune": lambda app: app.automated is not None and app.automated.prune,
    "self-heal": lambda app: app.automated is not None and app.automated.self_heal,
}


def _switch(name: str, applications: list[Application]) -> Content:
    on = all(_SWITCHES[name](application) for application in applications)
    return text(name) if on else muted(f"{StatusMark.NONE.glyph()}{name}")


def position(environment: Environment, snapshot: Snapshot) -> Content:
    """Where it stands relative to the one before."""
    if _waiting(snapshot, "github") is not None or environment.position is None:
        return Content("")
    where = environment.position
    pulls = f", {format_count(len(where.pull_requests), 'PR')}" if where.pull_requests else ""
    return aged(text(f"{describe_position(where)}{pulls}"), snapshot, "github")


def position_in_short(environment: Environment, snapshot: Snapshot) -> Content:
    """The same for a narrow column."""
    if _waiting(snapshot, "github") is not None or environment.position is None:
        return Content("")
    where = environment.position
    number = len(where.versions)
    short = {"behind": f"{number} rel behind", "ahead": f"{number} rel ahead"}.get(where.state, where.state)
    return aged(text("same" if short == "newest" and where.environment else short), snapshot, "github")


def policy(environment: Environment) -> Content:
    """How many checks hold, fail, warn, cannot be told or are waived."""
    counted = _counted(environment)
    parts = [marked(mark, counted[name]) for name, mark in _COUNTS if counted[name]]
    waived = muted(f"{counted['waived']} waived") if counted["waived"] else None
    return spaced(text("policy"), *parts, waived, gap=" ")


def policy_in_short(environment: Environment) -> Content:
    """The same for a narrow column: "14✓ 5✗"."""
    counted = _counted(environment)
    parts = [text(counted[name]) + marked(mark) for name, mark in _COUNTS if counted[name]]
    waived = muted(f"{counted['waived']}w") if counted["waived"] else None
    return spaced(*parts, waived, gap=" ") if environment.findings else muted(StatusMark.NONE.glyph())


_COUNTS = (
    ("pass", StatusMark.OK),
    ("error", StatusMark.FAILING),
    ("warning", StatusMark.ATTENTION),
    ("unknown", StatusMark.UNKNOWN),
)


def _counted(environment: Environment) -> Counter[str]:
    return Counter(
        result.level if result.status == "fail" else result.status for result in group_by_check(environment.findings)
    )


def open_pull_requests(environment: Environment, snapshot: Snapshot) -> Content:
    """The newest open pull request that changes this environment, and how many more."""
    if (waiting := _waiting(snapshot, "github")) is not None:
        return spaced(text("PRs"), waiting, gap=" ")
    if not environment.pull_requests:
        return aged(Content.styled(f"{StatusMark.NONE.glyph()} no open PR", MUTED), snapshot, "github")
    newest = environment.pull_requests[0]
    more = len(environment.pull_requests) - 1
    return aged(spaced(pull_request(newest), muted(f"+{more}") if more else None), snapshot, "github")


def pull_requests_in_short(environment: Environment, snapshot: Snapshot) -> Content:
    """The same for a narrow column."""
    if not environment.pull_requests or _waiting(snapshot, "github") is not None:
        return muted(StatusMark.NONE.glyph())
    newest, more = environment.pull_requests[0], len(environment.pull_requests) - 1
    mark, _ = get_checks_mark(newest)
    short = spaced(text(f"#{newest.number}"), marked(mark), muted(f"+{more}") if more else None, gap=" ")
    return aged(short, snapshot, "github")


def pull_request(pull: PullRequest) -> Content:
    """A pull request in a few words: what it does, not how it is called."""
    does = {"promotion": "promote", "rollback": "roll back to", "bump": "bump to", "other": "changes"}[pull.kind]
    mark, checks = get_checks_mark(pull)
    draft = muted("draft") if pull.draft else None
    return spaced(text(f"#{pull.number} {does} {pull.version or ''}".rstrip()), marked(mark, checks), draft)


def last_known_good(environment: Environment) -> Content:
    """The release to go back to."""
    good = environment.last_known_good
    return text(f"last good {good.version} ({good.seen_at:%a %H:%M})") if good else Content("")
