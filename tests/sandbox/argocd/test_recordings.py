"""Every key that the sandbox sends is in the recordings, with the same type."""

from __future__ import annotations

from datetime import timedelta

import httpx
import msgspec
import pytest

from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.json_shapes import (
    describe_recorded_applications,
    describe_recorded_bodies,
    describe_recorded_lines,
    describe_shape,
    list_unknown_keys,
    read_recordings,
)
from tests.sandbox.conftest import edit_release

FIELDS = (
    "metadata.resourceVersion,items.metadata.name,items.metadata.namespace,items.metadata.annotations,"
    "items.metadata.labels,items.metadata.creationTimestamp,items.metadata.deletionTimestamp,items.spec,"
    "items.status.sourceHydrator,items.status.summary,items.status.sync.status,items.status.sync.revision,"
    "items.status.health,items.status.operationState.startedAt,items.status.operationState.finishedAt,"
    "items.status.operationState.phase,items.status.operationState.operation.sync,items.status.resources,"
    "items.operation.sync"
)
PARTS = "items.metadata.name,items.spec.project,items.spec.syncPolicy,items.spec.source,items.spec.sources"


async def _collect_documents(box: Sandbox) -> list[dict[str, object]]:
    """Return every document of a release, an operation, an invalid overlay and a refresh."""
    seen: list[dict[str, object]] = []
    box.controller.listeners.append(lambda _event, app: seen.append(serialize_application(app)))
    box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
    box.advance(30)
    box.commit({"infra/helm/platform/environments/dev/values.yaml": "gateway: [oops\n"}, "Break dev")
    box.advance(30)
    app = box.applications["argocd", "anchor-msp-staging"]
    box.controller.request_refresh(app, "hard", box.clock.now())
    prod = box.applications["argocd", "anchor-msp-prod"]
    box.controller.sync_application(
        prod, box.clock.now(), revision=prod.revision, username="bot", info=[{"name": "Reason", "value": "test"}]
    )
    box.advance(30)
    return seen


