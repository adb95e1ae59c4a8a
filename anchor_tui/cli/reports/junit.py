"""JUnit: a suite for each environment, a case for each check and evidence.

What cannot be told is skipped with its reason: it did not fail, and it did not pass.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from anchor_tui.cli.reports.report import Report, where
from anchor_tui.domain.model import Finding

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The document."""
    suites: dict[str | None, list[Finding]] = {}
    for environment, finding in report.every():
        suites.setdefault(environment, []).append(finding)
    every = [finding for findings in suites.values() for finding in findings]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites name={quoted('anchor-tui check')} {sums(every)}>",
    ]
    for environment, findings in suites.items():
        name = environment or "estate"
        lines.append(f"  <testsuite name={quoted(name)} {sums(findings)}>")
        lines.extend(case(name, finding) for finding in findings)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def sums(findings: list[Finding]) -> str:
    """The counts of a suite, as attributes."""
    failures = sum(finding.status == "fail" for finding in findings)
    skipped = sum(finding.status in {"unknown", "skipped", "waived"} for finding in findings)
    return f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{skipped}"'


def case(environment: str, finding: Finding) -> str:
    """One finding as a case."""
    place = f" {where(finding)}" if finding.status == "fail" and where(finding) else ""
    name = quoted(f"{finding.check} [{finding.evidence}]{place}")
    file = f" file={quoted(finding.file)}" if finding.file else ""
    head = f"    <testcase classname={quoted(f'policy.{environment}')} name={name}{file}"
    match finding.status:
        case "pass":
            return f"{head}/>"
        case "fail":
            body = escape(clean("\n".join(filter(None, (where(finding), finding.message, finding.fix)))))
            inner = f"<failure type={quoted(finding.level)} message={quoted(finding.message)}>{body}</failure>"
        case status:
            prefix = "cannot be told: " if status == "unknown" else "waived: " if status == "waived" else ""
            inner = f"<skipped message={quoted(prefix + finding.message)}/>"
    return f"{head}>{inner}</testcase>"


def quoted(text: str) -> str:
    """Foreign text as an attribute, quotes and all."""
    return quoteattr(clean(text), {"\n": " ", "\t": " ", "\r": " "})


def clean(text: str) -> str:
    """Foreign text without what XML cannot hold."""
    return _NOT_XML.sub("", text)
