"""One request to GitHub, sent once: REST, or one of GraphQL's mutations by its name.

Nothing is asked twice here: who acts knows what a lost answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from anchor_tui.sources.api_request import ApiRequest
from anchor_tui.sources.errors import InvalidResponse, Timeout

if TYPE_CHECKING:
    from github import Github

    from anchor_tui.sources.github.client import GitHubClient

T = TypeVar("T")
WRITE_DEADLINE_S = 40.0
"""For one request: a name that is never resolved, or an answer that drips, ends no other way."""
MUTATION_DOCUMENTS = {
    "createCommitOnBranch": "mutation Commit($input: CreateCommitOnBranchInput!) "
    "{ createCommitOnBranch(input: $input) { commit { oid url } } }",
    "enablePullRequestAutoMerge": "mutation Auto($input: EnablePullRequestAutoMergeInput!) "
    "{ enablePullRequestAutoMerge(input: $input) { pullRequest { number } } }",
    "enqueuePullRequest": "mutation Enqueue($input: EnqueuePullRequestInput!) "
    "{ enqueuePullRequest(input: $input) { mergeQueueEntry { position } } }",
}


async def request_json(
    door: GitHubClient, method: str, path: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One REST request, sent once; its answer as a mapping. Raises SourceError, with its `lost` set."""

    def ask(github: Github) -> Any:  # noqa: ANN401 - JSON
        given = dict(body) if body is not None else None
        return _parse_answer(lambda: github.requester.requestJsonAndCheck(method, path, input=given)[1])

    try:
        async with asyncio.timeout(WRITE_DEADLINE_S):
            answer = await door.call(ask)
    except TimeoutError as error:
        raise Timeout(f"{door.access.api_url}: no answer within {WRITE_DEADLINE_S:g} s") from error
    if answer is None:
        return {}
    if isinstance(answer, list):
        return {"items": answer}
    if not isinstance(answer, dict) or (isinstance(answer.get("data"), str) and set(answer) <= {"data", "url"}):
        # So PyGithub wraps what is no JSON, and says beside it what was asked for.
        raise InvalidResponse("GitHub's answer is no JSON but a page of HTML: a proxy's login page?")
    return answer


def _parse_answer(ask: Callable[[], T]) -> T:
    """What PyGithub makes of an answer; BadAnswer where it breaks at one that is no JSON object."""
    try:
        return ask()
    except (TypeError, AttributeError, UnicodeDecodeError) as error:
        raise InvalidResponse("GitHub's answer is no JSON object") from error


async def send_request(door: GitHubClient, request: ApiRequest) -> dict[str, Any]:
    """One request of a step, once: REST, or one of GraphQL's mutations by its name. Raises SourceError."""
    if request.path != "/graphql":
        return await request_json(door, request.method, request.path, request.body)
    body = request.body or {}
    name = str(body["mutation"])

    def mutate(github: Github) -> Any:  # noqa: ANN401 - JSON
        return _parse_answer(
            lambda: github.requester.graphql_query(MUTATION_DOCUMENTS[name], {"input": body["input"]})[1]
        )

    try:
        async with asyncio.timeout(WRITE_DEADLINE_S):
            answer = await door.call(mutate)
    except TimeoutError as error:
        raise Timeout(f"{door.access.api_url}: no answer within {WRITE_DEADLINE_S:g} s") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get(name), dict):
        raise InvalidResponse(f"GitHub's answer to {name} is not one")
    return dict(data[name])
