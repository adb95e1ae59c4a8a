"""The GraphQL mutations that anchor-tui sends. This module reads their input; `writes` and `merge_rules` apply them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from anchor_tui.sandbox.github import merge_rules, writes
from anchor_tui.sandbox.github.graphql_pages import Node, build_actor, build_error
from anchor_tui.sandbox.github.node_ids import decode_node_id
from anchor_tui.sandbox.github.pull_requests import (
    HostedAutoMerge,
    HostedPullRequest,
    MergeMethod,
    RuleViolationError,
)
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.repository_nodes import RepositoryNodes

MutationInput = Mapping[str, Any]


class RepositoryMutations:
    """Every mutation, for one viewer at one time."""

    def __init__(
        self, repositories: Mapping[str, HostedRepository], now: datetime, viewer: str, denied: frozenset[str]
    ) -> None:
        self._repositories = repositories
        self._now = now
        self._viewer = viewer
        self._denied = denied

    def build_root(self) -> Node:
        """Return the fields of the type Mutation."""
        mutations = {
            "createCommitOnBranch": self._create_commit,
            "enablePullRequestAutoMerge": self._enable_auto_merge,
            "enqueuePullRequest": self._enqueue,
        }
        return {name: self._build_field(mutation) for name, mutation in mutations.items()}

    def _build_field(self, mutation: Callable[[MutationInput], Node]) -> Callable[..., Node]:
        def resolve(_info: object, input: MutationInput) -> Node:  # noqa: A002 - GraphQL's name
            try:
                payload = mutation(input)
            except RuleViolationError as error:
                raise build_error(error.kind, str(error)) from error
            actor = build_actor(self._viewer)
            return {"clientMutationId": input.get("clientMutationId"), "actor": actor, **payload}

        return resolve

    def _build_nodes(self, hosted: HostedRepository) -> RepositoryNodes:
        return RepositoryNodes(hosted, self._now, self._denied)

    def _find_pull_request(self, node_id: str) -> tuple[HostedRepository, HostedPullRequest]:
        """Return the pull request of a node id and its repository, if the viewer may change it."""
        kind, parts = decode_node_id(node_id) or ("", [])
        for hosted in self._repositories.values():
            if kind == "PR" and parts[0] == str(hosted.id):
                writes.require_write_permission(hosted, "pull_requests")
                if pull := hosted.pull_requests.get(int(parts[1])):
                    return hosted, pull
        raise build_error("NOT_FOUND", f"Could not resolve to a node with the global id of '{node_id}'")

    def _create_commit(self, arguments: MutationInput) -> Node:
        target, changes = arguments["branch"], arguments.get("fileChanges") or {}
        name = target.get("repositoryNameWithOwner") or ""
        hosted = self._repositories.get(name.lower())
        if hosted is None:
            raise build_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
        writes.require_write_permission(hosted, "contents")
        branch = (target.get("branchName") or "").removeprefix(writes.BRANCH_PREFIX)
        files: dict[str, bytes | None] = {deletion["path"]: None for deletion in changes.get("deletions") or ()}
        for addition in changes.get("additions") or ():
            if addition["path"] in files:
                raise RuleViolationError(f'The path "{addition["path"]}" was given more than once.')
            files[addition["path"]] = _decode_contents(addition)
        message = arguments["message"]
        sha = writes.commit_files(
            hosted,
            branch,
            files,
            f"{message['headline']}\n\n{message.get('body') or ''}".rstrip("\n"),
            expected=arguments["expectedHeadOid"],
            author=self._viewer,
            time=self._now,
        )
        nodes = self._build_nodes(hosted)
        return {"commit": nodes.build_commit(sha), "ref": nodes.build_ref(branch)}

    def _enable_auto_merge(self, arguments: MutationInput) -> Node:
        hosted, pull = self._find_pull_request(arguments["pullRequestId"])
        method: MergeMethod = arguments.get("mergeMethod") or "MERGE"
        headline, body = arguments.get("commitHeadline"), arguments.get("commitBody")
        auto_merge = HostedAutoMerge(self._viewer, self._now, method, headline, body)
        merge_rules.enable_auto_merge(hosted, pull, auto_merge, arguments.get("expectedHeadOid"))
        return {"pullRequest": self._build_nodes(hosted).pull_requests.build_pull_request(pull)}

    def _enqueue(self, arguments: MutationInput) -> Node:
        hosted, pull = self._find_pull_request(arguments["pullRequestId"])
        expected = arguments.get("expectedHeadOid")
        entry = merge_rules.enqueue_pull_request(hosted, pull, time=self._now, expected=expected)
        return {"mergeQueueEntry": self._build_nodes(hosted).pull_requests.build_queue_entry(pull, entry)}


def _decode_contents(addition: MutationInput) -> bytes:
    try:
        return base64.b64decode(addition["contents"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RuleViolationError(f'The contents of "{addition["path"]}" are not valid Base64.') from error
