"""Which applications get evidence: the most important ones, within the budget."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from anchor_tui.config.model import EnvironmentConfig, ServerConfig
from anchor_tui.domain.model import Operation
from anchor_tui.sources.argocd import application_decoder
from anchor_tui.sources.argocd.evidence import EvidenceLimits, MostImportant
from anchor_tui.sources.argocd.refresh_queue import RefreshQueue, forget_absent
from anchor_tui.sources.argocd.source import ArgoSource
from tests.sources.argocd.fakes import LIST, NOW, FakeArgoCD, application_json, make_client
from tests.values import application, replace

PROTECTED = application("protected")
DEGRADED = application("z-degraded", health="Degraded")
FAILED = application("y-failed", operation=Operation("Failed"))
OUT_OF_SYNC = application("x-drifted", sync="OutOfSync")
JUST_SYNCED = application("w-synced", synced_at=NOW)
OLD = application("a-old", synced_at=NOW - timedelta(days=9))


def choose(limit: int, *applications):
    important = MostImportant(limit, lambda candidate: candidate.name == "protected")
    return [chosen.name for chosen in important.choose(applications)]


def test_the_most_important_applications_come_first():
    everything = (OLD, JUST_SYNCED, OUT_OF_SYNC, FAILED, DEGRADED, PROTECTED)
    assert choose(9, *everything) == ["protected", "y-failed", "z-degraded", "x-drifted", "w-synced", "a-old"]


def test_the_budget_leaves_out_the_least_important():
    assert choose(2, OLD, DEGRADED, PROTECTED) == ["protected", "z-degraded"]


def test_an_unimportant_change_keeps_the_same_selection():
    important = MostImportant(1, lambda _: False)
    chosen = important.choose((DEGRADED, OLD))
    assert important.choose((DEGRADED, replace(OLD, synced_at=NOW))) is chosen


def test_only_changed_applications_are_looked_at():
    looked_at = []
    queue = RefreshQueue(lambda candidate: looked_at.append(candidate.name))
    many = [application(f"app-{number:04}") for number in range(1_000)]
    queue.update(many)
    assert len(looked_at) == 1_000
    looked_at.clear()
    queue.update([*many[:500], replace(many[500], health="Degraded"), *many[501:]])
    assert looked_at == ["app-0500"]


def test_an_application_is_due_once():
    queue = RefreshQueue(lambda _: NOW)
    queue.update([OLD, DEGRADED])
    assert queue.take_due(NOW - timedelta(seconds=1)) == []
    assert queue.take_due(NOW) == [OLD, DEGRADED]
    assert queue.take_due(NOW) == []


def test_a_vanished_application_is_not_due():
    queue = RefreshQueue(lambda _: NOW)
    queue.update([OLD, DEGRADED])
    queue.update([DEGRADED])
    assert queue.take_due(NOW) == [DEGRADED]


def test_old_requests_of_vanished_applications_are_forgotten():
    before = NOW - timedelta(minutes=1)
    requested = {OLD.id: ("old", before), JUST_SYNCED.id: ("new", NOW), DEGRADED.id: ("present", before)}
    forget_absent(requested, [DEGRADED], before)
    assert requested == {JUST_SYNCED.id: ("new", NOW), DEGRADED.id: ("present", before)}


# --- one reading of a source ---------------------------------------------------------------------------


def make_limited_source(argo: httpx.AsyncBaseTransport, budget: int, names: int) -> ArgoSource:
    async def connect():
        return make_client(argo)

    environment = EnvironmentConfig(name="prod", applications=tuple(map(_name, range(names))))
    return ArgoSource(ServerConfig(), (environment,), connect, lambda: NOW, EvidenceLimits(budget))


def _name(number: int):
    from anchor_tui.config.model import ApplicationName

    return ApplicationName(f"app-{number:03}")


def make_argo(number: int) -> FakeArgoCD:
    return FakeArgoCD(*(application_json(f"app-{index:03}") for index in range(number)))


async def test_no_more_manifests_are_requested_than_the_budget():
    argo = make_argo(5)
    data = (await make_limited_source(argo, 2, 5).read()).value
    assert sum(path.endswith("/managed-resources") for path in argo.paths()) == 2
    assert len(data.managed) == 2
    assert data.manifest_gap == "not requested: policy.evidence_budget is 2"


async def test_a_budget_that_suffices_leaves_no_gap():
    data = (await make_limited_source(make_argo(3), 3, 3).read()).value
    assert (len(data.managed), data.manifest_gap) == (3, "")


@pytest.mark.parametrize("hangs_at", ["/managed-resources", "/app-001"])
async def test_a_deadline_keeps_what_was_read(hangs_at):
    argo = make_argo(3)

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith(hangs_at):
                await asyncio.Event().wait()
            return await argo.handle_async_request(request)

    source = make_limited_source(Hanging(), 9, 3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await source.read()
    reading = source.get_partial_reading(0.2)
    assert reading is not None
    assert "app-000" in {observed.application.name for observed in reading.value.applications}
    assert reading.value.manifest_gap == "not read within 0.2 s"


async def test_without_any_answer_there_is_no_partial_reading():
    source = make_limited_source(make_argo(3), 9, 3)
    assert source.get_partial_reading(1) is None


async def test_many_details_are_read_from_the_stream():
    argo = make_argo(30)
    reading = asyncio.create_task(make_limited_source(argo, 0, 30).read())
    stream = await argo.wait_for_stream()
    for document in argo.documents.values():
        stream.send("ADDED", document | {"status": {**document["status"], "reconciledAt": "2026-11-23T06:30:00Z"}})
    data = (await reading).value
    assert all(observed.application.reconciled_at for observed in data.applications)
    assert [path for path in argo.paths() if path.startswith(f"{LIST}/")] == []


async def test_an_application_of_the_stream_is_decoded_once(monkeypatch):
    decoded: list[str] = []
    real = application_decoder.to_observed_application
    monkeypatch.setattr(
        application_decoder,
        "to_observed_application",
        lambda document, *rest, **options: decoded.append(document.metadata.name) or real(document, *rest, **options),
    )
    argo = make_argo(30)
    reading = asyncio.create_task(make_limited_source(argo, 0, 30).read())
    stream = await argo.wait_for_stream()
    for document in argo.documents.values():
        stream.send("ADDED", document)
    await reading
    assert sorted(decoded) == [f"app-{number:03}" for number in range(30)]
