"""The policy pane: failed checks with their place, evidence and fix."""

from __future__ import annotations

import re

import pytest

from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.tui.widgets.card import EnvironmentCard
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import open_app
from tests.tui.sample_findings import FINDINGS, MOCK, OVERLAY
from tests.tui.sample_readings import HEALTHY, NO_GITHUB, STALE
from tests.values import NOW


async def test_failures_are_first_and_passed_checks_are_folded(picture):
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab")
        assert [row.key.split()[-1] for row in ui.fleet.active_list.rows] == [
            MOCK,
            "runtime.memory-budget",
            "workers.gateway-image",
            "auth.jwt-required",
            "passed",
            "passed",
        ]
        assert "1 passed  1 skipped" in ui.text
        assert ui.picture() == picture


async def test_each_evidence_is_shown_with_its_place_and_fix():
    async with open_app((130, 40), environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab")
        assert f"✗ git        {MOCK} in git  {OVERLAY}:41" in ui.text
        assert f"✗ rendered   {MOCK} in rendered" in ui.text
        assert f"✓ live       {MOCK} in live" in ui.text
        assert "fix  name the real one" in ui.text
        assert "Production No-Mock Cutover" in ui.text


async def test_o_opens_the_file_and_y_copies_its_place(monkeypatch):
    opened: list[str] = []
    async with open_app(environment="prod") as ui:
        monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda url, _: not opened.append(url))
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab", "o", "y")
        url = f"https://github.com/anchor/anchor-msp-ops/blob/HEAD/{OVERLAY}#L41"
        await ui.wait_until(lambda: opened == [url])
        assert ui.app.clipboard == f"{OVERLAY}:41"


async def test_enter_shows_the_whole_check_until_escape():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab", "enter")
        assert "esc closes · y copies it · o opens it in the browser" in ui.text
        await ui.press("escape")
        assert ui.fleet.is_current


async def test_show_all_lists_passed_checks_of_every_environment():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab", "v")
        assert {row.key.split()[-1] for row in ui.fleet.active_list.rows} >= {
            "release.pinned",
            "argo.at-head",
            "ci.green",
        }


async def test_the_card_counts_checks_and_not_findings():
    async with open_app(environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        assert "policy ✓ 1 ✗ 1 ! 1 ? 1 1 waived" in ui.text


async def test_the_pane_explains_that_no_check_was_evaluated():
    async with open_app() as ui:
        await ui.press("tab")
        assert "no check has been evaluated yet" in ui.text


def test_a_check_is_as_bad_as_its_worst_evidence():
    results = {result.check: result for result in group_by_check(FINDINGS.environments["prod"])}
    assert results[MOCK].status == "fail"
    assert results[MOCK].evidence == ("git", "rendered")
    assert results[MOCK].worst.line == 41
    assert results["argo.at-head"].status == "skipped"


async def test_card_and_pane_count_the_same_checks():
    async with open_app((130, 40), environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab")
        assert "policy ✓ 1 ✗ 1 ! 1 ? 1 1 waived" in ui.text
        assert re.search(r"✓ +1 passed  1 skipped +of prod", ui.text)
        assert re.search(r"✓ +1 passed +of the repositories", ui.text)
        assert " Policy 7 " in ui.text


async def test_the_rule_beside_a_failed_check_is_labelled():
    async with open_app((130, 40), environment="prod") as ui:
        await ui.show(HEALTHY, FINDINGS)
        await ui.press("tab")
        assert f"✗ {MOCK}  rule: Title of {MOCK}" in ui.text


@pytest.mark.parametrize("found", [STALE, NO_GITHUB], ids=["argocd", "github"])
async def test_checks_of_a_lost_source_are_not_green(found):
    async with open_app((180, 50), environment="prod") as ui:
        await ui.show(found, FINDINGS)
        await ui.press("tab")
        assert re.search(r"policy .* 1 waived, stale", ui.text)
        card = ui.app.screen.query_one("#card-3", EnvironmentCard).render()
        start = card.plain.index("1 waived, stale")
        assert [str(span.style) for span in card.spans if span.start <= start < span.end] == ["dim"]
        rows = {row.key: row.draw_cells(NOW) for row in ui.fleet.active_list.rows}
        assert "success" not in str(rows["prod passed"][0].spans)
    async with open_app((80, 24), environment="prod") as ui:
        await ui.show(found, FINDINGS)
        cells = ui.fleet.query_one("#fleet", RowList).rows[2].draw_cells(NOW)
        policy = next(cell for cell in cells if ", stale" in cell.plain)
        assert "success" not in str(policy.spans)
