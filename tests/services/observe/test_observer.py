"""The observer: snapshots of the latest readings; a failed source affects no other."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Unavailable
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread
from anchor_tui.services.observe import observer as module
from anchor_tui.services.observe.observer import Observer, observe_once
from anchor_tui.services.observe.source_factory import make_sources
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.errors import CredentialError, Timeout
from tests.services.observe.fake_sources import HANGS, FakeComparingSource, FakeSource, PublishedSnapshots
from tests.sources.loopback_server import serve_requests
from tests.values import NOW, application, argocd, config, files, fresh, ops_repo, replace


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "READING_BATCH_S", 0.0)
    monkeypatch.setattr(module, "Backoff", lambda: Backoff(first=0.005, longest=0.01))


def state(snapshot, source="argocd"):
    return snapshot.find_source(source).state


@asynccontextmanager
async def observing(
    *sources: FakeSource, first_frame=None, now=lambda: NOW
) -> AsyncIterator[tuple[Observer, PublishedSnapshots]]:
    seen = PublishedSnapshots()
    observer = Observer(config(), sources, now)
    task = asyncio.create_task(observer.run(seen.publish, first_frame))
    try:
        yield observer, seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# --- observing ---------------------------------------------------------------------------------------


def test_build_snapshot_never_waits():
    assert not inspect.iscoroutinefunction(Observer.build_snapshot)
    asked = Observer(config(), [FakeSource(), FakeSource("github")], lambda: NOW).build_snapshot()
    assert [source.state for source in asked.sources] == ["asking", "asking"]


async def test_a_snapshot_is_published_before_any_response():
    async with observing(FakeSource(), FakeSource("github")) as (_, seen):
        first = await seen.wait_until(lambda _: True)
    assert [source.state for source in first.sources] == ["asking", "asking"]


async def test_a_hanging_github_does_not_delay_argo_cd():
    argocd_source, github_source = FakeSource(), FakeSource("github")
    async with observing(argocd_source, github_source) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        snapshot = await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")
    assert state(snapshot, "github") == "asking"
    assert snapshot.environments[2].applications[0].health == "Healthy"


async def test_the_loop_keeps_running_while_a_snapshot_is_built(monkeypatch):
    is_built, is_allowed = asyncio.Event(), threading.Event()
    loop, original = asyncio.get_running_loop(), Observer._evaluate_policy

    def evaluate(self, readings, now):
        if threading.current_thread() is not threading.main_thread():
            loop.call_soon_threadsafe(is_built.set)
            assert is_allowed.wait(5)
        return original(self, readings, now)

    monkeypatch.setattr(Observer, "_evaluate_policy", evaluate)
    argocd_source = FakeSource()
    async with observing(argocd_source) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        await is_built.wait()
        is_allowed.set()
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")


async def test_simultaneous_readings_become_one_snapshot(monkeypatch):
    monkeypatch.setattr(module, "READING_BATCH_S", 0.01)
    argocd_source, github_source = FakeSource(), FakeSource("github")
    async with observing(argocd_source, github_source) as (_, seen):
        await argocd_source.running.wait()
        await github_source.running.wait()
        before = len(seen.all)
        for _ in range(10):
            argocd_source.publish(fresh(argocd()))
        github_source.publish(github_source.single_reading)
        await seen.wait_until(lambda snapshot: state(snapshot, "github") == "fresh")
        assert len(seen.all) == before + 1


async def test_verdicts_change_with_time_alone(monkeypatch):
    monkeypatch.setattr(module, "SNAPSHOT_INTERVAL_S", 0.005)
    moments = [NOW]
    argocd_source = FakeSource()
    async with observing(argocd_source, now=lambda: moments[0]) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")
        moments[0] = NOW + timedelta(minutes=2)
        snapshot = await seen.wait_until(lambda snapshot: state(snapshot) == "stale")
    assert "has not responded since then" in snapshot.find_source("argocd").error.message


@pytest.mark.parametrize("error", [RuntimeError("Bearer very-secret"), ExceptionGroup("x", [ValueError("y")])])
async def test_a_crashed_source_is_stale_and_started_again(error):
    argocd_source, github_source = FakeSource(), FakeSource("github")
    async with observing(argocd_source, github_source) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")
        argocd_source.stop_with(error)
        snapshot = await seen.wait_until(lambda snapshot: state(snapshot) == "stale")
        assert snapshot.find_source("argocd").error.message == f"internal error in anchor-tui: {type(error).__name__}"
        assert snapshot.environments[2].applications[0].health == "Healthy"
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")
    assert argocd_source.started == 2
    assert github_source.started == 1


async def test_a_source_crashed_before_its_first_reading_is_unavailable():
    argocd_source = FakeSource()
    async with observing(argocd_source) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.stop_with(KeyError("x"))
        await seen.wait_until(lambda snapshot: state(snapshot) == "missing")


async def test_a_source_that_returns_is_started_again():
    argocd_source = FakeSource()
    async with observing(argocd_source):
        await argocd_source.running.wait()
        argocd_source.stop_with(None)
        async with asyncio.timeout(5):
            await argocd_source.running.wait()
    assert argocd_source.started == 2


async def test_cancelling_the_observer_cancels_every_source():
    argocd_source, github_source = FakeSource(), FakeSource("github")
    async with observing(argocd_source, github_source):
        await argocd_source.running.wait()
        await github_source.running.wait()
    assert argocd_source.cancelled
    assert github_source.cancelled


@pytest.mark.parametrize(("duration_s", "pause_s"), [(0.5, 2.0), (4.0, 5.0), (3600.0, 5.0)])
def test_a_slow_snapshot_delays_the_next_one_within_limits(duration_s, pause_s):
    assert module.get_snapshot_pause_s(0.0) == module.READING_BATCH_S
    assert module.get_snapshot_pause_s(duration_s) == pause_s


async def test_github_starts_after_the_first_frame():
    first_frame = asyncio.Event()
    argocd_source, github_source = FakeSource(), FakeSource("github")
    async with observing(argocd_source, github_source, first_frame=first_frame) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(fresh(argocd()))
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh")
        assert github_source.started == 0
        first_frame.set()
        await github_source.running.wait()


async def test_read_again_reaches_every_source():
    argocd_source, github_source = FakeSource(), FakeSource("github")
    Observer(config(), [argocd_source, github_source]).read_again()
    assert (argocd_source.read_again_calls, github_source.read_again_calls) == (1, 1)


async def test_out_of_sync_is_timed_from_its_first_reading():
    moments = [NOW]
    argocd_source = FakeSource()
    out = fresh(argocd(application("anchor-msp-prod", sync="OutOfSync")), fresh_until=NOW + timedelta(days=1))
    well = fresh(argocd(application("anchor-msp-prod")), fresh_until=NOW + timedelta(days=1))
    stale = Unavailable(SourceFailure("timeout", "no answer"))

    def reason(snapshot) -> str:
        return next((text for text in snapshot.environments[2].verdict.reasons if "OutOfSync" in text), "")

    async with observing(argocd_source, now=lambda: moments[0]) as (_, seen):
        await argocd_source.running.wait()
        argocd_source.publish(out)
        await seen.wait_until(lambda snapshot: reason(snapshot) == "OutOfSync")
        for minutes in (4, 6):
            moments[0] = NOW + timedelta(minutes=minutes)
            argocd_source.publish(stale)
            await seen.wait_until(lambda snapshot: state(snapshot) == "missing")
            argocd_source.publish(out)
            await seen.wait_until(lambda snapshot, m=minutes: reason(snapshot) == f"OutOfSync ≥ {m} min")
        argocd_source.publish(well)
        await seen.wait_until(lambda snapshot: state(snapshot) == "fresh" and not reason(snapshot))
        argocd_source.publish(out)
        await seen.wait_until(lambda snapshot: reason(snapshot) == "OutOfSync")


# --- commits of two sources ---------------------------------------------------------------------------

HEAD, NEW, NEWER = "58c99611d007a6cc61b03fc859cecf01bfcf1e22", "b" * 40, "c" * 40


async def test_a_new_commit_of_argo_cd_polls_github_once():
    argocd_source, github_source = FakeSource(), FakeComparingSource()
    prod = application("anchor-msp-prod", synced_revision=HEAD)
    async with observing(argocd_source, github_source):
        await argocd_source.running.wait()
        await github_source.running.wait()
        argocd_source.publish(fresh(argocd(prod)))
        github_source.publish(github_source.single_reading)
        assert github_source.early_polls == 0
        argocd_source.publish(fresh(argocd(replace(prod, compared_revision=NEW))))
        assert github_source.early_polls == 1
        assert github_source.revisions == (NEW,)
        argocd_source.publish(fresh(argocd(replace(prod, compared_revision=NEW, synced_revision=NEW))))
        assert github_source.early_polls == 1
        argocd_source.publish(fresh(argocd(replace(prod, compared_revision=NEWER, synced_revision=NEW))))
        assert github_source.early_polls == 2


async def test_commits_that_the_reading_contains_need_no_poll():
    past = files("1.43.1").history[0].commit
    argocd_source, github_source = FakeSource(), FakeComparingSource()
    async with observing(argocd_source, github_source):
        await argocd_source.running.wait()
        await github_source.running.wait()
        github_source.publish(fresh(ops_repo(changed={NEW: ()})))
        for revision in (HEAD, past, NEW, "1.2.3", f"{HEAD}, {NEW}"):
            argocd_source.publish(fresh(argocd(application("anchor-msp-prod", compared_revision=revision))))
        argocd_source.publish(fresh(argocd(application("elsewhere", compared_revision=NEWER))))
    assert github_source.early_polls == 0


async def test_a_commit_that_github_calls_newer_is_polled_once():
    argocd_source, github_source = FakeSource(), FakeComparingSource()
    async with observing(argocd_source, github_source):
        await argocd_source.running.wait()
        await github_source.running.wait()
        argocd_source.publish(fresh(argocd(application("anchor-msp-prod", compared_revision=NEW))))
        github_source.publish(fresh(ops_repo()))
        assert github_source.early_polls == 0
        for _ in range(2):
            github_source.publish(fresh(ops_repo(changed={NEW: ()}, newer=frozenset({NEW}))))
        assert github_source.early_polls == 1


# --- reading once ------------------------------------------------------------------------------------


async def test_read_once_reads_every_source():
    snapshot = await Observer(config(), [FakeSource(), FakeSource("github")], lambda: NOW).read_once(5)
    assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]
    assert snapshot.verdict.level == "ok"


@pytest.mark.parametrize(
    ("once", "kind", "message"),
    [
        (HANGS, "timeout", "no answer within 0.01 s"),
        (Timeout("no answer within 20 s"), "timeout", "no answer within 20 s"),
        (CredentialError("no token"), "credentials", "no token"),
        (RuntimeError("Bearer very-secret"), "internal", "internal error in anchor-tui: RuntimeError"),
    ],
)
async def test_a_failed_source_is_unavailable_and_affects_no_other(once, kind, message):
    sources = [FakeSource(), FakeSource("github", once=once)]
    snapshot = await Observer(config(), sources, lambda: NOW).read_once(0.01)
    assert snapshot.find_source("github").error == SourceFailure(kind, message)
    assert state(snapshot) == "fresh"


def sandbox_environ(box: Sandbox) -> dict[str, str]:
    return {"A": box.argocd_token, "G": box.github_token}


def sandbox_config(box: Sandbox, **github):
    from msgspec.structs import replace

    from anchor_tui.config.model import GitHubConfig, ServerConfig

    there = GitHubConfig(ops_repo="anchor/anchor-msp-ops", api_url=box.github_url, token_env="G")
    return config(argocd=ServerConfig(server=box.argocd_url, token_env="A"), github=replace(there, **github))


def test_observe_once_reads_the_sandbox(tmp_path):
    with run_sandbox_in_thread("incident") as box:
        snapshot = observe_once(sandbox_config(box), sandbox_environ(box), tmp_path, 10)
    assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]
    assert snapshot.verdict.level == "failing"
    assert snapshot.find_environment("prod").release.version == "1.43.2"


def test_a_hanging_github_costs_the_timeout_at_most(tmp_path):
    asked, over = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        asked.set()
        over.wait(5)

    with run_sandbox_in_thread("steady") as box, serve_requests(hang) as url:
        snapshot = observe_once(sandbox_config(box, api_url=url), sandbox_environ(box), tmp_path, 4.0)
        assert asked.is_set()
        assert not over.is_set()
        over.set()
    assert state(snapshot) == "fresh"
    assert snapshot.find_source("github").error.message == "no answer within 4 s"


def test_a_credential_prompt_does_not_delay_the_end(tmp_path, monkeypatch):
    from anchor_tui.sources.credentials import github as credentials

    asked, over = threading.Event(), threading.Event()

    def prompt(*_: object, **__: object) -> None:
        asked.set()
        over.wait(5)
        raise CredentialError("too late")

    monkeypatch.setattr(credentials, "find_github_access", prompt)
    with run_sandbox_in_thread("steady") as box:
        snapshot = observe_once(sandbox_config(box), sandbox_environ(box), tmp_path, 4.0)
        assert asked.is_set()
        assert not over.is_set()
        over.set()
    assert snapshot.find_source("github").error.kind == "timeout"
    assert state(snapshot) == "fresh"


async def test_there_is_a_source_for_each_server_and_github(tmp_path):
    from anchor_tui.config.model import ServerConfig
    from tests.values import environment_config

    both = config(environment_config("prod"), environment_config("eu", server="eu"), servers=(ServerConfig(name="eu"),))
    assert [(source.id, source.kind) for source in make_sources(both, {}, tmp_path)] == [
        ("argocd", "argocd"),
        ("eu", "argocd"),
        ("github", "github"),
    ]


async def test_a_deadline_keeps_what_a_source_has_read():
    argo = FakeSource(once=HANGS)
    argo.partial_reading = fresh(argocd(manifest_gap="not read within 0.01 s"))
    snapshot = await Observer(config(), [argo, FakeSource("github")], lambda: NOW).read_once(0.01)
    assert state(snapshot) == "fresh"
    assert len(snapshot.all_applications) == 3
    assert [(problem.subject, problem.kind) for problem in snapshot.problems] == [("argocd", "partial")]


async def test_a_snapshot_is_recorded_after_it_was_published():
    published, recorded, is_recorded = [], [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def record(snapshot):
        recorded.append((snapshot, threading.current_thread().name, snapshot in published))
        loop.call_soon_threadsafe(is_recorded.set)

    source = FakeSource()
    observer = Observer(config(), [source, FakeSource("github")], lambda: NOW, record_snapshot=record)
    task = asyncio.create_task(observer.run(published.append))
    await source.running.wait()
    source.publish(fresh(argocd()))
    async with asyncio.timeout(10):
        await is_recorded.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    snapshot, thread, was_published = recorded[0]
    assert state(snapshot) == "fresh"
    assert thread.startswith("snapshot")
    assert was_published
