"""The application screen: its title, its panes and its keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NoReturn

import pytest
from textual.widgets import Static

from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.inspection.resource_tree import ResourceTree
from anchor_tui.domain.readings import Stale
from anchor_tui.services.observe.inspect import InspectedTree
from anchor_tui.tui.inspection.events import EventsPanel
from anchor_tui.tui.inspection.resource_details import ResourceDetails, ResourceSubject
from anchor_tui.tui.inspection.resources import ResourcesPanel
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.plan import PlanScreen
from anchor_tui.tui.widgets.key_footer import KeyFooter
from anchor_tui.tui.widgets.pane_tabs import PaneTabs
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_inspections import (
    DIAGNOSED,
    FAILING_NODES,
    FAILING_POD,
    HEALTHY_NODES,
    REFUSED,
    UNREACHABLE,
    FakeInspector,
    make_node,
)
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_readings import DEV, HEALTHY, HOSTILE_NAME, STAGING
from tests.tui.test_palette import run_entry
from tests.values import NOW, argocd, config, fresh, readings, replace

FAILING = readings(fresh(argocd(DEV, STAGING, DIAGNOSED)))
SIZES = [(80, 24), (120, 40)]


def get_screen(ui: AppHarness) -> ApplicationScreen:
    assert isinstance(ui.app.screen, ApplicationScreen)
    return ui.app.screen


def get_resources(ui: AppHarness) -> ResourcesPanel:
    return get_screen(ui).query_one(ResourcesPanel)


def get_details(ui: AppHarness) -> str:
    """Return the details of the selected resource, which the screen wraps."""
    return str(get_screen(ui).query_one("#resource-text", Static).content)


async def read_forever(_revision: str) -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError


async def poll(ui: AppHarness) -> None:
    """Let the visible panel read again."""
    before = len(ui.backend.inspected)
    panel = get_screen(ui).panel
    panel.deactivate()
    panel.activate()
    await ui.wait_until(lambda: len(ui.backend.inspected) > before)
    await ui.pilot.pause()
    await ui.pilot.pause()


@asynccontextmanager
async def open_application(
    inspector: FakeInspector | None = None, size: tuple[int, int] = (120, 40), **options: object
) -> AsyncIterator[AppHarness]:
    """Open the application of prod, and wait until its resources and the details of one are read."""
    inspector = inspector or FakeInspector()
    async with open_app(size, environment="prod", **options) as ui:  # type: ignore[arg-type]
        ui.backend.inspector = inspector
        await ui.show(FAILING)
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))
        await ui.wait_until(lambda: bool(get_screen(ui).query(ResourcesPanel)))
        await ui.wait_until(lambda: get_resources(ui).reading is not None)
        if get_resources(ui).resource_tree:
            await ui.wait_until(lambda: "reading manifest" not in ui.text)
        await ui.pilot.pause()
        yield ui


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_enter_shows_the_message_of_the_failing_pod(size):
    async with open_application(size=size) as ui:
        assert "CrashLoopBackOff, exit 1, 6 restarts in 11 min, last 40 s ago" in get_details(ui)
        assert "CrashLoopBackOff, exit 1, 6" in ui.text
        assert "back-off 5m0s restarting failed" in ui.text
        assert "gateway exits with code 1: KeyError: 'AUTH_JWKS_URL'" in ui.text
        assert get_screen(ui).selected == FAILING_POD


async def test_the_title_has_release_and_commit():
    async with open_application() as ui:
        await ui.wait_until(lambda: "Release 1.43.1 (#225)" in ui.text)
        lines = ui.text.splitlines()
        assert "prod  argocd/anchor-msp-prod  ✗ FAILING  ✗ Degraded  ✓ Synced" in lines[0]
        assert "next: Read the log of the process that ended" in lines[2]
        assert "release 1.43.1 by a.lee #1431  revision 58c9961  Release 1.43.1 (#225)  Ada Lee, 2 h ago" in lines[3]


@pytest.mark.parametrize("revision", ["c" * 40, "a" * 40 + ", " + "b" * 40, None])
async def test_a_new_revision_has_no_commit_of_the_former(revision):
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        await ui.wait_until(lambda: "Release 1.43.1 (#225)" in ui.text)
        inspector.read_revision = read_forever
        moved = replace(DIAGNOSED, compared_revision=revision)
        await ui.show(readings(fresh(argocd(DEV, STAGING, moved))))
        await ui.wait_until(lambda: f"revision {shorten_revision(revision)}" in ui.text)
        assert "Release 1.43.1 (#225)" not in ui.text
        assert "Ada Lee" not in ui.text


async def test_healthy_siblings_share_a_line_with_a_count():
    async with open_application() as ui:
        assert "▸ Deployment/web  3 healthy Pods" in ui.text
        assert "Pod/web-5b6c-0" not in ui.text
        assert "Pod/debug-shell  ! orphan" in ui.text


async def test_the_arrows_expand_and_collapse():
    async with open_application() as ui:
        tree = get_resources(ui).rows
        tree.row_list.cursor = "web"
        await ui.press("right")
        assert "ReplicaSet/web-5b6c" in ui.text
        await ui.press("right", "right")
        assert "Pod/web-5b6c-0" in ui.text
        await ui.press("left")
        assert "Pod/web-5b6c-0" not in ui.text
        await ui.press("left")
        assert tree.row_list.cursor == "web"
        await ui.press("space")
        assert "ReplicaSet/web-5b6c" not in ui.text


async def test_a_filter_finds_a_collapsed_resource():
    async with open_application() as ui:
        await ui.press("slash", *"web-5b6c-2")
        assert "Pod/web-5b6c-2" in ui.text
        assert "CrashLoop" not in ui.text.split("│")[0]
        await ui.press("enter", "escape")
        assert "Pod/web-5b6c-2" not in ui.text
        assert isinstance(ui.app.screen, ApplicationScreen)


async def test_the_cursor_stays_on_its_resource_in_a_newer_tree():
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        tree = get_resources(ui).rows
        tree.row_list.cursor = "web"
        nodes = (make_node("api", "Deployment", health="Degraded"), *FAILING_NODES)
        inspector.tree = fresh(InspectedTree(ResourceTree(nodes), inspector.tree.value.details))  # type: ignore[union-attr]
        await poll(ui)
        await ui.wait_until(lambda: "Deployment/api" in ui.text)
        assert tree.row_list.cursor == "web"


async def test_the_details_follow_the_cursor_once_it_rests():
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        details = get_screen(ui).query_one(ResourceDetails)
        passed, rested = FAILING_NODES[0], FAILING_NODES[1]
        details.show_subject(ResourceSubject(passed))
        details.show_subject(ResourceSubject(rested))
        await ui.wait_until(lambda: f"live {rested.key}" in inspector.reads)
        assert f"live {passed.key}" not in inspector.reads


async def test_a_stale_tree_stays_with_its_age_and_reason():
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        inspector.tree = UNREACHABLE
        await poll(ui)
        await ui.wait_until(lambda: isinstance(get_resources(ui).reading, Stale))
        ui.time = NOW + timedelta(minutes=4)
        ui.app._tick()
        await ui.pilot.pause()
        assert "? 4 min old · stale: cd.example.com does not" in ui.text
        assert "Deployment/web" in ui.text


async def test_a_refused_tree_names_the_missing_right():
    inspector = FakeInspector()
    inspector.tree = REFUSED
    async with open_application(inspector, (80, 24)) as ui:
        assert "403: applications, get is missing" in get_details(ui)
        assert "RBAC policy of" in ui.text
        await ui.press("3")
        assert isinstance(get_screen(ui).panel, EventsPanel)


async def test_an_application_without_resources_explains_it():
    async with open_application(FakeInspector(())) as ui:
        assert "the application has no resources" in ui.text


async def test_details_that_are_refused_leave_the_tree():
    inspector = FakeInspector()
    inspector.live_object = REFUSED
    async with open_application(inspector) as ui:
        assert "manifest: 403: applications, get is missing" in get_details(ui)
        assert "Deployment/web" in ui.text


async def test_events_are_about_the_selected_resource_and_its_pods():
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        get_resources(ui).rows.row_list.cursor = "gateway"
        await ui.press("3")
        await ui.wait_until(lambda: "BackOff" in ui.text)
        assert "×23 in 10 min" in ui.text
        assert "(gateway)" in ui.text
        assert "Deployment/gateway" in ui.text
        assert "OperationCompleted" not in ui.text
        await ui.press("a")
        await ui.wait_until(lambda: "OperationCompleted" in ui.text)
        await ui.press("slash", *"warning")
        assert "OperationCompleted" not in ui.text
        assert "BackOff" in ui.text


async def test_missing_events_are_explained():
    async with open_application(FakeInspector(HEALTHY_NODES, ())) as ui:
        await ui.press("3")
        await ui.wait_until(lambda: "the cluster keeps an event for an hour" in ui.text)


async def test_refused_events_name_the_missing_right():
    inspector = FakeInspector()
    inspector.events = REFUSED
    async with open_application(inspector) as ui:
        await ui.press("3")
        await ui.wait_until(lambda: "403: applications, get is missing" in ui.text)


async def test_a_hidden_panel_does_not_read():
    inspector = FakeInspector()
    async with open_application(inspector) as ui:
        resources = get_resources(ui)
        await ui.press("3")
        assert not [worker for worker in resources.workers if worker.node is resources and worker.is_running]
        assert not resources.display
        await ui.press("1")
        assert resources.display
        assert isinstance(get_screen(ui).panel, ResourcesPanel)


async def test_leaving_cancels_a_request_in_flight():
    async with open_application() as ui:
        pending: list[Future[object]] = []

        def inspect(*_: object) -> Future[object]:
            pending.append(Future())
            return pending[-1]

        ui.backend.inspect = inspect
        panel = get_screen(ui).panel
        assert panel is not None
        panel.activate()
        await ui.wait_until(lambda: bool(pending))
        await ui.press("escape")
        await ui.wait_until(lambda: all(future.cancelled() for future in pending))


async def test_a_click_on_open_in_the_footer_opens_the_application():
    async with open_app((180, 50), environment="prod") as ui:
        ui.backend.inspector = FakeInspector()
        await ui.show(FAILING)
        footer = ui.text.splitlines()[-1]
        await ui.pilot.click(KeyFooter, offset=(footer.index("enter Open") + 2, 0))
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_leaving_cancels_the_requests_and_returns(key):
    async with open_application() as ui:
        panel = get_resources(ui)
        await ui.press(key)
        await ui.wait_until(lambda: isinstance(ui.app.screen, FleetScreen))
        assert not panel.is_attached
        assert ui.app.is_running


async def test_a_click_on_a_tab_shows_the_pane():
    async with open_application() as ui:
        tabs = get_screen(ui).query_one(PaneTabs)
        await ui.pilot.click(PaneTabs, offset=(26, 0))
        await ui.wait_until(lambda: "3 Events" in tabs.active)


async def test_two_clicks_fold_a_branch():
    async with open_application() as ui:
        row_list = get_resources(ui).rows.row_list
        place = next(index for index, row in enumerate(row_list.rows) if row.key == "web")
        await ui.pilot.click(row_list, offset=(8, place + 1), times=2)
        await ui.wait_until(lambda: "ReplicaSet/web-5b6c" in ui.text)


async def test_copy_takes_kind_and_name():
    async with open_application() as ui:
        await ui.press("y")
        assert ui.app.clipboard == str(FAILING_POD.key)


async def test_an_action_applies_to_the_application():
    async with open_application() as ui:
        ui.backend.plan = sync_plan
        await ui.press("s")
        await ui.wait_until(lambda: isinstance(ui.app.screen, PlanScreen))
        assert ui.backend.orders[-1].applications == (DIAGNOSED.id,)


async def test_read_only_has_no_actions():
    async with open_application(config=config(read_only=True)) as ui:
        await ui.press("s")
        await ui.press("A")
        assert ui.backend.orders == []
        assert isinstance(ui.app.screen, ApplicationScreen)
        assert "Sync: read-only: no actions" in ui.notifications
        assert "Actions: read-only: no actions" in ui.notifications
        assert "Sync" not in ui.text.splitlines()[-1]


async def test_help_lists_the_keys_of_the_screen():
    async with open_application() as ui:
        await ui.press("question_mark")
        assert "fold" in ui.text
        assert "next-environment" not in ui.text


async def test_help_lists_the_keys_of_the_logs():
    async with open_application() as ui:
        await ui.press("4")
        await ui.wait_until(lambda: get_screen(ui).pane == "Logs")
        await ui.press("question_mark")
        assert "log-follow" in ui.text
        assert "this pane cannot be filtered" not in ui.text
        assert "expand" not in ui.text


async def test_an_action_needs_a_live_resource():
    async with open_application(FakeInspector(())) as ui:
        await ui.press("A")
        assert "Actions: not now" in ui.notifications or "no live resource is selected" in ui.notifications


async def test_foreign_text_is_harmless():
    node = make_node(HOSTILE_NAME, health="Degraded", message=HOSTILE_NAME)
    async with open_application(FakeInspector((node,))) as ui:
        assert "\x1b" not in ui.text
        assert "[/foo]" in ui.text


async def test_the_palette_jumps_to_a_pane_and_a_resource():
    async with open_app((120, 40), environment="dev") as ui:
        ui.backend.inspector = FakeInspector()
        await ui.show(FAILING)
        await run_entry(ui, "events prod gateway")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))
        await ui.wait_until(lambda: isinstance(get_screen(ui).panel, EventsPanel))
        assert get_screen(ui).selected is not None
        assert str(get_screen(ui).selected.key) == "Deployment/gateway"  # type: ignore[union-attr]


STATES = {
    "failing": FakeInspector,
    "healthy": lambda: FakeInspector(HEALTHY_NODES, ()),
    "empty": lambda: make_empty(),
    "refused": lambda: make_refused(),
}


def make_empty() -> FakeInspector:
    inspector = FakeInspector((), ())
    inspector.application_events = fresh(())
    return inspector


def make_refused() -> FakeInspector:
    inspector = FakeInspector()
    inspector.tree = inspector.events = inspector.application_events = REFUSED
    return inspector


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", [*STATES, "stale"])
@pytest.mark.parametrize("pane", ["resources", "events"])
async def test_application_picture(pane, state, size, picture):
    inspector = STATES.get(state, FakeInspector)()
    async with open_application(inspector, size) as ui:
        if state == "healthy":
            await ui.show(HEALTHY)
        await ui.wait_until(lambda: "Release 1.43.1 (#225)" in ui.text)
        if pane == "events":
            await ui.press("3")
            await ui.wait_until(lambda: getattr(get_screen(ui).panel, "reading", None) is not None)
        if state == "stale":
            inspector.tree = inspector.events = inspector.application_events = UNREACHABLE
            await poll(ui)
        ui.time = NOW + timedelta(seconds=1)
        ui.app._tick()
        await ui.pilot.pause()
        await ui.pilot.pause()
        assert ui.picture() == picture
