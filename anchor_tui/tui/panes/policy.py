"""The policy pane: failures first with their place, holding checks folded, and each check's evidence side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.policy.check_results import CheckResult, group_by_check
from anchor_tui.domain.status_marks import StatusMark, get_check_mark
from anchor_tui.tui.style import join_parts, marked_text, muted_text, safe_text
from anchor_tui.tui.widgets.row_list import ListColumn, ListRow, PaneContent, static_row

POLICY = "Policy"
_PASSING = frozenset({"pass", "skipped"})


def build_policy_pane(snapshot: Snapshot, environments: Sequence[Environment], *, everything: bool) -> PaneContent:
    """The checks of these environments; with `everything` those that hold too, and the estate's own."""
    groups = [(each.name, group_by_check(each.findings)) for each in environments]
    groups.append(("", group_by_check(snapshot.findings)))
    several = everything and len(snapshot.environments) > 1
    rows = [
        _build_row(result, name, snapshot, with_environment=several)
        for name, results in groups
        for result in results
        if everything or result.status not in _PASSING
    ]
    titles = ["", *(["ENV"] if several else []), "CHECK", "EVIDENCE", "FOUND"]
    if not everything:
        rows += _fold_passing(result for _, results in groups for result in results)
    columns = tuple(ListColumn(title, is_flexible=title == "FOUND") for title in titles)
    return PaneContent(columns, tuple(rows), "no check has been judged yet")


def _fold_passing(results: Iterable[CheckResult]) -> list[ListRow]:
    held = [each for each in results if each.status in _PASSING]
    passed = sum(each.status == "pass" for each in held)
    skipped = len(held) - passed
    if not held:
        return []
    words = join_parts(
        safe_text(f"{format_count(passed, 'check')} hold{'s' if passed == 1 else ''}"),
        muted_text(f"{skipped} skipped") if skipped else None,
    )
    names = muted_text(", ".join(sorted(each.check for each in held)))
    return [static_row("holds", (marked_text(StatusMark.OK), words, Content(""), Content("")), names)]


def _build_row(result: CheckResult, environment: str, snapshot: Snapshot, *, with_environment: bool) -> ListRow:
    worst = result.worst
    cells = [
        marked_text(get_check_mark(result.status, result.level)),
        *([safe_text(environment)] if with_environment else []),
        safe_text(result.check),
        muted_text(" ".join(result.evidence)),
        safe_text(worst.message),
    ]
    return static_row(
        f"{environment} {result.check}",
        tuple(cells),
        describe_check(result),
        finding_url(worst, snapshot),
        copied=_file_position(worst) or worst.resource or result.check,
    )


def describe_check(result: CheckResult) -> Content:
    """The rule in the owners' words, what each evidence says, how to mend it."""
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID  # loaded by whoever judged

    check = CHECKS_BY_ID.get(result.check)
    lines = [
        join_parts(
            marked_text(get_check_mark(result.status, result.level), result.check), safe_text(result.title, "bold")
        )
    ]
    lines += [_describe_evidence(each) for each in result.findings]
    fix = next((each.fix for each in result.findings if each.fix and each.status in {"fail", "unknown"}), None)
    if fix:
        lines.append(join_parts(safe_text("mend", "bold"), safe_text(fix)))
    if check is not None:
        lines.append(muted_text(f"{check.section}: {check.why}"))
    return Content("\n").join(lines)


def _describe_evidence(finding: Finding) -> Content:
    mark = get_check_mark(finding.status, finding.level)
    place = _file_position(finding) or finding.resource
    return join_parts(
        marked_text(mark, f"{finding.evidence:<9}"), safe_text(finding.message), muted_text(place) if place else None
    )


def _file_position(finding: Finding) -> str:
    if finding.file and finding.line:
        return f"{finding.file}:{finding.line}"
    return finding.file or ""


def finding_url(finding: Finding, snapshot: Snapshot) -> str | None:
    """Where the file stands on GitHub, at the line."""
    github = snapshot.find_source("github")
    if github is None or not finding.file or github.state in {"asking", "missing"}:
        return None
    return f"{github.url.rstrip('/')}/blob/HEAD/{finding.file}" + (f"#L{finding.line}" if finding.line else "")
