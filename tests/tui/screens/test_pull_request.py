"""The pull request screen: its panels, its keys, and what it requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from anchor_tui.tui.inspection.panel import MAX_POLL_S
from anchor_tui.tui.pull_request import reader
from anchor_tui.tui.pull_request.reader import POLL_S
from anchor_tui.tui.pull_request.wrapped_lines import WrappedLines
from anchor_tui.tui.screens.detail import DetailScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.help import HelpScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_pull_requests import (
    EMPTY,
    FAILED,
    FAILING,
    LOG,
    NO_LOG,
    PATCHES,
    READY,
    REFUSED,
    FakePullRequests,
)
from tests.tui.sample_readings import HOSTILE_NAME, INCIDENT, NO_GITHUB
from tests.values import config, replace

SIZES = [(80, 24), (120, 40)]
BY_SIZE = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
PANES = {"overview": "1", "files": "2", "checks": "3", "reviews": "4"}
BY_PANE = pytest.mark.parametrize("pane", PANES)


@asynccontextmanager
async def open_pull_request(
    fake: FakePullRequests, pane: str = "overview", size: tuple[int, int] = (110, 32), number: int = 232, **options: Any
) -> AsyncIterator[AppHarness]:
    """Open the screen of a pull request from its row."""
    async with open_app(size, environment="staging", **options) as ui:
        ui.backend.pull_requests = fake
        await ui.show(INCIDENT)
        ui.app.open_pull_request(number)
        await ui.wait_until(lambda: isinstance(ui.app.screen, PullRequestScreen) and bool(fake.requests))
        await ui.press(PANES[pane])
        if fake.details is not None:
            await ui.wait_until(lambda: screen(ui).reader.readings.details is not None and is_complete(ui))
        await ui.pilot.pause()
        yield ui


def is_complete(ui: AppHarness) -> bool:
    """Return True if every part that the visible panel shows was read."""
    readings = screen(ui).reader.readings
    pull = readings.pull
    needs_log = screen(ui).pane == "Checks" and pull is not None and bool(pull.checks)
    return (pull is None or readings.patches is not None) and (not needs_log or bool(readings.logs))


def screen(ui: AppHarness) -> PullRequestScreen:
    assert isinstance(ui.app.screen, PullRequestScreen)
    return ui.app.screen


# --- pictures ----------------------------------------------------------------------------------------


@BY_SIZE
@BY_PANE
async def test_a_failing_pull_request_picture(pane, size, picture):
    async with open_pull_request(FakePullRequests(), pane, size) as ui:
        assert ui.picture() == picture


@BY_SIZE
async def test_a_ready_pull_request_picture(size, picture):
    async with open_pull_request(FakePullRequests(READY), size=size) as ui:
        assert ui.picture() == picture


@BY_SIZE
@BY_PANE
async def test_an_empty_pull_request_picture(pane, size, picture):
    fake = FakePullRequests(EMPTY, replace(PATCHES, files=(), moves=()))
    async with open_pull_request(fake, pane, size, number=227) as ui:
        assert ui.picture() == picture


@BY_SIZE
@BY_PANE
async def test_a_refused_pull_request_picture(pane, size, picture):
    async with open_pull_request(FakePullRequests(REFUSED), pane, size) as ui:
        assert ui.picture() == picture


@BY_SIZE
async def test_a_stale_pull_request_picture(size, picture):
    fake = FakePullRequests()
    async with open_pull_request(fake, size=size) as ui:
        fake.details = REFUSED
        await ui.press("g")
        await ui.wait_until(lambda: "stale: as of 14:02Z" in ui.text)
        ui.app.clear_notifications()
        await ui.pilot.pause()
        assert ui.picture() == picture


@BY_SIZE
async def test_a_refused_log_picture(size, picture):
    async with open_pull_request(FakePullRequests(log=NO_LOG), "checks", size) as ui:
        await ui.wait_until(lambda: "403: Must have admin rights" in ui.text)
        assert ui.picture() == picture


# --- content -----------------------------------------------------------------------------------------


async def test_enter_on_a_row_opens_its_pull_request():
    async with open_app(environment="staging") as ui:
        ui.backend.pull_requests = FakePullRequests()
        await ui.show(INCIDENT)
        ui.fleet.pane = "Pull requests"
        await ui.press("enter")
        await ui.wait_until(lambda: "the release has been in dev" in ui.text.lower())
        assert ui.backend.inspected_pull_requests[0] == 232
        assert not isinstance(ui.app.screen, DetailScreen)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_the_palette_opens_a_pull_request():
    async with open_app(environment="staging") as ui:
        ui.backend.pull_requests = FakePullRequests()
        await ui.show(INCIDENT)
        await ui.press("ctrl+p", *"request #232")
        await ui.wait_until(lambda: "Pull request #232" in ui.text)
        await ui.press("down", "enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, PullRequestScreen))


async def test_the_overview_shows_merge_state_releases_and_body():
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.wait_until(lambda: "1.43.2 → 1.44.0" in ui.text)
        assert "! a reviewer requested changes; failed checks: release-contract" in ui.text
        assert "• [x] soak in dev" in ui.text
        assert "the runbook (https://wiki.anchor.example/release)" in ui.text
        assert "✗ 1 failed" in ui.text


async def test_the_log_is_shown_at_its_last_error():
    fake = FakePullRequests()
    async with open_pull_request(fake, "checks", (80, 24)) as ui:
        await ui.wait_until(lambda: "Process completed with exit code 1." in ui.text)
        assert fake.requests.count("log 7") == 1
        await ui.press("j")
        assert "Process completed" not in ui.text
        await ui.press("k")
        assert "Process completed" in ui.text
        assert fake.requests.count("log 7") == 1


async def test_a_failed_log_is_read_again_with_the_next_reading():
    fake = FakePullRequests(log=NO_LOG)
    async with open_pull_request(fake, "checks") as ui:
        await ui.wait_until(lambda: "403: Must have admin rights" in ui.text)
        await ui.press("j", "k")
        assert fake.requests.count("log 7") == 1
        fake.log = LOG
        screen(ui).reader.begin()
        await ui.wait_until(lambda: "Process completed with exit code 1." in ui.text)
        assert fake.requests.count("log 7") == 2


async def test_the_log_is_read_only_while_checks_are_visible():
    fake = FakePullRequests()
    async with open_pull_request(fake) as ui:
        await ui.wait_until(lambda: "patches" in fake.requests)
        assert "log 7" not in fake.requests
        await ui.press("3")
        await ui.wait_until(lambda: "log 7" in fake.requests)


async def test_enter_scrolls_the_diff_and_escape_returns():
    patch = "@@ -1,90 +1,90 @@\n" + "\n".join(f"+line {number}" for number in range(90))
    files = (replace(PATCHES.files[0], patch=patch),)
    async with open_pull_request(FakePullRequests(patches=replace(PATCHES, files=files)), "files") as ui:
        await ui.wait_until(lambda: "+line 0" in ui.text)
        await ui.press("enter", "end")
        assert "+line 89" in ui.text
        await ui.press("home", "j")
        assert "@@ -1,90 +1,90 @@" not in ui.text
        await ui.press("k", "pagedown")
        assert "+line 0" not in ui.text
        assert isinstance(ui.app.focused, WrappedLines)
        await ui.press("escape")
        assert not isinstance(ui.app.focused, WrappedLines)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_a_part_that_fails_leaves_the_others():
    async with open_pull_request(FakePullRequests(patches=REFUSED)) as ui:
        await ui.wait_until(lambda: "soak in dev" in ui.text)
        await ui.press("2")
        assert "the files could not be read: 403" in ui.text


async def test_an_internal_error_is_shown_in_its_place():
    async with open_pull_request(FakePullRequests(details=ValueError("x"))) as ui:
        await ui.wait_until(lambda: "internal error in anchor-tui: ValueError" in ui.text)


async def test_hostile_text_is_shown_without_markup():
    checks = (replace(FAILED, name=HOSTILE_NAME, description=HOSTILE_NAME, app=HOSTILE_NAME),)
    details = replace(FAILING, title=HOSTILE_NAME, body=HOSTILE_NAME, branch=HOSTILE_NAME, checks=checks)
    files = (replace(PATCHES.files[0], path=HOSTILE_NAME, patch=f"+{HOSTILE_NAME}"),)
    fake = FakePullRequests(details, replace(PATCHES, files=files), replace(LOG, lines=(HOSTILE_NAME,)))
    async with open_pull_request(fake) as ui:
        for key in PANES.values():
            await ui.press(key)
            assert "\x1b" not in ui.text
            assert "\u202e" not in ui.text
        assert "[@click=app.quit]quit[/]" in ui.text or "[/foo]" in ui.text


# --- requests ----------------------------------------------------------------------------------------


async def test_leaving_cancels_the_request():
    fake = FakePullRequests(details=None)
    async with open_pull_request(fake) as ui:
        await ui.press("escape")
        await ui.wait_until(lambda: fake.cancelled == ["details"])


async def test_a_dialog_in_front_stops_the_requests():
    fake = FakePullRequests(details=None)
    async with open_pull_request(fake) as ui:
        await ui.press("question_mark")
        assert isinstance(ui.app.screen, HelpScreen)
        await ui.wait_until(lambda: fake.cancelled == ["details"])
        fake.details = FAILING
        await ui.press("escape")
        await ui.wait_until(lambda: "soak in dev" in ui.text)


async def test_the_files_are_read_once_for_each_head():
    fake = FakePullRequests()
    async with open_pull_request(fake) as ui:
        await ui.wait_until(lambda: fake.requests.count("patches") == 1)
        screen(ui).reader.begin()
        await ui.wait_until(lambda: fake.requests.count("details") == 2)
        fake.details = replace(FAILING, head_sha="e" * 40)
        screen(ui).reader.begin()
        await ui.wait_until(lambda: fake.requests.count("patches") == 2)


# --- keys --------------------------------------------------------------------------------------------


async def test_m_plans_the_merge():
    async with open_pull_request(FakePullRequests(READY)) as ui:
        await ui.open_plan("m", sync_plan)
        assert [(order.action, order.number) for order in ui.backend.orders] == [("merge", 232)]


async def test_a_read_only_screen_does_not_merge():
    async with open_pull_request(FakePullRequests(READY), config=config(read_only=True)) as ui:
        await ui.press("m")
        assert ui.backend.orders == []
        assert "read-only: no actions" in ui.notifications
        assert "m Merge" not in ui.text


@pytest.mark.parametrize(("number", "reason"), [(227, "not a promotion"), (9, "#9 is not open, or not read yet")])
async def test_a_merge_that_cannot_be_planned_gives_the_reason(number, reason):
    async with open_pull_request(FakePullRequests(EMPTY), number=number) as ui:
        await ui.press("m")
        assert reason in ui.notifications


async def test_a_merge_without_github_gives_the_reason():
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.show(NO_GITHUB)
        await ui.press("m")
        assert "GitHub is missing" in ui.notifications


async def test_o_opens_the_highlighted_check(monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(
        "anchor_tui.tui.screens.pull_request.open_web_address", lambda _app, address: opened.append(address)
    )
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.press("o", "3", "o")
        assert opened == [FAILING.url, FAILED.url]


async def test_y_copies_the_address():
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.press("y")
        assert ui.app.clipboard == FAILING.url


async def test_tab_and_clicks_change_the_panel():
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.press("tab")
        assert screen(ui).pane == "Files"
        await ui.press("shift+tab", "shift+tab")
        assert screen(ui).pane == "Reviews & commits"
        await ui.pilot.click("PaneTabs", offset=(15, 0))
        assert screen(ui).pane == "Files"


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.2, POLL_S), (1.5, 30.0), (20.0, MAX_POLL_S)])
async def test_a_slow_reading_is_repeated_less_often(monkeypatch, took_s, pause_s):
    pauses, times = [], iter([100.0, 100.0 + took_s])

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.Event().wait()

    monkeypatch.setattr(reader, "asyncio", SimpleNamespace(sleep=sleep, wrap_future=asyncio.wrap_future))
    monkeypatch.setattr(reader, "time", SimpleNamespace(monotonic=lambda: next(times)))
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.wait_until(lambda: pauses == [pause_s])


async def test_q_closes_the_screen_only():
    async with open_pull_request(FakePullRequests()) as ui:
        await ui.press("q")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_the_row_of_a_thread_names_its_last_author():
    async with open_pull_request(FakePullRequests(), "reviews", (120, 40)) as ui:
        await ui.wait_until(lambda: "release.yaml:2 · unresolved" in ui.text)
        (row,) = (line for line in ui.text.splitlines() if "release.yaml:2 · unresolved" in line)
        assert "a-lee" in row
        assert "25 min" in row


async def test_the_cursor_stays_on_a_thread_that_is_resolved():
    requests = FakePullRequests()
    async with open_pull_request(requests, "reviews", (120, 40)) as ui:
        await ui.press("down", "down")
        await ui.wait_until(lambda: "Wait?" in ui.text)
        resolved = replace(FAILING.threads[0], is_resolved=True)
        requests.details = replace(FAILING, threads=(FAILING.threads[1], resolved))
        await ui.press("g")
        await ui.wait_until(lambda: "release.yaml:2 · resolved" in ui.text)
        assert "Wait?" in ui.text


async def test_a_comment_on_the_code_is_shown_in_full():
    async with open_pull_request(FakePullRequests(), "reviews", (120, 40)) as ui:
        await ui.wait_until(lambda: "environments/staging/release.yaml:2 · unresolved · 2 replies" in ui.text)
        assert "docs/a.md:7 · resolved, outdated · Typo" in ui.text
        assert "1 earlier thread of comments" in ui.text
        await ui.press("down", "down")
        await ui.wait_until(lambda: "Wait?" in ui.text)
        assert "The soak of 1.44.0 in [red]dev[/red] is not over." in ui.text
        assert "It was released on Thursday." in ui.text
        assert "1 more comment: o opens the thread on GitHub" in ui.text
        assert not screen(ui).explain_unavailable("open")
        await ui.press("up")
        await ui.wait_until(lambda: "Wait?" not in ui.text)
        assert screen(ui).explain_unavailable("open")
