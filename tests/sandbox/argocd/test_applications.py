from __future__ import annotations

from collections import Counter

import httpx
import pytest

from anchor_tui.sandbox.argocd.manifests import serialize_managed_resources
from anchor_tui.sandbox.scenarios.tenants import ENVIRONMENT_LABEL
from anchor_tui.sandbox.server import Sandbox

LIST = "/api/v1/applications"


async def list_names(client: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await client.get(LIST, params=query)
    return [item["metadata"]["name"] for item in answer.json()["items"] or ()]


async def test_the_applications_are_those_of_the_ops_repo(argocd: httpx.AsyncClient) -> None:
    assert await list_names(argocd) == ["anchor-msp-dev", "anchor-msp-prod", "anchor-msp-staging"]


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
    assert [name.removeprefix("anchor-msp-") for name in await list_names(argocd, **query)] == found.split()


async def test_an_empty_list_is_null(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.get(LIST, params={"projects": "nope"})).json()["items"] is None


async def test_unknown_fields_of_a_list_are_ignored(argocd: httpx.AsyncClient) -> None:
    fields = "items.metadata.name,items.metadata.uid,items.status.sync,items.status.reconciledAt,items.status.history"
    answer = (await argocd.get(LIST, params={"fields": fields})).json()
    assert answer["items"][0] == {"metadata": {"name": "anchor-msp-dev"}}
    assert answer["metadata"]["resourceVersion"].isdigit()


async def test_resources_have_health_in_get_but_not_in_list(argocd: httpx.AsyncClient) -> None:
    listed = (await argocd.get(LIST)).json()["items"][0]["status"]["resources"]
    got = (await argocd.get(f"{LIST}/anchor-msp-dev")).json()["status"]["resources"]
    assert not any("health" in resource for resource in listed)
    assert all("health" in resource for resource in got)
    assert [resource["name"] for resource in listed] == [resource["name"] for resource in got]


async def test_a_refresh_completes_without_advancing_the_clock(argocd: httpx.AsyncClient) -> None:
    assert (await argocd.get(f"{LIST}/anchor-msp-dev", params={"refresh": "hard"})).status_code == 200


@pytest.mark.parametrize("scenario_name", ["scale-120"])
async def test_tenant_applications_are_in_other_namespaces_and_projects(
    box: Sandbox, argocd: httpx.AsyncClient
) -> None:
    items = (await argocd.get(LIST)).json()["items"]
    assert len(items) == 120
    assert len({item["spec"]["project"] for item in items}) > 10
    assert {item["status"]["health"]["status"] for item in items} == {"Healthy", "Degraded"}
    assert {item["status"]["sync"]["status"] for item in items} == {"Synced", "OutOfSync"}
    assert [item["metadata"]["name"] for item in items] == sorted(item["metadata"]["name"] for item in items)
    one = next(item["metadata"] for item in items if item["metadata"]["namespace"] != "argocd")
    assert (await argocd.get(f"{LIST}/{one['name']}")).status_code == 403
    path = f"{LIST}/{one['name']}?appNamespace={one['namespace']}"
    assert (await argocd.get(path)).json()["metadata"]["uid"] == one["uid"]
    box.advance(600)


@pytest.mark.parametrize("scenario_name", ["scale-120"])
async def test_every_environment_has_a_third_of_the_applications(box: Sandbox) -> None:
    environments = Counter(app.labels[ENVIRONMENT_LABEL] for app in box.applications.values())
    assert environments == {"dev": 40, "staging": 40, "prod": 40}


@pytest.mark.parametrize("scenario_name", ["scale-120"])
async def test_a_changed_tenant_is_listed_with_its_new_state(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    fields = "items.metadata.name,items.status.health"
    app = next(app for app in box.applications.values() if app.foreign)
    for health in ("Healthy", "Suspended", "Healthy"):
        app.health = health
        box.controller.notify_changed(app, box.clock.now())
        items = (await argocd.get(LIST, params={"fields": fields})).json()["items"]
        listed = {item["metadata"]["name"]: item["status"]["health"]["status"] for item in items}
        assert listed[app.name] == health


@pytest.mark.parametrize("scenario_name", ["scale-90"])
async def test_manifests_of_tenants_contain_their_own_name(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    for app in (app for app in box.applications.values() if app.foreign):
        path = f"{LIST}/{app.name}/managed-resources?appNamespace={app.namespace}"
        assert (await argocd.get(path)).json() == serialize_managed_resources(app)
