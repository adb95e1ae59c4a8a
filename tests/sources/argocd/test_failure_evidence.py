"""The evidence about unhealthy applications: what is requested, how often, and what a failure leaves."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
import msgspec
import pytest

from anchor_tui.domain.diagnosis.engine import diagnose
from anchor_tui.domain.diagnosis.evidence import FailureEvidence
from anchor_tui.domain.model import Application
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.endpoints import APPLICATIONS
from anchor_tui.sources.argocd.failure_evidence import MIN_INTERVAL, REPEAT_INTERVAL, FailureEvidenceReader
from anchor_tui.sources.argocd.schema import ApplicationJson
from tests.argocd_recordings import load_recording, recording_names
from tests.sources.argocd.fakes import NOW, make_client

ROOT = f"/{APPLICATIONS}/anchor-msp-demo"
BROKEN_KINDS = sorted(
    name.split("-")[1] for name in recording_names("broken-") if name.endswith("-tree") and "-none-" not in name
)


class RecordedServer:
    """Answers about the application of one `broken-KIND`, and counts the requests by the end of their path."""

    def __init__(self, kind: str, refuse: str = "") -> None:
        self.kind = kind
        self.refuse = refuse
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        part = request.url.path.removeprefix(ROOT).lstrip("/")
        self.requests.append(part)
        if part == self.refuse:
            return httpx.Response(403, json={"error": "permission denied", "code": 7, "message": "permission denied"})
        name = {"": "get", "resource-tree": "tree", "events": "events", "resource": "pod", "logs": "logs-previous"}[
            part
        ]
        return load_recording(f"broken-{self.kind}-{name}").response(request)


def load_application(kind: str) -> Application:
    body = load_recording(f"broken-{kind}-get").content
    return to_observed_application(msgspec.json.decode(body, type=ApplicationJson), "main", "").application


def read_evidence(server: RecordedServer) -> FailureEvidence:
    application = load_application(server.kind)

    async def read() -> FailureEvidence:
        client = make_client(httpx.MockTransport(server))
        reader = FailureEvidenceReader(lambda: NOW)
        try:
            assert await reader.refresh(client, [application])
        finally:
            await client.aclose()
        return reader.results_for([application])[application.id]

    return asyncio.run(read())


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_the_requests_are_enough_for_the_cause(kind: str) -> None:
    server = RecordedServer(kind)
    diagnosis = diagnose(read_evidence(server))
    assert diagnosis is not None
    assert diagnosis.rule is not None
    assert len(server.requests) <= 5


def test_the_log_is_read_only_after_a_process_ended() -> None:
    missing_secret, crash = RecordedServer("secret"), RecordedServer("crash")
    read_evidence(missing_secret)
    read_evidence(crash)
    assert "logs" not in missing_secret.requests
    assert "logs" in crash.requests


@pytest.mark.parametrize(
    ("refused", "subject"),
    [("logs", "log of anchor-gateway: 403"), ("events", "events: 403"), ("resource-tree", "resource tree: 403")],
)
def test_a_refused_part_is_named_and_the_rest_is_read(refused: str, subject: str) -> None:
    evidence = read_evidence(RecordedServer("crash", refuse=refused))
    missing = (*evidence.missing, *(text for branch in evidence.branches for text in branch.missing))
    assert [text.startswith(subject) for text in missing] == [True]
    assert bool(evidence.branches) == (refused != "resource-tree")


def test_an_unchanged_application_is_read_again_later() -> None:
    server = RecordedServer("oom")
    times = [NOW]

    async def read() -> list[bool]:
        client = make_client(httpx.MockTransport(server))
        reader = FailureEvidenceReader(lambda: times[0])
        application = load_application("oom")
        try:
            found = [await reader.refresh(client, [application])]
            for age in (MIN_INTERVAL, REPEAT_INTERVAL):
                times[0] = NOW + age
                found.append(await reader.refresh(client, [application]))
            changed = msgspec.structs.replace(application, health="Degraded")
            times[0] += MIN_INTERVAL - timedelta(seconds=1)
            found.append(await reader.refresh(client, [changed]))
            times[0] += timedelta(seconds=1)
            found.append(await reader.refresh(client, [changed]))
        finally:
            await client.aclose()
        return found

    assert asyncio.run(read()) == [True, False, True, False, True]


def test_a_returning_application_is_read_after_ten_seconds() -> None:
    server = RecordedServer("oom")
    times = [NOW]

    async def read() -> list[bool]:
        client = make_client(httpx.MockTransport(server))
        reader = FailureEvidenceReader(lambda: times[0])
        application = load_application("oom")
        try:
            found = [await reader.refresh(client, [application])]
            reader.results_for([])
            for age in (MIN_INTERVAL - timedelta(seconds=1), timedelta(seconds=1)):
                times[0] += age
                await reader.refresh(client, [])
                found.append(await reader.refresh(client, [application]))
        finally:
            await client.aclose()
        return found

    assert asyncio.run(read()) == [True, False, True]


def test_a_healthy_application_is_not_examined() -> None:
    server = RecordedServer("none")

    async def read() -> bool:
        client = make_client(httpx.MockTransport(server))
        try:
            return await FailureEvidenceReader(datetime.now).refresh(client, [load_application("none")])
        finally:
            await client.aclose()

    assert not asyncio.run(read())
    assert server.requests == []


def test_a_recovered_application_has_no_evidence() -> None:
    server = RecordedServer("oom")
    application = load_application("oom")

    async def read() -> FailureEvidenceReader:
        client = make_client(httpx.MockTransport(server))
        reader = FailureEvidenceReader(lambda: NOW)
        try:
            await reader.refresh(client, [application])
        finally:
            await client.aclose()
        return reader

    reader = asyncio.run(read())
    assert reader.results_for([]) == {}


def test_the_most_important_applications_are_examined_first() -> None:
    server = RecordedServer("oom")
    oom = load_application("oom")
    ordered = [msgspec.structs.replace(oom, namespace=name) for name in ("c", "a", "b")]

    async def read() -> list[list[str]]:
        client = make_client(httpx.MockTransport(server))
        reader = FailureEvidenceReader(lambda: NOW)
        found = []
        try:
            while await reader.refresh(client, ordered, 2):
                found.append(sorted(id_.namespace for id_ in reader.results_for(ordered)))
        finally:
            await client.aclose()
        return found

    assert asyncio.run(read()) == [["a", "c"], ["a", "b", "c"]]
