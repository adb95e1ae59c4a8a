from __future__ import annotations

import asyncio
import base64
import json

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox

LIST = "/api/v1/applications"


async def names(client: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await client.get(LIST, params=query)
    return [item["metadata"]["name"] for item in answer.json()["items"] or ()]


async def test_the_applications_are_those_of_the_ops_repo(argocd: httpx.AsyncClient) -> None:
    assert await names(argocd) == ["anchor-msp-dev", "anchor-msp-prod", "anchor-msp-staging"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "anchor-msp-dev"}, "dev"),
        ({"projects": "anchor-msp"}, "dev prod staging"),
        ({"projects": "nope"}, ""),
        ({"appNamespace": "argocd"}, "dev prod staging"),
        ({"appNamespace": "nope"}, ""),
        ({"nonsense": "x"}, "dev prod staging"),
    ],
)
async def test_a_list_is_filtered(argocd: httpx.AsyncClient, query: dict[str, str], found: str) -> None:
    assert [name.removeprefix("anchor-msp-") for name in await names(argocd, **query)] == found.split()


async def test_an_empty_list_is_null(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.get(LIST, params={"projects": "nope"})).json()["items"] is None


async def test_fields_that_a_list_cannot_select_are_dropped_without_a_word(argocd: httpx.AsyncClient) -> None:
    fields = "items.metadata.name,items.metadata.uid,items.status.sync,items.status.reconciledAt,items.status.history"
    answer = (await argocd.get(LIST, params={"fields": fields})).json()
    assert answer["items"][0] == {"metadata": {"name": "anchor-msp-dev"}}
    assert answer["metadata"]["resourceVersion"].isdigit()


async def test_resources_have_health_in_get_and_none_in_list(argocd: httpx.AsyncClient) -> None:
    listed = (await argocd.get(LIST)).json()["items"][0]["status"]["resources"]
    got = (await argocd.get(f"{LIST}/anchor-msp-dev")).json()["status"]["resources"]
    assert not any("health" in resource for resource in listed)
    assert all("health" in resource for resource in got)
    assert [resource["name"] for resource in listed] == [resource["name"] for resource in got]


async def test_a_refresh_needs_no_turn_of_the_hands(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.get(f"{LIST}/anchor-msp-dev", params={"refresh": "hard"})).status_code == 200


@pytest.mark.parametrize("scenario_name", ["scale-120"])
async def test_many_more_applications_live_in_other_namespaces_and_projects(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    items = (await argocd.get(LIST)).json()["items"]
    assert len(items) == 123
    assert len({item["spec"]["project"] for item in items}) > 10
    assert {item["status"]["health"]["status"] for item in items} == {"Healthy", "Degraded"}
    assert {item["status"]["sync"]["status"] for item in items} == {"Synced", "OutOfSync"}
    assert [item["metadata"]["name"] for item in items] == sorted(item["metadata"]["name"] for item in items)
    one = next(item["metadata"] for item in items if item["metadata"]["namespace"] != "argocd")
    assert (await argocd.get(f"{LIST}/{one['name']}")).status_code == 403
    path = f"{LIST}/{one['name']}?appNamespace={one['namespace']}"
    assert (await argocd.get(path)).json()["metadata"]["uid"] == one["uid"]
    box.advance(600)


async def test_the_token_is_a_json_web_token_of_argocd_that_expires(box: Sandbox) -> None:
    header, claims, _ = box.argocd_token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert read[0] == {"alg": "HS256", "typ": "JWT"}
    assert (read[1]["iss"], read[1]["sub"]) == ("argocd", "on-call:apiKey")
    assert read[1]["exp"] > box.clock.now().timestamp()


async def test_a_viewer_may_get_and_not_sync(box: Sandbox) -> None:
    headers = {"authorization": f"Bearer {box.argocd.sessions.issue_token('viewer:apiKey')}"}
    async with httpx.AsyncClient(
        base_url=box.argocd_url + "/api/v1/account/can-i", headers=headers, verify=False
    ) as client:
        answers = await asyncio.gather(
            client.get("/applications/get/anchor-msp/anchor-msp-prod"),
            client.get("/applications/sync/anchor-msp%2Fanchor-msp-prod"),
        )
    assert [answer.json()["value"] for answer in answers] == ["yes", "no"]
