"""The evaluation of all checks: missing evidence, disabled checks, rule sets."""

from __future__ import annotations

import time

import pytest

from anchor_tui.domain.policy.evidence.facts import MissingEvidence, NotApplicable
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID
from tests.domain.policy.sample_repo import (
    CONFIG,
    PASSING_FACTS,
    PROD,
    evaluate,
    failed_checks,
    list_findings,
    unknown_checks,
    with_environment,
    with_estate,
    with_files,
)
from tests.values import application, replace


def test_everything_passes_in_the_sample() -> None:
    findings = evaluate(PASSING_FACTS)

    assert failed_checks(findings) == set()
    assert unknown_checks(findings) == set()
    held = {(finding.check, finding.evidence) for _, finding in list_findings(findings) if finding.status == "pass"}
    assert held == {(check.id, evidence) for check in CHECKS for evidence in check.evidence}


MISSING = MissingEvidence("the server did not answer")


FIELDS = {"git": ("values", "release"), "live-spec": ("live_spec",), "settings": ("ops_settings", "app_settings")}


@pytest.mark.parametrize(("check", "evidence"), [(check.id, kind) for check in CHECKS for kind in check.evidence])
def test_a_check_without_evidence_is_unknown_with_the_reason(check: str, evidence: str) -> None:
    fields = dict.fromkeys(FIELDS.get(evidence, (evidence,)), MISSING)
    if check == "argo.no-stale-resources":
        fields["live_spec"] = MISSING
    on_estate = not CHECKS_BY_ID[check].rules
    facts = with_estate(**fields) if on_estate else with_environment("prod", **fields)

    found = [
        finding
        for _, finding in list_findings(evaluate(facts))
        if (finding.check, finding.evidence) == (check, evidence)
    ]

    unknown = [finding for finding in found if finding.status == "unknown"]
    assert [finding.message for finding in unknown] == ["the server did not answer"]
    assert failed_checks(evaluate(facts)) == set()


@pytest.mark.parametrize("check", [check.id for check in CHECKS if check.rules])
def test_evidence_that_is_not_applicable_is_skipped(check: str) -> None:
    aside = NotApplicable("not here")
    names = ("values", "release", "upstream", "manifest", "live_spec", "rendered", "live", "head")
    facts = with_environment("prod", **dict.fromkeys(names, aside))

    found = [finding for finding in evaluate(facts).environments["prod"] if finding.check == check]

    assert {(finding.status, finding.message) for finding in found} == {("skipped", "not here")}


def test_a_disabled_check_is_reported_as_skipped() -> None:
    quiet = replace(CONFIG, policy=replace(CONFIG.policy, disable=("ci.green", "auth.jwt-required")))
    facts = with_files("prod", {PROD: ("AUTH_MODE: jwt", "AUTH_MODE: disabled")}, "values")

    findings = evaluate(replace(facts, estate=replace(facts.estate, ci="failure")), quiet)

    assert failed_checks(findings) == set()
    skipped = {finding.check for _, finding in list_findings(findings) if finding.status == "skipped"}
    assert skipped == {"ci.green", "auth.jwt-required"}


def test_dev_has_only_the_checks_of_its_rules() -> None:
    checks = {finding.check for finding in evaluate(PASSING_FACTS).environments["dev"]}

    assert checks == {
        "argo.at-head",
        "release.contract-aligned",
        "workers.gateway-image",
        "runtime.rollout-strategy",
        "secrets.none-in-git",
    }


def test_all_checks_take_little_time(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.perf_counter()
    evaluate(PASSING_FACTS)
    three = time.perf_counter() - started
    names = [f"e{number}" for number in range(200)]
    many = replace(CONFIG, environments=tuple(replace(CONFIG.environments[2], name=name) for name in names))
    facts = replace(PASSING_FACTS, environments=dict.fromkeys(names, PASSING_FACTS.environments["prod"]))
    started = time.perf_counter()
    findings = evaluate(facts, many)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nall checks: three environments {three * 1000:.1f} ms, 200 in {time.perf_counter() - started:.2f} s"
        )
    assert len(findings.environments) == 200


def test_an_absent_application_is_asleep_only_on_demand() -> None:
    gone = MissingEvidence("anchor-msp: absent")
    absent = {"live_spec": (application(presence="absent"),), "live": gone, "rendered": gone}
    environments = {name: replace(PASSING_FACTS.environments[name], **absent) for name in ("staging", "prod")}

    findings = evaluate(replace(PASSING_FACTS, environments=environments)).environments

    told_by = {
        name: {finding.status for finding in found if finding.evidence == "live-spec"}
        for name, found in findings.items()
    }
    assert told_by == {"staging": {"skipped"}, "prod": {"unknown"}}
