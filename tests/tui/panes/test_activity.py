"""The activity pane: the actions of this session, then the recorded changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.history.loaded_timeline import LoadedTimeline
from anchor_tui.domain.history.records import HistoryFilter, RecordedChange
from anchor_tui.domain.model import AppId
from anchor_tui.services.history.store import HistoryStore
from anchor_tui.services.history.timeline_service import TimelineService
from anchor_tui.tui.panes.registry import ACTIVITY
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.screens.detail import DetailScreen
from anchor_tui.tui.screens.environment import EnvironmentScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from tests.domain.history.samples import deployment, health, recorded
from tests.services.history.test_timeline_reader import write
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import make_job, sync_plan
from tests.tui.sample_readings import INCIDENT
from tests.values import NOW, ago, replace

APP = AppId("argocd", "argocd", "anchor-msp-prod")
CHANGES = tuple(replace(change, application=APP) if change.application else change for change in deployment())
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
Connect = Callable[[AppHarness], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def connect(path: Path) -> Iterator[Connect]:
    """Return a function that gives the application the timeline of a file."""
    service = TimelineService(path, lambda: NOW)

    def connect(ui: AppHarness) -> None:
        ui.backend.timeline = lambda environments, loaded, older: service.read(
            HistoryFilter(environments=environments), loaded or LoadedTimeline(), older=older
        )

    yield connect
    service.close()


def flood(number: int) -> list[RecordedChange]:
    return [
        health(0, "Progressing", 20, application=AppId("argocd", "argocd", f"tenant-{index:03}"))
        for index in range(number)
    ]


async def open_activity(ui: AppHarness, connect: Connect) -> None:
    """Show the pane with the timeline."""
    connect(ui)
    await ui.show(INCIDENT)
    while ui.fleet.pane != ACTIVITY:
        await ui.press("shift+tab")
    await ui.wait_until(lambda: "reading the recorded" not in ui.text)
    await ui.wait_until(lambda: len(ui.fleet.active_list.rows) > 0)


def list_keys(ui: AppHarness) -> list[str]:
    return [row.key for row in ui.fleet.active_list.rows]


@SIZES
async def test_activity_picture(size: tuple[int, int], path: Path, connect: Connect, picture: object) -> None:
    for started, ended in ((300, 200), (100, None)):
        store = HistoryStore(path, ago(days=1))
        store.start_session(ago(minutes=started))
        if ended is not None:
            store.end_session(ago(minutes=ended))
        store.close()
    old = recorded(0, "release", "1.43.2", 3_000, before="1.43.1", origin="imported", pull_request=228, actor="a-lee")
    write(path, *CHANGES, *flood(300), old)
    async with open_app(size, environment="prod") as ui:
        await open_activity(ui, connect)
        assert ui.picture() == picture


async def test_actions_of_the_session_are_first(path: Path, connect: Connect) -> None:
    write(path, *CHANGES)
    async with open_app(environment="prod") as ui:
        await open_activity(ui, connect)
        job = make_job(sync_plan(Order("sync", "id", ("staging",))), "running")
        await ui.publish_jobs(job)
        assert list_keys(ui) == [job.id, *(f"change {id_}" for id_ in range(6, 0, -1))]
        assert "Activity 1" in ui.text


async def test_without_a_history_the_pane_reports_it() -> None:
    async with open_app((120, 40), environment="prod") as ui:
        await ui.show(INCIDENT)
        await ui.press("shift+tab")
        await ui.wait_until(lambda: "no change is recorded yet" in ui.text)


async def test_the_pane_shows_the_highlighted_environment(path: Path, connect: Connect) -> None:
    write(path, *CHANGES, health(0, "Missing", 30, environment="dev"))
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        assert "dev " not in "\n".join(row.search_text for row in ui.fleet.active_list.rows)
        await ui.press("v")
        await ui.wait_until(lambda: "change 7" in list_keys(ui) or len(list_keys(ui)) == 7)
        assert ui.backend.timeline_requests[-1][0] == ()
        await ui.press("v", "left")
        assert ui.backend.timeline_requests[-1][0] == ("staging",)


async def test_new_changes_arrive_with_the_snapshot(path: Path, connect: Connect) -> None:
    write(path, *CHANGES)
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        await ui.press("down")
        cursor = ui.fleet.active_list.cursor
        write(path, health(0, "Healthy", 0, application=APP))
        await ui.show(INCIDENT)
        await ui.wait_until(lambda: list_keys(ui)[0] == "change 7")
        assert ui.fleet.active_list.cursor == cursor


async def test_a_hidden_pane_reads_nothing(path: Path, connect: Connect) -> None:
    write(path, *CHANGES)
    async with open_app(environment="prod") as ui:
        connect(ui)
        await ui.show(INCIDENT)
        await ui.show(INCIDENT)
        assert ui.backend.timeline_requests == []


async def test_older_changes_are_read_near_the_end(path: Path, connect: Connect) -> None:
    write(path, *(recorded(0, "sync", str(index), index * 5) for index in range(1_200)))
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        assert len(list_keys(ui)) == 501
        await ui.press("down")
        assert ui.backend.timeline_requests[-1] == (("prod",), False)
        await ui.press("end")
        await ui.wait_until(lambda: len(list_keys(ui)) == 1_001)
        assert list_keys(ui).index(str(ui.fleet.active_list.cursor)) == 500
        await ui.press("end")
        await ui.wait_until(lambda: len(list_keys(ui)) == 1_200)


@pytest.mark.parametrize(
    ("filter_text", "number"),
    [("kind:health", 1), ("kind:pull-request|checks", 3), ("pr:233", 4), ("env:dev", 0), ("Degraded", 1)],
)
async def test_a_filter_selects_lines(path: Path, connect: Connect, filter_text: str, number: int) -> None:
    write(path, *CHANGES)
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        await ui.press("slash")
        await ui.press(*filter_text)
        assert len(list_keys(ui)) == number


async def test_enter_shows_and_hides_the_members_of_a_flood(path: Path, connect: Connect) -> None:
    write(path, *flood(12))
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        assert "12 applications  ◌ Healthy → Progressing" in ui.text
        await ui.press("enter")
        assert len(list_keys(ui)) == 13
        assert "tenant-011" in ui.text
        await ui.press("enter")
        assert len(list_keys(ui)) == 1


@pytest.mark.parametrize(
    ("change", "screen"),
    [
        (health(0, "Degraded", application=APP), ApplicationScreen),
        (health(0, "Degraded", application=AppId("argocd", "argocd", "gone")), DetailScreen),
        (recorded(0, "pull-request", "open", subject="232", pull_request=232), PullRequestScreen),
        (recorded(0, "release", "1.43.2"), EnvironmentScreen),
        (recorded(0, "source", "stale", subject="argocd"), DetailScreen),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_enter_opens_the_subject(path: Path, connect: Connect, change: RecordedChange, screen: type) -> None:
    write(path, change)
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, screen))


@pytest.fixture
def unreadable(path: Path) -> None:
    path.write_bytes(b"not a database" * 1_000)


@pytest.mark.usefixtures("unreadable")
async def test_an_unreadable_history_is_reported(connect: Connect) -> None:
    async with open_app((160, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        assert "✗ cannot read the history" in ui.text


async def test_details_name_the_origin_and_the_times(path: Path, connect: Connect) -> None:
    write(
        path,
        health(0, "Degraded", 0, application=APP, server_at=ago(minutes=12), before=None),
        recorded(0, "release", "1.43.1", 90, origin="imported", facts={"ops_commit": "a" * 40}),
    )
    async with open_app((120, 40), environment="prod") as ui:
        await open_activity(ui, connect)
        assert "the time is the server's, seen for the first time: it may have begun earlier" in ui.text
        await ui.press("down")
        assert "imported: git or Argo CD reported it" in ui.text
        assert f"ops_commit {'a' * 40}" in ui.text
