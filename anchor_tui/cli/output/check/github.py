"""GitHub workflow commands: an annotation for each finding at its line in the pull request."""

from __future__ import annotations

from anchor_tui.cli.output.check.report import CheckReport, finding_kind, format_summary
from anchor_tui.cli.output.escaping import format_paragraph
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Finding

_COMMANDS = {"error": "error", "warning": "warning", "unknown": "notice", "waived": "notice"}


def render(report: CheckReport) -> str:
    """Return one line for each annotation and a line with the counts."""
    shown = [(name, finding) for name, finding in report.iter_findings() if finding_kind(finding) in _COMMANDS]
    lines = [_format_annotation(report, name, finding) for name, finding in shown if not _is_without_location(finding)]
    lines += _group_notices([finding for _, finding in shown if _is_without_location(finding)])
    return "\n".join([*lines, f"anchor-tui check: {format_summary(report.count_findings())}"]) + "\n"


def _is_without_location(finding: Finding) -> bool:
    """Return True for an unknown finding without file and resource.

    GitHub shows only ten notices of a step. One missing tool would cause more, so they are grouped.
    """
    return finding.status == "unknown" and finding.file is None and finding.resource is None


def _group_notices(findings: list[Finding]) -> list[str]:
    """Return one notice for each reason, with the checks that it makes unknown."""
    checks: dict[str, dict[str, None]] = {}
    for finding in findings:
        checks.setdefault(finding.message, {})[f"{finding.check} ({finding.evidence})"] = None
    lines = []
    for message, names in checks.items():
        title = _escape_property(f"{format_count(len(names), 'check')} unknown")
        lines.append(f"::notice title={title}::" + _escape_data(f"{message}\n{', '.join(names)}"))
    return lines


def _format_annotation(report: CheckReport, environment: str | None, finding: Finding) -> str:
    properties = {"file": report.annotated_file(environment, finding)}
    if finding.file and finding.line:
        properties |= {"line": str(finding.line)}
        properties |= {"col": str(finding.column)} if finding.column else {}
    status = {"unknown": " is unknown", "waived": " is waived"}.get(finding.status, "")
    properties["title"] = f"{environment or 'estate'}: {finding.check} ({finding.evidence}){status}"
    parameters = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    resource = f"{finding.resource}: " if finding.resource and finding.resource not in finding.message else ""
    message = f"{resource}{finding.message}" + (f"\n{finding.fix}" if finding.fix else "")
    return f"::{_COMMANDS[finding_kind(finding)]} {parameters}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return format_paragraph(text).replace("%", "%25").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
