"""What `check` found, for every format alike: the findings with their environments, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Finding, ValueObject
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.policy.waivers import WaiverExpiry


class CheckReport(ValueObject, frozen=True):
    """One check of one checkout. `prefix` is where it lies below the repository's top."""

    path: str
    commit: str | None
    prefix: str
    config: Config
    findings: PolicyFindings
    waivers: tuple[WaiverExpiry, ...] = ()

    def iter_findings(self) -> Iterator[tuple[str | None, Finding]]:
        """Every finding with its environment's name; None for those that belong to none."""
        for name, findings in self.findings.environments.items():
            yield from ((name, finding) for finding in findings)
        yield from ((None, finding) for finding in self.findings.estate)

    def count_findings(self) -> dict[str, int]:
        """How many findings there are: failures by their level, the others by their status."""
        found = Counter(finding_kind(finding) for _, finding in self.iter_findings())
        return {name: found[name] for name in ("error", "warning", "unknown", "waived", "pass", "skipped")}

    def annotated_file(self, environment: str | None, finding: Finding) -> str:
        """The file to point at, from the repository's top: the finding's own, else the environment's overlay."""
        overlay = next((each.values for each in self.config.environments if each.name == environment), "")
        return self.prefix + (finding.file or overlay or "README.md")


def finding_kind(finding: Finding) -> str:
    """`error` or `warning` for a failure, else its status."""
    if finding.status != "fail":
        return finding.status
    return "error" if finding.level == "error" else "warning"


def format_location(finding: Finding) -> str:
    """`file:line`, or the resource, or nothing."""
    if finding.file:
        return f"{finding.file}:{finding.line}" if finding.line else finding.file
    return finding.resource or ""
