"""Workflow commands: each failure an annotation at its line in the pull request."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.cli.reports.report import Report, kind
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Finding

_COMMANDS = {"error": "error", "warning": "warning", "unknown": "notice", "waived": "notice"}


def render(report: Report) -> str:
    """One line for each thing to see, and how many checks hold."""
    shown = [(name, finding) for name, finding in report.every() if kind(finding) in _COMMANDS]
    lines = [_annotation(report, name, finding) for name, finding in shown if not _is_general(finding)]
    lines += _general([finding for _, finding in shown if _is_general(finding)])
    counts = report.counts()
    told = ", ".join(_words(counts))
    return "\n".join([*lines, f"anchor-tui check: {told}"]) + "\n"


def _words(counts: dict[str, int]) -> Iterator[str]:
    yield format_count(counts["error"], "error")
    yield format_count(counts["warning"], "warning")
    yield f"{counts['unknown']} cannot be told"
    yield f"{counts['waived']} waived"
    yield f"{counts['pass']} hold"


def _is_general(finding: Finding) -> bool:
    """Whether it is about no place: GitHub shows ten notices of a step, which one missing tool would use up."""
    return finding.status == "unknown" and finding.file is None and finding.resource is None


def _general(findings: list[Finding]) -> list[str]:
    """One notice for each reason, with the checks that it keeps from being told."""
    checks: dict[str, dict[str, None]] = {}
    for finding in findings:
        checks.setdefault(finding.message, {})[f"{finding.check} ({finding.evidence})"] = None
    lines = []
    for message, names in checks.items():
        title = _property(f"{format_count(len(names), 'check')} cannot be told")
        lines.append(f"::notice title={title}::" + _data(f"{message}\n{', '.join(names)}"))
    return lines


def _annotation(report: Report, environment: str | None, finding: Finding) -> str:
    properties = {"file": report.place(environment, finding)}
    if finding.file and finding.line:
        properties |= {"line": str(finding.line)}
        properties |= {"col": str(finding.column)} if finding.column else {}
    status = {"unknown": " cannot be told", "waived": " is waived"}.get(finding.status, "")
    properties["title"] = f"{environment or 'estate'}: {finding.check} ({finding.evidence}){status}"
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    resource = f"{finding.resource}: " if finding.resource and finding.resource not in finding.message else ""
    message = f"{resource}{finding.message}" + (f"\n{finding.fix}" if finding.fix else "")
    return f"::{_COMMANDS[kind(finding)]} {said}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
