"""The findings for a person at a terminal: what fails first, with its place; what holds folded into a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from anchor_tui.cli.output.check.report import CheckReport, finding_kind, format_location
from anchor_tui.domain.formatting import format_count, sanitize_text, shorten_revision
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.waivers import WaiverExpiry
from anchor_tui.domain.status_marks import StatusMark, get_state_mark


def render(report: CheckReport) -> str:
    """Lines of plain text."""
    return "\n".join(_format_lines(report)) + "\n"


def _format_lines(report: CheckReport) -> Iterator[str]:
    counts = report.count_findings()
    told = [
        format_count(counts["error"], "error"),
        format_count(counts["warning"], "warning"),
        f"{counts['unknown']} cannot be told",
    ]
    told += [f"{counts['waived']} waived"] if counts["waived"] else []
    mark = get_state_mark(next((name for name in ("error", "unknown", "warning") if counts[name]), "pass"))
    at = f" at {shorten_revision(report.commit)}" if report.commit else ""
    yield sanitize_text(f"{mark.glyph()} {report.path}{at}: {', '.join(told)}, {counts['pass']} hold")
    for environment in report.config.environments:
        findings = report.findings.environments.get(environment.name, ())
        yield ""
        yield from _format_group(f"{environment.name} ({environment.rules} rules)", findings)
    if any(finding.status != "skipped" for finding in report.findings.estate):
        yield ""
        yield from _format_group("estate", report.findings.estate)
    if report.waivers:
        yield ""
        yield "waivers, the nearest end first"
        yield from (f"  {sanitize_text(_format_waiver(waiver))}" for waiver in report.waivers)


def _format_group(title: str, findings: Iterable[Finding]) -> Iterator[str]:
    yield title
    every = tuple(findings)
    for name in ("error", "unknown", "warning", "waived"):
        yield from _format_alike([finding for finding in every if finding_kind(finding) == name], get_state_mark(name))
    held = sum(finding.status == "pass" for finding in every)
    skipped = sorted({finding.evidence for finding in every if finding.status == "skipped"})
    aside = f", {', '.join(skipped)} not looked at" if skipped else ""
    yield f"  {StatusMark.OK.glyph()} {held} hold{aside}"


def _format_alike(findings: list[Finding], mark: StatusMark) -> Iterator[str]:
    """Findings of one kind; those that say the same for the same evidence share a line."""
    groups: dict[tuple[str, str, str | None], list[Finding]] = {}
    for finding in findings:
        shared = finding.check if finding.status != "unknown" else ""
        groups.setdefault((shared + format_location(finding), finding.message, finding.evidence), []).append(finding)
    for alike in groups.values():
        first = alike[0]
        names = ", ".join(dict.fromkeys(finding.check for finding in alike))
        yield f"  {mark.glyph()} {sanitize_text(f'{names}  {first.evidence}')}"
        yield f"      {sanitize_text(first.message)}"
        if place := format_location(first):
            yield f"      {sanitize_text(place)}"
        if first.fix:
            yield f"      to mend it: {sanitize_text(first.fix)}"


def _format_waiver(waiver: WaiverExpiry) -> str:
    left = "expired" if waiver.expired else "ends today" if waiver.days == 1 else f"{waiver.days} days left"
    return f"{waiver.check} in {waiver.environment}: until {waiver.until}, {left} ({waiver.reason})"
