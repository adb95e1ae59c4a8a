"""Every recorded response of a real Argo CD, read by the client: the right value or the right error."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from anchor_tui.domain.model import Application
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.endpoints import APPLICATIONS, STREAM
from anchor_tui.sources.argocd.schema import (
    ApplicationJson,
    ApplicationListResponse,
    SettingsResponse,
    StreamEvent,
    UserInfoResponse,
    VersionResponse,
)
from anchor_tui.sources.errors import (
    ClientError,
    Forbidden,
    NotFound,
    ServerError,
    SourceError,
    Timeout,
    Unauthenticated,
)
from anchor_tui.sources.json_body import decode_json
from tests.argocd_recordings import Recording, load_recording, recording_names
from tests.sources.argocd.fakes import URL, make_client

ERRORS: dict[str, tuple[type[SourceError], str]] = {
    "get-403-viewer-unknown-project": (NotFound, 'applications.argoproj.io "no-such-app" not found'),
    "get-403-viewer-unknown": (Forbidden, "permission denied"),
    "get-404-admin-no-project": (Forbidden, "permission denied"),
    "get-404-bot": (NotFound, "no-such-app"),
    "get-404": (NotFound, "no-such-app"),
    "get-appnamespace-unknown": (Forbidden, "permission denied"),
    "get-kubernetes-down": (Timeout, "no answer within 20 s"),
    "get-namespace-slash-name": (NotFound, "Not Found"),
    "get-refresh-controller-down": (Timeout, "no answer within 20 s"),
    "get-unknown-project-admin": (ClientError, "the project does not exist"),
    "get-unknown-project": (ClientError, "the project does not exist"),
    "get-wrong-project": (NotFound, "anchor-msp-prod"),
    "list-bad-selector": (ServerError, "error parsing the selector"),
    "list-fields-exclude-500": (ServerError, "failed to marshal error message"),
    "list-fields-spec-and-part-500": (ServerError, "failed to marshal error message"),
    "unauthorized-no-token": (Unauthenticated, "no valid token was sent; log in"),
    "unauthorized-bad-token": (Unauthenticated, "token signature is invalid"),
    "unauthorized-garbage-token": (Unauthenticated, "no valid token was sent"),
    "unauthorized-expired-token": (Unauthenticated, "the token has expired; log in again"),
    "unauthorized-revoked-token": (Unauthenticated, "does not have token with id"),
    "unauthorized-stream": (Unauthenticated, "no valid token was sent"),
    "unauthorized-stream-sse": (Unauthenticated, "no valid token was sent"),
    "unauthorized-stream-fields": (Unauthenticated, "401"),
    "unauthorized-stream-fields-error": (Unauthenticated, "no valid token was sent"),
    "watch-bad-selector": (ServerError, "error parsing labels with selectors"),
    "watch-bad-resourceversion": (Timeout, "no answer"),
    "watch-name-unknown-project": (Timeout, "no answer"),
    "watch-name-unknown": (Timeout, "no answer"),
    "watch-projects-unknown": (Timeout, "no answer"),
    "watch-sse-idle": (Timeout, "no answer"),
}


def good(*prefixes: str) -> list[str]:
    return [name for name in recording_names(*prefixes) if name not in ERRORS]


def transport(recorded: Recording) -> httpx.MockTransport:
    return httpx.MockTransport(recorded.response)


async def body_of(recorded: Recording) -> bytes:
    argo = make_client(transport(recorded), read_only=False)
    try:
        return (await argo.get(recorded.path, recorded.query)).body
    finally:
        await argo.aclose()


async def events_of(recorded: Recording) -> list[StreamEvent | None]:
    argo = make_client(transport(recorded))
    try:
        async with argo.stream_events(STREAM, recorded.query) as events:
            return [event async for event in events]
    finally:
        await argo.aclose()


def assert_matches(application: Application, raw: dict[str, Any]) -> None:
    """Compare a converted application with the recorded JSON."""
    status, spec = raw.get("status", {}), raw.get("spec", {})
    assert (application.namespace, application.name) == (
        raw["metadata"].get("namespace", ""),
        raw["metadata"]["name"],
    )
    assert application.sync == (status.get("sync", {}).get("status") or None)
    assert application.health == (status.get("health", {}).get("status") or None)
    assert _text(application.health_since) == status.get("health", {}).get("lastTransitionTime")
    assert application.project == spec.get("project")
    assert list(application.images) == sorted(status.get("summary", {}).get("images") or [])
    assert [(c.type, c.message) for c in application.conditions] == [
        (c["type"], c["message"]) for c in status.get("conditions", [])
    ]
    assert _text(application.reconciled_at) == status.get("reconciledAt")
    history = status.get("history") or []
    if history:
        newest = history[-1]
        assert _text(application.synced_at) == newest["deployedAt"]
        assert application.synced_revision in (
            newest.get("revision"),
            ", ".join(dict.fromkeys(newest.get("revisions", []))),
        )
    assert {(p.kind, p.name) for p in application.prunable} == {
        (r["kind"], r["name"]) for r in status.get("resources") or [] if r.get("requiresPruning") and not r.get("hook")
    }
    automated = (spec.get("syncPolicy") or {}).get("automated")
    if automated is None:
        assert application.automated is None
    else:
        assert application.automated is not None
        assert application.automated.enabled == (automated.get("enabled") is not False)
        assert application.automated.prune == bool(automated.get("prune"))
        assert application.automated.self_heal == bool(automated.get("selfHeal"))
    state = status.get("operationState") or {}
    if "operation" in raw and state.get("phase") not in {"Running", "Terminating"}:
        assert application.operation is not None
        assert application.operation.phase == "Pending"
    elif state.get("phase"):
        assert application.operation is not None
        assert application.operation.phase == state["phase"]
        assert application.operation.message == (state.get("message") or None)


def _text(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


@pytest.mark.parametrize("name", good("list"))
async def test_a_recorded_list_is_read_completely(name: str) -> None:
    recorded = load_recording(name)
    items = decode_json(await body_of(recorded), ApplicationListResponse).items or []
    raw_items = recorded.body["items"] or []
    assert len(items) == len(raw_items)
    for item, raw in zip(items, raw_items, strict=True):
        application = to_observed_application(decode_json(bytes(item), ApplicationJson), "argocd", URL).application
        assert_matches(application, raw)


@pytest.mark.parametrize("name", good("get"))
async def test_a_recorded_application_is_read_completely(name: str) -> None:
    recorded = load_recording(name)
    wire = decode_json(await body_of(recorded), ApplicationJson)
    assert_matches(to_observed_application(wire, "argocd", URL).application, recorded.body)


@pytest.mark.parametrize("name", good("watch"))
async def test_a_recorded_stream_yields_every_event_and_heartbeat(name: str) -> None:
    recorded = load_recording(name)
    lines = [line["line"] for line in recorded.raw["lines"]]
    raw = [line["result"] for line in lines if isinstance(line, dict)]
    beats = sum(line == ":" for line in lines)
    events = await events_of(recorded)
    assert (None in events) == bool(beats), "heartbeats that arrive together are one"
    results = [event.result for event in events if event is not None]
    assert [result.type for result in results if result] == [event["type"] for event in raw]
    for result, recorded_result in zip(results, raw, strict=True):
        assert result is not None
        application = to_observed_application(
            decode_json(bytes(result.application), ApplicationJson), "argocd", URL
        ).application
        assert_matches(application, recorded_result["application"])


@pytest.mark.parametrize("name", sorted(ERRORS))
async def test_a_recorded_failure_raises_the_right_error(name: str) -> None:
    error_class, message = ERRORS[name]
    recorded = load_recording(name)
    asked = events_of(recorded) if "stream" in recorded.path else body_of(recorded)
    with pytest.raises(error_class) as caught:
        await asked
    assert message in caught.value.message
    assert type(caught.value) is error_class
    assert "a-token" not in str(caught.value)


@pytest.mark.parametrize("name", recording_names("version"))
async def test_a_recorded_version_is_read(name: str) -> None:
    assert decode_json(await body_of(load_recording(name)), VersionResponse).version == "v3.5.1"


@pytest.mark.parametrize("name", recording_names("userinfo"))
async def test_a_recorded_user_info_is_read(name: str) -> None:
    recorded = load_recording(name)
    user_info = decode_json(await body_of(recorded), UserInfoResponse)
    assert user_info.logged_in == recorded.body.get("loggedIn", False)
    assert user_info.username == recorded.body.get("username")


def test_settings_contain_the_namespace_only_when_logged_in() -> None:
    def settings(name: str) -> SettingsResponse:
        return decode_json(json.dumps(load_recording(name).body).encode(), SettingsResponse)

    assert settings("settings").controller_namespace == "argocd"
    assert settings("settings-anonymous").controller_namespace is None
    assert settings("settings").url == settings("settings-anonymous").url == "https://argocd.anchor.example"


def test_every_recording_of_these_kinds_is_tested() -> None:
    kinds = ("list", "get", "watch", "unauthorized", "userinfo", "version", "settings")
    assert set(recording_names(*kinds)) == {
        *good("list", "get", "watch"),
        *ERRORS,
        *recording_names("userinfo", "version", "settings"),
    }
    assert APPLICATIONS in load_recording("list").path


def test_live_hooks_are_never_prunable() -> None:
    staging = to_observed_application(
        decode_json(json.dumps(load_recording("get-staging").body).encode(), ApplicationJson), "argocd", URL
    )
    assert [(resource.kind, resource.name) for resource in staging.application.prunable] == [
        ("Deployment", "status-mock"),
        ("Service", "status-mock"),
    ]
    migrate = to_observed_application(
        decode_json(json.dumps(load_recording("get-migrate").body).encode(), ApplicationJson), "argocd", URL
    )
    assert migrate.application.prunable == ()
