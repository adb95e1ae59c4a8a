"""Repositories, refs, commits and checks in GraphQL, as mappings that graphql-core resolves.

A callable value is a field with arguments, or one that is computed on demand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graphql import GraphQLError

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.git.objects import GitCommit, GitTreeEntry
from anchor_tui.sandbox.github.accounts import APP_IDS, BOTS
from anchor_tui.sandbox.github.branch_rule_nodes import build_rules, build_update_rule
from anchor_tui.sandbox.github.graphql_pages import (
    WEB_URL,
    Node,
    build_actor,
    build_connection,
    build_error,
    build_user,
)
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.pull_request_nodes import PullRequestNodes
from anchor_tui.sandbox.github.pull_requests import HostedCheckRun, HostedPullRequest
from anchor_tui.sandbox.github.repository import HostedRepository

MAX_BLOB_TEXT_BYTES = 512 * 1024


class RepositoryNodes:
    """The nodes of a repository at one time, for one viewer."""

    def __init__(self, hosted: HostedRepository, now: datetime, denied: frozenset[str] = frozenset()) -> None:
        self._hosted = hosted
        self._git = hosted.git
        self._now = now
        self._denied = denied
        self.pull_requests = PullRequestNodes(self, hosted, now)

    def build_repository(self) -> Node:
        """Return the node of the repository."""
        hosted = self._hosted
        return {
            "__typename": "Repository",
            "id": encode_node_id("R", hosted.id),
            "databaseId": hosted.id,
            "name": hosted.name,
            "nameWithOwner": hosted.full_name,
            "owner": build_actor(hosted.owner),
            "description": None,
            "url": f"{WEB_URL}/{hosted.full_name}",
            "isArchived": hosted.is_archived,
            "viewerPermission": "WRITE" if hosted.can_write else "READ",
            "viewerDefaultMergeMethod": next(
                method for method in ("SQUASH", "MERGE", "REBASE") if method in hosted.merge_methods
            ),
            "autoMergeAllowed": hosted.allow_auto_merge,
            "squashMergeAllowed": "SQUASH" in hosted.merge_methods,
            "mergeCommitAllowed": "MERGE" in hosted.merge_methods,
            "rebaseMergeAllowed": "REBASE" in hosted.merge_methods,
            "deleteBranchOnMerge": hosted.delete_branch_on_merge,
            "ref": lambda _info, qualifiedName: self.build_ref(qualifiedName),  # noqa: N803 - GraphQL's name
            "object": lambda _info, expression=None, oid=None: self.find_git_object(expression or oid or "HEAD"),
            "mergeQueue": lambda _info, branch=None: self.pull_requests.build_merge_queue(
                branch or self._git.default_branch
            ),
            "pullRequest": lambda _info, number: self.pull_requests.find_by_number(number),
            "pullRequests": self.pull_requests.list_pull_requests,
        }

    # --- refs and commits ------------------------------------------------------------------------

    def build_ref(self, name: str) -> Node | None:
        """Return the node of a branch by its short or qualified name; None if it does not exist."""
        short = name.removeprefix("refs/heads/")
        sha = self._git.branches.get(short)
        if sha is None:
            return None
        is_ruled = short in self._hosted.protected_branches
        return {
            "__typename": "Ref",
            "id": encode_node_id("REF", self._hosted.id, short),
            "name": short,
            "prefix": "refs/heads/",
            "target": lambda _info: self.build_commit(sha),
            "repository": lambda _info: self.build_repository(),
            "associatedPullRequests": lambda info, **arguments: self.pull_requests.list_pull_requests(
                info, head_ref=short, **arguments
            ),
            "refUpdateRule": build_update_rule(self._hosted) if is_ruled else None,
            "rules": lambda _info, **page: build_connection(
                build_rules(self._hosted) if is_ruled else [], lambda rule: rule, **page
            ),
        }

    def find_git_object(self, expression: str) -> Node | None:
        """Return the node of an expression: `main`, a commit id, or `main:path`."""
        ref, colon, path = expression.partition(":")
        sha = self._git.resolve_ref(ref)
        if sha is None:
            return None
        if not colon:
            return self.build_commit(sha)
        entry = self._git.find_entry(sha, path)
        return self._build_git_object(entry) if entry else None

    def build_commit(self, sha: str) -> Node:
        """Return the node of a commit, with its files and its history."""
        info = self._git.read_commit(sha)
        return {
            "__typename": "Commit",
            "id": encode_node_id("C", self._hosted.id, sha),
            "oid": sha,
            "message": info.message,
            "messageHeadline": info.headline,
            "committedDate": format_rfc3339(info.time),
            "url": f"{WEB_URL}/{self._hosted.full_name}/commit/{sha}",
            "author": self._git_actor(info),
            "parents": lambda _info, **page: build_connection(info.parents, self.build_commit, **page),
            "signature": self._signature(sha),
            "statusCheckRollup": lambda _info: self.build_checks_rollup(sha),
            "file": lambda _info, path: self.build_tree_entry(sha, path),
            "history": lambda _info, path=None, **page: self._history(sha, path, **page),
            "associatedPullRequests": lambda _info, **page: build_connection(
                self._associated(sha), self.pull_requests.build_pull_request, **page
            ),
        }

    def _signature(self, sha: str) -> Node | None:
        """Return GitHub's signature of a commit that it created."""
        if sha not in self._hosted.pull_request_by_commit and sha not in self._hosted.signed_commits:
            return None
        return {"__typename": "GpgSignature", "isValid": True, "state": "VALID", "wasSignedByGitHub": True}

    @staticmethod
    def _git_actor(info: GitCommit) -> Node:
        login = info.author.login
        user = build_user(login) if login and login not in BOTS else None
        return {"name": info.author.name, "email": info.author.email, "user": user}

    def _history(self, sha: str, path: str | None, **page: Any) -> Node:  # noqa: ANN401 - GraphQL arguments
        return build_connection(self._git.list_history(sha, path), lambda info: self.build_commit(info.sha), **page)

    def _associated(self, sha: str) -> list[HostedPullRequest]:
        number = self._hosted.pull_request_by_commit.get(sha)
        if number is not None:
            return [self._hosted.pull_requests[number]]
        return [pull for pull in self._hosted.pull_requests.values() if pull.head == sha]

    def build_tree_entry(self, sha: str, path: str) -> Node | None:
        """Return the node of a path in a commit."""
        entry = self._git.find_entry(sha, path)
        if entry is None:
            return None
        return {
            "name": entry.name,
            "path": entry.path,
            "type": "tree" if entry.is_folder else "blob",
            "oid": entry.sha,
            "mode": entry.mode,
            "size": 0 if entry.is_folder else len(self._git.read_blob(entry.sha)),
            "object": lambda _info: self._build_git_object(entry),
        }

    def _build_git_object(self, entry: GitTreeEntry) -> Node:
        if entry.is_folder:
            return {"__typename": "Tree", "id": encode_node_id("T", entry.sha), "oid": entry.sha}
        raw = self._git.read_blob(entry.sha)
        is_binary = b"\0" in raw[:8000]
        is_truncated = len(raw) > MAX_BLOB_TEXT_BYTES
        return {
            "__typename": "Blob",
            "id": encode_node_id("B", entry.sha),
            "oid": entry.sha,
            "byteSize": len(raw),
            "isBinary": is_binary,
            "isTruncated": is_truncated,
            "text": None if is_binary else raw[:MAX_BLOB_TEXT_BYTES].decode(errors="replace"),
        }

    # --- checks ----------------------------------------------------------------------------------

    def build_checks_rollup(self, sha: str) -> Node | None:
        """Return the node of a commit's checks at the current time."""
        state = self._hosted.checks_rollup(sha, self._now)
        if state is None:
            return None
        runs = self._hosted.check_runs(sha, self._now)

        def node(run: HostedCheckRun) -> Node | GraphQLError:
            if "contexts" in self._denied:
                return build_error("FORBIDDEN", "Resource not accessible by personal access token", saml_failure=False)
            return self._check_run(run)

        return {
            "id": encode_node_id("SCR", sha),
            "state": state,
            "contexts": lambda _info, **page: build_connection(runs, node, **page),
        }

    def _check_run(self, run: HostedCheckRun) -> Node:
        url = f"{WEB_URL}/{self._hosted.full_name}/actions/runs/{run.id}"
        workflow_run = {
            "databaseId": run.id % 2**31,
            "runNumber": run.id % 1000,
            "url": url,
            "workflow": {"name": run.workflow},
        }
        return {
            "__typename": "CheckRun",
            "id": encode_node_id("CR", run.id),
            "name": run.name,
            "status": run.status,
            "conclusion": run.conclusion,
            "detailsUrl": f"{url}/job/{run.id}",
            "startedAt": format_rfc3339(run.started_at) if run.started_at else None,
            "completedAt": format_rfc3339(run.completed_at) if run.completed_at else None,
            "checkSuite": {
                "app": {"slug": run.app, "databaseId": APP_IDS.get(run.app)},
                "workflowRun": workflow_run if run.app == "github-actions" else None,
            },
        }
