"""Parts of an application's inside, read from the embedded servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anchor_tui.config.load import parse_config
from anchor_tui.domain.inspection.application_spec import read_application_spec
from anchor_tui.domain.model import Application
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.application_history import read_history
from anchor_tui.services.observe.inspect import ApplicationInspector
from tests.values import application


def inspect(
    box: Sandbox, folder: Path, read: Callable[[ApplicationInspector], Awaitable[Any]], name: str = "anchor-msp-prod"
) -> Any:
    environ = {"A_TOKEN": box.argocd_token, "G_TOKEN": box.github_token}
    text = f"""
        [argocd]
        server = "{box.argocd_url}"
        token_env = "A_TOKEN"
        [github]
        ops_repo = "{box.ops_repo}"
        api_url = "{box.github_url}"
        token_env = "G_TOKEN"
    """
    config = parse_config(text, folder / "anchor-tui.toml", environ)
    chosen: Application = application(name, source=config.servers_in_use[0].name)

    async def run() -> Any:
        inspector = ApplicationInspector(Connections(config, environ, folder), chosen)
        try:
            return await read(inspector)
        finally:
            await inspector.aclose()

    return asyncio.run(run())


def test_deployments_have_commit_and_release_and_can_be_compared(tmp_path):
    async def read(inspector: ApplicationInspector) -> Any:
        reading = await read_history(inspector, "prod", {})
        assert isinstance(reading, Fresh)
        history = reading.value
        newest, oldest = history.deployments[0].revision, history.deployments[-1].revision
        forward = await inspector.github.compare(oldest, newest)
        back = await inspector.github.compare(newest, oldest)
        again = await read_history(inspector, "prod", history.revisions)
        return history, forward, back, again, await inspector.github.read_release("nowhere", newest)

    with run_sandbox_in_thread("incident", timings=FAST_TIMINGS) as box:
        history, forward, back, again, unknown = inspect(box, tmp_path, read)
    assert len(history.deployments) > 1
    newest = history.revisions[history.deployments[0].revision]
    assert newest.is_complete
    assert newest.release.images
    assert newest.commit.author_name
    assert {known.commit_problem for known in history.revisions.values()} == {""}
    assert forward.value.commits
    assert not forward.value.is_reversed
    assert forward.value.commit_count == len(forward.value.commits)
    assert any(file.path.endswith("release.yaml") for file in forward.value.files)
    assert back.value.is_reversed
    assert back.value.commits == forward.value.commits
    assert again.value == history
    assert isinstance(unknown, Unavailable)


def test_sync_windows_have_the_zone_of_the_project(tmp_path):
    window = ProjectSyncWindow("deny", "0 22 * * *", "8h", ("anchor-msp-*",), True, "Europe/Berlin")
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS) as box:
        box.controller.windows.append(window)
        reading = inspect(box, tmp_path, lambda inspector: inspector.read_sync_windows())
        manifest = inspect(box, tmp_path, lambda inspector: inspector.read_application_manifest())
    (found,) = reading.value.windows
    assert (found.kind, found.time_zone, found.allows_manual) == ("deny", "Europe/Berlin", True)
    assert read_application_spec(manifest.value).sources[0].path == "infra/helm/platform"


def test_a_drifted_application_differs(tmp_path):
    with run_sandbox_in_thread("drift", timings=FAST_TIMINGS) as box:
        differing = {
            name: [one for one in reading.value if one.kind != "equal"]
            for name in ("anchor-msp-dev", "anchor-msp-staging", "anchor-msp-prod")
            for reading in [inspect(box, tmp_path, lambda inspector: inspector.read_differences(), name)]
        }
    assert any(differing.values())
    assert not [one.ignored for found in differing.values() for one in found if one.ignored]
