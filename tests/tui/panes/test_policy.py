"""The policy pane: what fails and where, what each evidence says, and how to mend it."""

from __future__ import annotations

from typing import Any

from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.domain.policy.engine import PolicyFindings
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY
from tests.values import replace

OVERLAY = "infra/helm/platform/environments/prod/values.yaml"


def make_finding(check: str, status: str = "fail", evidence: str = "git", **changes: Any) -> Finding:
    base = Finding(check, f"Title of {check}", "error", status, evidence, f"{check} in {evidence}")
    return replace(base, **changes)


MOCK = "mock.control-center-url"
FINDINGS = PolicyFindings(
    {
        "prod": (
            make_finding(MOCK, evidence="git", file=OVERLAY, line=41, fix="name the real one"),
            make_finding(MOCK, evidence="rendered"),
            make_finding(MOCK, "pass", evidence="live"),
            make_finding("runtime.memory-budget", level="warning", evidence="rendered"),
            make_finding("workers.gateway-image", "unknown", evidence="live"),
            make_finding("auth.jwt-required", "waived"),
            make_finding("release.pinned", "pass"),
            make_finding("argo.at-head", "skipped", evidence="live-spec"),
        )
    },
    (make_finding("ci.green", "pass", evidence="ci"),),
)


async def test_failures_stand_first_and_what_holds_is_folded(picture):
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY, FINDINGS)
        await stage.press("tab")
        assert [row.key.split()[-1] for row in stage.fleet.active_list.rows] == [
            MOCK,
            "runtime.memory-budget",
            "workers.gateway-image",
            "auth.jwt-required",
            "holds",
        ]
        assert "2 checks hold  1 skipped" in stage.text
        assert stage.picture() == picture


async def test_each_evidence_of_a_check_stands_side_by_side_with_its_place_and_the_way_to_mend_it():
    async with open_app((130, 40), environment="prod") as stage:
        await stage.show(HEALTHY, FINDINGS)
        await stage.press("tab")
        assert f"✗ git        {MOCK} in git  {OVERLAY}:41" in stage.text
        assert f"✗ rendered   {MOCK} in rendered" in stage.text
        assert f"✓ live       {MOCK} in live" in stage.text
        assert "mend  name the real one" in stage.text
        assert "Production No-Mock Cutover" in stage.text


async def test_o_opens_the_file_at_the_line_and_y_copies_the_place(monkeypatch):
    opened: list[str] = []
    async with open_app(environment="prod") as stage:
        monkeypatch.setattr(stage.app, "open_url", opened.append)
        await stage.show(HEALTHY, FINDINGS)
        await stage.press("tab", "o", "y")
        assert opened == [f"https://github.com/anchor/anchor-msp-ops/blob/HEAD/{OVERLAY}#L41"]
        assert stage.app.clipboard == f"{OVERLAY}:41"


async def test_enter_shows_the_check_whole_and_any_way_out_closes_it():
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY, FINDINGS)
        await stage.press("tab", "enter")
        assert "esc closes · o opens it in the browser" in stage.text
        await stage.press("escape")
        assert stage.fleet.is_current


async def test_show_all_unfolds_what_holds_of_every_environment():
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY, FINDINGS)
        await stage.press("tab", "v")
        assert {row.key.split()[-1] for row in stage.fleet.active_list.rows} >= {
            "release.pinned",
            "argo.at-head",
            "ci.green",
        }


async def test_the_card_counts_checks_and_not_findings():
    async with open_app(environment="prod") as stage:
        await stage.show(HEALTHY, FINDINGS)
        assert "policy ✓ 1 ✗ 1 ! 1 ? 1 1 waived" in stage.text


async def test_before_anything_was_judged_the_pane_says_so():
    async with open_app() as stage:
        await stage.press("tab")
        assert "no check has been judged yet" in stage.text


def test_a_check_is_as_bad_as_its_worst_evidence():
    results = {each.check: each for each in group_by_check(FINDINGS.environments["prod"])}
    assert results[MOCK].status == "fail"
    assert results[MOCK].evidence == ("git", "rendered")
    assert results[MOCK].worst.line == 41
    assert results["argo.at-head"].status == "skipped"
