"""The sources pane."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.snapshot_builder import build_snapshot
from tests.tui.harness import open_app
from tests.tui.sample_readings import HEALTHY, INCIDENT, NO_GITHUB
from tests.values import (
    fresh,
    ops_repo,
    readings,
)


async def test_a_problem_names_its_file_and_line():
    async with open_app(environment="prod") as ui:
        from anchor_tui.domain.model import Problem
        from tests.values import files

        problem = Problem("release", "malformed", "a tab where spaces belong", "environments/prod/release.yaml", 3, 1)
        repo = ops_repo(environments={**ops_repo().environments, "prod": files(problems=(problem,))})
        await ui.show(readings(repo=fresh(repo)))
        await ui.press("tab", "tab", "tab")
        assert "environments/prod/release.yaml:3: a tab where spaces belong" in ui.text
        assert "release unreadable" in ui.text


async def test_every_source_is_listed_with_its_state():
    async with open_app((130, 40), environment="prod") as ui:
        await ui.show(INCIDENT)
        await ui.press("tab", "tab", "tab")
        assert " Sources 2 " in ui.text
        assert "Argo CD  ✓ read 2 s ago  https://cd.example.com" in ui.text
        await ui.show(NO_GITHUB)
        assert "GitHub   ✗ unavailable   anchor/anchor-msp-ops: not found" in ui.text


async def test_a_silent_source_shows_its_duration_once():
    async with open_app((180, 50)) as ui:
        ui.time += timedelta(minutes=4)
        snapshot = build_snapshot(ui.config, HEALTHY, ui.time)
        await ui.publish(snapshot)
        reason = next(text for text in snapshot.verdict.reasons if "Argo CD" in text)
        assert reason == "Argo CD: as of 14:02Z, 4 min ago: the source has not responded since then"
