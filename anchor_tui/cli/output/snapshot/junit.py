"""The snapshot as JUnit: a suite for each environment, with a case for its verdict and for each policy finding."""

from __future__ import annotations

from anchor_tui.cli.output.check.junit import escape_body, format_case, quote_attribute
from anchor_tui.domain.model import Environment, Finding, Level, Snapshot, Verdict


def render(snapshot: Snapshot) -> str:
    """Render the document. A failing verdict is a failure, an unknown one is an error, attention passes."""
    suites = [_render_environment(environment) for environment in snapshot.environments]
    if snapshot.findings:
        suites.append(_render_suite("estate", None, snapshot.findings))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={quote_attribute(snapshot.engine_id)}>"]
    return "\n".join([*lines, *(line for suite in suites for line in suite), "</testsuites>"]) + "\n"


def _render_environment(environment: Environment) -> list[str]:
    return _render_suite(environment.name, environment.verdict, environment.findings)


def _render_suite(name: str, verdict: Verdict | None, findings: tuple[Finding, ...]) -> list[str]:
    level = verdict.level if verdict else Level.OK
    failures = sum(finding.status == "fail" for finding in findings) + (level is Level.FAILING)
    skipped = sum(finding.status in {"unknown", "skipped", "waived"} for finding in findings)
    total = len(findings) + (verdict is not None)
    counts = f'tests="{total}" failures="{failures}" errors="{int(level is Level.UNKNOWN)}" skipped="{skipped}"'
    cases = [_render_verdict(name, verdict)] if verdict else []
    cases += [format_case(name, finding) for finding in findings]
    return [f"  <testsuite name={quote_attribute(name)} {counts}>", *cases, "  </testsuite>"]


def _render_verdict(name: str, verdict: Verdict) -> str:
    head = f"    <testcase classname={quote_attribute(f'environment.{name}')} name={quote_attribute('verdict')}"
    if verdict.level not in {Level.FAILING, Level.UNKNOWN}:
        return f"{head}/>"
    kind = "failure" if verdict.level is Level.FAILING else "error"
    first = verdict.reasons[0] if verdict.reasons else verdict.level
    body = escape_body("\n".join(verdict.reasons))
    attributes = f"type={quote_attribute(verdict.level)} message={quote_attribute(first)}"
    return f"{head}><{kind} {attributes}>{body}</{kind}></testcase>"
