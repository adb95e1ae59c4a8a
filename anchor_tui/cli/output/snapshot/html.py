"""The snapshot as one HTML file: without scripts, without external resources, readable on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote

from anchor_tui.cli.output.escaping import format_line
from anchor_tui.cli.output.snapshot.text import describe_diagnosis, describe_source, list_problems
from anchor_tui.domain.foreign_text import mask_tokens, replace_surrogates
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.live_release import describe_versions
from anchor_tui.domain.model import Environment, Finding, PullRequest, Snapshot
from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.domain.status_marks import get_checks_mark, get_health_mark, get_level_mark, get_sync_mark
from anchor_tui.domain.urls import is_web_url
from anchor_tui.domain.verdict import describe_position

_URL_CHARACTERS = "%/:?#@!$&'()*+,;=~"
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
section { border: 2px solid #888; border-radius: .5rem; padding: .75rem 1rem; overflow-wrap: anywhere; }
h1, h2 { margin: .2rem 0; } h2 { font-size: 1.15rem; }
ul { margin: .4rem 0; padding-left: 1.2rem; } p { margin: .3rem 0; }
.ok { border-color: #2a8f4f; } .attention { border-color: #b57700; }
.unknown { border-color: #7a5cc0; } .failing { border-color: #c02b3c; }
small { opacity: .8; }
"""


def render(snapshot: Snapshot) -> str:
    """Render the document. Foreign text is escaped, also in attributes; only web addresses become links."""
    verdict = snapshot.verdict
    title = f"{get_level_mark(verdict.level).glyph()} {snapshot.engine_id}: {verdict.word}"
    sources = _escape_text(". ".join(map(describe_source, snapshot.sources)))
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_escape_text(title)}</title><style>{_STYLE}</style></head>",
        f"<body><h1>{_escape_text(title)}</h1>",
        f"<p>{snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC. {sources}</p>",
        "<main>",
        *(line for environment in snapshot.environments for line in _render_environment(environment, snapshot)),
        "</main>",
        *_render_list("Pull requests", (_render_pull_request(pull) for pull in snapshot.all_pull_requests)),
        *_render_list("Policy of the estate", _render_failures(snapshot.findings)),
        *_render_list("Problems", (_escape_text(str(problem)) for problem in list_problems(snapshot))),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _render_environment(environment: Environment, snapshot: Snapshot) -> Iterator[str]:
    level = environment.verdict.level
    traits = " · ".join([environment.tier, *(["protected"] if environment.protected else [])])
    yield f'<section class="{level}"><h2>{_escape_text(environment.name)} <small>{_escape_text(traits)}</small></h2>'
    yield f"<p><strong>{get_level_mark(level).glyph()} {environment.verdict.word}</strong></p>"
    if environment.verdict.reasons:
        yield f"<ul>{''.join(f'<li>{_escape_text(reason)}</li>' for reason in environment.verdict.reasons)}</ul>"
    if release := environment.release:
        when = f", {format_age(release.changed_at, snapshot.taken_at)} ago" if release.changed_at else ""
        who = f" by {release.changed_by}" if release.changed_by else ""
        yield f"<p>release {_escape_text(f'{describe_versions(environment)}{when}{who}')}</p>"
    if environment.position:
        yield f"<p>{_escape_text(describe_position(environment.position))}</p>"
    for app in environment.applications:
        (sync_mark, sync), (health_mark, health) = get_sync_mark(app), get_health_mark(app)
        words = f"{app.id}: {sync_mark.glyph()} {sync}, {health_mark.glyph()} {health}"
        yield f"<p>{_render_link(words, app.url)}</p>"
        if app.diagnosis is not None:
            yield f"<p><small>{_escape_text(describe_diagnosis(app.diagnosis))}</small></p>"
    yield from _render_list("Policy", _render_failures(environment.findings), "h3")
    yield "</section>"


def _render_failures(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Render failed, unknown and waived checks, worst first; then the number of passed checks."""
    results = group_by_check(findings)
    for result in results:
        if result.status in {"fail", "unknown", "waived"}:
            worst = result.worst
            place = f" ({worst.file}:{worst.line})" if worst.file and worst.line else ""
            yield _escape_text(f"{result.status}: {result.check}: {worst.message}{place}")
    if passed := sum(result.status == "pass" for result in results):
        yield f"{passed} passed"


def _render_pull_request(pull: PullRequest) -> str:
    mark, checks = get_checks_mark(pull)
    target = f" → {', '.join(pull.environments)}" if pull.environments else ""
    return _render_link(f"#{pull.number} {pull.kind}{target}: {pull.title}, {mark.glyph()} {checks}", pull.url)


def _render_list(title: str, items: Iterable[str], heading: str = "h2") -> Iterator[str]:
    found = list(items)
    if found:
        yield f"<{heading}>{_escape_text(title)}</{heading}><ul>{''.join(f'<li>{item}</li>' for item in found)}</ul>"


def _render_link(words: str, url: str | None) -> str:
    if not is_web_url(url):
        return _escape_text(words)
    return f'<a href="{_escape_url(url)}" rel="noreferrer">{_escape_text(words)}</a>'


def _escape_text(foreign: str) -> str:
    return escape(format_line(foreign), quote=True)


def _escape_url(url: str) -> str:
    """Return a web address for an attribute. Everything that an address may not contain is percent-encoded."""
    return escape(quote(mask_tokens(replace_surrogates(url)), safe=_URL_CHARACTERS), quote=True)
