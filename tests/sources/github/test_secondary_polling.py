"""Settings and comparisons between the polls: when they are read, and what their failures affect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from anchor_tui.config.model import GitHubConfig
from anchor_tui.domain.readings import Fresh
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sources.errors import ServerError, Unreachable
from anchor_tui.sources.github import secondary_polling
from anchor_tui.sources.github import source as module
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.commit_times import CommitTimes
from tests.sources.argocd.fakes import run_source
from tests.sources.github.fakes import (
    APP_PATH,
    OPS_PATH,
    FakeGitHub,
    FakeRestGitHub,
    access_to,
    commit_node,
    comparison_answer,
    comparison_path,
    make_source,
    poll_response,
    sandbox_source,
    settings_answers,
    variables_page,
)
from tests.values import config

WITH_APP = config(github=GitHubConfig(ops_repo="anchor/anchor-msp-ops", app_repo="anchor/anchor-msp"))


HEAD, OLD = "a" * 40, "b" * 40


async def test_a_single_reading_has_both_repositories_settings():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers(**{"actions/variables": variables_page(ENGINE_ID="anchor-msp")})
    repo = (await make_source(WITH_APP, client).read()).value
    assert repo.ops_settings.variables.repository_wide == {"ENGINE_ID": "anchor-msp"}
    assert repo.app_settings.repository == "anchor/anchor-msp"
    assert (client.closed, client.secondary.closed) == (1, 1)


async def test_hanging_settings_delay_a_reading_only_briefly(monkeypatch):
    monkeypatch.setattr(module, "SETTINGS_GRACE_S", 0.01)
    client = FakeGitHub(Poll=poll_response())
    client.secondary.hangs = True
    repo = (await make_source(config(), client).read()).value
    assert repo.head.oid == HEAD
    assert "no answer within" in repo.ops_settings.secrets.unlisted[0]


async def test_hanging_settings_do_not_delay_polls():
    client = FakeGitHub(Poll=[poll_response(), poll_response(commit_node(OLD))])
    client.secondary.hangs = True
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: isinstance(reading, Fresh))
        source.read_again()
        reading = await seen.wait_until(lambda reading: reading.value.head.oid == OLD)
    assert reading.value.ops_settings is None


async def test_settings_are_read_again_only_on_request():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        assert seen.readings[0].value.ops_settings is None
        assert len(client.secondary.got) == 5
        source.read_again()
        client.secondary.answers[f"{OPS_PATH}/actions/variables"] = variables_page(ENGINE_ID="new")
        reading = await seen.wait_until(
            lambda reading: reading.value.ops_settings.variables.repository_wide == {"ENGINE_ID": "new"}
        )
        assert isinstance(reading, Fresh)
    assert len(client.secondary.got) == 10


async def test_an_unreachable_github_is_the_reason_and_asked_once():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers(environments=Unreachable("the connection failed"))
    repo = (await make_source(config(), client).read()).value
    assert repo.ops_settings.secrets.unlisted == ("the connection failed",)
    assert len(client.secondary.got) == 1


async def test_an_internal_error_affects_the_settings_alone():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers(environments=ZeroDivisionError())
    repo = (await make_source(config(), client).read()).value
    assert repo.head is not None
    assert repo.ops_settings.variables.unlisted == ("internal error in anchor-tui: ZeroDivisionError",)


async def test_the_sandbox_settings_are_read():
    async with Sandbox.start("steady") as box:
        repo = (await sandbox_source(box, WITH_APP).read()).value
        assert box.errors == []
    assert repo.app_settings.variables.repository_wide == {
        "ENGINE_ID": "anchor-msp",
        "OPS_REPO": "anchor/anchor-msp-ops",
    }
    assert set(repo.app_settings.secrets.repository_wide) == {"STATUS_API_TOKEN", "STATUS_API_URL", "OPS_REPO_PAT"}
    assert repo.ops_settings.secrets.environments == {"prod": {"KUBECONFIG": ""}}
    assert repo.ops_settings.secrets.unlisted == ()


async def test_denied_settings_name_the_permissions_that_github_names():
    async with Sandbox.start("steady", faults=["github:deny=settings"]) as box:
        repo = (await sandbox_source(box, WITH_APP).read()).value
    assert repo.head is not None
    assert repo.ops_settings.variables.unlisted[0].endswith("the token needs actions_variables=read")
    assert repo.ops_settings.secrets.unlisted[0].endswith("the token needs secrets=read")


async def test_a_renamed_repository_is_read_under_its_new_name():
    renamed = config(github=GitHubConfig(ops_repo="anchor/msp-ops"))
    async with Sandbox.start("steady") as box:
        before = box.git.head
        box.commit({"README.md": "more"}, "Say more")
        source = sandbox_source(box, renamed)
        repo = (await source.read()).value
        compared = await source.read_comparisons([before])
    assert repo.ops_settings.variables.repository_wide == {"ENGINE_ID": "anchor-msp"}
    assert repo.ops_settings.variables.unlisted == ()
    assert compared is not None
    assert compared.value.changed == {before: ("README.md",)}


async def test_synced_revisions_are_compared_in_the_background():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    client.secondary.answers[comparison_path(OLD, HEAD)] = comparison_answer("x")
    source = make_source(config(), client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        source.set_synced_revisions([OLD, HEAD])
        reading = await seen.wait_until(lambda reading: bool(reading.value.changed))
    assert reading.value.changed == {OLD: ("x",)}


async def test_a_failed_comparison_is_retried(monkeypatch):
    waited: list[float] = []

    async def pause(wake: Any, seconds: float) -> bool:
        waited.append(seconds)
        await wake.wait()
        wake.clear()
        return True

    monkeypatch.setattr(secondary_polling, "sleep_until_woken", pause)
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    client.secondary.answers[comparison_path(OLD, HEAD)] = ServerError("HTTP 502")
    source = make_source(config(), client)
    async with run_source(source) as seen:
        source.set_synced_revisions([OLD])
        first = await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        assert (first.value.changed, first.value.incomparable) == ({}, {})
        assert waited[0] <= 5.0
        client.secondary.answers[comparison_path(OLD, HEAD)] = comparison_answer("x")
        source.read_again()
        await seen.wait_until(lambda reading: reading.value.changed == {OLD: ("x",)})


APP_COMMIT = "9f2c1e0d5a7b4c3e8f6a1b2c3d4e5f60718293a4"
"""The commit of every release in the prepared answers."""
COMMIT_PATH = f"{APP_PATH}/git/commits/{APP_COMMIT}"


async def test_the_times_of_release_commits_are_read_once():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    client.secondary.answers[COMMIT_PATH] = {"sha": APP_COMMIT, "committer": {"date": "2026-11-20T11:14:07+02:00"}}
    source = make_source(WITH_APP, client)
    async with run_source(source) as seen:
        reading = await seen.wait_until(lambda reading: bool(reading.value.commit_times))
        source.read_again()
        await seen.wait_until(lambda reading: client.names().count("Poll") > 1)
    assert reading.value.commit_times == {APP_COMMIT: datetime(2026, 11, 20, 9, 14, 7, tzinfo=UTC)}
    assert client.secondary.got.count(COMMIT_PATH) == 1


async def test_an_invisible_app_repo_is_not_a_problem():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    source = make_source(WITH_APP, client)
    async with run_source(source) as seen:
        await seen.wait_until(lambda reading: COMMIT_PATH in client.secondary.got)
        reading = await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
    assert reading.value.commit_times == {}
    assert reading.problems == ()


async def test_without_an_app_repo_no_commit_is_requested():
    client = FakeGitHub(Poll=poll_response())
    client.secondary = settings_answers()
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
    assert not [path for path in client.secondary.got if "/git/commits/" in path]


async def test_the_sandbox_has_the_times_of_commits():
    async with Sandbox.start("steady") as box:
        times = CommitTimes(box.ops_repo)
        times.set_commits([box.git.head, APP_COMMIT])
        client = GitHubClient(access_to(box.github_url, token=box.github_token), frozenset())
        assert await times.read_pending(client)
        await client.aclose()
        assert times.times == {box.git.head: box.git.read_commit(box.git.head).time.replace(microsecond=0)}
        assert times.pending_commits == ()


async def test_a_commits_time_is_requested_again_after_an_error():
    times = CommitTimes("anchor/anchor-msp")
    times.set_commits([APP_COMMIT, "v1.44.0", "not/../a/commit"])
    client = FakeRestGitHub()
    client.answers[COMMIT_PATH] = ServerError("HTTP 502")
    with pytest.raises(ServerError):
        await times.read_pending(client)
    assert times.pending_commits == (APP_COMMIT,)
    client.answers[COMMIT_PATH] = {"committer": {}}
    assert not await times.read_pending(client)
    assert times.pending_commits == ()
