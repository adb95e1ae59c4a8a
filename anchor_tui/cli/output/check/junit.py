"""JUnit: a suite for each environment, a case for each check and evidence.

What cannot be told is skipped with its reason: it did not fail, and it did not pass.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from anchor_tui.cli.output.check.report import CheckReport, format_location
from anchor_tui.domain.model import Finding

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: CheckReport) -> str:
    """The document."""
    suites: dict[str | None, list[Finding]] = {}
    for environment, finding in report.iter_findings():
        suites.setdefault(environment, []).append(finding)
    every = [finding for findings in suites.values() for finding in findings]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites name={quote_attribute('anchor-tui check')} {format_counts(every)}>",
    ]
    for environment, findings in suites.items():
        name = environment or "estate"
        lines.append(f"  <testsuite name={quote_attribute(name)} {format_counts(findings)}>")
        lines.extend(format_case(name, finding) for finding in findings)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def format_counts(findings: list[Finding]) -> str:
    """The counts of a suite, as attributes."""
    failures = sum(finding.status == "fail" for finding in findings)
    skipped = sum(finding.status in {"unknown", "skipped", "waived"} for finding in findings)
    return f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'


def format_case(environment: str, finding: Finding) -> str:
    """One finding as a case."""
    place = f" {format_location(finding)}" if finding.status == "fail" and format_location(finding) else ""
    name = quote_attribute(f"{finding.check} [{finding.evidence}]{place}")
    file = f" file={quote_attribute(finding.file)}" if finding.file else ""
    head = f"    <testcase classname={quote_attribute(f'policy.{environment}')} name={name}{file}"
    match finding.status:
        case "pass":
            return f"{head}/>"
        case "fail":
            body = escape(
                remove_invalid_characters(
                    "\n".join(filter(None, (format_location(finding), finding.message, finding.fix)))
                )
            )
            inner = f"<failure type={quote_attribute(finding.level)} message={quote_attribute(finding.message)}>{body}</failure>"
        case status:
            prefix = "cannot be told: " if status == "unknown" else "waived: " if status == "waived" else ""
            inner = f"<skipped message={quote_attribute(prefix + finding.message)}/>"
    return f"{head}>{inner}</testcase>"


def quote_attribute(text: str) -> str:
    """Foreign text as an attribute, quotes and all."""
    return quoteattr(remove_invalid_characters(text), {"\n": " ", "\t": " ", "\r": " "})


def remove_invalid_characters(text: str) -> str:
    """Foreign text without what XML cannot hold."""
    return _NOT_XML.sub("", text)
