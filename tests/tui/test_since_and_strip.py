"""Since when something is wrong, and the last 24 hours, on cards, rows, details and the environment screen."""

from __future__ import annotations

import pytest

from anchor_tui.domain.first_seen import RecentPast, SeenValue
from anchor_tui.domain.history.records import SubjectKey
from anchor_tui.domain.model import Finding, FirstSeen, VerdictSpan
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SourceReadings
from tests.tui.harness import AppHarness, open_app
from tests.values import ago, application, argocd, fresh, readings, replace

STAGING = SubjectKey("sync", "staging", "argocd", "argocd", "anchor-msp-staging")
FAILED = Finding("release.pinned", "t", "error", "fail", "git", "not pinned", file="a.yaml")
SEEN = FirstSeen(ago(hours=5), observed_start=True, continuous=True)
SPANS = (
    VerdictSpan("ok", ago(hours=20), ago(hours=5)),
    VerdictSpan("failing", ago(hours=5), ago(hours=4)),
    VerdictSpan("attention", ago(hours=2)),
)
PAST = RecentPast(
    {
        "staging": {
            STAGING: SeenValue("OutOfSync", SEEN),
            SubjectKey("finding", "staging", subject="release.pinned", place="a.yaml"): SeenValue("fail", SEEN, 228),
        }
    },
    {"staging": SPANS},
)


def given(past: RecentPast = PAST) -> SourceReadings:
    apps = [application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod")]
    apps[1] = replace(apps[1], sync="OutOfSync")
    return readings(fresh(argocd(*apps)), history=HistoryFacts(recent=past))


async def show(ui: AppHarness) -> None:
    await ui.show(given(), PolicyFindings({"staging": (FAILED,)}, ()))


async def test_rows_and_details_show_the_time() -> None:
    async with open_app((120, 40), environment="staging") as ui:
        await show(ui)
        assert "! OutOfSync ≥ 5 h" in ui.text
        assert "OutOfSync since 09:02Z (first seen)" in ui.text
        assert "ATTENTION  OutOfSync ≥ 5 h" in ui.text or "VIOLATION" in ui.text


async def test_a_failed_check_names_the_pull_request_it_began_with() -> None:
    async with open_app((120, 40), environment="staging") as ui:
        await show(ui)
        await ui.press("tab")
        assert "a.yaml  fails for 5 h, since #228" in ui.text


async def test_a_card_shows_the_strip_if_there_is_room() -> None:
    async with open_app((150, 40), environment="staging") as ui:
        await ui.show(given(replace(PAST, verdicts={"dev": SPANS, "staging": SPANS})))
        assert ui.text.count("last 24 h") >= 1
        assert "–✗" in ui.text.replace(" ", "") or "✗–" in ui.text


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_environment_screen_shows_strip_and_text(ascii_only: bool) -> None:
    async with open_app((120, 40), environment="staging", ascii_only=ascii_only) as ui:
        await show(ui)
        await ui.press("e")
        await ui.wait_until(lambda: "last 24 h: ok 15 h, attention 2 h, failing 1 h, not observed 6 h" in ui.text)
        line = next(line for line in ui.text.splitlines() if "last 24 h:" in line)
        cells = line.split()[0]
        assert len(cells) == 48
        assert set(cells) == (set("+x!-") if ascii_only else set("✓✗!–"))


async def test_a_small_terminal_loses_no_line() -> None:
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(given(RecentPast()))
        before = ui.text.splitlines()
        await ui.show(given())
        assert len(ui.text.splitlines()) == len(before)
        assert "last 24 h" not in ui.text


async def test_without_a_history_nothing_is_shown() -> None:
    async with open_app((120, 40), environment="staging") as ui:
        await ui.show(given(RecentPast()))
        assert "last 24 h" not in ui.text
        assert "first seen" not in ui.text
