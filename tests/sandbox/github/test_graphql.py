from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from typing import Any

import graphql
import httpx
import pytest

from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.sandbox.scenarios.release_files import load_sample_files
from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.conftest import DATA, build_poll_variables, edit_release, query_github, read_query


@pytest.fixture(scope="module")
def real() -> graphql.GraphQLSchema:
    return graphql.build_schema((DATA / "github" / "schema.graphql").read_text(), assume_valid=True)


@pytest.fixture(scope="module")
def ours() -> graphql.GraphQLSchema:
    text = resources.files("anchor_tui.sandbox.github").joinpath("schema.graphql").read_text(encoding="utf-8")
    return graphql.build_schema(text)


def differences(ours: graphql.GraphQLSchema, real: graphql.GraphQLSchema) -> Iterator[str]:
    for name, own in ours.type_map.items():
        if name.startswith("__") or graphql.is_specified_scalar_type(own):
            continue
        theirs: Any = real.type_map.get(name)
        if type(theirs) is not type(own):
            yield f"{name}: {type(own).__name__} is {type(theirs).__name__}"
            continue
        match own:
            case graphql.GraphQLEnumType():
                yield from (f"{name}.{value}" for value in own.values.keys() - theirs.values.keys())
            case graphql.GraphQLUnionType():
                members = {member.name for member in theirs.types}
                yield from (f"{name} = {member.name}" for member in own.types if member.name not in members)
            case graphql.GraphQLInputObjectType():
                yield from _fields(name, own.fields, theirs.fields)
                if own.fields.keys() != theirs.fields.keys():
                    yield f"{name}: not all of its fields"
            case graphql.GraphQLObjectType() | graphql.GraphQLInterfaceType():
                yield from _fields(name, own.fields, theirs.fields)
                for field in own.fields.keys() & theirs.fields.keys():
                    yield from _fields(f"{name}.{field}", own.fields[field].args, theirs.fields[field].args)
                above = {member.name for member in theirs.interfaces}
                yield from (f"{name}: {member.name}" for member in own.interfaces if member.name not in above)


