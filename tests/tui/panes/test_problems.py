"""The problems pane."""

from __future__ import annotations

from tests.tui.harness import open_app
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
