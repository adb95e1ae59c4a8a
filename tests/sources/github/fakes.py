"""A GitHub with prepared answers, for tests without a server."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from anchor_tui.config.model import Config
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.clock import utc_now
from anchor_tui.sources.credentials.github import GitHubAccess
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import NotFound
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.queries import QueryDocument
from anchor_tui.sources.github.response import GraphQLError, GraphQLResponse
from anchor_tui.sources.github.source import GitHubSource
from tests.values import NOW, config

Json = dict[str, Any]
TOKEN = "ghp_verysecretverysecretverysecret123456"
OPS_PATH, APP_PATH = "/repos/anchor/anchor-msp-ops", "/repos/anchor/anchor-msp"
RELEASE_YAML = """version: {version}
commit: 9f2c1e0d5a7b4c3e8f6a1b2c3d4e5f60718293a4
images:
  gateway:
    repository: ghcr.io/anchor/anchor-gateway
    tag: {version}
    digest: sha256:{digest}
"""


def release_yaml(version: str) -> str:
    return RELEASE_YAML.format(version=version, digest=version.encode().hex().ljust(64, "0"))


def tree_entry(text: str | None) -> Json | None:
    """A file in a tree."""
    if text is None:
        return None
    oid = hashlib.sha1(text.encode()).hexdigest()
    content = {"oid": oid, "text": text, "isBinary": False, "isTruncated": False, "byteSize": len(text)}
    return {"oid": oid, "object": content}


def commit_node(oid: str = "a" * 40, *versions: str | None, **more: Any) -> Json:
    """The head of the branch with the release and overlay of every environment."""
    found: Json = {"oid": oid, "messageHeadline": "Promote", "committedDate": "2026-11-23T14:00:00Z"}
    for number, version in enumerate(versions or ("1.44.0", "1.43.2", "1.43.1")):
        found[f"e{number}Release"] = tree_entry(release_yaml(version) if version else None)
        found[f"e{number}Values"] = tree_entry("gateway:\n  replicas: 1\n")
        found[f"e{number}Change"] = {"nodes": [{"oid": oid, "committedDate": "2026-11-23T13:00:00Z"}]}
    return found | more


def pull_request_node(number: int, **more: Any) -> Json:
    usual = {"number": number, "title": f"PR {number}", "url": f"https://github.com/a/b/pull/{number}"}
    return usual | {"headRefName": "topic", "headRefOid": f"{number:040x}"} | more


def pull_request_page(*pulls: Json, more: str | None = None) -> Json:
    info = {"hasNextPage": more is not None, "endCursor": more}
    return {"totalCount": len(pulls), "pageInfo": info, "nodes": list(pulls)}


def rate_limit_node(cost: int = 1, remaining: int = 4900, total: int = 5000) -> Json:
    return {"limit": total, "cost": cost, "remaining": remaining, "resetAt": "2026-11-23T14:32:31Z"}


def poll_response(head: Json | None = None, pulls: Json | None = None, **more: Any) -> Json:
    """The response to a poll."""
    repository = {
        "nameWithOwner": "anchor/anchor-msp-ops",
        "url": "https://github.com/anchor/anchor-msp-ops",
        "ref": {"target": head or commit_node()},
        "pullRequests": pulls or pull_request_page(),
    }
    budget = more.pop("budget", rate_limit_node())
    return {"rateLimit": budget, "viewer": {"login": "on-call"}, "repository": repository | more}


def history_response(*versions: str, environments: int = 3) -> Json:
    """The response to the history query, the same for all environments."""
    nodes = [
        {"oid": f"{number:040x}", "committedDate": "2026-11-22T10:00:00Z", "release": tree_entry(release_yaml(version))}
        for number, version in enumerate(versions)
    ]
    parts = {f"e{n}History": {"pageInfo": {"hasNextPage": False}, "nodes": nodes} for n in range(environments)}
    return {"rateLimit": rate_limit_node(), "repository": {"ref": {"target": {"oid": "a" * 40, **parts}}}}


class FakeGitHub:
    """A client with an answer per query name: data, a response, an error, or a list of them that is used in order."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {"History": history_response("1.43.1")} | answers
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.closed = 0
        self.secondary = FakeRestGitHub()

    async def query(self, document: QueryDocument, variables: Mapping[str, Any] | None = None) -> GraphQLResponse:
        name = re.match(r"query (\w+)", document.text)[1]  # type: ignore[index]
        self.asked.append((name, dict(document.variables) | dict(variables or {})))
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, GraphQLResponse) else GraphQLResponse(answer, (), 0.01)

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    async def aclose(self) -> None:
        self.closed += 1


class FakeRestGitHub:
    """A client for REST: by path data, an error, or a function of the parameters; 404 for any other path."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.got: list[str] = []
        self.closed = 0
        self.hangs = False

    async def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        if self.hangs:
            await asyncio.Event().wait()
        self.got.append(path)
        answer = self.answers.get(path, NotFound("404: Not Found; or the token may not see it"))
        if callable(answer):
            answer = answer(params or {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.closed += 1


def rest_client(**answers: Any) -> FakeRestGitHub:
    client = FakeRestGitHub()
    client.answers = answers
    return client


def variables_page(**values: str) -> Json:
    items = [{"name": name, "value": value} for name, value in values.items()]
    return {"total_count": len(items), "variables": items}


def secrets_page(*names: str) -> Json:
    return {"total_count": len(names), "secrets": [{"name": name} for name in names]}


def settings_answers(**answers: Any) -> FakeRestGitHub:
    """A GitHub without any settings but these, by the path below the ops repo."""
    client = FakeRestGitHub()
    for base in (OPS_PATH, APP_PATH):
        client.answers[f"{base}/environments"] = {"total_count": 0, "environments": []}
        for prefix in ("", "organization-"):
            client.answers[f"{base}/actions/{prefix}variables"] = variables_page()
            client.answers[f"{base}/actions/{prefix}secrets"] = secrets_page()
    client.answers |= {f"{OPS_PATH}/{path}": answer for path, answer in answers.items()}
    return client


def comparison_path(base: str, head: str) -> str:
    return f"{OPS_PATH}/compare/{base}...{head}"


def comparison_answer(*paths: str, status: str = "ahead") -> Json:
    return {"status": status, "files": [{"filename": path} for path in paths]}


def denied_error(*path: str | int, kind: str = "FORBIDDEN", message: str = "Resource not accessible") -> GraphQLError:
    return GraphQLError(kind, message, path)


def make_source(configured: Config, client: Any, now: Callable[[], datetime] = lambda: NOW) -> GitHubSource:
    async def connect(query_texts: frozenset[str]) -> Any:
        return client if query_texts else client.secondary

    return GitHubSource(configured, connect, now)


def sandbox_source(box: Sandbox, configured: Config | None = None) -> GitHubSource:
    """A source that reads the sandbox over sockets."""

    async def connect(query_texts: frozenset[str]) -> GitHubClient:
        return GitHubClient(access_to(box.github_url, token=box.github_token), query_texts)

    return GitHubSource(configured or config(), connect, utc_now)


def access_to(url: str, *, token: str = TOKEN, ca_file: str | None = None) -> GitHubAccess:
    return GitHubAccess(url, Secret(token), "test", ca_file)
