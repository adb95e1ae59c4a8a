"""The screen of one environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager

import pytest

from anchor_tui.config.model import ApplicationName, Config
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.readings import Loading
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.screens.commands import CommandsScreen
from anchor_tui.tui.screens.detail import DetailScreen
from anchor_tui.tui.screens.environment import EnvironmentScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from anchor_tui.tui.screens.release_chooser import ReleaseChooser
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.row_list import RowList
from tests import rich
from tests.tui.harness import AppHarness, FakeBackend, open_app
from tests.tui.sample_plans import promotion_plan
from tests.tui.sample_readings import (
    DEV,
    EXPLAINED,
    HEALTHY,
    HOSTILE_NAME,
    OUT_OF_SYNC,
    PAST_RELEASES,
    STALE,
)
from tests.values import argocd, config, environment_config, fresh, ops_repo, readings, release, replace

WIDE = (120, 40)
PROD_WITH_TWO = config(
    environment_config("dev"),
    environment_config("staging"),
    environment_config(
        "prod", applications=(ApplicationName("anchor-msp-prod"), ApplicationName("anchor-worker-prod"))
    ),
)
REFUSED = Refusal("prod", "forbidden", "GitHub is not readable: 403: the token may not read anchor/anchor-msp-ops")
STATES: dict[str, tuple[SourceReadings, tuple[PastRelease, ...] | Refusal]] = {
    "healthy": (HEALTHY, PAST_RELEASES),
    "failing": (EXPLAINED, PAST_RELEASES),
    "stale": (STALE, PAST_RELEASES),
    "empty": (replace(HEALTHY, github=fresh(ops_repo(environments={}))), ()),
    "refused": (EXPLAINED, REFUSED),
    "loading": (SourceReadings(), ()),
    "delivery": (replace(HEALTHY, history=HistoryFacts(delivery={"prod": (rich.DELIVERY,)})), PAST_RELEASES),
    "failing-delivery": (replace(EXPLAINED, history=HistoryFacts(delivery={"prod": (rich.DELIVERY,)})), PAST_RELEASES),
}


class SlowBackend(FakeBackend):
    """A backend whose release history does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Future[tuple[PastRelease, ...] | Refusal]] = []

    def earlier_releases(self, environment: str) -> Future[tuple[PastRelease, ...] | Refusal]:
        self.requests.append(Future())
        return self.requests[-1]


@asynccontextmanager
async def open_environment(
    state: str = "failing", size: tuple[int, int] = WIDE, given: Config = PROD_WITH_TWO
) -> AsyncIterator[AppHarness]:
    """Open the screen of prod."""
    shown, releases = STATES[state]
    async with open_app(size, given, environment="prod") as ui:
        ui.backend.releases = releases
        await ui.show(shown)
        await ui.press("e")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))
        await ui.pilot.pause()
        yield ui


def screen_of(ui: AppHarness) -> EnvironmentScreen:
    assert isinstance(ui.app.screen, EnvironmentScreen)
    return ui.app.screen


@pytest.mark.parametrize("size", [(80, 24), WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_environment_picture(state, size, picture):
    async with open_environment(state, size) as ui:
        await ui.wait_until(lambda: "reading" not in ui.text or state in {"loading", "empty"})
        assert ui.picture() == picture


@pytest.mark.parametrize("size", [(80, 24), WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_applications_picture(size, picture):
    async with open_environment(size=size) as ui:
        await ui.press("tab")
        assert ui.picture() == picture


async def test_delivery_metrics_are_in_words_with_their_counts():
    async with open_environment("delivery") as ui:
        text = " ".join(ui.text.split())
        assert "deployments ≥ 3.5 per week (6) · lead time 12 min (5) · change failures 20 % (5)" in text
        assert "too few: time to restore (1)" in text
        await ui.show(HEALTHY)
        assert "last 30 d" not in ui.text


async def test_releases_are_listed_with_the_current_one_marked():
    async with open_environment() as ui:
        await ui.wait_until(lambda: "1.42.7" in ui.text)
        current, *earlier = [line for line in ui.text.splitlines() if "Release 1.4" in line][:4]
        assert "1.43.2" in current
        assert "current" in current
        assert [line.split()[0] for line in earlier] == ["1.43.1", "1.43.0", "1.42.7"]
        assert "a.lee" in earlier[0]
        assert "Releases 4" in ui.text


async def test_the_verdict_shows_the_cause_and_its_release():
    async with open_environment() as ui:
        assert "gateway exits with code 1: cannot connect to postgres.anchor-prod:5432" in ui.text
        assert "since 1.43.2 (#1432 by a.lee)" in " ".join(ui.text.split())


async def test_applications_show_cause_evidence_and_next_step():
    async with open_environment() as ui:
        await ui.press("tab")
        assert "anchor-worker-prod" in ui.text
        assert "next  Read the log of the process that ended" in ui.text
        assert "6 restarts in 11 min, last 40 s ago" in ui.text
        assert "anchor-msp-staging" not in ui.text


async def test_tabs_show_only_what_belongs_to_the_environment():
    async with open_environment() as ui:
        await ui.press("shift+tab")
        assert "#240" in ui.text
        assert "#232" not in ui.text
        await ui.press("tab")
        assert screen_of(ui).pane == "Releases"


async def test_a_filter_keeps_matching_releases_and_escape_leaves():
    async with open_environment() as ui:
        await ui.wait_until(lambda: "1.42.7" in ui.text)
        await ui.press("slash", *"1.43.0", "enter")
        assert "1.42.7" not in ui.text
        await ui.press("escape")
        assert "1.42.7" in ui.text
        await ui.press("escape")
        await ui.wait_until(lambda: isinstance(ui.app.screen, FleetScreen))


async def test_rollback_and_promotion_start_from_here():
    async with open_environment() as ui:
        await ui.press("b")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ReleaseChooser))
        await ui.press("escape")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))
        await ui.open_plan("p", promotion_plan)
        assert ui.backend.orders[-1].environments == ("prod",)
        assert ui.backend.orders[-1].action == "promote"


