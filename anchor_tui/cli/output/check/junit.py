"""JUnit: a suite for each environment, a case for each check and evidence.

Unknown findings are skipped cases with their reason.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from anchor_tui.cli.output.check.report import CheckReport, format_location
from anchor_tui.cli.output.escaping import format_line, format_paragraph
from anchor_tui.domain.model import Finding


def render(report: CheckReport) -> str:
    """Return the report as JUnit XML."""
    suites: dict[str | None, list[Finding]] = {}
    for environment, finding in report.iter_findings():
        suites.setdefault(environment, []).append(finding)
    all_findings = [finding for findings in suites.values() for finding in findings]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites name={quote_attribute('anchor-tui check')} {format_counts(all_findings)}>",
    ]
    for environment, findings in suites.items():
        name = environment or "estate"
        lines.append(f"  <testsuite name={quote_attribute(name)} {format_counts(findings)}>")
        lines.extend(format_case(name, finding) for finding in findings)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def format_counts(findings: list[Finding]) -> str:
    """Return the counts of a suite as XML attributes."""
    failures = sum(finding.status == "fail" for finding in findings)
    skipped = sum(finding.status in {"unknown", "skipped", "waived"} for finding in findings)
    return f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'


def format_case(environment: str, finding: Finding) -> str:
    """Return one finding as a test case."""
    location = format_location(finding)
    suffix = f" {location}" if finding.status == "fail" and location else ""
    name = quote_attribute(f"{finding.check} [{finding.evidence}]{suffix}")
    file = f" file={quote_attribute(finding.file)}" if finding.file else ""
    head = f"    <testcase classname={quote_attribute(f'policy.{environment}')} name={name}{file}"
    message = quote_attribute(finding.message)
    match finding.status:
        case "pass":
            return f"{head}/>"
        case "fail":
            lines = filter(None, (location, finding.message, finding.fix))
            body = escape_body("\n".join(lines))
            inner = f"<failure type={quote_attribute(finding.level)} message={message}>{body}</failure>"
        case "skipped":
            inner = f"<skipped message={message}/>"
        case status:
            inner = f"<skipped message={quote_attribute(f'{status}: {finding.message}')}/>"
    return f"{head}>{inner}</testcase>"


def quote_attribute(text: str) -> str:
    """Return a text as a quoted XML attribute."""
    return quoteattr(format_line(text))


def escape_body(text: str) -> str:
    """Return a text of several lines as the content of an XML element."""
    return escape(format_paragraph(text))
