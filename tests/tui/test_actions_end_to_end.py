"""The whole way on real sockets: the real screen, the real reader and writer, the embedded servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from anchor_tui.config.load import parse_config
from anchor_tui.sandbox.github.pull_requests import FAST_CHECK_TIMINGS
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.clock import utc_now
from anchor_tui.services.execute.audit import AuditLog, find_unfinished
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.tui.app import AnchorApp
from anchor_tui.tui.screens.cutover import CutoverScreen
from anchor_tui.tui.screens.plan import PlanScreen
from anchor_tui.tui.screens.progress import ProgressScreen
from tests.tui.harness import AppHarness
from tests.tui.test_action_flows import notifications, wait_until


@asynccontextmanager
async def open_live_app(
    box: Sandbox, folder: Path, environment: str, *, read_only: bool = False
) -> AsyncIterator[AppHarness]:
    """The application on the embedded servers, everything read once."""
    environ = {
        "A_TOKEN": box.argocd_token,
        "G_TOKEN": box.github_token,
        "STATUS_API_TOKEN": box.status_token,
        "HOME": str(folder),
    }
    text = f"""
        read_only = {str(read_only).lower()}
        [argocd]
        server = "{box.argocd_url}"
        token_env = "A_TOKEN"
        [github]
        ops_repo = "{box.ops_repo}"
        api_url = "{box.github_url}"
        token_env = "G_TOKEN"
        poll_s = 5
        [status_api]
        url = "{box.status_url}"
    """
    config = parse_config(text, folder / "anchor-tui.toml", environ)
    reader = BackgroundThread(config, environ, folder, state=folder / "state")
    reader.start()
    app = AnchorApp(config, reader, utc_now, environment=environment, ascii_only=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            stage = AppHarness(app, pilot, reader, config)  # type: ignore[arg-type]
            await wait_until(stage, lambda: app.snapshot is not None and not app.snapshot.sources_not_fresh)
            yield stage
    finally:
        reader.stop()


def is_plan_readable(stage: AppHarness) -> bool:
    return isinstance(stage.app.screen, PlanScreen) and stage.app.screen.is_readable


def all_jobs_ended(stage: AppHarness) -> bool:
    return bool(stage.app.jobs) and all(job.is_over for job in stage.app.jobs)


async def test_a_prune_deletes_what_the_dialog_showed_and_the_card_follows_the_snapshot(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as stage:
            await stage.press("P")
            await wait_until(stage, lambda: is_plan_readable(stage))
            assert "2 resources will be DELETED" in stage.text
            assert "Deployment  anchor-staging/status-mock" in stage.text
            await stage.press("2", "enter")
            await wait_until(stage, lambda: all_jobs_ended(stage))
            assert isinstance(stage.app.screen, ProgressScreen)
            assert "2 resources deleted" in stage.text
            live_objects = box.applications["argocd", "anchor-msp-staging"].live
            assert not [each for each in live_objects.values() if "mock" in each.resource.name]
            await stage.press("escape")
            await wait_until(stage, lambda: stage.text.count("✓ Synced   ✓ Healthy") >= 2)
        assert {each.entry for each in AuditLog(tmp_path / "state").read_entries()} == {"intended", "done"}


async def test_a_promotion_opens_one_pull_request_and_is_followed_until_staging_runs_it(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as stage:
            await stage.press("p")
            await wait_until(stage, lambda: is_plan_readable(stage))
            assert "Promote 1.44.0 to staging" in stage.text
            await stage.press("y")
            await wait_until(
                stage,
                lambda: any(pull.branch.startswith("anchor-tui/") for pull in box.github_repo.pull_requests.values()),
            )
            opened = [pull for pull in box.github_repo.pull_requests.values() if pull.branch.startswith("anchor-tui/")]
            assert [pull.branch for pull in opened] == ["anchor-tui/promote/staging/1.44.0"]
            await wait_until(stage, lambda: f"#{opened[0].number}" in stage.text)


async def test_a_plan_that_is_left_with_escape_has_sent_nothing_but_its_refresh(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod") as stage:
            for key in ("s", "P", "p"):
                await stage.press(key)
                await wait_until(stage, lambda: is_plan_readable(stage))
                await stage.press("escape")
            await stage.press("x")
            assert not isinstance(stage.app.screen, PlanScreen)
            assert box.applications["argocd", "anchor-msp-prod"].operation is None
            assert not [
                pull for pull in box.github_repo.pull_requests.values() if pull.branch.startswith("anchor-tui/")
            ]
        assert {each.action for each in AuditLog(tmp_path / "state").read_entries()} <= {"hard-refresh"}


async def test_a_dialog_that_is_left_during_its_refresh_leaves_the_refresh_to_its_end(tmp_path):
    with run_sandbox_in_thread("incident", timings=replace(FAST_TIMINGS, refresh_s=1.5)) as box:
        async with open_live_app(box, tmp_path, "staging") as stage:
            await stage.press("P")
            await wait_until(stage, lambda: bool(stage.app.jobs))
            await stage.press("escape")
            assert not all_jobs_ended(stage)
            await wait_until(stage, lambda: all_jobs_ended(stage))
            assert [job.outcome.kind for job in stage.app.jobs if job.outcome] == ["done"]
        assert find_unfinished(AuditLog(tmp_path / "state").read_entries()) == ()


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "p", "b", "c"])
async def test_a_read_only_screen_on_a_real_estate_sends_nothing(tmp_path, key):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod", read_only=True) as stage:
            await stage.press(key)
            assert stage.fleet.is_current
            assert notifications(stage) == ""
        assert not (tmp_path / "state").exists()


async def test_the_cutover_waits_for_its_checklist_and_its_switches_are_turned_round_by_pull_requests(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        overlay = "infra/helm/platform/environments/staging/values.yaml"
        text = box.git.read_file(overlay)
        box.commit({overlay: text.replace("statusMock:\n  enabled: false", "statusMock:\n  enabled: true")}, "Mock on")
        async with open_live_app(box, tmp_path, "staging") as stage:

            def fails() -> bool:
                found = stage.app.snapshot.find_environment("staging").findings if stage.app.snapshot else ()
                return any(each.check == "mock.workloads-absent" and each.status == "fail" for each in found)

            await wait_until(stage, fails)
            await stage.press("c")
            assert "step 5 waits for" in stage.text
            await stage.press("c")
            assert isinstance(stage.app.screen, CutoverScreen)
            await stage.press("t")
            await wait_until(stage, lambda: is_plan_readable(stage))
            assert "statusMock.enabled → false" in stage.text
            await stage.press("y")
            branch = "anchor-tui/mend/staging/mock.workloads-absent"
            await wait_until(
                stage, lambda: any(pull.branch == branch for pull in box.github_repo.pull_requests.values())
            )
