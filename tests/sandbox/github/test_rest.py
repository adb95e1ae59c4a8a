from __future__ import annotations

import base64

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox

REPO = "/repos/anchor/anchor-msp-ops"
RELEASE = f"{REPO}/contents/environments/dev/release.yaml"


async def test_a_file_is_read_at_a_ref(box: Sandbox, github: httpx.AsyncClient) -> None:
    file = (await github.get(RELEASE)).json()
    assert base64.b64decode(file["content"]).decode() == box.git.read_file("environments/dev/release.yaml")
    before = box.git.list_history(box.git.head)[0].parents[0]
    older = (await github.get(RELEASE, params={"ref": before})).json()
    assert "version: 1.43.2" in base64.b64decode(older["content"]).decode()
    blob = (await github.get(f"{REPO}/git/blobs/{file['sha']}")).json()
    assert blob["content"] == file["content"]


async def test_a_file_is_read_raw(github: httpx.AsyncClient) -> None:
    raw = await github.get(RELEASE, headers={"accept": "application/vnd.github.raw+json"})
    assert raw.text.startswith("# The release contract of dev")


async def test_commits_of_a_path_come_in_pages(github: httpx.AsyncClient) -> None:
    query = {"path": "environments/prod/release.yaml", "per_page": "3"}
    first = await github.get(f"{REPO}/commits", params=query)
    assert first.json()[0]["commit"]["message"] == "Promote prod to 1.43.1 (#225)"
    second = await github.get(first.links["next"]["url"])
    assert len(second.json()) == 3
    assert "page=3" in first.links["last"]["url"]


async def test_a_git_commit_has_the_time_of_its_committer(box: Sandbox, github: httpx.AsyncClient) -> None:
    response = await github.get(f"{REPO}/git/commits/{box.git.head}")
    assert response.json()["sha"] == box.git.head
    assert response.json()["committer"]["date"].endswith("Z")
    assert (await github.get(f"{REPO}/git/commits/{'0' * 40}")).status_code == 404


async def test_pulls_are_filtered_by_state(github: httpx.AsyncClient) -> None:
    (draft,) = (await github.get(f"{REPO}/pulls")).json()
    assert (draft["number"], draft["draft"]) == (227, True)
    closed = (await github.get(f"{REPO}/pulls", params={"state": "closed", "per_page": "100"})).json()
    assert len(closed) == 29


@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("path", [REPO, "/graphql"])
async def test_a_request_without_the_token_is_401(box: Sandbox, token: str | None, path: str) -> None:
    headers = {"authorization": f"token {token}"} if token else {}
    async with httpx.AsyncClient(base_url=box.github_url, headers=headers, verify=False) as client:
        answer = await (client.post(path, json={}) if path == "/graphql" else client.get(path))
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


@pytest.mark.parametrize("scheme", ["token", "Bearer", "bearer"])
async def test_both_authorization_schemes_are_accepted(box: Sandbox, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {box.github_token}"}
    async with httpx.AsyncClient(base_url=box.github_url, headers=headers, verify=False) as client:
        assert (await client.get(REPO)).json()["name"] == "anchor-msp-ops"


async def test_a_read_of_a_former_name_is_redirected_permanently(github: httpx.AsyncClient) -> None:
    old = "/repos/anchor/msp-ops/contents/README.md"
    answer = await github.get(old)
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/repositories/871234567/contents/README.md")
    assert (await github.get(answer.headers["location"])).json()["path"] == "README.md"


@pytest.mark.parametrize("path", ["/repos/anchor/nope", f"{REPO}/contents/nope", f"{REPO}/git/blobs/0", "/nope"])
async def test_a_missing_resource_is_404(github: httpx.AsyncClient, path: str) -> None:
    answer = await github.get(path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


async def test_headers_report_the_limit_and_a_304_is_free(github: httpx.AsyncClient) -> None:
    first = await github.get(REPO)
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    assert first.headers["x-ratelimit-remaining"] == "4999"
    assert first.headers["x-github-request-id"]
    again = await github.get(REPO, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["x-ratelimit-used"], again.headers["x-ratelimit-resource"]) == ("1", "core")


# --- settings and comparisons ----------------------------------------------------------------------------


async def test_variables_have_values_and_secrets_only_names(github: httpx.AsyncClient) -> None:
    found = (await github.get("/repos/anchor/anchor-msp/actions/variables")).json()
    assert found["total_count"] == 2
    assert [(item["name"], item["value"]) for item in found["variables"]] == [
        ("ENGINE_ID", "anchor-msp"),
        ("OPS_REPO", "anchor/anchor-msp-ops"),
    ]
    assert found["variables"][0].keys() == {"name", "value", "created_at", "updated_at"}
    secrets = (await github.get(f"{REPO}/actions/organization-secrets")).json()
    assert [item["name"] for item in secrets["secrets"]] == ["STATUS_API_TOKEN"]
    assert secrets["secrets"][0].keys() == {"name", "created_at", "updated_at"}


async def test_settings_come_in_pages(github: httpx.AsyncClient) -> None:
    query = {"per_page": "1", "page": "2"}
    found = (await github.get("/repos/anchor/anchor-msp/actions/secrets", params=query)).json()
    assert (found["total_count"], [item["name"] for item in found["secrets"]]) == (2, ["STATUS_API_URL"])
    (prod,) = (await github.get(f"{REPO}/environments")).json()["environments"]
    assert (await github.get(f"{REPO}/environments/{prod['name']}/secrets")).json()["total_count"] == 1
    assert (await github.get(f"{REPO}/environments/nope/secrets")).status_code == 404


async def test_denied_settings_name_the_missing_permission(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.faults.add("github:deny=settings")
    needed = {
        "/actions/variables": "actions_variables=read",
        "/actions/organization-secrets": "secrets=read",
        "/environments": "actions=read",
        "/environments/prod/secrets": "environments=read",
    }
    for path, permission in needed.items():
        answer = await github.get(REPO + path)
        assert (answer.status_code, answer.headers["x-accepted-github-permissions"]) == (403, permission)
    assert (await github.get(REPO)).status_code == 200


async def test_a_comparison_lists_the_commits_since_the_merge_base(box: Sandbox, github: httpx.AsyncClient) -> None:
    before = box.git.head
    after = box.commit({"README.md": "more", "new.txt": "x"}, "Say more")
    ahead = (await github.get(f"{REPO}/compare/{before}...{after}")).json()
    assert (ahead["status"], ahead["ahead_by"], ahead["behind_by"]) == ("ahead", 1, 0)
    assert [(file["filename"], file["status"]) for file in ahead["files"]] == [
        ("README.md", "modified"),
        ("new.txt", "added"),
    ]
    behind = (await github.get(f"{REPO}/compare/{after}...{before}")).json()
    assert (behind["status"], behind["behind_by"], behind["files"]) == ("behind", 1, [])
    same = (await github.get(f"{REPO}/compare/main...{after}")).json()
    assert (same["status"], same["commits"]) == ("identical", [])
    for unknown in (f"{'0' * 40}...main", "main", "main...nope"):
        assert (await github.get(f"{REPO}/compare/{unknown}")).status_code == 404
