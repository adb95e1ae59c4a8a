"""The walk of docs/on-call.md on the embedded servers, with its number of keys."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.sandbox.github.pull_requests import HostedPullRequest
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.tui.screens.plan import PlanScreen
from tests.tui.test_actions_end_to_end import open_live_app

PAGE = Path(__file__).parents[2] / "docs" / "on-call.md"


async def test_the_walk_from_red_to_its_cause(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "") as ui:
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text)
            assert "since 1.43.2 (#233" in " ".join(ui.text.split())
            await ui.press("enter")
            await ui.wait_until(lambda: "back-off 5m0s restarting failed" in ui.text)
            assert "#233" in ui.text
            assert "m-ito" in ui.text
            await ui.press("4")
            await ui.press("l")
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text and "Traceback" in ui.text)


async def test_the_walk_ends_with_a_rollback_after_eight_keys(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "") as ui:
            await ui.wait_until(lambda: "KeyError: 'AUTH_JWKS_URL'" in ui.text)
            await ui.press("enter", "4", "l")
            await ui.wait_until(lambda: "Traceback" in ui.text)
            await ui.press("b")
            await ui.wait_until(lambda: "1.43.1" in ui.text and "choose one" in ui.text)
            await ui.press("down", "enter")
            await ui.wait_until(lambda: isinstance(ui.app.screen, PlanScreen) and ui.can_confirm)
            assert not get_rollbacks(box)
            await ui.press(*"crash", "enter", *"prod", "enter")
            await ui.wait_until(lambda: bool(get_rollbacks(box)))
            (rollback,) = get_rollbacks(box)
            assert rollback.branch == "anchor-tui/rollback/prod/1.43.1"
            assert "KeyError: 'AUTH_JWKS_URL'" in rollback.body
            await ui.wait_until(lambda: f"#{rollback.number}" in ui.text)


def get_rollbacks(box: Sandbox) -> list[HostedPullRequest]:
    """Return the pull requests that roll an environment back, which this program opened."""
    pull_requests = box.github_repo.pull_requests.values()
    return [pull for pull in pull_requests if pull.branch.startswith("anchor-tui/rollback/")]


def test_every_picture_of_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    names = [part.partition(")")[0] for part in text.split("](../screenshots/")[1:]]
    assert names
    assert all((PAGE.parents[1] / "screenshots" / name).is_file() for name in names)
