"""The fleet: what a person sees and what the keys do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.config.convert import ConfigErrors
from anchor_tui.config.load import parse_config
from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.tui.app import EXIT_READER_DIED, AnchorApp
from anchor_tui.tui.keys import REGISTRY
from anchor_tui.tui.launch import UnknownThemeError
from anchor_tui.tui.widgets.card import EnvironmentCard
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import FakeBackend, open_app
from tests.tui.sample_readings import HEALTHY, HOSTILE, INCIDENT, NO_GITHUB, STALE
from tests.values import (
    NOW,
    application,
    argocd,
    config,
    environment_config,
    fresh,
    opened,
    ops_repo,
    readings,
    replace,
)

SIZES = [(80, 24), (110, 32), (180, 50)]
STATES = {"healthy": HEALTHY, "incident": INCIDENT, "stale": STALE, "no-github": NO_GITHUB}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_first_frame_stands_with_names_before_any_answer(size, picture):
    async with open_app(size) as stage:
        for name in ("dev", "staging", "prod"):
            assert name in stage.text
        assert "asking" in stage.text
        assert "UNKNOWN" in stage.text
        assert stage.reader.first_frame_shown
        assert stage.picture() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
async def test_each_state_looks_as_it_should(state, size, picture):
    async with open_app(size) as stage:
        await stage.show(STATES[state])
        assert stage.picture() == picture


async def test_the_top_line_says_whether_the_estate_is_well_and_what_is_worst():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        assert stage.text.splitlines()[0].split() == ["anchor-msp", "✓", "OK"]
        await stage.show(INCIDENT)
        assert "✗ FAILING  prod: Degraded for 12 min, Deployment/gateway" in stage.text.splitlines()[0]


async def test_the_failing_resource_and_its_message_are_there_without_a_key():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        assert "Deployment/gateway Degraded  0 of 1 updated replicas are available" in stage.text
        assert "OrphanedResourceWarning  Application has 1 orphaned resources" in stage.text


async def test_stale_data_is_dimmed_and_carries_its_age_and_its_reason():
    async with open_app((180, 50)) as stage:
        await stage.show(STALE)
        assert "as of 13:58Z, 4 min ago 401: the token has expired" in stage.text
        assert stage.text.count("? UNKNOWN") == 4
        card = stage.app.screen.query_one("#card-1", EnvironmentCard)
        rendered = card.render()
        assert any("dim" in str(span.style) for span in rendered.spans)


async def test_ages_count_up_without_a_reading():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        assert "live 2 s" in stage.text
        stage.moment += timedelta(seconds=8)
        stage.app._tick()
        await stage.pilot.pause()
        assert "live 10 s" in stage.text
        assert "14:02:39 UTC" in stage.text


async def test_the_cursor_goes_to_what_is_worst_once_and_then_stays_where_it_is_put():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "prod"
        await stage.press("1")
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "dev"


async def test_what_is_not_known_yet_moves_nothing_and_what_is_worst_later_only_soon_after_the_start():
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


async def test_a_key_before_the_first_answer_keeps_the_cursor_where_it_was_put():
    async with open_app() as stage:
        await stage.press("2")
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "staging"


async def test_an_environment_named_at_the_start_is_where_it_begins():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        assert stage.fleet.environment == "staging"


@pytest.mark.parametrize(
    ("keys", "environment"),
    [("l", "staging"), ("right right", "prod"), ("l l l l", "prod"), ("3 h", "staging"), ("left", "dev"), ("9", "dev")],
)
async def test_left_and_right_change_the_environment_no_further_than_the_ends(keys, environment):
    async with open_app(environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.press(*keys.split())
        assert stage.fleet.environment == environment
        await stage.press("tab", "l", "h")
        assert stage.fleet.environment in {environment, "staging"}


async def test_tab_goes_through_the_panes_and_around():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        seen = [stage.fleet.pane]
        for _ in range(5):
            await stage.press("tab")
            seen.append(stage.fleet.pane)
        assert seen == ["Applications", "Policy", "Pull requests", "Problems", "Activity", "Applications"]
        await stage.press("shift+tab")
        assert stage.fleet.pane == "Activity"


async def test_rows_are_of_the_highlighted_environment_or_of_all():
    async with open_app(environment="staging") as stage:
        await stage.show(INCIDENT)
        await stage.press("tab", "tab")
        assert "#232" in stage.text
        assert "PR 227" not in stage.text
        await stage.press("v")
        assert "PR 227" in stage.text
        await stage.press("v", "1")
        assert "no open pull request" in stage.text


async def test_the_filter_narrows_while_it_is_typed_and_escape_ends_it():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("v", "slash", *"prod")
        assert [row.key.split()[0] for row in stage.fleet.active_list.rows] == ["prod"]
        assert "filter “prod”: 1 of 3" in stage.text
        await stage.press("enter")
        assert "1 of 3" in stage.text
        await stage.press("escape")
        assert len(stage.fleet.active_list.rows) == 3


async def test_letters_typed_into_the_filter_are_no_commands():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("slash", *"qlv1")
        assert stage.fleet.filter_text == "qlv1"
        assert not stage.fleet.show_all
        assert stage.app.is_running


async def test_at_80_columns_the_fleet_is_a_pane_of_rows_and_resizing_keeps_the_place():
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


async def test_more_environments_than_fit_side_by_side_become_rows():
    many = config(*(environment_config(f"env-{number}") for number in range(8)))
    async with open_app((110, 32), many) as stage:
        assert not stage.fleet.as_cards
        assert all(f"env-{number}" in stage.text for number in range(8))


async def test_a_click_on_a_card_highlights_it():
    async with open_app(environment="dev") as stage:
        await stage.show(HEALTHY)
        await stage.pilot.click("#card-3")
        await stage.pilot.pause()
        assert stage.fleet.environment == "prod"


async def test_g_asks_the_sources_and_changes_nothing_by_itself():
    async with open_app() as stage:
        before = await stage.show(HEALTHY)
        await stage.press("g")
        assert stage.reader.read_again_count == 1
        assert stage.app.snapshot == before


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


async def test_read_only_says_so_and_has_no_key_that_acts():
    async with open_app(of=config(read_only=True)) as stage:
        await stage.show(INCIDENT)
        assert "READ-ONLY" in stage.text.splitlines()[0]
        assert "read-only: no actions" in stage.text.splitlines()[-1]
        keys = {key for action in stage.app.actions for key in action.keys}
        assert not keys & set("rRsPxpbmc")


async def test_the_read_only_badge_stays_however_long_the_reason_is():
    async with open_app((80, 24), of=config(read_only=True)) as stage:
        await stage.show(INCIDENT)
        assert stage.text.splitlines()[0].endswith("READ-ONLY")


async def test_help_lists_every_key_and_says_what_does_not_work_now(picture):
    async with open_app((110, 40)) as stage:
        await stage.show(HEALTHY)
        await stage.press("question_mark")
        for action in stage.app.actions:
            assert action.id in stage.text
        assert "not now: nothing is open" in stage.text
        assert stage.picture() == picture
        await stage.press("escape")
        assert stage.fleet.is_current


async def test_the_palette_finds_environments_and_applications():
    async with open_app() as stage:
        await stage.show(INCIDENT)
        await stage.press("ctrl+p", *"environment stag")
        await stage.pilot.pause(0)
        await stage.app.workers.wait_for_complete()
        await stage.press("down", "enter")
        await stage.pilot.pause()
        assert stage.fleet.environment == "staging"


async def test_foreign_text_is_never_markup_and_never_an_escape_sequence():
    async with open_app((180, 50), environment="dev") as stage:
        await stage.show(HOSTILE)
        assert "[/foo] [@click=app.quit]quit[/] red gnp.exe" in stage.text
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text
        for _ in range(3):
            await stage.press("tab")
        assert stage.app.is_running


async def test_an_environment_whose_name_is_markup_is_shown_as_it_is():
    async with open_app(of=config(environment_config("[red]dev[/red]"))) as stage:
        await stage.show(readings(fresh(argocd(application("anchor-msp-[red]dev[/red]")))))
        assert "[red]dev[/red]" in stage.text


async def test_plain_ascii_stands_in_where_the_terminal_has_no_other(picture):
    async with open_app(ascii_only=True) as stage:
        await stage.show(INCIDENT)
        shown = stage.picture()
        assert shown == picture
        assert not [char for char in "✓✗╭│▌–…≥" if char in shown]


async def test_without_colour_the_words_and_glyphs_remain(monkeypatch, picture):
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app() as stage:
        await stage.show(INCIDENT)
        assert "✗ FAILING" in stage.text
        assert stage.picture() == picture


async def test_a_problem_names_its_file_and_line():
    async with open_app(environment="prod") as stage:
        from anchor_tui.domain.model import Problem
        from tests.values import files

        problem = Problem("release", "malformed", "a tab where spaces belong", "environments/prod/release.yaml", 3, 1)
        repo = ops_repo(environments={**ops_repo().environments, "prod": files(problems=(problem,))})
        await stage.show(readings(repo=fresh(repo)))
        await stage.press("tab", "tab", "tab")
        assert "environments/prod/release.yaml:3: a tab where spaces belong" in stage.text
        assert "release unreadable" in stage.text


async def test_a_thousand_applications_keep_the_cursor_on_its_row():
    chosen = config(environment_config("all", applications=ApplicationSelector((("tier", "all"),))))
    apps = tuple(application(f"app-{number:04}") for number in range(1000))
    async with open_app(of=chosen) as stage:
        await stage.show(readings(fresh(argocd(*apps, labels={"tier": "all"}))))
        await stage.press("end")
        grid = stage.fleet.active_list
        assert grid.highlighted_row is not None
        assert grid.highlighted_row.key.endswith("app-0999")
        assert "app-0999" in stage.text
        await stage.press("up")
        await stage.show(readings(fresh(argocd(*apps[500:], labels={"tier": "all"}))))
        assert grid.highlighted_row is not None
        assert grid.highlighted_row.key.endswith("app-0998")
        await stage.show(readings(fresh(argocd(*apps[:10], labels={"tier": "all"}))))
        assert grid.highlighted_row is not None
        assert grid.highlighted_row.key.endswith("app-0009")


async def test_quit_leaves_at_once_although_nothing_has_answered():
    async with open_app() as stage:
        await stage.press("q")
        assert not stage.app.is_running


async def test_a_reader_that_died_ends_the_screen_instead_of_leaving_it_to_look_alive():
    async with open_app() as stage:
        assert stage.reader.died is not None
        stage.reader.died()
        await stage.pilot.pause()
        assert stage.app.return_code == EXIT_READER_DIED


async def test_drawing_goes_on_while_a_dialog_is_open():
    async with open_app() as stage:
        await stage.show(HEALTHY)
        await stage.press("question_mark")
        snapshot = build_snapshot(stage.config, INCIDENT, NOW)
        assert stage.reader.listener is not None
        stage.reader.listener(snapshot)
        await stage.pilot.pause()
        await stage.press("escape")
        assert "FAILING" in stage.text


async def test_an_open_pull_request_of_an_environment_is_on_its_card():
    async with open_app() as stage:
        await stage.show(readings(repo=fresh(ops_repo(pull_requests=(opened(232, staging="1.44.0"),)))))
        assert "#232 promote 1.44.0" in stage.text
        grid = stage.app.screen.query_one("#rows", RowList)
        assert grid.highlighted_row is not None


def test_an_unknown_theme_is_said_with_those_there_are():
    with pytest.raises(UnknownThemeError, match=r"there is no theme 'nosuch'; there are .*textual-dark"):
        AnchorApp(config(), FakeBackend(), lambda: NOW, theme="nosuch")


def test_a_row_of_keys_cannot_be_given_one_key(tmp_path):
    text = '[github]\nops_repo = "a/b"\n[keys]\nenvironment = "e"\n'
    actions = {action.id: (*action.keys, *action.readable_keys.split()) for action in REGISTRY}
    with pytest.raises(ConfigErrors, match=r"keys\.environment: its keys are fixed"):
        parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=actions)
