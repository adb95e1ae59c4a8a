from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.server import Sandbox

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def scenario_name() -> str:
    """The scenario of `box`; tests override it by parametrisation."""
    return "steady"


@pytest_asyncio.fixture
async def box(scenario_name: str) -> AsyncIterator[Sandbox]:
    async with Sandbox.start(scenario_name, clock=ManualClock(NOON), heartbeat_s=0.05) as box:
        yield box
        assert box.errors == []


@pytest_asyncio.fixture
async def argocd(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {box.argocd_token}"}
    async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, timeout=5, verify=False) as client:
        yield client


@pytest_asyncio.fixture
async def github(box: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {box.github_token}"}
    async with httpx.AsyncClient(base_url=box.github_url, headers=headers, timeout=5, verify=False) as client:
        yield client


def read_query(name: str) -> str:
    return (DATA / "github" / f"{name}.graphql").read_text()


def build_poll_variables() -> dict[str, Any]:
    variables = {
        "owner": "anchor",
        "name": "anchor-msp-ops",
        "branch": "main",
        "ref": "refs/heads/main",
        "values": "infra/helm/platform/values.yaml",
    }
    for environment in ("dev", "staging", "prod"):
        variables[f"{environment}Release"] = f"environments/{environment}/release.yaml"
        variables[f"{environment}Values"] = f"infra/helm/platform/environments/{environment}/values.yaml"
        variables[f"{environment}Application"] = f"infra/argocd/applications/{environment}.yaml"
    return variables


async def query_github(client: httpx.AsyncClient, text: str, **variables: Any) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": text, "variables": variables})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def edit_release(box: Sandbox, environment: str, version: str) -> dict[str, str]:
    """Return the files of an environment at a version of the history."""
    from anchor_tui.sandbox.scenarios.release_files import edit_release_files
    from anchor_tui.sandbox.scenarios.seed_history import SeedRelease

    return edit_release_files(box.git.read_file, SeedRelease(environment, version))


async def wait_until(true: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - there is no event for what is looked at from outside
            await asyncio.sleep(0.001)
