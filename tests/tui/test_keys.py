"""The registry of keys and the `[keys]` table."""

from __future__ import annotations

import pytest

from anchor_tui.__main__ import _keys_by_action
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import parse_config
from anchor_tui.tui.key_actions import APPLICATION_OWNERS, ESTATE_OWNERS, FLEET_OWNERS, PANE_OWNERS
from anchor_tui.tui.key_config import apply_key_config, list_session_keys, list_usual_keys
from anchor_tui.tui.keys import REGISTRY
from anchor_tui.tui.screens.plan import PlanScreen
from tests.tui.harness import open_app
from tests.tui.sample_plans import sync_plan
from tests.tui.sample_readings import HEALTHY
from tests.values import config


def test_the_environment_keys_cannot_be_configured(tmp_path):
    text = '[github]\nops_repo = "a/b"\n[keys]\nenvironment = "e"\n'
    with pytest.raises(ConfigErrors, match=r"keys\.environment: its keys are fixed"):
        parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=list_usual_keys())


def test_action_ids_and_the_keys_of_a_screen_are_unique():
    ids = [action.id for action in REGISTRY]
    assert len(ids) == len(set(ids))
    screens = [FLEET_OWNERS, ESTATE_OWNERS, APPLICATION_OWNERS - PANE_OWNERS]
    for owners in (*screens, *({"list", "text", pane} for pane in PANE_OWNERS)):
        keys = [key for action in REGISTRY if action.owner in owners for key in action.keys]
        assert len(keys) == len(set(keys)), owners


def test_a_configured_key_may_equal_one_of_a_pane(tmp_path):
    text = '[github]\nops_repo = "a/b"\n[keys]\nnext-environment = "f"\npromote = "w"\n'
    found = parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=_keys_by_action())
    assert found.keys == {"next-environment": "f", "promote": "w"}


@pytest.mark.parametrize(
    ("line", "clash"),
    [
        ('log-follow = "e"', "log-error"),
        ('log-wrap = "j"', "next-row"),
        ('log-pause = "/"', "filter"),
        ('log-save = "y"', "copy"),
        ('copy = "w"', "log-wrap"),
        ('mark-deployment = "k"', "previous-row"),
        ('expand = "left"', "collapse"),
        ('fold-all = "home"', "first-row"),
        ('diff-copy = "end"', "last-row"),
        ('search = "shift+left"', "scroll-left"),
        ('estate-whole = "j"', "next-row"),
        ('next-row = "n"', "log-pod, next-unhealthy, next-match"),
    ],
)
def test_two_actions_of_a_pane_cannot_share_a_key(line, clash, tmp_path):
    text = f'[github]\nops_repo = "a/b"\n[keys]\n{line}\n'
    with pytest.raises(ConfigErrors) as caught:
        parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=list_usual_keys())
    assert f"anchor-tui.toml:4: keys.{line.split()[0]}:" in str(caught.value)
    assert f"is already the key of {clash}" in str(caught.value)


def test_a_read_only_registry_has_no_operator_keys():
    assert not [action for action in apply_key_config({}, read_only=True) if action.mutates or action.id == "select"]


async def test_a_configured_key_replaces_all_keys_of_an_action():
    async with open_app(config=config(keys={"next-environment": "f", "show-all": ","}), environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.press("l", "right")
        assert ui.fleet.environment == "dev"
        await ui.press("f", "comma")
        assert ui.fleet.environment == "staging"
        assert ui.fleet.show_all


async def test_two_actions_can_swap_their_keys():
    async with open_app(config=config(keys={"sync": "m", "merge": "s"}), environment="staging") as ui:
        await ui.show(HEALTHY)
        await ui.press("s")
        assert not isinstance(ui.app.screen, PlanScreen)
        await ui.open_plan("m", sync_plan)
        assert ui.backend.orders[-1].action == "sync"


async def test_configured_keys_move_the_cursor_of_a_list():
    async with open_app(config=config(keys={"next-row": "z", "last-row": "G"})) as ui:
        await ui.show(HEALTHY)
        await ui.press("v", "z")
        assert ui.fleet.highlighted_row is not None
        assert "staging" in ui.fleet.highlighted_row.key
        await ui.press("G")
        assert "prod" in ui.fleet.highlighted_row.key
        await ui.press("home", "j", "down")
        assert "dev" in ui.fleet.highlighted_row.key


async def test_configured_keys_are_shown_in_footer_and_help():
    async with open_app(config=config(keys={"help": "f1", "quit": "ctrl+x"})) as ui:
        await ui.show(HEALTHY)
        assert "f1 Help" in ui.text.splitlines()[-1]
        await ui.press("f1")
        assert "ctrl+x" in ui.text


async def test_application_keys_can_be_configured():
    async with open_app(config=config(keys={"read-again": "f5", "quit": "f10"})) as ui:
        await ui.show(HEALTHY)
        await ui.press("g", "q")
        assert ui.backend.read_again_count == 0
        await ui.press("f5")
        assert ui.backend.read_again_count == 1
        await ui.press("f10")
        assert not ui.app.is_running


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("p", "dev is the first environment"),
        ("x", "no operation to end"),
        ("m", "no pull request is highlighted"),
        ("o", "it has no web address"),
        ("escape", "nothing is open"),
        ("7", "there is no environment 7"),
    ],
)
async def test_a_key_that_cannot_act_gives_the_reason(key, reason):
    async with open_app(environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.press(key)
        assert reason in ui.notifications
        assert ui.backend.orders == []


async def test_the_palette_explains_an_unavailable_action():
    async with open_app(environment="dev") as ui:
        await ui.show(HEALTHY)
        action = next(action for action in ui.fleet.key_actions if action.id == "promote")
        await ui.fleet.run_key_action(action)
        await ui.pilot.pause()
        assert "dev is the first environment" in ui.notifications


async def test_a_key_that_read_only_lacks_is_explained():
    async with open_app(config=config(read_only=True, keys={"sync": "f"})) as ui:
        await ui.show(HEALTHY)
        await ui.press("f", "P")
        assert "Sync: read-only: no actions" in ui.notifications
        assert "Refresh+prune: read-only: no actions" in ui.notifications


async def test_the_footer_names_what_the_keys_do():
    async with open_app((180, 50), environment="staging") as ui:
        await ui.show(HEALTHY)
        footer = ui.text.splitlines()[-1]
        assert "b Rollback" in footer
        assert "R Hard refresh" in footer
        await ui.pilot.resize_terminal(110, 32)
        await ui.pilot.pause()
        assert "b Rollback" in ui.text.splitlines()[-1]


def test_actions_of_different_screens_share_a_key(tmp_path):
    text = '[github]\nops_repo = "a/b"\n[keys]\nexpand = "right"\nprevious-environment = "left"\n'
    found = parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=list_usual_keys())
    assert found.keys == {"expand": "right", "previous-environment": "left"}


@pytest.mark.parametrize("owners", [FLEET_OWNERS, APPLICATION_OWNERS])
def test_a_read_only_screen_has_no_key_that_acts(owners):
    keys = list_session_keys({}, owners, read_only=True)
    assert not [action for action in keys.available if action.mutates or action.owner in {"selection", "resource"}]
    assert {"sync", "rollback"} <= {action.id for action in keys.missing.values()}


def test_an_operator_misses_no_key():
    keys = list_session_keys({}, FLEET_OWNERS, read_only=False)
    assert {"sync", "select"} <= {action.id for action in keys.available}
    assert keys.missing == {}
