"""The names of variables and secrets, and what lies between two commits: asked beside the poll, harming none."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_tui.config.model import Config, GitHubConfig
from anchor_tui.domain.model import Fresh
from anchor_tui.domain.source_data import SettingNames
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.clock import utc_now
from anchor_tui.sources.credentials.argocd import GitHubAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound, ServerError, Unreachable
from anchor_tui.sources.github import secondary_polling
from anchor_tui.sources.github import source as module
from anchor_tui.sources.github.client import GitHubClient, ReadOnlyGuard
from anchor_tui.sources.github.commit_comparison import CommitComparisons, compare_commits
from anchor_tui.sources.github.setting_names import read_setting_names
from anchor_tui.sources.github.source import GitHubSource
from tests.sources.argocd.fakes import run_source
from tests.sources.github.fakes import FakeGitHub, FakeRestGitHub, commit_node, make_source, poll_response
from tests.values import config

OPS, APP = "/repos/anchor/anchor-msp-ops", "/repos/anchor/anchor-msp"
WITH_APP = config(github=GitHubConfig(ops_repo="anchor/anchor-msp-ops", app_repo="anchor/anchor-msp"))
HEAD, OLD = "a" * 40, "b" * 40


def variables(**values: str) -> Any:
    return {"total_count": len(values), "variables": [{"name": name, "value": each} for name, each in values.items()]}


def secrets(*names: str) -> Any:
    return {"total_count": len(names), "secrets": [{"name": name} for name in names]}


def rest(**answers: Any) -> FakeRestGitHub:
    """A GitHub in which nothing is set, but for what is said: by the path after the repository."""
    door = FakeRestGitHub()
    for base in (OPS, APP):
        door.answers[f"{base}/environments"] = {"total_count": 0, "environments": []}
        for prefix in ("", "organization-"):
            door.answers[f"{base}/actions/{prefix}variables"] = variables()
            door.answers[f"{base}/actions/{prefix}secrets"] = secrets()
    door.answers |= {f"{OPS}/{path}": answer for path, answer in answers.items()}
    return door


async def read(door: FakeRestGitHub) -> Any:
    return (await read_setting_names(door, "anchor/anchor-msp-ops"))[0]  # type: ignore[arg-type]


# --- settings ----------------------------------------------------------------------------------------------


async def test_the_organisations_count_and_the_repositorys_own_come_before_them():
    found = await read(
        rest(
            **{
                "actions/variables": variables(ENGINE_ID="own"),
                "actions/organization-variables": variables(ENGINE_ID="shared", OTHER="x"),
                "actions/organization-secrets": secrets("STATUS_API_URL"),
            }
        )
    )
    assert found.variables == SettingNames({"ENGINE_ID": "own", "OTHER": "x"})
    assert found.secrets == SettingNames({"STATUS_API_URL": ""})


async def test_those_of_the_environments_count_whatever_their_names():
    environments = {"total_count": 2, "environments": [{"name": "prod"}, {"name": "eu/west 1"}]}
    found = await read(
        rest(
            **{
                "environments": environments,
                "environments/prod/variables": variables(ENGINE_ID="anchor-msp"),
                "environments/prod/secrets": secrets("STATUS_API_TOKEN"),
                "environments/eu%2Fwest%201/variables": variables(),
                "environments/eu%2Fwest%201/secrets": secrets(),
            }
        )
    )
    assert found.variables.environments == {"prod": {"ENGINE_ID": "anchor-msp"}, "eu/west 1": {}}
    assert found.secrets.environments["prod"] == {"STATUS_API_TOKEN": ""}
    assert found.secrets.unlisted == ()


async def test_every_page_is_read():
    names = [f"SECRET_{number}" for number in range(70)]

    def page(parameters: Any) -> Any:
        start = (parameters["page"] - 1) * parameters["per_page"]
        return secrets(*names[start : start + parameters["per_page"]]) | {"total_count": len(names)}

    found = await read(rest(**{"actions/secrets": page}))
    assert list(found.secrets.found) == names


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Forbidden("403: no; the token needs secrets=read"), "403: no; the token needs secrets=read"),
        (Forbidden("403: no"), "403: no; the token needs Secrets: read"),
        (NotFound("Not Found"), "Not Found; the token needs Secrets: read"),
        (ServerError("HTTP 502"), "HTTP 502"),
        (InvalidResponse("a page of HTML"), "a page of HTML"),
    ],
)
async def test_what_may_not_be_listed_names_the_permission_and_takes_nothing_from_the_rest(failure, words):
    found = await read(rest(**{"actions/secrets": failure, "actions/variables": variables(ENGINE_ID="anchor-msp")}))
    assert found.secrets.unlisted == (words,)
    assert found.variables == SettingNames({"ENGINE_ID": "anchor-msp"})


@pytest.mark.parametrize("answer", [{"data": "<html>"}, [], None, {"total_count": 1, "secrets": 3}])
async def test_an_answer_that_is_no_list_is_the_reason(answer):
    found = await read(rest(**{"actions/secrets": answer}))
    assert found.secrets.unlisted
    assert not found.secrets.found


# --- beside the poll ---------------------------------------------------------------------------------------


async def test_one_reading_has_the_settings_of_both_repositories_and_closes_both_doors():
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest(**{"actions/variables": variables(ENGINE_ID="anchor-msp")})
    repo = (await make_source(WITH_APP, door).read()).value
    assert repo.ops_settings.variables.repository_wide == {"ENGINE_ID": "anchor-msp"}
    assert repo.app_settings.repository == "anchor/anchor-msp"
    assert (door.closed, door.beside.closed) == (1, 1)


async def test_settings_that_hang_cost_one_reading_a_moment_and_say_so(monkeypatch):
    monkeypatch.setattr(module, "SETTINGS_GRACE_S", 0.01)
    door = FakeGitHub(Poll=poll_response())
    door.beside.hangs = True
    repo = (await make_source(config(), door).read()).value
    assert repo.head.oid == HEAD
    assert "no answer within" in repo.ops_settings.secrets.unlisted[0]


async def test_settings_that_hang_or_fail_keep_no_poll_from_coming():
    door = FakeGitHub(Poll=[poll_response(), poll_response(commit_node(OLD))])
    door.beside.hangs = True
    one = make_source(config(), door)
    async with run_source(one) as seen:
        await seen.wait_until(lambda reading: isinstance(reading, Fresh))
        one.read_again()
        told = await seen.wait_until(lambda reading: reading.value.head.oid == OLD)
    assert told.value.ops_settings is None


async def test_settings_come_after_the_poll_and_again_only_when_asked_for():
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest()
    one = make_source(config(), door)
    async with run_source(one) as seen:
        await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        assert seen.readings[0].value.ops_settings is None
        assert len(door.beside.got) == 5
        one.read_again()
        door.beside.answers[f"{OPS}/actions/variables"] = variables(ENGINE_ID="new")
        told = await seen.wait_until(lambda reading: reading.value.ops_settings.variables.found == {"ENGINE_ID": "new"})
        assert isinstance(told, Fresh)
    assert len(door.beside.got) == 10


async def test_a_github_that_cannot_be_reached_is_the_reason_and_asked_no_more_than_once():
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest(environments=Unreachable("the connection failed"))
    repo = (await make_source(config(), door).read()).value
    assert repo.ops_settings.secrets.unlisted == ("the connection failed",)
    assert len(door.beside.got) == 1


async def test_a_fault_of_ours_costs_the_settings_alone():
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest(environments=ZeroDivisionError())
    repo = (await make_source(config(), door).read()).value
    assert repo.head is not None
    assert repo.ops_settings.variables.unlisted == ("internal error in anchor-tui: ZeroDivisionError",)


def of_sandbox(box: Sandbox, configured: Config = WITH_APP) -> GitHubSource:
    async def connect(documents: frozenset[str]) -> GitHubClient:
        return GitHubClient(
            GitHubAccess(box.github_url, Secret(box.github_token), "test"), ReadOnlyGuard(True, documents)
        )

    return GitHubSource(configured, connect, utc_now)


async def test_the_embedded_estates_settings_are_read_over_sockets_read_only():
    async with Sandbox.start("steady") as box:
        repo = (await of_sandbox(box).read()).value
        assert box.errors == []
    assert repo.app_settings.variables.repository_wide == {
        "ENGINE_ID": "anchor-msp",
        "OPS_REPO": "anchor/anchor-msp-ops",
    }
    assert set(repo.app_settings.secrets.repository_wide) == {"STATUS_API_TOKEN", "STATUS_API_URL", "OPS_REPO_PAT"}
    assert repo.ops_settings.secrets.environments == {"prod": {"KUBECONFIG": ""}}
    assert repo.ops_settings.secrets.unlisted == ()


async def test_a_denied_token_is_told_the_permissions_in_githubs_own_words():
    async with Sandbox.start("steady", faults=["github:deny=settings"]) as box:
        repo = (await of_sandbox(box).read()).value
    assert repo.head is not None
    assert repo.ops_settings.variables.unlisted[0].endswith("the token needs actions_variables=read")
    assert repo.ops_settings.secrets.unlisted[0].endswith("the token needs secrets=read")


# --- comparisons -------------------------------------------------------------------------------------------


def between(base: str, head: str) -> str:
    return f"{OPS}/compare/{base}...{head}"


def differs(*paths: str, status: str = "ahead") -> Any:
    return {"status": status, "files": [{"filename": path} for path in paths]}


async def compared(door: FakeRestGitHub, base: str = OLD) -> tuple[str, ...]:
    return await compare_commits(door, "anchor/anchor-msp-ops", base, HEAD)  # type: ignore[arg-type]


async def test_the_paths_that_differ_are_told_a_renamed_file_by_both_its_names():
    door = FakeRestGitHub()
    door.answers[between(OLD, HEAD)] = {
        "status": "ahead",
        "files": [{"filename": "new", "previous_filename": "old"}, {"filename": "a"}],
    }
    assert await compared(door) == ("a", "new", "old")


@pytest.mark.parametrize("status", ["diverged", "behind"])
async def test_a_commit_that_is_no_ancestor_is_compared_both_ways(status):
    door = FakeRestGitHub()
    door.answers[between(OLD, HEAD)] = differs(status=status)
    door.answers[between(HEAD, OLD)] = differs("only there")
    assert await compared(door) == ("only there",)


async def test_more_files_than_github_names_are_not_taken_for_all():
    door = FakeRestGitHub()
    door.answers[between(OLD, HEAD)] = differs(*map(str, range(300)))
    with pytest.raises(InvalidResponse, match="only 300"):
        await compared(door)


async def test_each_commit_is_compared_once_with_each_head_a_few_at_once():
    door, comparing = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    revisions = [f"{number:040x}" for number in range(7)]
    door.answers |= {between(each, head): differs("x") for each in revisions for head in (HEAD, OLD)}
    comparing.set_revisions([*revisions, HEAD])
    assert comparing.pending_revisions == ()
    comparing.set_head(HEAD)
    assert await comparing.compare_pending(door)  # type: ignore[arg-type]
    assert len(door.got) == 5
    await comparing.compare_pending(door)  # type: ignore[arg-type]
    assert not await comparing.compare_pending(door)  # type: ignore[arg-type]
    assert len(door.got) == 7
    assert comparing.changed_paths(HEAD) == dict.fromkeys(revisions, ("x",))
    comparing.set_head(OLD)
    assert comparing.changed_paths(HEAD) == comparing.changed_paths(OLD) == {}
    assert comparing.pending_revisions == (*revisions, HEAD)


async def test_a_commit_that_github_does_not_know_says_so_and_is_not_asked_for_again():
    door, comparing = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    comparing.set_head(HEAD)
    comparing.set_revisions([OLD])
    await comparing.compare_pending(door)  # type: ignore[arg-type]
    assert "does not know it" in comparing.failure_reasons(HEAD)[OLD]
    assert comparing.pending_revisions == ()


async def test_a_fault_of_ours_in_a_comparison_is_its_reason():
    door, comparing = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    door.answers[between(OLD, HEAD)] = ZeroDivisionError()
    comparing.set_head(HEAD)
    comparing.set_revisions([OLD])
    await comparing.compare_pending(door)  # type: ignore[arg-type]
    assert comparing.failure_reasons(HEAD) == {OLD: "internal error in anchor-tui: ZeroDivisionError"}


async def test_a_repository_that_was_renamed_is_asked_where_it_is_now():
    renamed = config(github=GitHubConfig(ops_repo="anchor/msp-ops"))
    async with Sandbox.start("steady") as box:
        before = box.git.head
        box.commit({"README.md": "more"}, "Say more")
        one = of_sandbox(box, renamed)
        repo = (await one.read()).value
        compared = await one.read_comparisons([before])
    assert repo.ops_settings.variables.repository_wide == {"ENGINE_ID": "anchor-msp"}
    assert repo.ops_settings.variables.unlisted == ()
    assert compared is not None
    assert compared.value.changed == {before: ("README.md",)}


async def test_what_argo_cd_synced_is_compared_in_the_background():
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest()
    door.beside.answers[between(OLD, HEAD)] = differs("x")
    one = make_source(config(), door)
    async with run_source(one) as seen:
        await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        one.set_synced_revisions([OLD, HEAD])
        told = await seen.wait_until(lambda reading: bool(reading.value.changed))
    assert told.value.changed == {OLD: ("x",)}


async def test_a_comparison_that_fails_is_tried_again_and_means_nothing_until_then(monkeypatch):
    waited: list[float] = []

    async def pause(wake: Any, seconds: float) -> bool:
        waited.append(seconds)
        await wake.wait()
        wake.clear()
        return True

    monkeypatch.setattr(secondary_polling, "sleep_until_woken", pause)
    door = FakeGitHub(Poll=poll_response())
    door.beside = rest()
    door.beside.answers[between(OLD, HEAD)] = ServerError("HTTP 502")
    one = make_source(config(), door)
    async with run_source(one) as seen:
        one.set_synced_revisions([OLD])
        first = await seen.wait_until(lambda reading: reading.value.ops_settings is not None)
        assert (first.value.changed, first.value.incomparable) == ({}, {})
        assert waited[0] <= 5.0
        door.beside.answers[between(OLD, HEAD)] = differs("x")
        one.read_again()
        await seen.wait_until(lambda reading: reading.value.changed == {OLD: ("x",)})
