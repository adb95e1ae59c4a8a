"""One resource, read for an action on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from anchor_tui.domain.actions.resource_state import OfferedAction
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.inspection_reader import read_resource_actions
from anchor_tui.sources.argocd.resource_api import read_live, read_resource_permission
from anchor_tui.sources.errors import NotFound
from tests.argocd_recordings import load_recording
from tests.plan_values import make_app_state
from tests.sources.argocd.fakes import error_response, make_client

GATEWAY = ResourceNode(ResourceKey("apps", "Deployment", "anchor-prod", "anchor-gateway"), "v1")
PROD = AppId("argocd", "argocd", "anchor-msp-prod")
RIGHT = "action/apps/Deployment/restart"


def answer_with(respond: Callable[[httpx.Request], httpx.Response], seen: list[httpx.Request]) -> httpx.MockTransport:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return respond(request)

    return httpx.MockTransport(handle)


def test_the_offered_actions_are_those_of_the_recording():
    seen: list[httpx.Request] = []
    recording = load_recording("resource-actions")
    client = make_client(answer_with(recording.response, seen))
    actions = asyncio.run(read_resource_actions(client, PROD, None, GATEWAY))
    assert actions == (
        OfferedAction("restart"),
        OfferedAction("resume", is_disabled=True),
        OfferedAction("scale", ("replicas",)),
        OfferedAction("pause"),
    )
    assert seen[0].url.path == recording.raw["request"]["path"]
    assert dict(seen[0].url.params) == {**recording.raw["request"]["query"], "appNamespace": "argocd"}


@pytest.mark.parametrize(("values", "expected"), [(["yes"], "yes"), (["no", "no"], "no"), (["no", "yes"], "unknown")])
def test_a_no_counts_only_if_slashes_arrive(values, expected):
    """A server that splits the right at its slashes answers the control question with yes."""
    seen: list[httpx.Request] = []
    left = list(values)
    client = make_client(answer_with(lambda _: httpx.Response(200, json={"value": left.pop(0)}), seen))
    assert asyncio.run(read_resource_permission(client, make_app_state(), RIGHT)) == expected
    paths = [request.url.raw_path.decode() for request in seen]
    assert paths[0].endswith("/applications/action%2Fapps%2FDeployment%2Frestart/anchor-msp/anchor-msp-prod")
    assert paths[1:] in ([], ["/api/v1/account/can-i/applications/get%2Fanchor-msp/anchor-msp-prod"])


def test_only_a_missing_application_is_an_error():
    app, ref = ApplicationRef(PROD, "anchor-msp"), ResourceRef("Deployment", "anchor-prod", "nope", "apps")
    gone = make_client(httpx.MockTransport(load_recording("resource-404").response))
    assert asyncio.run(read_live(gone, app, ref, "v1")) is None
    message = 'applications.argoproj.io "anchor-msp-prod" not found'
    unknown = make_client(httpx.MockTransport(lambda _: error_response(404, message)))
    with pytest.raises(NotFound):
        asyncio.run(read_live(unknown, app, ref, "v1"))
