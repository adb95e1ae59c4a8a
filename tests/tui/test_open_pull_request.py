"""The way from anything with a pull request to its screen: by key, and by a click on its number."""

from __future__ import annotations

import re

import pytest
from textual.content import Content

from anchor_tui.domain.inspection.deployments import RevisionMetadata
from anchor_tui.domain.model import PullRequest, Snapshot
from anchor_tui.domain.readings import Fresh
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.tui.screens.environment import EnvironmentScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from anchor_tui.tui.style import link_pull_requests, safe_text
from anchor_tui.tui.targets import list_known_pull_requests
from anchor_tui.tui.widgets.bars import DetailPanel
from tests.tui.harness import AppHarness, FakeBackend, UnreadInspector, open_app
from tests.tui.inspection.test_history import COMMITS
from tests.tui.inspection.test_history import inspector as make_history_inspector
from tests.tui.sample_pull_requests import FakePullRequests
from tests.tui.sample_readings import HOSTILE, INCIDENT
from tests.values import NOW, config, replace


def shown_number(ui: AppHarness) -> int:
    """Return the number of the pull request in front; 0 if another screen is in front."""
    screen = ui.app.screen
    return screen.number if isinstance(screen, PullRequestScreen) else 0


async def click_number(ui: AppHarness, number: int, *, last: bool = False) -> None:
    """Click on the first (or the last) place where a number is shown."""
    places = [
        (found.start() + 1, y)
        for y, line in enumerate(ui.text.splitlines())
        for found in re.finditer(rf"#{number}\b", line)
    ]
    assert places, ui.text
    await ui.pilot.click(offset=places[-1 if last else 0])
    await ui.pilot.pause()


def open_fleet(size=(110, 32), environment="prod", **options):
    backend = FakeBackend()
    backend.pull_requests = FakePullRequests()
    return open_app(size, backend=backend, environment=environment, **options)


class HistoryInspector(UnreadInspector):
    """An inspector that reads the history only."""

    def __init__(self) -> None:
        found = make_history_inspector()
        self.read_details, self.github = found.read_details, found.github

    async def read_revision(self, revision: str) -> Fresh[RevisionMetadata]:
        return Fresh(COMMITS.get(revision, RevisionMetadata(revision)), NOW, NOW)


def with_release_of(snapshot: Snapshot, number: int | None) -> Snapshot:
    """Return a snapshot in which one pull request, or none, brought every release."""

    def change(environment):
        release = environment.release
        pull = replace(release.pull_request, number=number) if number is not None else None
        return replace(environment, release=replace(release, pull_request=pull))

    return replace(snapshot, environments=tuple(change(environment) for environment in snapshot.environments))


INCIDENT_SNAPSHOT = build_snapshot(config(), INCIDENT, NOW)


@pytest.mark.parametrize("size", [(80, 24), (180, 50)])
async def test_the_key_opens_the_pull_request_of_the_release(size):
    async with open_fleet(size) as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("u")
        await ui.wait_until(lambda: shown_number(ui) == 777)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_the_key_opens_a_highlighted_pull_request():
    async with open_fleet(environment="staging") as ui:
        await ui.show(INCIDENT)
        ui.fleet.pane = "Pull requests"
        await ui.pilot.pause()
        await ui.wait_until(lambda: ui.fleet.highlighted_row is not None)
        number = ui.fleet.highlighted_row.pull_request
        await ui.press("u")
        await ui.wait_until(lambda: shown_number(ui) == number)


async def test_a_release_without_pull_request_is_explained():
    async with open_fleet() as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, None))
        await ui.press("u")
        assert "no pull request is known for it" in ui.notifications
        assert "u P" not in ui.text.splitlines()[-1]


async def test_the_key_works_on_the_title_of_an_application():
    async with open_fleet() as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("enter")
        await ui.wait_until(lambda: "#777" in ui.text.splitlines()[2] + ui.text.splitlines()[1])
        await ui.press("u")
        await ui.wait_until(lambda: shown_number(ui) == 777)


async def test_the_key_works_on_a_deployment_of_history():
    async with open_fleet((200, 40)) as ui:
        ui.backend.inspector = HistoryInspector()
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("enter")
        await ui.wait_until(lambda: "6 History" in ui.text)
        await ui.press("6")
        await ui.wait_until(lambda: "Release 1.43.2 to prod" in ui.text)
        assert re.search(r"u (Pull request|PR)", ui.text.splitlines()[-1])
        await ui.press("u")
        await ui.wait_until(lambda: shown_number(ui) == 233)
        await ui.press("escape")
        await click_number(ui, 233)
        await ui.wait_until(lambda: shown_number(ui) == 233)


