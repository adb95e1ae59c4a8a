"""GitHub as a source: what a poll brings, what it costs, and what becomes of everything that goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from anchor_tui.config.model import GitHubConfig, ReleaseKeyPaths
from anchor_tui.domain.model import Fresh, Stale, Unavailable
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.clock import utc_now
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.credentials.argocd import GitHubAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import (
    Forbidden,
    InvalidResponse,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
)
from anchor_tui.sources.github import repo_files
from anchor_tui.sources.github import source as module
from anchor_tui.sources.github.client import GitHubClient, GraphQLResponse, ReadOnlyGuard
from anchor_tui.sources.github.source import GitHubSource
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
    release_yaml,
    tree_entry,
)
from tests.values import NOW, config, environment_config


def is_fresh(reading) -> bool:
    return isinstance(reading, Fresh)


@pytest.fixture
def pauses(monkeypatch):
    """What the source would have waited; each pause ends at once."""
    noted: list[float] = []

    async def pause(wake: asyncio.Event, seconds: float) -> bool:
        noted.append(seconds)
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(module, "sleep_until_woken", pause)
    return noted


# --- a poll ------------------------------------------------------------------------------------------


async def test_a_poll_is_published_at_once_and_the_history_after_it():
    door = FakeGitHub(Poll=poll_response(), History=history_response("1.43.1", "1.43.0"))
    async with run_source(make_source(config(), door)) as seen:
        first = await seen.wait_until(is_fresh)
        assert first.value.environments["prod"].release.version == "1.43.1"
        assert first.value.environments["prod"].whole is None
        whole = await seen.wait_until(lambda reading: reading.value.environments["prod"].whole is True)
    assert [past.release.version for past in whole.value.environments["prod"].history] == ["1.43.1", "1.43.0"]


async def test_the_history_is_asked_for_only_when_the_head_has_moved(pauses):
    moved = poll_response(commit_node("b" * 40))
    door = FakeGitHub(Poll=[poll_response(), poll_response(), poll_response(), moved])
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40 and len(door.asked) > 8)
    assert door.names()[:7] == ["Poll", "History", "Poll", "Poll", "Poll", "History", "Poll"]
    assert door.names().count("History") == 2


async def test_a_moved_head_is_never_shown_beside_the_history_of_another(pauses):
    moved = poll_response(commit_node("b" * 40, "2.0.0", "1.43.2", "1.43.1"))
    door = FakeGitHub(
        Poll=[poll_response(), moved],
        History=[history_response("1.44.0"), ServerError("HTTP 502"), history_response("2.0.0")],
    )
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(
            lambda reading: reading.value.head.oid == "b" * 40 and reading.value.environments["dev"].whole
        )
    of_moved = [each.value.environments["dev"] for each in seen.readings if each.value.head.oid == "b" * 40]
    assert [[past.release.version for past in each.history] for each in of_moved[:2]] == [[], ["2.0.0"]]
    assert of_moved[0].whole is None


async def test_what_was_polled_is_not_younger_for_the_history_that_came_later():
    moments = iter(NOW + timedelta(seconds=each) for each in range(0, 1000, 40))
    reading = await make_source(config(), FakeGitHub(Poll=poll_response()), lambda: next(moments)).read()
    assert reading.taken_at == NOW


async def test_one_reading_has_the_history_too_and_closes_the_door():
    door = FakeGitHub(Poll=poll_response())
    reading = await make_source(config(), door).read()
    assert reading.value.environments["dev"].history
    assert door.closed == 1


async def test_more_pull_requests_than_a_page_are_all_read_and_their_pages_counted():
    more = {
        "repository": {"pullRequests": pull_request_page(pull_request_node(3))},
        "rateLimit": rate_limit_node(1, 4800),
    }
    door = FakeGitHub(
        Poll=poll_response(pulls=pull_request_page(pull_request_node(1), pull_request_node(2), more="c1")),
        MorePullRequests=more,
    )
    reading = await make_source(config(), door).read()
    assert [each.pull_request.number for each in reading.value.pull_requests] == [1, 2, 3]
    assert door.asked[1][1]["after"] == "c1"


async def test_what_the_pages_cost_is_in_the_budget():
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
    door = FakeGitHub(
        Poll=poll_response(pulls=pull_request_page(pull_request_node(1), more="c1")), MorePullRequests=more
    )
    async with run_source(make_source(config(), door)) as seen:
        first = await seen.wait_until(is_fresh)
    assert (first.value.budget.cost, first.value.budget.remaining) == (3, 4800)


async def test_a_page_that_promises_more_without_saying_where_ends_the_reading():
    broken = pull_request_page(pull_request_node(1)) | {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(pulls=broken))).read()
    assert len(reading.value.pull_requests) == 1


async def test_a_pull_request_brings_the_releases_whose_files_it_changes():
    head = {"target": commit_node("c" * 40, "1.44.0", "1.44.0", "1.40.0")}
    path = config().environments[1].release
    told = pull_request_node(7, files={"totalCount": 1, "nodes": [{"path": path}]}, headRef=head)
    found = (
        await make_source(config(), FakeGitHub(Poll=poll_response(pulls=pull_request_page(told)))).read()
    ).value.pull_requests[0]
    assert {name: release.version for name, release in found.releases.items()} == {"staging": "1.44.0"}


async def test_where_github_names_only_some_files_the_content_tells_what_moves():
    head = {"target": commit_node("c" * 40, "1.44.0", "1.44.0", "1.43.1")}
    told = pull_request_node(7, files={"totalCount": 300, "nodes": [{"path": "x"}]}, headRef=head)
    found = (
        await make_source(config(), FakeGitHub(Poll=poll_response(pulls=pull_request_page(told)))).read()
    ).value.pull_requests[0]
    assert list(found.releases) == ["staging"]


async def test_unchanged_files_are_not_parsed_again(pauses):
    repo_files.parse_release_text.cache_clear()
    repo_files.find_overlay_problems.cache_clear()
    door = FakeGitHub(
        Poll=[
            poll_response(),
            poll_response(),
            poll_response(),
            poll_response(commit_node("b" * 40, "1.45.0", "1.43.2", "1.43.1")),
        ]
    )
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40)
    parsed = {"1.44.0", "1.43.2", "1.43.1", "1.45.0"}
    paths = 3  # of the one history each environment has the same version, under its own path
    assert repo_files.parse_release_text.cache_info().misses <= len(parsed) + paths
    assert repo_files.find_overlay_problems.cache_info().misses == 3


# --- what is denied ----------------------------------------------------------------------------------


async def test_what_the_token_may_not_see_is_a_problem_and_the_rest_is_shown():
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
    assert {each.pull_request.checks for each in reading.value.pull_requests} == {"unknown"}
    assert reading.value.environments["prod"].release.version == "1.43.1"


async def test_what_is_denied_in_the_history_is_a_problem_of_every_poll(pauses):
    answer = GraphQLResponse(
        history_response("1.43.1"),
        (denied_error("repository", "ref", "target", "e0History", "nodes", 0, "associatedPullRequests"),),
    )
    door = FakeGitHub(Poll=poll_response(), History=answer)
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda reading: bool(reading.problems))
        assert (await seen.wait_until(lambda _: door.names().count("Poll") > 3)).problems


async def test_a_history_that_is_null_is_not_one_that_is_whole():
    answer = history_response("1.43.1")
    answer["repository"]["ref"]["target"]["e2History"] = None
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(), History=answer)).read()
    assert reading.value.environments["prod"].history_complete is None
    assert reading.value.environments["dev"].history_complete is True


@pytest.mark.parametrize("failure", [ServerError("HTTP 502"), Timeout("no answer"), InvalidResponse("cut")])
async def test_a_history_that_does_not_come_takes_nothing_from_the_poll_and_is_asked_for_again(pauses, failure):
    door = FakeGitHub(Poll=poll_response(), History=[failure, history_response("1.43.1")])
    async with run_source(make_source(config(), door)) as seen:
        told = await seen.wait_until(lambda reading: bool(reading.problems))
        assert failure.message in told.problems[0].message
        await seen.wait_until(lambda reading: not reading.problems and reading.value.environments["prod"].whole is True)
    assert all(map(is_fresh, seen.readings))


async def test_a_repository_that_is_not_found_says_so():
    data = poll_response() | {"repository": None}
    error = denied_error("repository", kind="NOT_FOUND", message="Could not resolve to a Repository")
    with pytest.raises(NotFound, match=r"Could not resolve to a Repository.*may not see it"):
        await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, (error,)))).read()


async def test_a_repository_behind_sso_is_forbidden_in_githubs_words():
    data = poll_response() | {"repository": None}
    error = denied_error("repository", message="Resource protected by organization SAML enforcement")
    with pytest.raises(Forbidden, match="SAML"):
        await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, (error,)))).read()


async def test_a_renamed_repository_is_a_problem_that_says_what_to_configure():
    door = FakeGitHub(Poll=poll_response(nameWithOwner="anchor/ops"))
    problem = (await make_source(config(), door).read()).problems[0]
    assert (problem.kind, 'github.ops_repo = "anchor/ops"' in problem.message) == ("renamed", True)


@pytest.mark.parametrize("ref", [None, {"target": None}])
async def test_a_missing_branch_is_named(ref):
    with pytest.raises(NotFound, match="anchor/anchor-msp-ops has no branch main"):
        await make_source(config(), FakeGitHub(Poll=poll_response(ref=ref))).read()


@pytest.mark.parametrize(
    "data",
    [
        {"repository": 7},
        {"repository": {"ref": {"target": {"oid": None}}}},
        {"repository": {"ref": {"target": {"oid": "a", "e0Release": 7}}}},
        {"repository": {"ref": {"target": {"oid": "a", "e0Change": {"nodes": 7}}}}},
        {"repository": {"ref": {"target": {"oid": "a"}}, "pullRequests": {"nodes": [{"number": "x"}]}}},
        {"rateLimit": {"limit": "many"}},
    ],
)
async def test_an_answer_of_another_shape_is_a_bad_answer(data):
    with pytest.raises(InvalidResponse, match="unexpected shape"):
        await make_source(config(), FakeGitHub(Poll=data)).read()


async def test_a_history_of_another_shape_is_a_problem():
    answer = history_response("1.43.1")
    answer["repository"]["ref"]["target"]["e0History"] = {"nodes": [{"oid": 7}]}
    reading = await make_source(config(), FakeGitHub(Poll=poll_response(), History=answer)).read()
    assert reading.problems[0].kind == "history"


# --- the budget --------------------------------------------------------------------------------------


async def test_a_poll_costs_one_point_and_so_does_the_history_so_that_idle_hours_take_a_fortieth_of_the_budget():
    async with Sandbox.start("incident") as box:
        budget = (await of_sandbox(box).read()).value.budget
        assert budget.cost == 1
        assert box.github.graphql_budget.used == 2
    polls_an_hour = 3600 / GitHubConfig(ops_repo="a/b").poll_s
    assert polls_an_hour * budget.cost < budget.limit / 40


@pytest.mark.parametrize(
    ("remaining", "cost", "pause_s"),
    [(4900, 1, 30.0), (1000, 1, 30.0), (999, 1, 30.0), (60, 1, 60.0), (60, 2, 120.0), (1, 1, 1800.0), (0, 1, 1800.0)],
)
async def test_a_budget_that_runs_down_slows_the_polls_so_that_half_of_it_lasts(pauses, remaining, cost, pause_s):
    door = FakeGitHub(Poll=poll_response(budget=rate_limit_node(cost, remaining)))
    async with run_source(make_source(config(), door)) as seen:
        told = await seen.wait_until(is_fresh)
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == pause_s
    assert told.fresh_until == NOW + timedelta(seconds=3 * pause_s)
    if pause_s > 30:
        assert f"{remaining:,} of 5,000 points left until 14:32Z" in told.problems[0].message
        assert f"read every {pause_s:.0f} s instead of 30" in told.problems[0].message
    else:
        assert told.problems == ()


async def test_without_a_word_about_the_budget_the_usual_pause_holds(pauses):
    async with run_source(make_source(config(), FakeGitHub(Poll=poll_response(budget=None)))) as seen:
        assert (await seen.wait_until(is_fresh)).value.budget is None
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == 30.0


# --- failures ----------------------------------------------------------------------------------------


async def test_a_failure_keeps_the_last_good_answer_and_mends_by_itself(pauses):
    door = FakeGitHub(Poll=[poll_response(), ServerError("HTTP 502"), poll_response()])
    door.beside.hangs = True
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda _: len(seen.readings) >= 4)
    kinds = [type(reading) for reading in seen.readings[:4]]
    assert kinds == [Fresh, Fresh, Stale, Fresh]
    stale = seen.readings[2]
    assert (stale.error.message, stale.last_good.head.oid, stale.taken_at) == ("HTTP 502", "a" * 40, NOW)


async def test_a_first_failure_is_missing_and_pauses_grow(pauses):
    door = FakeGitHub(Poll=ServerError("HTTP 502"))
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda _: len(seen.readings) >= 9)
    assert all(isinstance(reading, Unavailable) for reading in seen.readings)
    assert pauses[0] <= 2.0
    assert pauses[4] > 20
    assert max(pauses[:9]) <= 300


async def test_a_rate_limit_is_waited_for_as_long_as_github_asks(pauses):
    door = FakeGitHub(Poll=RateLimited("used up", 123.0))
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(lambda _: bool(pauses))
    assert pauses[0] == 123.0


@pytest.mark.parametrize("failure", [Unauthenticated("401"), Timeout("no answer")])
async def test_after_a_refused_token_or_a_hang_the_next_try_opens_another_door(pauses, failure):
    door = FakeGitHub(Poll=[failure, poll_response()])
    async with run_source(make_source(config(), door)) as seen:
        await seen.wait_until(is_fresh)
    assert door.closed == 2
    assert pauses[0] == 30.0 or isinstance(failure, Timeout)


async def test_read_again_polls_now():
    door = FakeGitHub(Poll=[poll_response(), poll_response(commit_node("b" * 40))])
    one = make_source(config(), door)
    async with run_source(one) as seen:
        await seen.wait_until(lambda reading: reading.value.environments["prod"].whole is True)
        one.read_again()
        await seen.wait_until(lambda reading: reading.value.head.oid == "b" * 40)


# --- queries -----------------------------------------------------------------------------------------


def of_sandbox(box: Sandbox, configured=None) -> GitHubSource:
    async def connect(documents: frozenset[str]) -> GitHubClient:
        return GitHubClient(
            GitHubAccess(box.github_url, Secret(box.github_token), "test"), ReadOnlyGuard(True, documents)
        )

    return GitHubSource(configured or config(), connect, utc_now)


@pytest.mark.parametrize("number", [1, 2, 7, 25])
async def test_any_number_of_environments_with_any_name_can_be_asked_for(number):
    names = ["prod", "eu-west.1", "0", "query", "on-premise", *(f"env-{n}" for n in range(number))][:number]
    environments = tuple(
        environment_config(name, release="environments/prod/release.yaml" if name == "prod" else f"{name}/été $x.yaml")
        for name in names
    )
    async with Sandbox.start("steady") as box:
        reading = await of_sandbox(box, config(*environments)).read()
        assert box.errors == []
        assert box.github.graphql_budget.used <= 2 + number / 3
    assert list(reading.value.environments) == names
    assert reading.value.environments["prod"].release is not None
    for name in names[1:]:
        assert reading.value.environments[name].problems[0].kind == "missing-file"


async def test_the_embedded_estate_is_read_whole():
    async with Sandbox.start("incident") as box:
        reading = await of_sandbox(box).read()
    repo = reading.value
    assert reading.problems == ()
    assert {name: each.release.version for name, each in repo.environments.items()} == {
        "dev": "1.44.0",
        "staging": "1.43.2",
        "prod": "1.43.2",
    }
    prod = repo.environments["prod"]
    assert (prod.release.pull_request.number, prod.release.changed_by) == (233, "m-ito")
    assert len(prod.history) > 1
    assert prod.history_complete
    promotion = next(each for each in repo.pull_requests if each.pull_request.number == 232)
    assert promotion.releases["staging"].version == "1.44.0"
    assert repo.head.checks == "success"
    assert repo.viewer == "on-call"


async def test_a_commit_is_seen_at_the_next_poll_with_its_history(monkeypatch):
    async with Sandbox.start("steady") as box:
        one = of_sandbox(box)
        async with run_source(one) as seen:
            await seen.wait_until(lambda reading: is_fresh(reading) and reading.value.environments["dev"].whole is True)
            sha = box.commit({"environments/dev/release.yaml": release_yaml("2.0.0")}, "Bump")
            one.read_again()
            told = await seen.wait_until(
                lambda reading: (
                    reading.value.head.oid == sha and reading.value.environments["dev"].history[0].commit == sha
                )
            )
    assert told.value.environments["dev"].release.version == "2.0.0"


async def test_the_former_name_of_a_repository_is_followed_and_said():
    configured = replace(config(), github=GitHubConfig(ops_repo="anchor/msp-ops"))
    async with Sandbox.start("steady") as box:
        reading = await of_sandbox(box, configured).read()
    assert reading.problems[0].kind == "renamed"
    assert reading.value.name == "anchor/anchor-msp-ops"


async def test_an_unknown_repository_is_not_found():
    configured = replace(config(), github=GitHubConfig(ops_repo="anchor/nothing"))
    async with Sandbox.start("steady") as box:
        with pytest.raises(NotFound, match="anchor/nothing"):
            await of_sandbox(box, configured).read()


async def test_more_open_pull_requests_than_a_page_are_all_read():
    async with Sandbox.start("steady") as box:
        before = len(await _numbers(box))
        for number in range(60):
            branch = f"topic-{number}"
            box.git.branches[branch] = box.git.head
            box.commit({f"notes/{number}.md": "x\n"}, f"Note {number}", branch=branch)
            box.github_repo.open_pull_request(f"Note {number}", author="a-lee", branch=branch, time=box.clock.now())
        assert len(await _numbers(box)) == before + 60


async def _numbers(box: Sandbox) -> set[int]:
    return {each.pull_request.number for each in (await of_sandbox(box).read()).value.pull_requests}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("github:status=401", "unauthenticated"),
        ("github:invalid-token", "unauthenticated"),
        ("github:status=403", "forbidden"),
        ("github:status=404", "not-found"),
        ("github:status=429", "rate-limited"),
        ("github:secondary-limit", "rate-limited"),
        ("github:status=502", "server"),
        ("github:status=503", "server"),
        ("github:html", "bad-answer"),
        ("github:truncated", "bad-answer"),
        ("github:reset", "unreachable"),
    ],
)
async def test_every_fault_is_a_kind_of_error_and_mends_by_itself(monkeypatch, fault, kind):
    monkeypatch.setattr(module, "Backoff", lambda **_: Backoff(first=0.01, longest=0.02))
    async with Sandbox.start("steady") as box:
        box.faults.add(fault)
        one = of_sandbox(box)
        async with run_source(one) as seen:
            missing = await seen.wait_until(lambda reading: isinstance(reading, Unavailable))
            assert missing.error.kind == kind
            assert box.github_token not in missing.error.message
            box.faults.clear()
            one.read_again()
            await seen.wait_until(
                lambda reading: is_fresh(reading) and reading.value.environments["prod"].whole is True
            )


async def test_denied_checks_of_the_embedded_github_are_unknown_and_said():
    async with Sandbox.start("steady") as box:
        box.faults.add("github:deny=contexts")
        reading = await of_sandbox(box).read()
    assert reading.value.head.checks == "unknown"
    assert "statusCheckRollup.contexts" in reading.problems[0].subject


@pytest.mark.parametrize("field", ["refUpdateRule", "rules"])
async def test_required_checks_are_found_in_branch_protection_or_in_rulesets(field):
    async with Sandbox.start("steady") as box:
        box.faults.add(f"github:deny={field}")
        reading = await of_sandbox(box).read()
    assert reading.value.head.checks == "success"


# --- files -------------------------------------------------------------------------------------------

HEAD = "version: 1.43.1\nimages:\n  gateway:\n    repository: ghcr.io/anchor/gateway\n    tag: 1.43.1\n"
GOOD = HEAD + f"    digest: sha256:{'0' * 64}\n"


async def prod_release(content: str | None, **blob):
    file = tree_entry(content)
    if file is not None:
        file["object"] |= blob
    data = poll_response(commit_node(e2Release=file))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments["prod"]
    return found.release, found.problems


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, "\ufeff" + GOOD + "\n\n# end\n"])
async def test_line_ends_and_a_byte_order_mark_make_no_difference(text):
    found, problems = await prod_release(text)
    assert (found.version, found.images[0].tag, problems) == ("1.43.1", "1.43.1", ())


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        (GOOD + "version: 1.44.0\n", "duplicate-key", 7),
        (GOOD.replace("    tag", "\ttag"), "tab", 5),
        (GOOD.replace("version: 1.43.1", "version: [1.43.1"), "malformed-yaml", 2),
        (GOOD.replace("\n", "\r\n") + "version: x\r\n", "duplicate-key", 7),
        ("\ufeff" + GOOD + "version: x\n", "duplicate-key", 7),
        (GOOD.replace("tag: 1.43.1", "tag: *nothing"), "malformed-yaml", 5),
        ("", "empty-file", 1),
        ("# only words\n", "empty-file", 1),
        ("- 1.43.1\n", "not-a-mapping", 1),
        (GOOD + "---\nversion: 2\n", "several-documents", 8),
        ("commit: abc\n", "release-shape", 1),
    ],
)
async def test_a_malformed_release_is_a_problem_with_its_file_and_line(text, kind, line):
    found, problems = await prod_release(text)
    assert found is None
    (problem,) = problems
    assert (problem.kind, problem.file, problem.line) == (kind, "environments/prod/release.yaml", line)
    assert str(problem).startswith(f"environments/prod/release.yaml:{line}: ")


@pytest.mark.parametrize(
    ("text", "kind", "line"), [(HEAD, "image-without-digest", 4), ("version: 1.43.1\n", "no-images", 1)]
)
async def test_a_release_with_something_amiss_is_read_all_the_same(text, kind, line):
    found, problems = await prod_release(text)
    assert found.version == "1.43.1"
    assert [(each.kind, each.line) for each in problems] == [(kind, line)]


async def test_an_alias_is_read_as_what_it_stands_for():
    text = GOOD.replace("version: 1.43.1", "version: &v 1.43.1").replace("tag: 1.43.1", "tag: *v")
    found, _ = await prod_release(text)
    assert found.images[0].tag == "1.43.1"


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        ({"isBinary": True, "text": None}, "no text file"),
        ({"text": None, "isBinary": None}, "no text file"),
        ({"isTruncated": True, "byteSize": 600_000}, "too large to be read (600,000 bytes)"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(blob, words):
    found, (problem,) = await prod_release(GOOD, **blob)
    assert (found, problem.kind, words in problem.message) == (None, "unreadable-file", True)


async def test_a_missing_file_says_so():
    found, (problem,) = await prod_release(None)
    assert (found, problem.kind, problem.file) == (None, "missing-file", "environments/prod/release.yaml")


async def test_a_folder_in_a_files_place_is_no_text_file():
    data = poll_response(commit_node(e2Release={"oid": "f" * 40, "object": {}}))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments["prod"]
    assert found.problems[0].kind == "unreadable-file"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a: 1\na: 2\n", "duplicate-key"),
        ("- a\n", "not-a-mapping"),
        ("a: [\n", "malformed-yaml"),
        (None, "missing-file"),
    ],
)
async def test_an_overlay_that_cannot_be_read_is_its_environments_problem(text, kind):
    data = poll_response(commit_node(e2Values=tree_entry(text)))
    found = (await make_source(config(), FakeGitHub(Poll=data)).read()).value.environments
    assert [each.kind for each in found["prod"].problems] == [kind]
    assert found["dev"].problems == ()


async def test_a_chart_without_defaults_is_well_and_with_broken_ones_is_not():
    assert (await make_source(config(), FakeGitHub(Poll=poll_response())).read()).problems == ()
    broken = poll_response(commit_node(chartValues=tree_entry("a: 1\na: 2\n")))
    (problem,) = (await make_source(config(), FakeGitHub(Poll=broken)).read()).problems
    assert (problem.file, problem.line) == ("infra/helm/platform/values.yaml", 2)


async def test_the_configuration_can_name_the_key_paths():
    text = GOOD.replace("version: 1.43.1\n", "meta:\n  ours: 7.7.7\n", 1)
    data = poll_response(commit_node(e2Release=tree_entry(text)))
    configured = replace(config(), release=ReleaseKeyPaths(version="meta.ours"))
    found = (await make_source(configured, FakeGitHub(Poll=data)).read()).value.environments["prod"]
    assert found.release.version == "7.7.7"


async def test_a_file_that_the_token_may_not_read_is_not_called_missing():
    errors = tuple(denied_error("repository", "ref", "target", f"e{number}Release") for number in range(3))
    data = poll_response(commit_node("a" * 40, None, None, None))
    reading = await make_source(config(), FakeGitHub(Poll=GraphQLResponse(data, errors))).read()
    problems = reading.value.environments["prod"].problems
    assert [(each.kind, each.message) for each in problems if each.file == "environments/prod/release.yaml"] == [
        ("denied", "the token may not read it")
    ]
    assert sum(each.kind == "denied" and each.subject.startswith("GitHub: ") for each in reading.problems) == 1


async def test_rules_that_the_token_may_not_see_leave_the_checks_unknown_and_not_none():
    errors = (denied_error("repository", "ref", "rules"),)
    reading = await make_source(config(), FakeGitHub(Poll=GraphQLResponse(poll_response(), errors))).read()
    assert reading.value.head is not None
    assert reading.value.head.checks == "unknown"


async def test_pages_that_github_does_not_hand_out_are_said_and_never_asked_for_ever():
    stuck = poll_response(pulls=pull_request_page(pull_request_node(1), more="the same cursor"))
    door = FakeGitHub(Poll=stuck, MorePullRequests=stuck)
    reading = await make_source(config(), door).read()
    assert any("open pull requests and handed out" in each.message for each in reading.problems)
