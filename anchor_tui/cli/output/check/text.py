"""The text format: failures first with their locations, passed findings as a number."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from anchor_tui.cli.output.check.report import CheckReport, finding_kind, format_location, format_summary
from anchor_tui.cli.output.escaping import format_lines
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.waivers import WaiverExpiry
from anchor_tui.domain.status_marks import StatusMark, get_state_mark


def render(report: CheckReport) -> str:
    """Return the report as plain text."""
    return format_lines(_format_lines(report))


def _format_lines(report: CheckReport) -> Iterator[str]:
    counts = report.count_findings()
    mark = get_state_mark(next((name for name in ("error", "unknown", "warning") if counts[name]), "pass"))
    at = f" at {shorten_revision(report.commit)}" if report.commit else ""
    yield f"{mark.glyph()} {report.path}{at}: {format_summary(counts)}"
    for environment in report.config.environments:
        findings = report.findings.environments.get(environment.name, ())
        yield ""
        yield from _format_group(f"{environment.name} ({environment.rules} rules)", findings)
    if any(finding.status != "skipped" for finding in report.findings.estate):
        yield ""
        yield from _format_group("estate", report.findings.estate)
    if report.waivers:
        yield ""
        yield "waivers, earliest end first"
        yield from (f"  {_format_waiver(waiver)}" for waiver in report.waivers)


def _format_group(title: str, findings: Collection[Finding]) -> Iterator[str]:
    yield title
    for name in ("error", "unknown", "warning", "waived"):
        yield from _format_findings(
            [finding for finding in findings if finding_kind(finding) == name], get_state_mark(name)
        )
    passed = sum(finding.status == "pass" for finding in findings)
    skipped = sorted({finding.evidence for finding in findings if finding.status == "skipped"})
    suffix = f", skipped: {', '.join(skipped)}" if skipped else ""
    yield f"  {StatusMark.OK.glyph()} {passed} passed{suffix}"


def _format_findings(findings: list[Finding], mark: StatusMark) -> Iterator[str]:
    """Yield the lines of findings of one kind.

    Findings with the same message, evidence and location share their lines; failures only within a check.
    """
    groups: dict[tuple[str, str, str | None], list[Finding]] = {}
    for finding in findings:
        check = finding.check if finding.status != "unknown" else ""
        groups.setdefault((check + format_location(finding), finding.message, finding.evidence), []).append(finding)
    for group in groups.values():
        first = group[0]
        names = ", ".join(dict.fromkeys(finding.check for finding in group))
        yield f"  {mark.glyph()} {names}  {first.evidence}"
        yield f"      {first.message}"
        if location := format_location(first):
            yield f"      {location}"
        if first.fix:
            yield f"      fix: {first.fix}"


def _format_waiver(waiver: WaiverExpiry) -> str:
    left = "expired" if waiver.expired else "ends today" if waiver.days == 1 else f"{waiver.days} days left"
    return f"{waiver.check} in {waiver.environment}: until {waiver.until}, {left} ({waiver.reason})"
