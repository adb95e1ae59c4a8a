"""Waivers with an end and a reason."""

from __future__ import annotations

from datetime import date, timedelta

from anchor_tui.config.model import Waiver
from anchor_tui.domain.policy.waivers import list_waiver_expiries
from tests.domain.policy.sample_repo import (
    CONFIG,
    PASSING_FACTS,
    PROD,
    evaluate,
    failed_checks,
    list_findings,
    with_files,
)
from tests.values import NOW, replace

BROKEN = with_files("prod", {PROD: ("AUTH_MODE: jwt", "AUTH_MODE: disabled")}, "values")
TODAY = NOW.date()


def with_waiver(until: date, environment: str = "prod"):
    waiver = Waiver("auth.jwt-required", environment, until, "moving house")
    return replace(CONFIG, policy=replace(CONFIG.policy, waivers=(waiver,)))


def test_a_waiver_is_valid_through_its_last_day() -> None:
    findings = evaluate(BROKEN, with_waiver(TODAY))

    assert failed_checks(findings) == set()
    [waived] = [finding for _, finding in list_findings(findings) if finding.status == "waived"]
    assert f"waived until {TODAY}: moving house" in waived.message


def test_an_expired_waiver_is_a_failure_with_a_hint() -> None:
    yesterday = TODAY - timedelta(days=1)
    findings = evaluate(BROKEN, with_waiver(yesterday))

    assert failed_checks(findings) == {("prod", "auth.jwt-required", "git")}
    [failed] = [finding for _, finding in list_findings(findings) if finding.status == "fail"]
    assert f"its waiver expired on {yesterday} (moving house)" in failed.message


def test_a_waiver_applies_to_failures_of_its_environment() -> None:
    assert failed_checks(evaluate(BROKEN, with_waiver(TODAY, "staging"))) == {("prod", "auth.jwt-required", "git")}
    assert not [
        finding
        for _, finding in list_findings(evaluate(PASSING_FACTS, with_waiver(TODAY)))
        if finding.status == "waived"
    ]


def test_the_earliest_expiry_comes_first() -> None:
    ends = [date(2027, 1, 1), TODAY, TODAY - timedelta(days=3)]
    waivers = tuple(Waiver("ci.green", "prod", until, "r") for until in ends)

    found = list_waiver_expiries(replace(CONFIG, policy=replace(CONFIG.policy, waivers=waivers)), NOW)

    assert [(expiry.days, expiry.expired) for expiry in found] == [(-2, True), (1, False), (40, False)]