def _fields(name: str, own: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    for field, described in own.items():
        if field not in theirs:
            yield f"{name}.{field}: unknown"
        elif str(described.type) != str(theirs[field].type):
            yield f"{name}.{field}: {described.type} is {theirs[field].type}"


def test_our_schema_is_a_part_of_githubs(ours: graphql.GraphQLSchema, real: graphql.GraphQLSchema) -> None:
    assert list(differences(ours, real)) == []
    assert graphql.validate_schema(ours) == []


@pytest.mark.parametrize("name", ["poll", "history"])
def test_queries_are_valid_in_both_schemas(ours: graphql.GraphQLSchema, real: graphql.GraphQLSchema, name: str) -> None:
    document = graphql.parse(read_query(name))
    assert graphql.validate(real, document) == []
    assert graphql.validate(ours, document) == []


@pytest.mark.parametrize("scenario_name", ["steady", "incident"])
async def test_the_poll_has_no_errors(github: httpx.AsyncClient) -> None:
    answer = await query_github(github, read_query("poll"), **build_poll_variables())
    assert "errors" not in answer
    data = answer["data"]
    head = data["repository"]["ref"]["target"]
    assert data["viewer"]["login"] == "on-call"
    assert head["stagingRelease"]["object"]["text"] == load_sample_files()["environments/staging/release.yaml"]
    assert head["devChange"]["nodes"][0]["associatedPullRequests"]["nodes"][0]["number"] == 231
    assert data["rateLimit"]["cost"] == 1
    assert data["repository"]["mergeQueue"] is None


async def test_the_history_of_a_release_comes_in_pages(github: httpx.AsyncClient) -> None:
    variables: dict[str, Any] = {
        "owner": "anchor",
        "name": "anchor-msp-ops",
        "ref": "refs/heads/main",
        "release": "environments/prod/release.yaml",
        "values": "infra/helm/platform/environments/prod/values.yaml",
        "first": 3,
    }
    versions, after = [], None
    while True:
        answer = await query_github(github, read_query("history"), **variables, after=after)
        page = answer["data"]["repository"]["ref"]["target"]["history"]
        assert page["totalCount"] == 7
        for node in page["nodes"]:
            text = node["release"]["object"]["text"]
            version = text.partition("\nversion: ")[2].partition("\n")[0]
            assert f"tag: {version} " in node["values"]["object"]["text"]
            versions.append(version)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert versions == ["1.43.1", "1.43.0", "1.42.0", "1.41.2", "1.41.1", "1.40.1", "1.39.0"]


PULLS = """query($first: Int!, $after: String) { repository(owner: "anchor", name: "anchor-msp-ops") {
  pullRequests(states: [MERGED], first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
    totalCount pageInfo { hasNextPage endCursor } nodes { number mergedAt author { __typename login } } } } }"""


async def test_pull_requests_come_in_pages(github: httpx.AsyncClient) -> None:
    numbers, after, more = [], None, True
    while more:
        answer = await query_github(github, PULLS, first=10, after=after)
        page = answer["data"]["repository"]["pullRequests"]
        numbers += [node["number"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert numbers[:3] == [231, 229, 228]
    assert len(numbers) == len(set(numbers)) == page["totalCount"] == 29


@pytest.mark.parametrize(
    ("page", "kind"), [("", "MISSING_PAGINATION_BOUNDARIES"), ("(first: 101)", "EXCESSIVE_PAGINATION")]
)
async def test_a_page_needs_a_valid_size(github: httpx.AsyncClient, page: str, kind: str) -> None:
    text = f'{{ repository(owner: "anchor", name: "anchor-msp-ops") {{ pullRequests{page} {{ totalCount }} }} }}'
    (error,) = (await query_github(github, text))["errors"]
    assert error["type"] == kind
    assert error["path"] == ["repository", "pullRequests"]


NAME = """query($name: String!, $follow: Boolean) {
  repository(owner: "anchor", name: $name, followRenames: $follow) { nameWithOwner } }"""


async def test_an_unknown_repository_is_not_found(github: httpx.AsyncClient) -> None:
    answer = await query_github(github, NAME, name="nope")
    assert answer["data"] == {"repository": None}
    (error,) = answer["errors"]
    assert error["type"] == "NOT_FOUND"
    assert error["message"] == "Could not resolve to a Repository with the name 'anchor/nope'."


async def test_a_renamed_repository_is_followed_unless_asked_not_to(github: httpx.AsyncClient) -> None:
    answer = await query_github(github, NAME, name="msp-ops")
    assert answer["data"]["repository"]["nameWithOwner"] == "anchor/anchor-msp-ops"
    answer = await query_github(github, NAME, name="msp-ops", follow=False)
    assert answer["errors"][0]["type"] == "NOT_FOUND"


async def test_an_invalid_query_gets_errors_without_data(github: httpx.AsyncClient) -> None:
    answer = await query_github(github, "{ repository { nope } }")
    assert "data" not in answer
    assert "nope" in " ".join(error["message"] for error in answer["errors"])


async def test_queries_are_counted_for_an_hour(box: Sandbox, github: httpx.AsyncClient) -> None:
    budgets = [
        (await query_github(github, "{ rateLimit { limit cost remaining used resetAt } }"))["data"]["rateLimit"]
        for _ in range(3)
    ]
    assert [(budget["remaining"], budget["used"]) for budget in budgets] == [(4999, 1), (4998, 2), (4997, 3)]
    assert budgets[0]["resetAt"] == "2026-11-23T13:00:00Z"
    box.advance(3601)
    answer = await github.post("/graphql", json={"query": "{ viewer { login } }"})
    assert answer.headers["x-ratelimit-remaining"] == "4999"
    assert answer.headers["x-ratelimit-resource"] == "graphql"


async def test_a_query_without_points_left_is_refused(box: Sandbox, github: httpx.AsyncClient) -> None:
    box.github.graphql_budget.spend(5000)
    answer = await query_github(github, "{ viewer { login } }")
    assert answer["errors"][0]["type"] == "RATE_LIMIT"


CHECKS = """{ repository(owner: "anchor", name: "anchor-msp-ops") { ref(qualifiedName: "main") { target {
  ... on Commit { statusCheckRollup { state contexts(first: 5) {
    nodes { ... on CheckRun { status conclusion } } } } } } } } }"""


async def test_checks_take_time(box: Sandbox, github: httpx.AsyncClient) -> None:
    async def state() -> tuple[str, str, str | None]:
        target = (await query_github(github, CHECKS))["data"]["repository"]["ref"]["target"]["statusCheckRollup"]
        (run,) = target["contexts"]["nodes"]
        return target["state"], run["status"], run["conclusion"]

    assert await state() == ("SUCCESS", "COMPLETED", "SUCCESS")
    sha = box.commit({"README.md": "x\n"}, "Words")
    assert await state() == ("PENDING", "QUEUED", None)
    box.advance(10)
    assert await state() == ("PENDING", "IN_PROGRESS", None)
    box.github_repo.check_conclusions[sha] = "FAILURE"
    box.advance(60)
    assert await state() == ("FAILURE", "COMPLETED", "FAILURE")


PULL = """{ repository(owner: "anchor", name: "anchor-msp-ops") { pullRequest(number: 300) {
  mergeable mergeStateStatus reviewDecision files(first: 9) { nodes { path changeType additions deletions } }
  reviewRequests(first: 9) { nodes { asCodeOwner requestedReviewer { ... on Team { combinedSlug } } } } } } }"""


async def test_a_new_pull_request_waits_for_checks_and_review(box: Sandbox, github: httpx.AsyncClient) -> None:
    async def pull() -> dict[str, Any]:
        answer: dict[str, Any] = (await query_github(github, PULL))["data"]["repository"]["pullRequest"]
        return answer

    box.github_repo.required_reviews = 1
    box.github_repo.timings = CheckTimings(mergeability=timedelta(seconds=2))
    files = edit_release(box, "prod", "1.43.2")
    box.git.commit(
        files,
        "Promote",
        author=box.git.read_commit(box.git.head).author,
        time=box.clock.now(),
        branch="promote/prod",
        start=box.git.head,
    )
    box.github_repo.open_pull_request(
        "Promote", branch="promote/prod", author="a-lee", time=box.clock.now(), number=300
    )
    assert (await pull())["mergeable"] == "UNKNOWN"
    box.advance(60)
    found = await pull()
    assert (found["mergeable"], found["mergeStateStatus"]) == ("MERGEABLE", "BLOCKED")
    assert found["reviewDecision"] == "REVIEW_REQUIRED"
    assert found["files"]["nodes"][0] == {
        "path": "environments/prod/release.yaml",
        "changeType": "MODIFIED",
        "additions": 7,
        "deletions": 7,
    }
    assert found["reviewRequests"]["nodes"][0]["requestedReviewer"] == {"combinedSlug": "anchor/on-call"}
    box.commit({next(iter(files)): "version: other\n"}, "In between")
    assert (await pull())["mergeable"] == "CONFLICTING"


async def test_enterprise_paths_are_served(github: httpx.AsyncClient) -> None:
    answer = await github.post("/api/graphql", json={"query": "{ viewer { login } }"})
    assert answer.json() == {"data": {"viewer": {"login": "on-call"}}}
    assert (await github.get("/api/v3/repos/anchor/anchor-msp-ops")).json()["name"] == "anchor-msp-ops"