@pytest.mark.parametrize("scenario_name", ["steady", "incident", "scale-60"])
async def test_applications_have_only_recorded_keys(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    documents = await _collect_documents(box)
    documents += [serialize_application(app) for app in box.applications.values()]
    got = (await argocd.get("/api/v1/applications/anchor-msp-prod")).json()
    assert list_unknown_keys(describe_shape(*documents, got), describe_recorded_applications()) == []


@pytest.mark.parametrize("scenario_name", ["steady", "incident", "scale-60"])
async def test_lists_have_only_recorded_keys(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    await _collect_documents(box)
    box.commit(edit_release(box, "prod", "1.43.0"), "Roll back")
    box.advance(1.2)  # the operation has not begun
    theirs = describe_recorded_bodies("list*")
    operations = {
        path: kinds for path, kinds in describe_recorded_applications().items() if path.startswith(".operation")
    }
    theirs |= {f".items[]{path}": kinds for path, kinds in operations.items()}
    for query in ({}, {"fields": FIELDS}, {"fields": PARTS}, {"projects": "none"}):
        ours = (await argocd.get("/api/v1/applications", params=query)).json()
        assert list_unknown_keys(describe_shape(ours), theirs) == []


async def test_fields_select_the_same_as_on_a_real_server(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    (recording,) = read_recordings("list-fields")
    answer = await argocd.get("/api/v1/applications", params=recording["request"]["query"])
    ours, theirs = describe_shape(answer.json()), describe_shape(recording["body"])
    assert {path for path in ours if path.count(".") <= 3} == {
        path for path in theirs if path.count(".") <= 3 and "sources" not in path
    }


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
async def test_streams_have_only_recorded_keys(box: Sandbox, argocd: httpx.AsyncClient, accept: str) -> None:
    lines = []
    async with argocd.stream("GET", "/api/v1/stream/applications", headers={"accept": accept}) as stream:
        box.commit(edit_release(box, "dev", "1.43.2"), "Back to 1.43.2")
        box.advance(30)
        async for line in stream.aiter_lines():
            if line.startswith(("{", "data: ")):
                lines.append(msgspec.json.decode(line.removeprefix("data: ")))
            if len(lines) == 12:
                break
    assert list_unknown_keys(describe_shape(*lines), describe_recorded_lines("watch*")) == []


@pytest.mark.parametrize(
    ("path", "pattern", "anonymous"),
    [
        ("/api/version", "version-admin", False),
        ("/api/version", "version", True),
        ("/api/v1/settings", "settings", False),
        ("/api/v1/settings", "settings-anonymous", True),
        ("/api/v1/account/can-i/applications/sync/anchor-msp/anchor-msp-prod", "account-can-i-yes", False),
    ],
)
async def test_other_responses_have_only_recorded_keys(
    argocd: httpx.AsyncClient, path: str, pattern: str, anonymous: bool
) -> None:
    answer = await argocd.get(path, headers={"authorization": ""} if anonymous else {})
    (recording,) = read_recordings(pattern)
    assert answer.status_code == 200
    assert list_unknown_keys(describe_shape(answer.json()), describe_shape(recording["body"])) == []
    assert answer.headers["content-type"] == recording["headers"]["content-type"]
    if anonymous:
        assert answer.json() == recording["body"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/applications/no-such-app?project=anchor-msp", "get-404"),
        ("/api/v1/applications/no-such-app", "get-404-admin-no-project"),
        ("/api/v1/applications/anchor-msp-prod?project=wrong", "get-wrong-project"),
        ("/api/v1/applications/anchor-msp-prod?appNamespace=nope", "get-appnamespace-unknown"),
        ("/api/v1/applications/argocd%2Fanchor-msp-prod", "get-namespace-slash-name"),
        ("/api/v1/account/can-i/widgets/get/x", "account-can-i-bad-resource"),
        ("/api/v1/nope", "unknown-path"),
        (
            "/api/v1/applications?fields=items.metadata.name,items.spec,items.spec.project",
            "list-fields-spec-and-part-500",
        ),
        ("/api/v1/applications?fields=-items.status.resources", "list-fields-exclude-500"),
    ],
)
async def test_errors_are_identical_to_the_recorded_ones(argocd: httpx.AsyncClient, path: str, name: str) -> None:
    answer = await argocd.get(path)
    recording = next(found for status in (403, 404, 400, 500) for found in read_recordings(name, status))
    assert answer.status_code == recording["status"]
    assert answer.headers["content-type"] == recording["headers"]["content-type"]
    body = answer.json() if "json" in answer.headers["content-type"] else answer.text
    assert body == recording["body"]


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (None, "unauthorized-no-token"),
        ("garbage", "unauthorized-garbage-token"),
        ("forged", "unauthorized-bad-token"),
        ("expired", "unauthorized-expired-token"),
    ],
)
async def test_an_invalid_token_is_refused_as_recorded(box: Sandbox, token: str | None, name: str) -> None:
    match token:
        case None:
            headers = {}
        case "garbage":
            headers = {"authorization": "Bearer garbage"}
        case "forged":
            headers = {"authorization": f"Bearer {box.argocd_token[:-6]}AAAAAA"}
        case _:
            old = box.argocd.sessions.issue_token("on-call:apiKey", timedelta(minutes=-1))
            headers = {"authorization": f"Bearer {old}"}
    (recording,) = read_recordings(name, 401)
    async with httpx.AsyncClient(base_url=box.argocd_url, headers=headers, verify=False) as client:
        answer = await client.get("/api/v1/applications")
        assert (answer.status_code, answer.json()) == (401, recording["body"])


@pytest.mark.parametrize(
    ("name", "accept", "fields"),
    [
        ("unauthorized-stream", "*/*", ""),
        ("unauthorized-stream-sse", "text/event-stream", ""),
        ("unauthorized-stream-fields", "*/*", "result.type,result.application.metadata.name"),
        ("unauthorized-stream-fields-error", "*/*", "result.type,result.application.metadata.name,error"),
    ],
)
async def test_a_stream_without_a_token_is_refused_as_recorded(
    box: Sandbox, name: str, accept: str, fields: str
) -> None:
    (recording,) = read_recordings(name, 401)
    async with httpx.AsyncClient(base_url=box.argocd_url, headers={"accept": accept}, verify=False) as client:
        answer = await client.get("/api/v1/stream/applications", params={"fields": fields} if fields else {})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == recording["headers"]["content-type"]
    body = recording.get("body", recording.get("lines", [{}])[0].get("line"))
    assert (answer.text if isinstance(body, str) else answer.json()) == body


@pytest.mark.parametrize("content_type", [None, "application/json; charset=utf-8", "text/plain"])
async def test_writes_need_exactly_application_json(box: Sandbox, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    async with httpx.AsyncClient(base_url=box.argocd_url, verify=False) as client:
        answer = await client.post("/api/v1/applications/anchor-msp-dev/sync", headers=headers, content="{}")
    assert (answer.status_code, answer.text) == (415, "Invalid content type\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_known_path_with_another_method_is_405(argocd: httpx.AsyncClient) -> None:
    answer = await argocd.put("/api/v1/settings", json={})
    (recording,) = read_recordings("wrong-method", 405)
    assert (answer.status_code, answer.text) == (405, recording["body"])
