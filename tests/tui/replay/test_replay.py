"""A replay: the same screens at a recorded time, keys that move in time, and no action."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import parse_config
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.services.recording.recording import Recording, SingleSnapshot
from anchor_tui.tui.key_config import list_usual_keys, make_keymap
from anchor_tui.tui.replay.app import ReplayApp
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.screens.environment import EnvironmentScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.help import HelpScreen
from anchor_tui.tui.screens.pull_request import PullRequestScreen
from tests import rich
from tests.services.recording.sample_snapshots import change_application, incident, later, steady
from tests.tui.harness import AppHarness
from tests.tui.replay.conftest import open_replay, record
from tests.tui.sample_readings import INCIDENT
from tests.values import NOW, config

SIZES = [(80, 24), (120, 40)]
INCIDENT_SNAPSHOT = later(build_snapshot(config(), INCIDENT, NOW), 600)


def make_series(folder: Path) -> Recording:
    """Return steady (0), the same with a note (1), prod Degraded (2), with a note (3), steady again (4)."""
    noted = replace(later(steady(), 60), problems=rich.snapshot().problems)
    return record(
        folder,
        steady(),
        noted,
        INCIDENT_SNAPSHOT,
        replace(later(INCIDENT_SNAPSHOT, 60), problems=rich.snapshot().problems),
        later(steady(), 1200),
    )


def place_of(ui: AppHarness) -> int:
    assert isinstance(ui.app, ReplayApp)
    assert ui.app.position is not None
    return ui.app.position.place


async def press_and_load(ui: AppHarness, *keys: str, place: int) -> None:
    await ui.press(*keys)
    await ui.wait_until(lambda: place_of(ui) == place)
    await ui.pilot.pause()


# --- what is shown --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_replay_picture(folder, size, picture):
    async with open_replay(make_series(folder), size, place=2) as ui:
        assert ui.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_application_picture(folder, size, picture):
    async with open_replay(make_series(folder), size, place=2, environment="prod") as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen) and "not recorded" in ui.text)
        assert ui.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_time_dialog_picture(folder, size, picture):
    async with open_replay(make_series(folder), size) as ui:
        await ui.press("slash", *"yesterday", "enter")
        assert ui.picture() == picture


async def test_the_worst_environment_is_highlighted_in_rows_too(folder):
    async with open_replay(make_series(folder), (80, 24), place=2) as ui:
        assert ui.fleet.environment == "prod"
        assert "▌✗  prod" in ui.text


async def test_the_first_line_is_the_mark(folder):
    async with open_replay(make_series(folder), place=2) as ui:
        assert ui.text.splitlines()[0].strip() == "REPLAY 2026-11-23 14:12:31Z, 2 h ago · 3 of 5"


async def test_every_screen_has_the_mark(folder):
    async with open_replay(make_series(folder), place=2, environment="staging") as ui:
        for keys, screen in (
            (("enter",), ApplicationScreen),
            (("e",), EnvironmentScreen),
            (("u",), PullRequestScreen),
        ):
            await ui.press(*keys)
            await ui.wait_until(lambda screen=screen: isinstance(ui.app.screen, screen) and "REPLAY" in ui.text)
            assert ui.text.splitlines()[0].strip().startswith("REPLAY 2026-11-23 14:12:31Z")
            assert "not recorded" in ui.text
            await ui.press("escape")
            await ui.wait_until(lambda: isinstance(ui.app.screen, FleetScreen))


async def test_no_pane_of_an_application_is_recorded(folder):
    async with open_replay(make_series(folder), place=2, environment="prod") as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))
        for pane in "1234567":
            await ui.press(pane)
            await ui.wait_until(lambda: "not recorded" in ui.text)
            await press_and_load(ui, "left_square_bracket", place=1)
            await press_and_load(ui, "right_square_bracket", place=2)


async def test_ages_are_those_of_the_recorded_time(folder):
    fresh = record(folder, steady())
    async with open_replay(fresh) as ui:
        assert "14:02:31 UTC" in ui.text
        assert "live 2 s" in ui.text
        ui.app._tick()
        await ui.pilot.pause()
        assert "live 2 s" in ui.text


async def test_a_replay_never_becomes_stale(folder, monkeypatch):
    async with open_replay(make_series(folder)) as ui:
        ui.app._watchdog._last_monotonic -= 1000
        ui.app._tick()
        await ui.pilot.pause()
        assert "no snapshot for" not in ui.text


async def test_a_single_document_is_shown():
    async with open_replay(SingleSnapshot(rich.snapshot())) as ui:
        assert "1 of 1" in ui.text
        await ui.press("right_square_bracket")
        assert "this is the last snapshot" in ui.notifications


# --- keys that move in time -----------------------------------------------------------------------------


async def test_brackets_step_and_stop_at_the_ends(folder):
    async with open_replay(make_series(folder), place=1) as ui:
        await press_and_load(ui, "left_square_bracket", place=0)
        assert "Degraded" not in ui.text
        await ui.press("left_square_bracket")
        assert "this is the first snapshot" in ui.notifications
        await press_and_load(ui, "right_square_bracket", "right_square_bracket", place=2)
        assert "Degraded" in ui.text
        assert "14:12:31" in ui.text.splitlines()[0]


async def test_braces_move_to_changes(folder):
    async with open_replay(make_series(folder), place=0) as ui:
        await press_and_load(ui, "right_curly_bracket", place=2)
        await press_and_load(ui, "right_curly_bracket", place=4)
        await ui.press("right_curly_bracket")
        assert "there is no change after this snapshot" in ui.notifications
        await press_and_load(ui, "left_curly_bracket", place=2)
        await ui.press("left_curly_bracket")
        assert "there is no change before this snapshot" in ui.notifications


@pytest.mark.parametrize(
    ("text", "place"), [("14:10", 1), ("2026-11-23 14:13", 2), ("-10m", 2), ("+1d", 4), ("13:00", 0)]
)
async def test_slash_seeks_a_time(folder, text, place):
    async with open_replay(make_series(folder), place=4) as ui:
        if place == 4:
            await press_and_load(ui, "left_square_bracket", place=3)
        await press_and_load(ui, "slash", *text.replace(" ", "T"), "enter", place=place)
        assert ("the recording begins later" in ui.notifications) is (text == "13:00")


async def test_a_wrong_time_is_explained_in_the_dialog(folder):
    async with open_replay(make_series(folder)) as ui:
        await ui.press("slash", *"noon", "enter")
        assert "'noon' is not a time: write it as 03:12" in ui.text
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)
        assert place_of(ui) == 4


async def test_many_quick_steps_load_only_what_is_shown(folder, monkeypatch):
    series = record(folder, *(change_application(later(steady(), 5 * n), 0, 0, sync=f"S{n}") for n in range(40)))
    loaded: list[int] = []
    load = series.load
    async with open_replay(series, place=0) as ui:
        monkeypatch.setattr(series, "load", lambda place: loaded.append(place) or load(place))
        for _ in range(39):
            ui.app.action_replay_step(1)
        await ui.wait_until(lambda: place_of(ui) == 39)
        assert loaded[-1] == 39
        assert len(loaded) <= 3


async def test_the_cursor_and_the_pane_stay(folder):
    async with open_replay(make_series(folder), place=0) as ui:
        await ui.press("2", "tab")
        assert (ui.fleet.environment, ui.fleet.pane) == ("staging", "Policy")
        await press_and_load(ui, "right_square_bracket", "right_square_bracket", place=2)
        assert (ui.fleet.environment, ui.fleet.pane) == ("staging", "Policy")


async def test_steps_work_on_the_application_screen(folder):
    async with open_replay(make_series(folder), place=0, environment="prod") as ui:
        await ui.press("enter")
        await ui.wait_until(lambda: isinstance(ui.app.screen, ApplicationScreen))
        await press_and_load(ui, "right_curly_bracket", place=2)
        assert "Degraded" in ui.text


async def test_a_damaged_snapshot_is_reported_and_passed(folder, monkeypatch):
    from anchor_tui.services.recording.errors import RecordingError

    series = make_series(folder)
    load = series.load

    def fail(place: int) -> Any:
        if place == 1:
            raise RecordingError("the snapshot cannot be read")
        return load(place)

    async with open_replay(series, place=0) as ui:
        monkeypatch.setattr(series, "load", fail)
        await ui.press("right_square_bracket")
        await ui.wait_until(lambda: "the snapshot cannot be read" in ui.notifications)
        assert place_of(ui) == 0
        await press_and_load(ui, "right_square_bracket", place=2)


async def test_problems_of_the_recording_are_shown(folder):
    series = make_series(folder)
    series.problems = ("the end of x is cut or damaged",)
    async with open_replay(series) as ui:
        assert "the end of x is cut or damaged" in ui.notifications


# --- no action ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "p", "b", "m", "x", "c", "space"])
async def test_a_key_that_acts_is_explained(folder, key):
    async with open_replay(make_series(folder)) as ui:
        await ui.press(key)
        assert "replay: no actions" in ui.notifications
        assert isinstance(ui.app.screen, FleetScreen)


async def test_no_key_of_a_replay_acts(folder):
    async with open_replay(make_series(folder)) as ui:
        assert not [action.id for action in ui.fleet.key_actions if action.mutates]


@pytest.mark.parametrize(("key", "reason"), [("D", "not recorded"), ("g", "a replay reads nothing")])
async def test_keys_that_need_servers_are_explained(folder, key, reason):
    async with open_replay(make_series(folder)) as ui:
        await ui.press(key)
        assert reason in ui.notifications
        await ui.press("question_mark")
        await ui.wait_until(lambda: isinstance(ui.app.screen, HelpScreen))
        assert any(reason in entry.reason for entry in ui.app.screen._entries)


async def test_footer_and_help_show_the_keys_of_time(folder):
    async with open_replay(make_series(folder), (80, 24)) as ui:
        footer = ui.text.splitlines()[-1]
        for part in ("[ Back", "] Next", "{ Change", "} Change", "/ Time", "f Filter"):
            assert part in footer
        await ui.press("question_mark")
        await ui.wait_until(lambda: "replay-change-back" in ui.text)


async def test_the_filter_has_another_key(folder):
    async with open_replay(make_series(folder)) as ui:
        await ui.press("f", *"prod")
        assert ui.app.focused is not None
        assert ui.app.focused.id == "filter"


async def test_brackets_are_text_in_the_filter(folder):
    async with open_replay(make_series(folder)) as ui:
        await ui.press("f", "left_square_bracket", "slash")
        assert ui.app.focused.value == "[/"
        assert place_of(ui) == 4


async def test_keys_of_time_can_be_configured(folder):
    async with open_replay(make_series(folder), place=0, keys={"replay-next": "z", "filter": "F"}) as ui:
        await press_and_load(ui, "z", place=1)
        await ui.press("f")
        assert ui.app.focused.id == "rows"


def test_the_filter_of_a_replay_avoids_configured_keys() -> None:
    assert make_keymap({"copy": "f"}, is_replay=True)["filter"] == "F"
    assert "filter" not in make_keymap({"copy": "f"})


@pytest.mark.parametrize(("line", "clash"), [('browser = "["', "replay-back"), ('replay-time = "o"', "browser")])
def test_a_key_of_time_cannot_be_shared(line: str, clash: str, tmp_path: Path) -> None:
    text = f'[github]\nops_repo = "a/b"\n[keys]\n{line}\n'
    with pytest.raises(ConfigErrors, match=f"is already the key of {clash}"):
        parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=list_usual_keys())


def test_the_usual_keys_do_not_clash(tmp_path: Path) -> None:
    text = '[github]\nops_repo = "a/b"\n[keys]\nfilter = "/"\nreplay-time = "/"\nsync = "["\n'
    parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=list_usual_keys())


async def test_the_live_screen_has_no_key_of_time():
    from tests.tui.harness import open_app
    from tests.tui.sample_readings import HEALTHY

    async with open_app() as ui:
        await ui.show(HEALTHY)
        assert not [action.id for action in ui.fleet.key_actions if action.owner == "replay"]
        await ui.press("left_square_bracket", "right_curly_bracket")
        assert ui.notifications == ""


async def test_an_environment_that_a_snapshot_lacks_keeps_its_card(folder):
    fewer = replace(later(steady(), 60), environments=steady().environments[:2])
    async with open_replay(record(folder, steady(), fewer), (120, 40)) as ui:
        assert "3 prod" in ui.text
        assert "? not in this snapshot" in ui.text
        await press_and_load(ui, "left_square_bracket", place=0)
        assert "not in this snapshot" not in ui.text
        await press_and_load(ui, "right_square_bracket", place=1)
        assert "? not in this snapshot" in ui.text


def test_incident_is_different() -> None:
    assert incident() != steady()
