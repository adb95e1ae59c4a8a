"""The fleet screen: what it shows and what its keys do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.tui.widgets.card import EnvironmentCard
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY, HOSTILE, INCIDENT, NO_GITHUB, STALE
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
STATES = {"healthy": HEALTHY, "incident": INCIDENT, "stale": STALE, "no-github": NO_GITHUB}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_first_frame_shows_the_environment_names(size, picture):
    async with open_app(size) as stage:
        for name in ("dev", "staging", "prod"):
            assert name in stage.text
        assert "asking" in stage.text
        assert "UNKNOWN" in stage.text
        assert stage.reader.first_frame_shown
        assert stage.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_fleet_picture(state, size, picture):
    async with open_app(size) as stage:
        await stage.show(STATES[state])
        assert stage.picture() == picture


async def test_the_failing_resource_is_shown_without_a_key():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        assert "Deployment/gateway Degraded  0 of 1 updated replicas are available" in stage.text
        assert "OrphanedResourceWarning  Application has 1 orphaned resources" in stage.text


async def test_stale_data_is_dim_with_age_and_reason():
    async with open_app((180, 50)) as stage:
        await stage.show(STALE)
        assert "as of 13:58Z, 4 min ago 401: the token has expired" in stage.text
        assert stage.text.count("? UNKNOWN") == 4
        card = stage.app.screen.query_one("#card-1", EnvironmentCard)
        rendered = card.render()
        assert any("dim" in str(span.style) for span in rendered.spans)


async def test_the_cursor_jumps_to_the_worst_environment_once():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "prod"
        await stage.press("1")
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "dev"


async def test_the_cursor_jumps_only_soon_after_the_start():
    async with open_app() as stage:
        await stage.show(STALE)
        assert stage.fleet.environment == "dev"
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "prod"
    async with open_app() as stage:
        await stage.show(HEALTHY)
        stage.moment += timedelta(seconds=11)
        await stage.show(HEALTHY)
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "dev"


async def test_a_key_press_prevents_the_cursor_jump():
    async with open_app() as stage:
        await stage.press("2")
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "staging"


async def test_the_requested_environment_is_highlighted():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "staging"


@pytest.mark.parametrize(
    ("keys", "environment"),
    [("l", "staging"), ("right right", "prod"), ("l l l l", "prod"), ("3 h", "staging"), ("left", "dev"), ("9", "dev")],
)
async def test_left_and_right_stop_at_the_ends(keys, environment):
    async with open_app(environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.press(*keys.split())
        assert stage.fleet.environment == environment
        await stage.press("tab", "l", "h")
        assert stage.fleet.environment in {environment, "staging"}


async def test_tab_cycles_through_the_panes():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        seen = [stage.fleet.pane]
        for _ in range(5):
            await stage.press("tab")
            seen.append(stage.fleet.pane)
        assert seen == ["Applications", "Policy", "Pull requests", "Problems", "Activity", "Applications"]
        await stage.press("shift+tab")
        assert stage.fleet.pane == "Activity"


async def test_v_switches_between_one_and_every_environment():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await stage.press("tab", "tab")
        assert "#232" in stage.text
        assert "PR 227" not in stage.text
        await stage.press("v")
        assert "PR 227" in stage.text
        await stage.press("v", "1")
        assert "no open pull request" in stage.text


async def test_resizing_keeps_the_highlighted_environment():
    async with open_app((80, 24)) as stage:
        await stage.show(INCIDENT)
        assert not stage.fleet.as_cards
        await stage.press("3", "shift+tab")
        assert stage.fleet.pane == "Fleet"
        await stage.press("up")
        assert stage.fleet.environment == "staging"
        await stage.pilot.resize_terminal(110, 32)
        await stage.pilot.pause()
        assert stage.fleet.as_cards
        assert stage.fleet.environment == "staging"
        assert stage.fleet.pane == "Applications"
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        assert stage.fleet.environment == "staging"


async def test_environments_become_rows_when_cards_do_not_fit():
    many = config(*(environment_config(f"env-{number}") for number in range(8)))
    async with open_app((110, 32), many) as stage:
        assert not stage.fleet.as_cards
        assert all(f"env-{number}" in stage.text for number in range(8))


async def test_o_opens_only_web_addresses_and_y_copies(monkeypatch):
    opened_urls: list[str] = []
    async with open_app() as stage:
        monkeypatch.setattr(stage.app, "open_url", opened_urls.append)
        await stage.show(INCIDENT)
        await stage.press("o", "y")
        assert opened_urls == ["https://cd.example.com/applications/argocd/anchor-msp-prod"]
        assert stage.app.clipboard == "argocd/anchor-msp-prod"
        bad = replace(
            INCIDENT, argocd={"argocd": fresh(argocd(application(url="javascript:alert(1)", health="Degraded")))}
        )
        await stage.show(bad)
        await stage.press("3", "o")
        assert len(opened_urls) == 1


async def test_read_only_is_shown_and_has_no_acting_keys():
    async with open_app(of=config(read_only=True)) as stage:
        await stage.show(INCIDENT)
        assert "READ-ONLY" in stage.text.splitlines()[0]
        assert "read-only: no actions" in stage.text.splitlines()[-1]
        keys = {key for action in stage.app.actions for key in action.keys}
        assert not keys & set("rRsPxpbmc")


async def test_foreign_text_is_neither_markup_nor_escape_sequence():
    async with open_app((180, 50), environment="dev") as stage:
        await stage.show(HOSTILE)
        assert "[/foo] [@click=app.quit]quit[/] red gnp.exe" in stage.text
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text
        for _ in range(3):
            await stage.press("tab")
        assert stage.app.is_running


async def test_an_environment_name_with_markup_is_shown_literally():
    async with open_app(of=config(environment_config("[red]dev[/red]"))) as stage:
        await stage.show(readings(fresh(argocd(application("anchor-msp-[red]dev[/red]")))))
        assert "[red]dev[/red]" in stage.text
