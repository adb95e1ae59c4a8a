"""The number of requests and points that reading costs, counted by the sandbox. No time decides a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from anchor_tui.config.load import load_config
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.model import Config
from anchor_tui.domain.model import AppId
from anchor_tui.domain.readings import Fresh, Reading
from anchor_tui.domain.source_data import ArgoCDData
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.services.clock import utc_now
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.observer import observe_once
from anchor_tui.services.observe.source_factory import make_sources
from anchor_tui.sources.github.source import GitHubSource
from tests.sources.argocd.fakes import run_source

SERVER_REQUESTS = 2
"""The version and the settings."""
LIST_REQUESTS = 2
"""The list, and the first events of the stream, which contain what the list lacks."""
REQUESTS_FOR_EVIDENCE = 2
"""The manifests of an application, and the Secret that its ExternalSecret creates."""
REQUESTS_FOR_A_FAILURE = 3
"""The tree of a degraded application, its events, and its details once more."""
GITHUB_REQUESTS = 21
"""The poll, the history, 14 lists of settings of two repositories, and at most five comparisons with the head."""


def read_configuration(box: Sandbox, folder: Path) -> tuple[Config, dict[str, str]]:
    """Return the configuration that the sandbox writes, and the environment with its tokens."""
    environ = {"ARGOCD_AUTH_TOKEN": box.argocd_token, "GITHUB_TOKEN": box.github_token, "HOME": str(folder)}
    written = write_configuration(box, folder) / CONFIG_FILE_NAME
    return load_config(written, environ, cwd=folder, read_only=False), environ


def count(box: Sandbox, side: str, accepts: Callable[[str], bool] = lambda _: True) -> int:
    """Return the number of requests to one server whose path is accepted."""
    return sum(number for (server, _, path), number in box.requests.items() if server == side and accepts(path))


def read_health(reading: Reading[ArgoCDData]) -> dict[AppId, str]:
    """Return the health of every application of a fresh reading."""
    observed = reading.value.applications if isinstance(reading, Fresh) else ()
    return {one.application.id: one.application.health for one in observed}


def test_a_snapshot_of_named_applications_sends_three_for_each(tmp_path: Path) -> None:
    with run_sandbox_in_thread("steady") as box:
        config, environ = read_configuration(box, tmp_path)
        snapshot = observe_once(config, environ, tmp_path, 30)
        requests = count(box, "argocd")
    assert len(snapshot.all_applications) == 3
    assert requests <= SERVER_REQUESTS + 3 * REQUESTS_FOR_EVIDENCE + 3


@pytest.mark.parametrize("budget", [0, 10, 50])
def test_requests_of_a_selected_fleet_depend_on_the_budget(tmp_path: Path, budget: int) -> None:
    with run_sandbox_in_thread("scale-90") as box:
        config, environ = read_configuration(box, tmp_path)
        limited = replace(config, policy=replace(config.policy, evidence_budget=budget))
        snapshot = observe_once(limited, environ, tmp_path, 30)
        failing = sum(app.health == "Degraded" for app in box.applications.values())
        requests = count(box, "argocd")
    assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]
    assert len(snapshot.all_applications) == 90
    most = SERVER_REQUESTS + LIST_REQUESTS + REQUESTS_FOR_EVIDENCE * budget + REQUESTS_FOR_A_FAILURE * failing
    assert requests <= most


def test_without_evidence_a_fleet_is_one_list_and_stream(tmp_path: Path) -> None:
    with run_sandbox_in_thread("scale-90") as box:
        config, environ = read_configuration(box, tmp_path)
        observe_once(config, environ, tmp_path, 30, evidence="none")
        assert count(box, "argocd") <= SERVER_REQUESTS + LIST_REQUESTS


@pytest.mark.parametrize("scenario", ["steady", "scale-90"])
def test_the_cost_at_github_does_not_depend_on_applications(tmp_path: Path, scenario: str) -> None:
    with run_sandbox_in_thread(scenario) as box:
        config, environ = read_configuration(box, tmp_path)
        observe_once(config, environ, tmp_path, 30)
        assert box.github.graphql_budget.used == 2
        assert count(box, "github") <= GITHUB_REQUESTS


async def test_a_further_poll_is_one_request_and_one_point(tmp_path: Path) -> None:
    async with Sandbox.start("steady") as box:
        config, environ = read_configuration(box, tmp_path)
        source = GitHubSource(config, Connections(config, environ, tmp_path).connect_github, utc_now)
        await source.read_branch()
        requests, points = count(box, "github"), box.github.graphql_budget.used
        await source.read_branch()
        await source.close_client()
        assert count(box, "github") - requests == 1
        assert box.github.graphql_budget.used - points == 1


async def test_events_of_the_stream_cost_no_further_list(tmp_path: Path) -> None:
    async with Sandbox.start("scale-12") as box:
        config, environ = read_configuration(box, tmp_path)
        source, _ = make_sources(config, environ, tmp_path)
        async with run_source(source) as seen:
            reading = await seen.wait_until(lambda reading: len(read_health(reading)) == 12)
            storm = asyncio.create_task(box.storm.run(50))
            for _ in range(2):
                before = read_health(reading)
                reading = await seen.wait_until(lambda reading, before=before: read_health(reading) != before)
            storm.cancel()
        assert count(box, "argocd", lambda path: path.endswith("/v1/applications")) == 1
        assert count(box, "argocd", lambda path: path.endswith("/stream/applications")) == 1
