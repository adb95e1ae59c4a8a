"""The GitHub source: when it polls, what it publishes, and how it continues after failures."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from anchor_tui.domain.readings import Fresh, Stale, Unavailable
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sources.errors import (
    InvalidResponse,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
)
from anchor_tui.sources.github import source as module
from anchor_tui.sources.github.response import GraphQLResponse
from tests.sources.argocd.fakes import run_source
from tests.sources.github.fakes import (
    FakeGitHub,
    commit_node,
    denied_error,
    history_response,
    make_source,
    poll_response,
    rate_limit_node,
    sandbox_source,
)
from tests.values import NOW, config


def is_fresh(reading) -> bool:
    return isinstance(reading, Fresh)


@pytest.fixture
def pauses(monkeypatch):
    """The pauses of the source; none is really waited for."""
    noted: list[float] = []

    async def pause(wake: asyncio.Event, seconds: float) -> bool:
        noted.append(seconds)
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(module, "sleep_until_woken", pause)
    return noted


async def test_a_poll_is_published_before_its_history():
    client = FakeGitHub(Poll=poll_response(), History=history_response("1.43.1", "1.43.0"))
    async with run_source(make_source(config(), client)) as seen:
        first = await seen.wait_until(is_fresh)
        assert first.value.environments["prod"].release.version == "1.43.1"
        assert first.value.environments["prod"].history_complete is None
        whole = await seen.wait_until(lambda reading: reading.value.environments["prod"].history_complete is True)
    assert [past.release.version for past in whole.value.environments["prod"].history] == ["1.43.1", "1.43.0"]


async def test_history_is_read_only_for_a_new_head(pauses):
    moved = poll_response(commit_node("b" * 40))
    client = FakeGitHub(Poll=[poll_response(), poll_response(), poll_response(), moved])
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40 and len(client.asked) > 8)
    assert client.names()[:7] == ["Poll", "History", "Poll", "Poll", "Poll", "History", "Poll"]
    assert client.names().count("History") == 2


async def test_a_new_head_never_has_the_old_history(pauses):
    moved = poll_response(commit_node("b" * 40, "2.0.0", "1.43.2", "1.43.1"))
    client = FakeGitHub(
        Poll=[poll_response(), moved],
        History=[history_response("1.44.0"), ServerError("HTTP 502"), history_response("2.0.0")],
    )
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(
            lambda reading: reading.value.head.oid == "b" * 40 and reading.value.environments["dev"].history_complete
        )
    of_moved = [reading.value.environments["dev"] for reading in seen.readings if reading.value.head.oid == "b" * 40]
    assert [[past.release.version for past in files.history] for files in of_moved[:2]] == [[], ["2.0.0"]]
    assert of_moved[0].history_complete is None


async def test_history_does_not_make_a_poll_younger():
    moments = iter(NOW + timedelta(seconds=seconds) for seconds in range(0, 1000, 40))
    reading = await make_source(config(), FakeGitHub(Poll=poll_response()), lambda: next(moments)).read()
    assert reading.taken_at == NOW


async def test_a_reading_is_as_old_as_its_request():
    moments = [NOW]

    class SlowGitHub(FakeGitHub):
        async def query(self, *arguments):
            moments[0] += timedelta(seconds=10)
            return await super().query(*arguments)

    reading = await make_source(config(), SlowGitHub(Poll=poll_response()), lambda: moments[0]).read()
    assert moments[0] > NOW
    assert reading.taken_at == NOW


async def test_no_pause_after_failures_is_longer_than_a_poll(pauses):
    async with run_source(make_source(config(), FakeGitHub(Poll=ServerError("HTTP 502")))) as seen:
        await seen.wait_until(lambda _: len(pauses) > 10)
    assert 20 < max(pauses) <= config().github.poll_s


async def test_a_single_reading_has_history_and_closes_the_client():
    client = FakeGitHub(Poll=poll_response())
    reading = await make_source(config(), client).read()
    assert reading.value.environments["dev"].history
    assert client.closed == 1


async def test_a_denied_history_is_a_problem_of_every_poll(pauses):
    answer = GraphQLResponse(
        history_response("1.43.1"),
        (denied_error("repository", "ref", "target", "e0History", "nodes", 0, "associatedPullRequests"),),
    )
    client = FakeGitHub(Poll=poll_response(), History=answer)
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda reading: bool(reading.problems))
        assert (await seen.wait_until(lambda _: client.names().count("Poll") > 3)).problems


@pytest.mark.parametrize("failure", [ServerError("HTTP 502"), Timeout("no answer"), InvalidResponse("cut")])
async def test_a_failed_history_keeps_the_poll_and_is_retried(pauses, failure):
    client = FakeGitHub(Poll=poll_response(), History=[failure, history_response("1.43.1")])
    async with run_source(make_source(config(), client)) as seen:
        reading = await seen.wait_until(lambda reading: bool(reading.problems))
        assert failure.message in reading.problems[0].message
        await seen.wait_until(
            lambda reading: not reading.problems and reading.value.environments["prod"].history_complete is True
        )
    assert all(map(is_fresh, seen.readings))


@pytest.mark.parametrize(
    ("remaining", "cost", "pause_s"),
    [(4900, 1, 30.0), (1000, 1, 30.0), (999, 1, 30.0), (60, 1, 60.0), (60, 2, 120.0), (1, 1, 1800.0), (0, 1, 1800.0)],
)
async def test_a_low_budget_slows_the_polls(pauses, remaining, cost, pause_s):
    client = FakeGitHub(Poll=poll_response(budget=rate_limit_node(cost, remaining)))
    async with run_source(make_source(config(), client)) as seen:
        reading = await seen.wait_until(is_fresh)
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == pause_s
    assert reading.fresh_until == NOW + timedelta(seconds=3 * pause_s)
    if pause_s > 30:
        assert f"{remaining:,} of 5,000 points left until 14:32Z" in reading.problems[0].message
        assert f"read every {pause_s:.0f} s instead of 30" in reading.problems[0].message
    else:
        assert reading.problems == ()


async def test_without_a_budget_the_configured_pause_applies(pauses):
    async with run_source(make_source(config(), FakeGitHub(Poll=poll_response(budget=None)))) as seen:
        assert (await seen.wait_until(is_fresh)).value.budget is None
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == 30.0


async def test_a_failure_keeps_the_last_reading_until_the_next(pauses):
    client = FakeGitHub(Poll=[poll_response(), ServerError("HTTP 502"), poll_response()])
    client.secondary.hangs = True
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda _: len(seen.readings) >= 4)
    kinds = [type(reading) for reading in seen.readings[:4]]
    assert kinds == [Fresh, Fresh, Stale, Fresh]
    stale = seen.readings[2]
    assert (stale.error.message, stale.last_good.head.oid, stale.taken_at) == ("HTTP 502", "a" * 40, NOW)


async def test_a_first_failure_is_unavailable_and_pauses_grow(pauses):
    client = FakeGitHub(Poll=ServerError("HTTP 502"))
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda _: len(seen.readings) >= 9)
    assert all(isinstance(reading, Unavailable) for reading in seen.readings)
    assert pauses[0] <= 2.0
    assert pauses[4] > 20
    assert max(pauses[:9]) <= 300


async def test_a_rate_limit_pauses_as_long_as_github_asks(pauses):
    client = FakeGitHub(Poll=RateLimited("used up", 123.0))
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == 123.0


@pytest.mark.parametrize("failure", [Unauthenticated("401"), Timeout("no answer")])
async def test_a_refused_token_or_timeout_opens_a_new_client(pauses, failure):
    client = FakeGitHub(Poll=[failure, poll_response()])
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(is_fresh)
    assert client.closed == 2
    assert pauses[0] == 30.0 or isinstance(failure, Timeout)


async def test_read_again_polls_now():
    client = FakeGitHub(Poll=[poll_response(), poll_response(commit_node("b" * 40))])
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: reading.value.environments["prod"].history_complete is True)
        source.read_again()
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40)


# --- polls out of turn ----------------------------------------------------------------------------------


async def test_a_poll_out_of_turn_is_sent_at_once():
    moved = poll_response(commit_node("b" * 40))
    client = FakeGitHub(Poll=[poll_response(), moved])
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: reading.value.environments["prod"].history_complete is True)
        source.poll_now()
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40)
    assert client.names().count("Poll") == 2


@pytest.mark.parametrize("answer", [poll_response(budget=rate_limit_node(remaining=20)), ServerError("HTTP 502")])
async def test_failures_and_a_low_budget_allow_no_early_poll(answer):
    history = history_response("1.43.1") | {"rateLimit": rate_limit_node(remaining=20)}
    client = FakeGitHub(Poll=answer, History=history)
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda _: True)
        source.poll_now()
        for _ in range(20):
            await asyncio.sleep(0)
    assert client.names().count("Poll") == 1


async def test_a_single_reading_follows_a_newer_commit():
    async with Sandbox.start("steady") as box:
        source = sandbox_source(box)
        before = (await source.read()).value.head.oid
        box.commit({"README.md": "more"}, "Say more")
        reading = await source.read_comparisons([before, box.git.head])
        assert reading is not None
        assert reading.value.head.oid == box.git.head
        assert reading.value.changed == {before: ("README.md",)}
