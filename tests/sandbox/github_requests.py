"""Requests to the sandbox's GitHub that several tests send."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import httpx

from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import edit_release

REPO = "/repos/anchor/anchor-msp-ops"
BRANCH = "promote/prod-1.43.2"


def pull_request_id(number: int) -> str:
    return encode_node_id("PR", 871_234_567, number)


async def mutate(client: httpx.AsyncClient, name: str, output: str, /, **given: Any) -> dict[str, Any]:
    """Send a mutation and return the whole response."""
    kind = name[0].upper() + name[1:]
    query = f"mutation M($input: {kind}Input!) {{ {name}(input: $input) {{ {output} }} }}"
    answer = await client.post("/graphql", json={"query": query, "variables": {"input": given}})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def read_error(answer: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Return type and message of the only error; the mutation's field is null."""
    (error,) = answer["errors"]
    assert answer["data"] == {name: None}
    assert error["path"] == [name]
    return error["type"], error["message"]


def build_additions(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"path": path, "contents": base64.b64encode(text.encode()).decode()} for path, text in files.items()]


async def commit_files(
    client: httpx.AsyncClient, box: Sandbox, branch: str, files: Mapping[str, str], **more: Any
) -> Any:
    given = {
        "branch": {"repositoryNameWithOwner": box.ops_repo, "branchName": branch},
        "expectedHeadOid": box.git.branches.get(branch, "0" * 40),
        "message": {"headline": "Promote prod to 1.43.2"},
        "fileChanges": {"additions": build_additions(files)},
    }
    return await mutate(
        client,
        "createCommitOnBranch",
        "commit { oid author { user { login } } signature { isValid wasSignedByGitHub } } ref { name target { oid } }",
        **(given | more),
    )


async def open_promotion(client: httpx.AsyncClient, box: Sandbox, branch: str = BRANCH, **more: Any) -> int:
    """Create a branch, a commit of two files and a pull request, and return its number."""
    answer = await client.post(f"{REPO}/git/refs", json={"ref": f"refs/heads/{branch}", "sha": box.git.head})
    assert answer.status_code == 201
    made = await commit_files(client, box, branch, edit_release(box, "prod", "1.43.2"))
    assert "errors" not in made
    body = {"title": "Promote prod to 1.43.2", "head": branch, "base": "main", **more}
    answer = await client.post(f"{REPO}/pulls", json=body)
    assert answer.status_code == 201
    number: int = answer.json()["number"]
    return number


async def merge_pull_request(client: httpx.AsyncClient, number: int, **more: Any) -> httpx.Response:
    return await client.put(f"{REPO}/pulls/{number}/merge", json={"merge_method": "squash", **more})
