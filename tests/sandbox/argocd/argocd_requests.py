"""Requests to the sandbox's Argo CD, and readers of its responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from tests.argocd_recordings import load_recording

APPS = "/api/v1/applications"
DEV, STAGING, PROD = (f"anchor-msp-{name}" for name in ("dev", "staging", "prod"))
Event = dict[str, Any]


async def sync_application(client: httpx.AsyncClient, app: str, **body: Any) -> httpx.Response:
    return await client.post(f"{APPS}/{app}/sync", json=body)


async def terminate_operation(client: httpx.AsyncClient, app: str, **query: str) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return await client.request("DELETE", f"{APPS}/{app}/operation", params=query, headers=headers)


async def get_application(client: httpx.AsyncClient, app: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{APPS}/{app}")).json()
    return found


def get_sync_results(app: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    lines = app["status"]["operationState"]["syncResult"].get("resources", ())
    return {(line["kind"], line["name"]): (line["status"], line["message"]) for line in lines}


def list_prunable(app: dict[str, Any]) -> list[str]:
    return [
        f"{resource['kind']}/{resource['name']}"
        for resource in app["status"]["resources"]
        if resource.get("requiresPruning") and not resource.get("hook")
    ]


async def read_events(stream: httpx.Response, until: Callable[[Event], bool]) -> list[Event]:
    """Return the events of an open stream up to the first whose application matches."""
    seen: list[Event] = []
    async for line in stream.aiter_lines():
        if not line.startswith("{"):
            continue
        seen.append(json.loads(line)["result"])
        if until(seen[-1]["application"]):
            return seen
    raise AssertionError("the stream ended")


def assert_recorded(answer: httpx.Response, name: str, **words: str) -> None:
    """Compare status and message with a recording; `words` replaces names and times of the recording."""
    theirs = load_recording(name)
    message = theirs.body["message"]
    for old, new in words.items():
        message = message.replace(old.replace("_", "-"), new)
    assert answer.status_code == theirs.status
    assert answer.json() == {**theirs.body, "error": message, "message": message}
