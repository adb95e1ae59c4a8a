"""The fleet screen: what it shows and what its keys do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.tui.widgets.card import EnvironmentCard
from tests.tui.harness import open_app
from tests.tui.sample_readings import DEV, HEALTHY, HOSTILE, INCIDENT, NO_GITHUB, OUT_OF_SYNC, PROD, STALE
from tests.values import (
    application,
    argocd,
    config,
    environment_config,
    fresh,
    readings,
    replace,
)

SIZES = [(80, 24), (110, 32), (180, 50)]
ONLY_STAGING_DIFFERS = readings(fresh(argocd(DEV, OUT_OF_SYNC, PROD)))
STATES = {"healthy": HEALTHY, "incident": INCIDENT, "stale": STALE, "no-github": NO_GITHUB}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_first_frame_shows_the_environment_names(size, picture):
    async with open_app(size) as ui:
        for name in ("dev", "staging", "prod"):
            assert name in ui.text
        assert "Argo CD is loading" in ui.text
        assert "UNKNOWN" in ui.text
        assert ui.backend.first_frame_shown
        assert ui.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_fleet_picture(state, size, picture):
    async with open_app(size) as ui:
        await ui.show(STATES[state])
        assert ui.picture() == picture


async def test_the_failing_resource_is_shown_without_a_key():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        assert "Deployment/gateway Degraded  0 of 1 updated replicas are available" in ui.text
        assert "OrphanedResourceWarning  Application has 1 orphaned resources" in ui.text


async def test_stale_data_is_dim_with_age_and_reason():
    async with open_app((180, 50)) as ui:
        await ui.show(STALE)
        assert "as of 13:58Z, 4 min ago: 401: the token has expired" in ui.text
        assert ui.text.count("the token has expired") == 1
        assert ui.text.count("? UNKNOWN") == 4
        card = ui.app.screen.query_one("#card-1", EnvironmentCard)
        rendered = card.render()
        assert any("dim" in str(span.style) for span in rendered.spans)


async def test_the_cursor_jumps_to_the_worst_environment_once():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "prod"
        await ui.press("1")
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "dev"


async def test_the_cursor_jumps_only_soon_after_the_start():
    async with open_app() as ui:
        await ui.show(STALE)
        assert ui.fleet.environment == "dev"
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "prod"
    async with open_app() as ui:
        await ui.show(HEALTHY)
        ui.time += timedelta(seconds=11)
        await ui.show(HEALTHY)
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "dev"


async def test_a_key_press_prevents_the_cursor_jump():
    async with open_app() as ui:
        await ui.press("2")
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "staging"


@pytest.mark.parametrize("key", ["down", "tab", "v", "click"])
async def test_read_only_follows_the_worst_environment_until_a_key(key):
    async with open_app((110, 32), config=config(read_only=True)) as ui:
        await ui.show(HEALTHY)
        ui.time += timedelta(seconds=11)
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "prod"
        await ui.show(ONLY_STAGING_DIFFERS)
        assert ui.fleet.environment == "staging"
        await (ui.pilot.click("#rows", offset=(3, 1)) if key == "click" else ui.press(key))
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "staging"


async def test_the_requested_environment_is_highlighted():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        assert ui.fleet.environment == "staging"


@pytest.mark.parametrize(
    ("keys", "environment"),
    [("l", "staging"), ("right right", "prod"), ("l l l l", "prod"), ("3 h", "staging"), ("left", "dev"), ("9", "dev")],
)
async def test_left_and_right_stop_at_the_ends(keys, environment):
    async with open_app(environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.press(*keys.split())
        assert ui.fleet.environment == environment
        await ui.press("tab", "l", "h")
        assert ui.fleet.environment in {environment, "staging"}


async def test_tab_cycles_through_the_panes():
    async with open_app() as ui:
        await ui.show(INCIDENT)
        seen = [ui.fleet.pane]
        for _ in range(5):
            await ui.press("tab")
            seen.append(ui.fleet.pane)
        assert seen == ["Applications", "Policy", "Pull requests", "Sources", "Activity", "Applications"]
        await ui.press("shift+tab")
        assert ui.fleet.pane == "Activity"


async def test_v_switches_between_one_and_every_environment():
    async with open_app(environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.press("tab", "tab")
        assert "#232" in ui.text
        assert "PR 227" not in ui.text
        await ui.press("v")
        assert "PR 227" in ui.text
        await ui.press("v", "1")
        assert "no open pull request" in ui.text


async def test_resizing_keeps_the_highlighted_environment():
    async with open_app((80, 24)) as ui:
        await ui.show(INCIDENT)
        assert not ui.fleet.as_cards
        await ui.press("3", "shift+tab")
        assert ui.fleet.pane == "Fleet"
        await ui.press("up")
        assert ui.fleet.environment == "staging"
        await ui.pilot.resize_terminal(110, 32)
        await ui.pilot.pause()
        assert ui.fleet.as_cards
        assert ui.fleet.environment == "staging"
        assert ui.fleet.pane == "Applications"
        await ui.pilot.resize_terminal(80, 24)
        await ui.pilot.pause()
        assert ui.fleet.environment == "staging"


async def test_environments_become_rows_when_cards_do_not_fit():
    many = config(*(environment_config(f"env-{number}") for number in range(8)))
    async with open_app((110, 32), many) as ui:
        assert not ui.fleet.as_cards
        assert all(f"env-{number}" in ui.text for number in range(8))


async def test_o_opens_only_web_addresses_and_y_copies(monkeypatch):
    opened_urls: list[str] = []
    async with open_app() as ui:
        monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda url, _: not opened_urls.append(url))
        await ui.show(INCIDENT)
        await ui.press("o", "y")
        url = "https://cd.example.com/applications/argocd/anchor-msp-prod"
        await ui.wait_until(lambda: opened_urls == [url])
        assert ui.app.clipboard == "argocd/anchor-msp-prod"
        bad = replace(
            INCIDENT, argocd={"argocd": fresh(argocd(application(url="javascript:alert(1)", health="Degraded")))}
        )
        await ui.show(bad)
        await ui.press("3", "o")
        assert len(opened_urls) == 1


async def test_read_only_is_shown_and_has_no_acting_keys():
    async with open_app(config=config(read_only=True)) as ui:
        await ui.show(INCIDENT)
        assert "READ-ONLY" in ui.text.splitlines()[0]
        assert "read-only: no actions" in ui.text.splitlines()[-1]
        keys = {key for action in ui.fleet.key_actions for key in action.keys}
        assert not keys & set("rRsPxpbmc")


async def test_foreign_text_is_neither_markup_nor_escape_sequence():
    async with open_app((180, 50), environment="dev") as ui:
        await ui.show(HOSTILE)
        assert "[/foo] [@click=app.quit]quit[/] red gnp.exe" in ui.text
        assert "\x1b" not in ui.text
        assert "\u202e" not in ui.text
        for _ in range(3):
            await ui.press("tab")
        assert ui.app.is_running


async def test_an_environment_name_with_markup_is_shown_literally():
    async with open_app(config=config(environment_config("[red]dev[/red]"))) as ui:
        await ui.show(readings(fresh(argocd(application("anchor-msp-[red]dev[/red]")))))
        assert "[red]dev[/red]" in ui.text


async def test_a_click_on_a_list_makes_it_the_active_pane():
    async with open_app((80, 24), environment="dev") as ui:
        await ui.show(HEALTHY)
        await ui.pilot.click("#fleet", offset=(5, 2))
        await ui.pilot.pause()
        assert ui.fleet.pane == "Fleet"
        assert ui.fleet.environment == "staging"
        await ui.pilot.click("#rows", offset=(5, 1))
        await ui.pilot.pause()
        assert ui.fleet.pane == "Applications"
