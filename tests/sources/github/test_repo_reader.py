"""A poll of the ops repo as the domain's data, and what is missing from it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from anchor_tui.domain.readings import Fresh
from anchor_tui.sources.errors import (
    Forbidden,
    InvalidResponse,
    NotFound,
)
from anchor_tui.sources.github import repo_files, repo_reader
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
    pull_request_node,
    pull_request_page,
    rate_limit_node,
)
from tests.values import config


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


async def test_every_page_of_pull_requests_is_read():
    more = {
        "repository": {"pullRequests": pull_request_page(pull_request_node(3))},
        "rateLimit": rate_limit_node(1, 4800),
    }
    client = FakeGitHub(
        Poll=poll_response(pulls=pull_request_page(pull_request_node(1), pull_request_node(2), more="c1")),
        MorePullRequests=more,
    )
    reading = await make_source(config(), client).read()
    assert [opened.pull_request.number for opened in reading.value.pull_requests] == [1, 2, 3]
    assert client.asked[1][1]["after"] == "c1"


async def test_the_budget_includes_the_cost_of_further_pages():
    more = [
        {
            "repository": {"pullRequests": pull_request_page(pull_request_node(2), more="c2")},
            "rateLimit": rate_limit_node(1, 4801),
        },
        {
            "repository": {"pullRequests": pull_request_page(pull_request_node(3))},
            "rateLimit": rate_limit_node(1, 4800),
        },
    ]
    client = FakeGitHub(
        Poll=poll_response(pulls=pull_request_page(pull_request_node(1), more="c1")), MorePullRequests=more
    )
    async with run_source(make_source(config(), client)) as seen:
        first = await seen.wait_until(lambda reading: isinstance(reading, Fresh))
    assert (first.value.budget.cost, first.value.budget.remaining) == (3, 4800)


async def test_a_page_without_cursor_ends_the_reading():
    broken = pull_request_page(pull_request_node(1)) | {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(pulls=broken))).read()
    assert len(reading.value.pull_requests) == 1


async def test_a_pull_request_moves_releases_whose_files_it_changes():
    head = {"target": commit_node("c" * 40, "1.44.0", "1.44.0", "1.40.0")}
    path = config().environments[1].release
    reading = pull_request_node(7, files={"totalCount": 1, "nodes": [{"path": path}]}, headRef=head)
    found = (
        await make_source(config(), FakeGitHub(Poll=poll_response(pulls=pull_request_page(reading)))).read()
    ).value.pull_requests[0]
    assert {name: release.version for name, release in found.releases.items()} == {"staging": "1.44.0"}


async def test_with_a_cut_file_list_content_decides_what_moves():
    head = {"target": commit_node("c" * 40, "1.44.0", "1.44.0", "1.43.1")}
    reading = pull_request_node(7, files={"totalCount": 300, "nodes": [{"path": "x"}]}, headRef=head)
    found = (
        await make_source(config(), FakeGitHub(Poll=poll_response(pulls=pull_request_page(reading)))).read()
    ).value.pull_requests[0]
    assert list(found.releases) == ["staging"]


async def test_unchanged_files_are_not_parsed_again(pauses):
    repo_files.parse_release_text.cache_clear()
    repo_files.find_overlay_problems.cache_clear()
    client = FakeGitHub(
        Poll=[
            poll_response(),
            poll_response(),
            poll_response(),
            poll_response(commit_node("b" * 40, "1.45.0", "1.43.2", "1.43.1")),
        ]
    )
    async with run_source(make_source(config(), client)) as seen:
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40)
    parsed = {"1.44.0", "1.43.2", "1.43.1", "1.45.0"}
    paths = 3  # all environments have the same version in their history, under its own path
    assert repo_files.parse_release_text.cache_info().misses <= len(parsed) + paths
    assert repo_files.find_overlay_problems.cache_info().misses == 3


async def test_files_are_parsed_outside_the_event_loop(monkeypatch):
    threads = set()
    for name in ("read_environments", "find_moved_releases", "find_chart_problems", "read_histories"):
        original = getattr(repo_files.RepoFiles, name)

        def read(*arguments, original=original):
            threads.add(threading.get_ident())
            return original(*arguments)

        monkeypatch.setattr(repo_files.RepoFiles, name, read)
    pulls = pull_request_page(pull_request_node(1))
    await make_source(config(), FakeGitHub(Poll=poll_response(pulls=pulls), History=history_response())).read()
    assert threads
    assert threading.get_ident() not in threads


async def test_denied_fields_are_problems_and_the_rest_is_read():
    errors = (
        denied_error("repository", "ref", "target", "statusCheckRollup", "contexts"),
        denied_error("repository", "pullRequests", "nodes", 0, "statusCheckRollup"),
        denied_error("repository", "pullRequests", "nodes", 1, "statusCheckRollup"),
    )
    rule = {"requiredStatusCheckContexts": ["ci"]}
    data = poll_response(
        commit_node(statusCheckRollup={"state": "SUCCESS"}),
        pull_request_page(pull_request_node(1), pull_request_node(2)),
    )
    data["repository"]["ref"]["refUpdateRule"] = rule
    reading = await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, errors))).read()
    assert [problem.subject for problem in reading.problems] == [
        "GitHub: repository.pullRequests.nodes.statusCheckRollup",
        "GitHub: repository.ref.target.statusCheckRollup.contexts",
    ]
    assert reading.value.head.checks == "unknown"
    assert {opened.pull_request.checks for opened in reading.value.pull_requests} == {"unknown"}
    assert reading.value.environments["prod"].release.version == "1.43.1"


async def test_a_null_history_is_not_complete():
    answer = history_response("1.43.1")
    answer["repository"]["ref"]["target"]["e2History"] = None
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(), History=answer)).read()
    assert reading.value.environments["prod"].history_complete is None
    assert reading.value.environments["dev"].history_complete is True


async def test_an_invisible_repository_is_not_found():
    data = poll_response() | {"repository": None}
    error = denied_error("repository", kind="NOT_FOUND", message="Could not resolve to a Repository")
    with pytest.raises(NotFound, match=r"Could not resolve to a Repository.*may not see it"):
        await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, (error,)))).read()


async def test_a_repository_behind_sso_is_forbidden():
    data = poll_response() | {"repository": None}
    error = denied_error("repository", message="Resource protected by organization SAML enforcement")
    with pytest.raises(Forbidden, match="SAML"):
        await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, (error,)))).read()


async def test_a_renamed_repository_is_a_problem_with_the_setting():
    client = FakeGitHub(Poll=poll_response(nameWithOwner="anchor/ops"))
    problem = (await make_source(config(), client).read()).problems[0]
    assert (problem.kind, 'github.ops_repo = "anchor/ops"' in problem.message) == ("renamed", True)


@pytest.mark.parametrize("ref", [None, {"target": None}])
async def test_a_missing_branch_is_named(ref):
    with pytest.raises(NotFound, match="anchor/anchor-msp-ops does not contain the branch main"):
        await make_source(config(), FakeGitHub(Poll=poll_response(ref=ref))).read()


@pytest.mark.parametrize(
    "data",
    [
        {"repository": 7},
        {"repository": {"ref": {"target": {"oid": None}}}},
        {"repository": {"ref": {"target": {"oid": "a", "e0Release": 7}}}},
        {"repository": {"ref": {"target": {"oid": "a", "e0Change": {"nodes": 7}}}}},
        {"repository": {"ref": {"target": {"oid": "a"}}, "pullRequests": {"nodes": 7}}},
        {"rateLimit": {"limit": "many"}},
    ],
)
async def test_a_poll_of_another_shape_is_invalid(data):
    with pytest.raises(InvalidResponse, match="unexpected shape"):
        await make_source(config(), FakeGitHub(Poll=data)).read()


async def test_a_history_of_another_shape_is_a_problem():
    answer = history_response("1.43.1")
    answer["repository"]["ref"]["target"]["e0History"] = {"nodes": [{"oid": 7}]}
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(), History=answer)).read()
    assert reading.problems[0].kind == "history"


async def test_denied_rules_leave_the_checks_unknown():
    errors = (denied_error("repository", "ref", "rules"),)
    reading = await make_source(config(), FakeGitHub(Poll=GraphQLResponse(poll_response(), errors))).read()
    assert reading.value.head is not None
    assert reading.value.head.checks == "unknown"


async def test_a_repeated_cursor_ends_the_reading_with_a_problem():
    stuck = poll_response(pulls=pull_request_page(pull_request_node(1), more="the same cursor"))
    client = FakeGitHub(Poll=stuck, MorePullRequests=stuck)
    reading = await make_source(config(), client).read()
    assert any("open pull requests and handed out" in problem.message for problem in reading.problems)


async def test_ever_new_cursors_end_with_a_problem(monkeypatch):
    monkeypatch.setattr(repo_reader, "MAX_PULL_REQUEST_PAGES", 3)
    pages = [poll_response(pulls=pull_request_page(pull_request_node(n), more=f"cursor {n}")) for n in range(9)]
    client = FakeGitHub(Poll=pages[0], MorePullRequests=pages[1:])
    reading = await make_source(config(), client).read()
    assert client.names().count("MorePullRequests") == 3
    assert len(reading.value.pull_requests) == 4
    assert any("open pull requests and handed out" in problem.message for problem in reading.problems)


async def test_a_malformed_pull_request_affects_no_other():
    head = {"target": {"oid": "f" * 40, "e0Release": 7}}
    page = pull_request_page(
        pull_request_node(1), {"number": "x"}, pull_request_node(2, headRef=head), pull_request_node(3)
    )
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(pulls=page))).read()
    assert [found.pull_request.number for found in reading.value.pull_requests] == [1, 3]
    messages = [str(problem) for problem in reading.problems]
    assert "GitHub: repository.pullRequests: 1 open pull request cannot be read: unexpected shape" in messages
    assert any(message.startswith("GitHub: #2: the pull request cannot be read") for message in messages)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_odd_times_are_unknown(moment):
    head = commit_node(committedDate=moment, e0Change={"nodes": [{"oid": "a" * 40, "committedDate": moment}]})
    budget = rate_limit_node() | {"resetAt": moment}
    answer = poll_response(head, pull_request_page(pull_request_node(1, createdAt=moment)), budget=budget)
    reading = await make_source(config(), FakeGitHub(Poll=answer)).read()
    assert reading.value.head.committed_at is None
    assert reading.value.pull_requests[0].pull_request.created_at is None


async def test_an_open_pull_request_did_not_make_a_release():
    links = [
        {"number": 900, "title": "Theirs", "url": "https://github.com/a/b/pull/900", "merged": False},
        {"number": 233, "title": "Promote", "url": "https://github.com/a/b/pull/233", "merged": True},
    ]
    change = {"nodes": [{"oid": "a" * 40, "associatedPullRequests": {"nodes": links}}]}
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(commit_node(e2Change=change)))).read()
    assert reading.value.environments["prod"].release.pull_request.number == 233
