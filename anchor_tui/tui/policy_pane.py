"""The policy pane: failures first with their place, holding checks folded, and each check's evidence side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Environment, Finding, Snapshot
from anchor_tui.domain.policy.check_results import CheckResult, group_by_check
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.appearance import marked, muted, spaced, text
from anchor_tui.tui.widgets.grid import Column, Pane, Row, still

POLICY = "Policy"
_HOLDS = frozenset({"pass", "skipped"})
_MARKS = {
    "fail": StatusMark.FAILING,
    "unknown": StatusMark.UNKNOWN,
    "waived": StatusMark.NONE,
    "pass": StatusMark.OK,
    "skipped": StatusMark.NONE,
}


def make_policy(snapshot: Snapshot, environments: Sequence[Environment], *, everything: bool) -> Pane:
    """The checks of these environments; with `everything` those that hold too, and the estate's own."""
    groups = [(each.name, group_by_check(each.findings)) for each in environments]
    groups.append(("", group_by_check(snapshot.findings)))
    several = everything and len(snapshot.environments) > 1
    rows = [
        _row(result, name, snapshot, with_environment=several)
        for name, results in groups
        for result in results
        if everything or result.status not in _HOLDS
    ]
    titles = ["", *(["ENV"] if several else []), "CHECK", "EVIDENCE", "FOUND"]
    if not everything:
        rows += _folded(result for _, results in groups for result in results)
    columns = tuple(Column(title, flexes=title == "FOUND") for title in titles)
    return Pane(columns, tuple(rows), "no check has been judged yet")


def _folded(results: Iterable[CheckResult]) -> list[Row]:
    held = [each for each in results if each.status in _HOLDS]
    passed = sum(each.status == "pass" for each in held)
    skipped = len(held) - passed
    if not held:
        return []
    words = spaced(
        text(f"{format_count(passed, 'check')} hold{'s' if passed == 1 else ''}"),
        muted(f"{skipped} skipped") if skipped else None,
    )
    names = muted(", ".join(sorted(each.check for each in held)))
    return [still("holds", (marked(StatusMark.OK), words, Content(""), Content("")), names)]


def _row(result: CheckResult, environment: str, snapshot: Snapshot, *, with_environment: bool) -> Row:
    worst = result.worst
    cells = [
        marked(mark_of(result)),
        *([text(environment)] if with_environment else []),
        text(result.check),
        muted(" ".join(result.evidence)),
        text(worst.message),
    ]
    return still(
        f"{environment} {result.check}",
        tuple(cells),
        describe(result),
        address(worst, snapshot),
        copied=_place(worst) or worst.resource or result.check,
    )


def mark_of(result: CheckResult) -> StatusMark:
    """A check's mark: a warning that fails is no failure."""
    return StatusMark.ATTENTION if result.status == "fail" and result.level == "warning" else _MARKS[result.status]


def describe(result: CheckResult) -> Content:
    """The rule in the owners' words, what each evidence says, how to mend it."""
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID  # loaded by whoever judged

    check = CHECKS_BY_ID.get(result.check)
    lines = [spaced(marked(mark_of(result), result.check), text(result.title, "bold"))]
    lines += [_evidence(each) for each in result.findings]
    fix = next((each.fix for each in result.findings if each.fix and each.status in {"fail", "unknown"}), None)
    if fix:
        lines.append(spaced(text("mend", "bold"), text(fix)))
    if check is not None:
        lines.append(muted(f"{check.section}: {check.why}"))
    return Content("\n").join(lines)


def _evidence(finding: Finding) -> Content:
    mark = StatusMark.ATTENTION if finding.status == "fail" and finding.level == "warning" else _MARKS[finding.status]
    place = _place(finding) or finding.resource
    return spaced(marked(mark, f"{finding.evidence:<9}"), text(finding.message), muted(place) if place else None)


def _place(finding: Finding) -> str:
    if finding.file and finding.line:
        return f"{finding.file}:{finding.line}"
    return finding.file or ""


def address(finding: Finding, snapshot: Snapshot) -> str | None:
    """Where the file stands on GitHub, at the line."""
    github = snapshot.find_source("github")
    if github is None or not finding.file or github.state in {"asking", "missing"}:
        return None
    return f"{github.url.rstrip('/')}/blob/HEAD/{finding.file}" + (f"#L{finding.line}" if finding.line else "")
