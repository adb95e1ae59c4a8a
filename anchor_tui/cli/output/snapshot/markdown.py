"""The snapshot as Markdown, for a chat or a hand-over. Foreign text is escaped: it never becomes markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from anchor_tui.cli.output.snapshot.text import describe_diagnosis, describe_source, list_problems, render_policy_lines
from anchor_tui.domain.foreign_text import mask_tokens, sanitize_text
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.history.delivery_formatting import find_window, format_window_briefly
from anchor_tui.domain.history.delivery_metrics import DEFAULT_WINDOW_DAYS
from anchor_tui.domain.live_release import describe_versions
from anchor_tui.domain.model import Environment, PullRequest, Snapshot
from anchor_tui.domain.reasons import GROUP_FROM
from anchor_tui.domain.status_marks import StatusMark, get_checks_mark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.domain.verdict import describe_position

_SPECIAL_CHARACTERS = re.compile(r"([\\`*_{}\[\]()#+!|<>~@&:$])")

_BARE_LINK = re.compile(r"(?i)(www)\.")
"""GitHub turns this text into a link."""

_LINKED_URL = re.compile(r"https?://[\w.:/*-]+", re.ASCII)


def render(snapshot: Snapshot) -> str:
    """Render GitHub's Markdown: a table of environments, then reasons, pull requests and problems."""
    return "\n".join(_render_lines(snapshot)) + "\n"


def escape_markdown(text: str) -> str:
    """Return foreign text on one line, with every special character of Markdown escaped."""
    return _BARE_LINK.sub(r"\1\\.", _SPECIAL_CHARACTERS.sub(r"\\\1", sanitize_text(text)))


def format_link(label: str, url: str) -> str:
    """Return a link to an http address. The label, which is ours, stays without a link for any other address."""
    clean = mask_tokens(url)
    return f"[{label}]({clean})" if _LINKED_URL.fullmatch(clean) else label


def _render_lines(snapshot: Snapshot) -> Iterator[str]:
    mark = get_level_mark(snapshot.verdict.level).glyph()
    yield f"# {mark} {escape_markdown(snapshot.engine_id)}: {snapshot.verdict.word}"
    yield ""
    yield f"{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC. " + ". ".join(
        escape_markdown(describe_source(source)) for source in snapshot.sources
    )
    yield ""
    yield "| environment | verdict | release | sync | health | position |"
    yield "|---|---|---|---|---|---|"
    for environment in snapshot.environments:
        yield _render_row(environment, snapshot)
    for environment in snapshot.environments:
        if environment.verdict.reasons:
            yield ""
            yield f"**{escape_markdown(environment.name)}**"
            yield ""
            yield from (f"- {escape_markdown(reason)}" for reason in environment.verdict.reasons)
            yield from _render_diagnoses(environment)
    if delivery := list(_render_delivery(snapshot)):
        yield from ("", "## Delivery", "", *delivery)
    groups = [*((env.name, env.findings) for env in snapshot.environments), ("estate", snapshot.findings)]
    failing = [(name, line) for name, found in groups for line in render_policy_lines(found, snapshot.taken_at)]
    if failing:
        yield ""
        yield "## Policy"
        yield ""
        yield from (f"- **{escape_markdown(name)}** {escape_markdown(line.strip())}" for name, line in failing)
    if snapshot.all_pull_requests:
        yield ""
        yield "## Pull requests"
        yield ""
        yield from (_render_pull_request(pull) for pull in snapshot.all_pull_requests)
    if problems := list(list_problems(snapshot)):
        yield ""
        yield "## Problems"
        yield ""
        yield from (f"- {escape_markdown(str(problem))}" for problem in problems)


def _render_delivery(snapshot: Snapshot) -> Iterator[str]:
    for environment in snapshot.environments:
        if (window := find_window(environment.delivery, DEFAULT_WINDOW_DAYS)) is not None:
            yield f"- **{escape_markdown(environment.name)}** {escape_markdown(format_window_briefly(window))}"


def _render_diagnoses(environment: Environment) -> Iterator[str]:
    for application in environment.applications:
        if application.diagnosis is not None:
            line = f"{application.id}: {describe_diagnosis(application.diagnosis)}"
            yield f"- {escape_markdown(line)}"


def _render_row(environment: Environment, snapshot: Snapshot) -> str:
    release = environment.release
    when = f", {format_age(release.changed_at, snapshot.taken_at)} ago" if release and release.changed_at else ""
    sync = _list_statuses(map(get_sync_mark, environment.applications))
    health = _list_statuses(map(get_health_mark, environment.applications))
    cells = (
        escape_markdown(environment.name),
        f"{get_level_mark(environment.verdict.level).glyph()} {environment.verdict.word}",
        escape_markdown(f"{describe_versions(environment)}{when}") if release else "?",
        "<br>".join(map(escape_markdown, sync)) or "?",
        "<br>".join(map(escape_markdown, health)) or "?",
        escape_markdown(describe_position(environment.position)) if environment.position else "?",
    )
    return f"| {' | '.join(cells)} |"


def _list_statuses(marks: Iterable[tuple[StatusMark, str]]) -> list[str]:
    """Return a status for each application, or the number of applications with each status if there are many."""
    found = list(marks)
    if len(found) < GROUP_FROM:
        return [f"{mark.glyph()} {word}" for mark, word in found]
    return [f"{mark.glyph()} {number} {word}" for (mark, word), number in Counter(found).most_common()]


def _render_pull_request(pull: PullRequest) -> str:
    mark, checks = get_checks_mark(pull)
    target = f" → {escape_markdown(', '.join(pull.environments))}" if pull.environments else ""
    title = format_link(f"#{pull.number}", pull.url)
    return f"- {title} {pull.kind}{target}: {escape_markdown(pull.title)}, {mark.glyph()} {checks}"
