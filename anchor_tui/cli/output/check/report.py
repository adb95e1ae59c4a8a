"""The result of `anchor-tui check`, the input of every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import Finding, ValueObject
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.policy.waivers import WaiverExpiry


class CheckReport(ValueObject, frozen=True):
    """The findings of one checkout. `prefix` is its path inside the git repository."""

    path: str
    commit: str | None
    prefix: str
    config: Config
    findings: PolicyFindings
    waivers: tuple[WaiverExpiry, ...] = ()

    def iter_findings(self) -> Iterator[tuple[str | None, Finding]]:
        """Yield every finding with the name of its environment; None for findings of the repositories."""
        for name, findings in self.findings.environments.items():
            yield from ((name, finding) for finding in findings)
        yield from ((None, finding) for finding in self.findings.estate)

    def count_findings(self) -> dict[str, int]:
        """Return the number of findings: failures by level, all others by status."""
        counts = Counter(finding_kind(finding) for _, finding in self.iter_findings())
        return {name: counts[name] for name in ("error", "warning", "unknown", "waived", "pass", "skipped")}

    def annotated_file(self, environment: str | None, finding: Finding) -> str:
        """Return the file to annotate, relative to the git repository.

        This is the file of the finding, otherwise the overlay of the environment.
        """
        overlay = next((known.values for known in self.config.environments if known.name == environment), "")
        return self.prefix + (finding.file or overlay or "README.md")


def format_summary(counts: Mapping[str, int]) -> str:
    """Return the counts of a report as text: "2 errors, 0 warnings, 25 unknown, 1 waived, 30 passed"."""
    words = [format_count(counts["error"], "error"), format_count(counts["warning"], "warning")]
    words.append(f"{counts['unknown']} unknown")
    if counts["waived"]:
        words.append(f"{counts['waived']} waived")
    return ", ".join([*words, f"{counts['pass']} passed"])


def finding_kind(finding: Finding) -> str:
    """Return `error` or `warning` for a failure, otherwise the status."""
    if finding.status != "fail":
        return finding.status
    return "error" if finding.level == "error" else "warning"


def format_location(finding: Finding) -> str:
    """Return `file:line`, otherwise the resource; empty if the finding has neither."""
    if finding.file:
        return f"{finding.file}:{finding.line}" if finding.line else finding.file
    return finding.resource or ""
