"""The connections of one configuration: what a read-only run can open, and when PyGithub is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from anchor_tui.config.model import GitHubConfig, StatusApiConfig
from anchor_tui.domain.actions.steps import CreateBranch
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.connections import Connections
from anchor_tui.services.execute.step_support import ExecutionClients
from anchor_tui.sources.errors import WriteRefused
from anchor_tui.sources.github.action_queries import ACTION_QUERY_TEXTS, PULL_REQUEST_QUERY
from tests.values import config

REPO = "anchor/anchor-msp-ops"


def connections_to(box: Sandbox, tmp_path, *, read_only: bool) -> Connections:
    github = GitHubConfig(ops_repo=REPO, api_url=box.github_url, token_env="TOKEN")
    configured = config(github=github, read_only=read_only)
    return Connections(configured, {"TOKEN": box.github_token}, tmp_path)


@pytest.fixture
def created(monkeypatch):
    """Every `Github` object that is created."""
    import github

    created: list[object] = []
    create = github.Github.__init__

    def note(self, *args, **kwargs):
        created.append(self)
        create(self, *args, **kwargs)

    monkeypatch.setattr(github.Github, "__init__", note)
    return created


async def test_a_read_only_run_never_creates_a_pygithub_object(tmp_path, created):
    async with Sandbox.start("steady") as box:
        clients = ExecutionClients(connections_to(box, tmp_path, read_only=True))
        client = await clients.github_client()
        variables = {"owner": "anchor", "name": "anchor-msp-ops", "number": 232}
        assert (await client.query(PULL_REQUEST_QUERY, variables)).data["repository"]
        with pytest.raises(WriteRefused, match="nothing is sent to GitHub"):
            await clients.github_writer()
        await clients.aclose()
    assert created == []


async def test_a_change_creates_one_pygithub_object(tmp_path, created):
    async with Sandbox.start("steady") as box:
        clients = ExecutionClients(connections_to(box, tmp_path, read_only=False))
        client = await clients.github_client()
        await client.get_json(f"/repos/{REPO}/pulls")
        assert created == []
        for branch in ("one", "two"):
            await (await clients.github_writer()).send_step(CreateBranch(REPO, branch, box.git.head))
        await clients.aclose()
        assert {"one", "two"} <= box.git.branches.keys()
    assert len(created) == 1


async def test_a_github_client_refuses_writes_in_every_run(tmp_path):
    async with Sandbox.start("steady") as box:
        client = await connections_to(box, tmp_path, read_only=False).connect_github(ACTION_QUERY_TEXTS)
        with pytest.raises(WriteRefused):
            await client._http.post(f"{box.github_url}/repos/{REPO}/git/refs", json={})
        await client.aclose()


async def test_a_read_only_run_does_not_open_the_status_api(tmp_path):
    configured = config(read_only=True, status_api=StatusApiConfig(url="https://status.example"))
    with pytest.raises(WriteRefused, match="status API"):
        await Connections(configured, {}, tmp_path).find_status_access()


@pytest.mark.parametrize(
    "modules",
    [
        "anchor_tui.services.observe.observer, anchor_tui.services.observe.source_factory",
        "anchor_tui.sources.github.source, anchor_tui.sources.github.client, anchor_tui.sources.github.writer",
        "anchor_tui.services.execute.executor, anchor_tui.services.execute.recovery",
    ],
)
def test_importing_our_modules_does_not_import_pygithub(modules):
    code = f"import sys, {modules}\nprint({{'github', 'requests', 'urllib3'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_reader_starts_without_httpx():
    code = "import sys, anchor_tui.services.observe.source_factory as f\nimport anchor_tui.sources.github.source\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print('httpx' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
