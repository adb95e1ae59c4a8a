"""Actions end to end: the real application and background thread on the embedded servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

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


@asynccontextmanager
async def open_live_app(
    box: Sandbox, folder: Path, environment: str, *, read_only: bool = False
) -> AsyncIterator[AppHarness]:
    """Run the application on the embedded servers, and wait until everything is read."""
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
    reader = BackgroundThread(config, environ, folder, state_folder=folder / "state")
    reader.start()
    app = AnchorApp(config, reader, utc_now, environment=environment, ascii_only=False)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            ui = AppHarness(app, pilot, reader, config)  # type: ignore[arg-type]
            await ui.wait_until(lambda: app.snapshot is not None and not app.snapshot.sources_not_fresh)
            yield ui
    finally:
        reader.stop()


def all_jobs_ended(ui: AppHarness) -> bool:
    return bool(ui.app.jobs) and all(job.is_over for job in ui.app.jobs)


async def test_a_prune_deletes_the_listed_resources(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            await ui.press("P")
            await ui.wait_until(lambda: ui.can_confirm)
            assert "2 resources will be DELETED" in ui.text
            assert "Deployment  anchor-staging/status-mock" in ui.text
            await ui.press("2", "enter")
            await ui.wait_until(lambda: all_jobs_ended(ui))
            assert isinstance(ui.app.screen, ProgressScreen)
            assert "2 resources deleted" in ui.text
            live_objects = box.applications["argocd", "anchor-msp-staging"].live
            assert not [live for live in live_objects.values() if "mock" in live.resource.name]
            await ui.press("escape")
            await ui.wait_until(lambda: ui.text.count("✓ Synced   ✓ Healthy") >= 2)
        assert {entry.entry for entry in AuditLog(tmp_path / "state").read_entries()} == {"intended", "done"}


async def test_a_promotion_opens_one_pull_request(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            await ui.press("p")
            await ui.wait_until(lambda: ui.can_confirm)
            assert "Promote 1.44.0 to staging" in ui.text
            await ui.press("y")
            await ui.wait_until(
                lambda: any(pull.branch.startswith("anchor-tui/") for pull in box.github_repo.pull_requests.values()),
            )
            opened = [pull for pull in box.github_repo.pull_requests.values() if pull.branch.startswith("anchor-tui/")]
            assert [pull.branch for pull in opened] == ["anchor-tui/promote/staging/1.44.0"]
            await ui.wait_until(lambda: f"#{opened[0].number}" in ui.text)


async def test_a_promotion_is_merged_from_its_progress(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            await ui.press("p")
            await ui.wait_until(lambda: ui.can_confirm)
            await ui.press("tab", "tab", *"release", "enter", "y")
            await ui.wait_until(lambda: "Promote 1.44.0 to staging · #" in ui.text)
            (opened,) = [
                pull for pull in box.github_repo.pull_requests.values() if pull.branch.startswith("anchor-tui/")
            ]
            box.approve(opened.number)
            await ui.wait_until(lambda: f"m merges #{opened.number}" in ui.text)
            await ui.press("m")
            await ui.wait_until(lambda: ui.can_confirm)
            assert ui.plan_screen.query_one("#reason", Input).value == "release"
            await ui.press("y")
            await ui.wait_until(lambda: len(ui.app.jobs) == 2 and all_jobs_ended(ui))
            assert {job.outcome.kind for job in ui.app.jobs if job.outcome} == {"done"}
            await ui.press("escape")
            assert isinstance(ui.app.screen, ProgressScreen)  # of the promotion
            assert f"#{opened.number} merged" in ui.text


async def test_a_cancelled_plan_sends_nothing_but_its_refresh(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod") as ui:
            for key in ("s", "P", "p"):
                await ui.press(key)
                await ui.wait_until(lambda: ui.can_confirm)
                await ui.press("escape")
            await ui.press("x")
            assert not isinstance(ui.app.screen, PlanScreen)
            assert box.applications["argocd", "anchor-msp-prod"].operation is None
            assert not [
                pull for pull in box.github_repo.pull_requests.values() if pull.branch.startswith("anchor-tui/")
            ]
        assert {entry.action for entry in AuditLog(tmp_path / "state").read_entries()} <= {"hard-refresh"}


async def test_a_refresh_continues_when_its_dialog_is_closed(tmp_path):
    with run_sandbox_in_thread("incident", timings=replace(FAST_TIMINGS, refresh_s=1.5)) as box:
        async with open_live_app(box, tmp_path, "staging") as ui:
            await ui.press("P")
            await ui.wait_until(lambda: bool(ui.app.jobs))
            await ui.press("escape")
            assert not all_jobs_ended(ui)
            await ui.wait_until(lambda: all_jobs_ended(ui))
            assert [job.outcome.kind for job in ui.app.jobs if job.outcome] == ["done"]
        assert find_unfinished(AuditLog(tmp_path / "state").read_entries()) == ()


@pytest.mark.parametrize("key", ["r", "R", "s", "P", "p", "b", "c"])
async def test_a_read_only_screen_sends_nothing(tmp_path, key):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod", read_only=True) as ui:
            await ui.press(key)
            assert ui.fleet.is_current
            assert "read-only: no actions" in ui.notifications
        assert not (tmp_path / "state").exists()


async def test_the_cutover_waits_for_its_checklist_and_offers_fixes(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS, checks=FAST_CHECK_TIMINGS) as box:
        overlay = "infra/helm/platform/environments/staging/values.yaml"
        text = box.git.read_file(overlay)
        box.commit({overlay: text.replace("statusMock:\n  enabled: false", "statusMock:\n  enabled: true")}, "Mock on")
        async with open_live_app(box, tmp_path, "staging") as ui:

            def is_mock_found() -> bool:
                found = ui.app.snapshot.find_environment("staging").findings if ui.app.snapshot else ()
                return any(finding.check == "mock.workloads-absent" and finding.status == "fail" for finding in found)

            await ui.wait_until(is_mock_found)
            await ui.press("c")
            await ui.wait_until(lambda: "step 5 waits for 1 of 8 lines" in ui.text)
            await ui.press("c")
            assert isinstance(ui.app.screen, CutoverScreen)
            await ui.press("t")
            await ui.wait_until(lambda: ui.can_confirm)
            assert "statusMock.enabled → false" in ui.text
            await ui.press("y")
            branch = "anchor-tui/mend/staging/mock.workloads-absent"
            await ui.wait_until(lambda: any(pull.branch == branch for pull in box.github_repo.pull_requests.values()))


async def test_the_drift_scenario_shows_git_and_live_version(tmp_path):
    with run_sandbox_in_thread("drift", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "dev") as ui:
            await ui.wait_until(lambda: "git 1.44.0 · live 1.43.2" in ui.text)


async def test_an_environment_shows_its_cause_and_releases_from_the_servers(tmp_path):
    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "prod", read_only=True) as ui:
            snapshot = ui.app.snapshot
            assert snapshot is not None
            await ui.press("e")
            await ui.wait_until(lambda: "current" in ui.text and "reading the history" not in ui.text)
            await ui.wait_until(lambda: "since 1.43.2" in " ".join(ui.text.split()))
            assert "1.43.1" in ui.text
            await ui.press("tab")
            await ui.wait_until(lambda: "evidence" in ui.text and "next" in ui.text)
            await ui.press("C")
            await ui.wait_until(lambda: "kubectl describe" in ui.text)
