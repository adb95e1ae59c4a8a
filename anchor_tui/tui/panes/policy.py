"""The policy pane: failed checks first with their place, passed checks folded, the evidence of each check in detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from textual.content import Content

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.policy.check_results import CheckResult
from anchor_tui.domain.since import format_since, get_finding_since
from anchor_tui.domain.status_marks import StatusMark, get_check_mark
from anchor_tui.tui.policy_summary import list_check_results
from anchor_tui.tui.source_states import SourceStateMemory, is_outdated, is_unread
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.list_rows import ListColumn, ListRow, PaneContent, static_row

_PASSING = frozenset({"pass", "skipped"})


class _Group(NamedTuple):
    """The checks of one environment, or of the whole estate if the name is empty."""

    name: str
    source: str
    results: tuple[CheckResult, ...]


class PolicyRows:
    """Builds the policy pane. The rows of an environment are built once for each tuple of its findings."""

    def __init__(self) -> None:
        self._states = SourceStateMemory()
        self._rows, self._folded = IdentityCache[tuple[ListRow, ...]](), IdentityCache[tuple[ListRow, ...]]()

    def build(self, snapshot: Snapshot, environments: Sequence[Environment], *, show_all: bool) -> PaneContent:
        """Return the checks of these environments and those of no environment.

        `show_all` lists passed checks too, instead of folding those of each environment into one row.
        """
        states = self._states.get(snapshot)
        with_environment = show_all and len(snapshot.environments) > 1
        rows: list[ListRow] = []
        groups = _list_groups(snapshot, environments)
        for group in groups:
            build = partial(_build_rows, group, snapshot, show_all=show_all, with_environment=with_environment)
            rows += self._rows.get((group.name, show_all, with_environment), (group.results, states), build)
        for group in groups if not show_all else ():
            rows += self._folded.get(group.name, (group.results, states), partial(_fold_passing, group, snapshot))
        titles = ["", *(["ENV"] if with_environment else []), "CHECK", "EVIDENCE", "FOUND"]
        columns = tuple(ListColumn(title, is_flexible=title == "FOUND") for title in titles)
        number = sum(len(group.results) for group in groups)
        return PaneContent(columns, tuple(rows), "no check has been evaluated yet", number)


def count_checks(snapshot: Snapshot, environments: Sequence[Environment]) -> int:
    """Return the number of checks of these environments and of no environment."""
    return sum(len(group.results) for group in _list_groups(snapshot, environments))


def _list_groups(snapshot: Snapshot, environments: Sequence[Environment]) -> list[_Group]:
    groups = [
        _Group(environment.name, environment.source, list_check_results(environment.name, environment.findings))
        for environment in environments
    ]
    return [*groups, _Group("", "", list_check_results("", snapshot.findings))]


def _build_rows(group: _Group, snapshot: Snapshot, *, show_all: bool, with_environment: bool) -> tuple[ListRow, ...]:
    return tuple(
        _build_row(result, group, snapshot, with_environment=with_environment)
        for result in group.results
        if show_all or result.status not in _PASSING
    )


def _fold_passing(group: _Group, snapshot: Snapshot) -> tuple[ListRow, ...]:
    passing = [result for result in group.results if result.status in _PASSING]
    if not passing:
        return ()
    passed = sum(result.status == "pass" for result in passing)
    skipped = len(passing) - passed
    summary = join_parts(safe_text(f"{passed} passed"), muted_text(f"{skipped} skipped") if skipped else None)
    scope = muted_text(f"of {group.name}" if group.name else "of the repositories")
    names = muted_text(", ".join(sorted(result.check for result in passing)))
    cells = [marked_text(StatusMark.OK if passed else StatusMark.NONE), summary, Content(""), scope]
    if any(is_outdated(finding, group.source, snapshot) for result in passing for finding in result.findings):
        cells = [Content.styled(cell.plain, "dim") for cell in cells]
    return (static_row(f"{group.name} passed", tuple(cells), names),)


def _build_row(result: CheckResult, group: _Group, snapshot: Snapshot, *, with_environment: bool) -> ListRow:
    worst = result.worst
    cells = [
        marked_text(get_check_mark(result.status, result.level)),
        *([safe_text(group.name)] if with_environment else []),
        safe_text(result.check),
        muted_text(" ".join(result.evidence)),
        safe_text(worst.message),
    ]
    outdated = [is_outdated(finding, group.source, snapshot) for finding in result.findings]
    if any(outdated):
        cells = [Content.styled(cell.plain, "dim") for cell in cells]
    row = static_row(
        f"{group.name} {result.check}",
        tuple(cells),
        describe_check(result, outdated),
        finding_url(worst, snapshot),
        clipboard_text=_file_position(worst) or worst.resource or result.check,
        subject=result.findings,
        mark=get_check_mark(result.status, result.level),
    )
    is_dated = any(get_finding_since(finding) is not None for finding in result.findings)
    return replace(row, draw_detail=partial(describe_check, result, outdated)) if is_dated else row


def describe_check(result: CheckResult, outdated: Sequence[bool] = (), now: datetime | None = None) -> Content:
    """Return the rule, the result of each kind of evidence, the fix and the rule's reason.

    With `now`, since when a check fails. `outdated` has one flag for each finding: one of a source that is not fresh is
    dim.
    """
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID  # imports all checks; the policy engine did already

    check = CHECKS_BY_ID.get(result.check)
    mark = get_check_mark(result.status, result.level)
    # The title is the rule, not the result: beside a failed check it needs the label.
    title = join_parts(muted_text("rule:"), safe_text(result.title, "bold"), gap=" ")
    flags = [*outdated, *[False] * (len(result.findings) - len(outdated))]
    head = marked_text(mark, result.check)
    lines = [join_parts(Content.styled(head.plain, "dim") if any(flags) else head, title)]
    for finding, is_old in zip(result.findings, flags, strict=True):
        evidence = _describe_evidence(finding, now)
        lines.append(Content.styled(evidence.plain, "dim") if is_old else evidence)
    fixes = [finding.fix for finding in result.findings if finding.fix and finding.status in {"fail", "unknown"}]
    if fixes:
        lines.append(join_parts(safe_text("fix", "bold"), safe_text(fixes[0])))
    if check is not None:
        lines.append(muted_text(f"{check.section}: {check.why}"))
    return Content("\n").join(lines)


def _describe_evidence(finding: Finding, now: datetime | None) -> Content:
    mark = get_check_mark(finding.status, finding.level)
    place = _file_position(finding) or finding.resource
    since = get_finding_since(finding) if finding.status == "fail" and now is not None else None
    return join_parts(
        marked_text(mark, f"{finding.evidence:<9}"),
        safe_text(finding.message),
        muted_text(place) if place else None,
        safe_text(f"fails {format_since(since, now)}") if since is not None and now is not None else None,
    )


def _file_position(finding: Finding) -> str:
    if finding.file and finding.line:
        return f"{finding.file}:{finding.line}"
    return finding.file or ""


def finding_url(finding: Finding, snapshot: Snapshot) -> str | None:
    """Return the GitHub address of the finding's file, at its line."""
    github = snapshot.find_source("github")
    if github is None or not finding.file or is_unread(snapshot, "github"):
        return None
    return f"{github.url.rstrip('/')}/blob/HEAD/{finding.file}" + (f"#L{finding.line}" if finding.line else "")