async def test_an_action_applies_to_the_highlighted_application():
    async with open_environment() as ui:
        await ui.press("tab", "down", "r")
        await ui.wait_until(lambda: bool(ui.backend.orders))
        assert [str(id_) for id_ in ui.backend.orders[-1].applications] == ["argocd/anchor-worker-prod"]


async def test_a_read_only_environment_refuses_actions_but_lists_commands():
    async with open_environment(given=replace(PROD_WITH_TWO, read_only=True)) as ui:
        await ui.press("b")
        assert "Rollback: not now: read-only: no actions" in ui.notifications
        assert isinstance(ui.app.screen, EnvironmentScreen)
        await ui.press("C")
        assert isinstance(ui.app.screen, CommandsScreen)


async def test_enter_shows_everything_about_a_release():
    async with open_environment() as ui:
        await ui.press("enter")
        assert isinstance(ui.app.screen, DetailScreen)
        assert "1.43.2" in ui.text.split("esc closes")[1]


async def test_the_keys_of_another_screen_are_not_offered():
    async with open_environment() as ui:
        offered = {action.id for action in ui.app.screen.query_one(KeyFooter).actions}
        assert "sync" in offered
        assert "resource-action" not in offered
        assert "resource-action" not in {action.id for action in ui.app.screen.key_actions}


async def test_enter_in_release_details_opens_the_pull_request():
    async with open_environment() as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: "enter opens #" in ui.text)
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, PullRequestScreen))
        await ui.press("escape")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))


@pytest.mark.parametrize(("key", "screen"), [("tab", ApplicationScreen), ("shift+tab", PullRequestScreen)])
async def test_enter_opens_the_screen_of_a_row(key, screen):
    async with open_environment() as ui:
        await ui.press(key, "enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, screen))


async def test_the_history_is_requested_only_while_visible():
    backend = SlowBackend()
    async with open_app(WIDE, PROD_WITH_TWO, backend=backend, environment="prod") as ui:
        await ui.show(EXPLAINED)
        assert backend.requests == []
        await ui.press("e")
        await ui.wait_until(lambda: bool(backend.requests) and not backend.requests[-1].cancelled())
        assert "reading the history" in ui.text
        await ui.press("tab")
        await ui.wait_until(lambda: all(request.cancelled() for request in backend.requests))
        number = len(backend.requests)
        await ui.press("shift+tab")
        await ui.wait_until(lambda: len(backend.requests) == number + 1)
        await ui.press("escape")
        await ui.wait_until(lambda: backend.requests[-1].cancelled())


async def test_a_new_release_is_a_reason_to_read_the_history():
    backend = SlowBackend()
    async with open_app(WIDE, PROD_WITH_TWO, backend=backend, environment="prod") as ui:
        await ui.show(HEALTHY)
        await ui.press("e")
        await ui.wait_until(lambda: bool(backend.requests))
        number = len(backend.requests)
        await ui.show(HEALTHY)
        assert len(backend.requests) == number
        await ui.show(EXPLAINED)
        await ui.wait_until(lambda: len(backend.requests) > number)


async def test_a_refused_history_keeps_what_was_read_before():
    async with open_environment() as ui:
        await ui.wait_until(lambda: "1.42.7" in ui.text)
        ui.backend.releases = REFUSED
        await ui.press("tab", "shift+tab")
        await ui.wait_until(lambda: "403" in ui.text)
        assert "1.42.7" in ui.text
        assert "earlier releases: GitHub is not readable: 403: the token may not read" in ui.text


async def test_hostile_text_in_the_history_is_literal():
    async with open_app(WIDE, PROD_WITH_TWO, environment="prod") as ui:
        hostile = replace(release("1.43.0"), version=HOSTILE_NAME, changed_by=HOSTILE_NAME)
        ui.backend.releases = (PastRelease("4" * 40, hostile),)
        await ui.show(HEALTHY)
        await ui.press("e")
        await ui.wait_until(lambda: "[@click=app.quit]" in ui.text)
        assert not set(ui.text) & {"\x1b", "\u202e"}


async def test_the_palette_opens_an_environment():
    async with open_app(WIDE, PROD_WITH_TWO) as ui:
        await ui.show(EXPLAINED)
        await ui.press("ctrl+p", *("space" if key == " " else key for key in "open environment prod"))
        await ui.app.workers.wait_for_complete()
        await ui.press("down", "enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))
        assert "gateway exits" in ui.text


async def test_enter_on_an_environment_with_several_applications_opens_it():
    async with open_app((80, 24), PROD_WITH_TWO, environment="prod") as ui:
        await ui.show(EXPLAINED)
        await ui.press("shift+tab")
        await ui.wait_until(lambda: ui.app.screen.query_one("#fleet", RowList).has_focus)
        await ui.press("end")
        assert ui.fleet.environment == "prod"
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))


async def test_help_lists_the_keys_of_the_screen():
    async with open_environment() as ui:
        await ui.press("question_mark")
        assert "rollback" in ui.text
        assert "show-all" not in ui.text


async def test_an_environment_without_data_explains_itself():
    async with open_app(WIDE, PROD_WITH_TWO, environment="prod") as ui:
        await ui.show(readings(fresh(argocd(DEV, OUT_OF_SYNC)), Loading()))
        await ui.press("e")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen))
        assert "reading the history" in ui.text
