"""SARIF 2.1.0 for code scanning.

Results are failures; waived failures are suppressed with their reason. Unknown findings are notifications of the run.
The fingerprint of a result does not contain its line, so it stays the same when lines move.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

from anchor_tui import __version__
from anchor_tui.cli.output.check.report import CheckReport
from anchor_tui.domain.foreign_text import replace_surrogates
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.registry import ALL_CHECKS
from anchor_tui.services.json_text import format_json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "anchorTuiFinding/v1"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: CheckReport) -> str:
    """Return the report as a SARIF log with one run."""
    seen: Counter[str] = Counter()
    results = [(name, finding) for name, finding in report.iter_findings() if finding.status in {"fail", "waived"}]
    unknowns = [(name, finding) for name, finding in report.iter_findings() if finding.status == "unknown"]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "anchor-tui",
                "version": __version__,
                "rules": [_build_rule(check) for check in ALL_CHECKS],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    _build_notification(report, name, finding) for name, finding in unknowns
                ],
            }
        ],
        "results": [_build_result(report, name, finding, seen) for name, finding in results],
        "properties": {"commit": report.commit, "summary": report.count_findings()},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return format_json(log)


def _build_rule(check: Check) -> dict[str, Any]:
    topic = check.id.partition(".")[0]
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.id.replace(".", "-").split("-")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": f"{check.section}: {check.why}\nFix: {check.fix}"},
        "defaultConfiguration": {"level": _LEVELS[check.level]},
        "properties": {"tags": ["gitops", topic]},
    }


def _build_result(report: CheckReport, environment: str | None, finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": next(index for index, check in enumerate(ALL_CHECKS) if check.id == finding.check),
        "kind": "fail",
        "level": _LEVELS[finding.level],
        "message": {"text": _format_message(environment, finding)},
        "locations": [_build_location(report, environment, finding)],
        "partialFingerprints": {FINGERPRINT: _compute_fingerprint(environment, finding, seen)},
        "properties": {"environment": environment, "evidence": finding.evidence},
    }
    if finding.status == "waived":
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.message}]
    return result


def _format_message(environment: str | None, finding: Finding) -> str:
    fix = f". Fix: {finding.fix}" if finding.fix else ""
    return f"{environment or 'estate'} ({finding.evidence}): {finding.message}{fix}"


def _build_location(report: CheckReport, environment: str | None, finding: Finding) -> dict[str, Any]:
    file = replace_surrogates(report.annotated_file(environment, finding))
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
    if finding.file and finding.line:
        region = {"startLine": finding.line}
        physical["region"] = region | ({"startColumn": finding.column} if finding.column else {})
    else:
        physical["region"] = {"startLine": 1}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.resource:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.resource, "kind": "resource"}]
    return location


def _compute_fingerprint(environment: str | None, finding: Finding, seen: Counter[str]) -> str:
    """Return the fingerprint of what identifies a finding in every commit; a counter separates equal findings."""
    identity = (environment or "", finding.check, finding.evidence, finding.file or "", finding.resource or "")
    digest = hashlib.sha256("\0".join(identity).encode(errors="surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _build_notification(report: CheckReport, environment: str | None, finding: Finding) -> dict[str, Any]:
    return {
        "associatedRule": {"id": finding.check},
        "level": "note",
        "message": {"text": f"unknown: {_format_message(environment, finding)}"},
        "locations": [_build_location(report, environment, finding)],
    }
