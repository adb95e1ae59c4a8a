"""Waivers with an end and a reason, and the page that lists every check."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from anchor_tui.config.model import Waiver
from anchor_tui.domain.policy.docs_page import render_page
from anchor_tui.domain.policy.registry import CHECKS, CHECKS_BY_ID
from anchor_tui.domain.policy.waivers import list_waiver_expiries
from tests.domain.policy.sample_repo import CONFIG, WHOLE, every, failing, judged, with_files
from tests.values import NOW, replace

PROD = "infra/helm/platform/environments/prod/values.yaml"
BROKEN = with_files("prod", {PROD: ("AUTH_MODE: jwt", "AUTH_MODE: disabled")}, "values")
TODAY = NOW.date()


def config_with(until: date, environment: str = "prod"):
    waiver = Waiver("auth.jwt-required", environment, until, "moving house")
    return replace(CONFIG, policy=replace(CONFIG.policy, waivers=(waiver,)))


def test_a_waiver_is_valid_through_its_last_day() -> None:
    findings = judged(BROKEN, config_with(TODAY))

    assert failing(findings) == set()
    [waived] = [finding for _, finding in every(findings) if finding.status == "waived"]
    assert f"waived until {TODAY}: moving house" in waived.message


def test_an_expired_waiver_is_a_failure_with_a_hint() -> None:
    yesterday = TODAY - timedelta(days=1)
    findings = judged(BROKEN, config_with(yesterday))

    assert failing(findings) == {("prod", "auth.jwt-required", "git")}
    [failed] = [finding for _, finding in every(findings) if finding.status == "fail"]
    assert f"its waiver expired on {yesterday} (moving house)" in failed.message


def test_a_waiver_applies_to_failures_of_its_environment() -> None:
    assert failing(judged(BROKEN, config_with(TODAY, "staging"))) == {("prod", "auth.jwt-required", "git")}
    assert not [finding for _, finding in every(judged(WHOLE, config_with(TODAY))) if finding.status == "waived"]


def test_the_earliest_expiry_comes_first() -> None:
    ends = [date(2027, 1, 1), TODAY, TODAY - timedelta(days=3)]
    waivers = tuple(Waiver("ci.green", "prod", until, "r") for until in ends)

    found = list_waiver_expiries(replace(CONFIG, policy=replace(CONFIG.policy, waivers=waivers)), NOW)

    assert [(expiry.days, expiry.expired) for expiry in found] == [(-2, True), (1, False), (40, False)]


def test_docs_policy_md_is_current() -> None:
    written = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()

    assert written == render_page(), "run: python -m anchor_tui.domain.policy.docs_page > docs/policy.md"


def test_every_check_has_complete_texts() -> None:
    assert len(CHECKS_BY_ID) == len(CHECKS)
    for check in CHECKS:
        assert all((check.title, check.section, check.why, check.fix, check.evidence))