async def test_the_key_works_on_the_environment_screen():
    async with open_fleet() as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("e")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen) and "#777" in ui.text)
        await ui.press("u")
        await ui.wait_until(lambda: shown_number(ui) == 777)
        await ui.press("escape", "tab", "u")
        await ui.wait_until(lambda: shown_number(ui) == 777)


async def test_the_key_can_be_configured():
    async with open_fleet(config=config(keys={"pull-request": "U"})) as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("u")
        assert shown_number(ui) == 0
        await ui.press("U")
        await ui.wait_until(lambda: shown_number(ui) == 777)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (180, 50)])
async def test_a_click_on_a_number_opens_it(size):
    async with open_fleet(size) as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        number = 777 if "#777" in ui.text else 232
        await click_number(ui, number)
        await ui.wait_until(lambda: shown_number(ui) == number)


async def test_a_click_on_the_number_of_a_row_opens_it():
    async with open_fleet() as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("e")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen) and "#777" in ui.text)
        await click_number(ui, 777, last=True)
        await ui.wait_until(lambda: shown_number(ui) == 777)


async def test_a_click_on_the_title_of_an_application_opens_it():
    async with open_fleet() as ui:
        await ui.publish(with_release_of(INCIDENT_SNAPSHOT, 777))
        await ui.press("enter")
        await ui.wait_until(lambda: "release " in ui.text and "#777" in ui.text)
        await click_number(ui, 777)
        await ui.wait_until(lambda: shown_number(ui) == 777)


def with_unassigned(snapshot: Snapshot, *pulls: PullRequest) -> Snapshot:
    return replace(snapshot, pull_requests=(*snapshot.pull_requests, *pulls))


async def test_a_click_on_an_unassigned_pull_request_opens_it():
    async with open_fleet((180, 50)) as ui:
        named = PullRequest(901, "Add a probe", "https://github.com/a/b/pull/901")
        naming = PullRequest(902, "Revert #901", "https://github.com/a/b/pull/902")
        await ui.publish(with_unassigned(INCIDENT_SNAPSHOT, named, naming))
        ui.fleet.show_all, ui.fleet.pane = True, "Pull requests"
        await ui.pilot.pause()
        ui.fleet.active_list.cursor = "902"
        await ui.wait_until(lambda: "Revert #901" in str(ui.fleet.query_one(DetailPanel).content))
        await click_number(ui, 901, last=True)
        await ui.wait_until(lambda: shown_number(ui) == 901)


def test_every_pull_request_of_a_snapshot_is_known_once():
    unassigned = PullRequest(901, "Add a probe", "https://github.com/a/b/pull/901")
    snapshot = with_unassigned(with_release_of(INCIDENT_SNAPSHOT, 777), unassigned)
    known = list_known_pull_requests(snapshot)
    assert {901, 777} < set(known)
    assert known[901] == "Add a probe"
    for environment in snapshot.environments:
        assert known.keys() >= list_known_pull_requests(environment).keys()


def test_only_known_numbers_become_links():
    content = link_pull_requests(safe_text("#233 #2330 #233… a#233 ##233 #99 [@click=app.quit]x[/]"), {233})
    assert [(span.start, span.end) for span in content.spans if span.style] == [(0, 4)]
    assert "[@click=app.quit]" in content.plain
    assert link_pull_requests(Content("#7"), ()).spans == []


@pytest.mark.parametrize("number", ["233", "app.quit()", True, -1, 0, None, 2.5, [233]])
async def test_a_link_with_anything_but_a_number_is_ignored(number):
    async with open_fleet() as ui:
        ui.app.action_open_pull_request(number)
        await ui.pilot.pause()
        assert isinstance(ui.app.screen, FleetScreen)


async def test_foreign_text_cannot_add_a_link():
    async with open_fleet((180, 50)) as ui:
        await ui.show(HOSTILE)
        actions = {
            str(segment.style.meta.get("@click"))
            for strip in ui.app.screen._compositor.render_strips(ui.app.size)
            for segment in strip
            if segment.style and segment.style.meta.get("@click")
        }
        assert all(re.fullmatch(r"\('app\.open_pull_request', \(\d+,\)\)", action) for action in actions)
