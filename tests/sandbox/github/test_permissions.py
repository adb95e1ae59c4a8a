"""Writes that a token or a repository does not allow, and requests that are redirected or malformed."""

from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.github_requests import REPO, commit_files, read_error


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", "/git/refs", "contents"),
        ("PATCH", "/git/refs/heads/topic", "contents"),
        ("POST", "/pulls", "pull_requests"),
        ("PUT", "/pulls/227/merge", "contents"),
        ("POST", "/issues/227/labels", "pull_requests"),
        ("POST", "/actions/workflows/promote.yaml/dispatches", "actions"),
    ],
)
async def test_a_refused_write_names_the_missing_permission(
    box: Sandbox, github: httpx.AsyncClient, method: str, path: str, permission: str
) -> None:
    box.github_repo.token_lacks.add(permission)
    answer = await github.request(method, REPO + path, json={})
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by personal access token")
    assert answer.headers["x-accepted-github-permissions"] == f"{permission}=write"


async def test_a_reader_cannot_write(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.can_write = False
    shown = (await github.get(REPO)).json()
    assert (shown["permissions"]["push"], shown["permissions"]["pull"]) == (False, True)
    refused = await commit_files(github, box, "topic", {"a": "1"})
    assert read_error(refused, "createCommitOnBranch")[0] == "FORBIDDEN"


async def test_an_archive_is_read_only(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github_repo.is_archived = True
    answer = await github.post(f"{REPO}/git/refs", json={})
    assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")


async def test_a_write_to_a_former_name_is_redirected(github: httpx.AsyncClient) -> None:
    answer = await github.post("/repos/anchor/msp-ops/git/refs", json={})
    assert answer.status_code == 307
    assert answer.headers["location"].endswith("/repositories/871234567/git/refs")


@pytest.mark.parametrize("body", [b"{", b'"x"'])
async def test_a_body_that_is_not_an_object_is_400(github: httpx.AsyncClient, body: bytes) -> None:
    assert (await github.post(f"{REPO}/git/refs", content=body)).status_code == 400
