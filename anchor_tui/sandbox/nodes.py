"""GitHub's GraphQL objects: repositories, refs, commits and checks as mappings that graphql-core resolves.

A callable value is a field with arguments, or one that is worked out only when it is asked for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graphql import GraphQLError

from anchor_tui.sandbox.accounts import BOTS
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.connections import Node, actor_node, connection, failure, user_node
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.ids import node_id
from anchor_tui.sandbox.pull_nodes import PullNodes, label_node
from anchor_tui.sandbox.pulls import CheckRun, PullRequest
from anchor_tui.sandbox.repository import CommitInfo, Entry
from anchor_tui.sandbox.rule_nodes import rules, update_rule

TRUNCATED_FROM = 512 * 1024
WEB = "https://github.com"


class Nodes:
    """Everything of one repository, at one instant, as one viewer sees it."""

    def __init__(self, hosted: HostedRepository, now: datetime, denied: frozenset[str] = frozenset()) -> None:
        self._hosted = hosted
        self._git = hosted.git
        self._now = now
        self._denied = denied
        self.pulls = PullNodes(self, hosted, now)

    def repository(self) -> Node:
        """The repository."""
        hosted = self._hosted
        return {
            "__typename": "Repository",
            "id": node_id("R", hosted.id),
            "databaseId": hosted.id,
            "name": hosted.name,
            "nameWithOwner": hosted.full_name,
            "owner": actor_node(hosted.owner),
            "description": None,
            "url": f"{WEB}/{hosted.full_name}",
            "isArchived": hosted.is_archived,
            "isPrivate": True,
            "viewerPermission": "WRITE" if hosted.can_write else "READ",
            "viewerCanAdminister": False,
            "viewerDefaultMergeMethod": next(
                method for method in ("SQUASH", "MERGE", "REBASE") if method in hosted.merge_methods
            ),
            "autoMergeAllowed": hosted.allow_auto_merge,
            "squashMergeAllowed": "SQUASH" in hosted.merge_methods,
            "mergeCommitAllowed": "MERGE" in hosted.merge_methods,
            "rebaseMergeAllowed": "REBASE" in hosted.merge_methods,
            "allowUpdateBranch": True,
            "deleteBranchOnMerge": hosted.delete_branch_on_merge,
            "defaultBranchRef": lambda _info: self.ref(self._git.default_branch),
            "ref": lambda _info, qualifiedName: self.ref(qualifiedName),  # noqa: N803 - GraphQL's name
            "object": lambda _info, expression=None, oid=None: self.thing(expression or oid or "HEAD"),
            "label": lambda _info, name: label_node(hosted, name),
            "mergeQueue": lambda _info, branch=None: self.pulls.queue(branch or self._git.default_branch),
            "pullRequest": lambda _info, number: self.pulls.numbered(number),
            "pullRequests": self.pulls.listed,
        }

    # --- refs and commits ------------------------------------------------------------------------

    def ref(self, name: str) -> Node | None:
        """A branch by its short or its qualified name."""
        short = name.removeprefix("refs/heads/")
        sha = self._git.branches.get(short)
        if sha is None:
            return None
        is_ruled = short in self._hosted.protected_branches
        return {
            "__typename": "Ref",
            "id": node_id("REF", self._hosted.id, short),
            "name": short,
            "prefix": "refs/heads/",
            "target": lambda _info: self.commit(sha),
            "repository": lambda _info: self.repository(),
            "associatedPullRequests": lambda info, **asked: self.pulls.listed(info, **{"headRefName": short} | asked),
            "refUpdateRule": update_rule(self._hosted) if is_ruled else None,
            "rules": lambda _info, **page: connection(
                rules(self._hosted) if is_ruled else [], lambda rule: rule, **page
            ),
        }

    def thing(self, expression: str) -> Node | None:
        """`main`, a sha, or `main:path`."""
        ref, colon, path = expression.partition(":")
        sha = self._git.resolve(ref)
        if sha is None:
            return None
        if not colon:
            return self.commit(sha)
        entry = self._git.entry(sha, path)
        return self._thing(entry) if entry else None

    def commit(self, sha: str) -> Node:
        """A commit, with its files and its history."""
        info = self._git.read_commit(sha)
        return {
            "__typename": "Commit",
            "id": node_id("C", self._hosted.id, sha),
            "oid": sha,
            "abbreviatedOid": sha[:7],
            "message": info.message,
            "messageHeadline": info.headline,
            "messageBody": info.message.partition("\n")[2].strip(),
            "authoredDate": rfc3339(info.time),
            "committedDate": rfc3339(info.time),
            "url": f"{WEB}/{self._hosted.full_name}/commit/{sha}",
            "author": self._git_actor(info),
            "parents": lambda _info, **page: connection(info.parents, self.commit, **page),
            "signature": self._signature(sha),
            "statusCheckRollup": lambda _info: self.rollup(sha),
            "file": lambda _info, path: self.tree_entry(sha, path),
            "history": lambda _info, path=None, **page: self._history(sha, path, **page),
            "associatedPullRequests": lambda _info, **page: connection(self._associated(sha), self.pulls.node, **page),
        }

    def _signature(self, sha: str) -> Node | None:
        """What was made on GitHub is signed by it."""
        if sha not in self._hosted.merged and sha not in self._hosted.signed:
            return None
        return {"__typename": "GpgSignature", "isValid": True, "state": "VALID", "wasSignedByGitHub": True}

    @staticmethod
    def _git_actor(info: CommitInfo) -> Node:
        login = info.author.login
        user = user_node(login) if login and login not in BOTS else None
        return {"name": info.author.name, "email": info.author.email, "user": user}

    def _history(self, sha: str, path: str | None, **page: Any) -> Node:  # noqa: ANN401 - GraphQL arguments
        return connection(list(self._git.history(sha, path)), lambda info: self.commit(info.sha), **page)

    def _associated(self, sha: str) -> list[PullRequest]:
        number = self._hosted.merged.get(sha)
        if number is not None:
            return [self._hosted.pulls[number]]
        return [pull for pull in self._hosted.pulls.values() if pull.head == sha]

    def tree_entry(self, sha: str, path: str) -> Node | None:
        """What stands at a path."""
        entry = self._git.entry(sha, path)
        if entry is None:
            return None
        return {
            "name": entry.name,
            "path": entry.path,
            "type": "tree" if entry.is_folder else "blob",
            "oid": entry.sha,
            "mode": entry.mode,
            "size": 0 if entry.is_folder else len(self._git.blob(entry.sha)),
            "object": lambda _info: self._thing(entry),
        }

    def _thing(self, entry: Entry) -> Node:
        own = {"oid": entry.sha, "abbreviatedOid": entry.sha[:7]}
        if entry.is_folder:
            return {"__typename": "Tree", "id": node_id("T", entry.sha), **own}
        raw = self._git.blob(entry.sha)
        is_binary = b"\0" in raw[:8000]
        is_truncated = len(raw) > TRUNCATED_FROM
        return {
            "__typename": "Blob",
            "id": node_id("B", entry.sha),
            **own,
            "byteSize": len(raw),
            "isBinary": is_binary,
            "isTruncated": is_truncated,
            "text": None if is_binary else raw[:TRUNCATED_FROM].decode(errors="replace"),
        }

    # --- checks ----------------------------------------------------------------------------------

    def rollup(self, sha: str) -> Node | None:
        """The checks of a commit, as they stand now."""
        state = self._hosted.rollup(sha, self._now)
        if state is None:
            return None
        runs = self._hosted.check_runs(sha, self._now)

        def node(run: CheckRun) -> Node | GraphQLError:
            if "contexts" in self._denied:
                return failure("FORBIDDEN", "Resource not accessible by personal access token", saml_failure=False)
            return self._check_run(run)

        return {
            "id": node_id("SCR", sha),
            "state": state,
            "contexts": lambda _info, **page: connection(runs, node, **page),
        }

    def _check_run(self, run: CheckRun) -> Node:
        url = f"{WEB}/{self._hosted.full_name}/actions/runs/{run.id}"
        workflow_run = {
            "databaseId": run.id % 2**31,
            "runNumber": run.id % 1000,
            "url": url,
            "workflow": {"name": run.workflow},
        }
        return {
            "__typename": "CheckRun",
            "id": node_id("CR", run.id),
            "name": run.name,
            "status": run.status,
            "conclusion": run.conclusion,
            "detailsUrl": f"{url}/job/{run.id}",
            "startedAt": rfc3339(run.started_at) if run.started_at else None,
            "completedAt": rfc3339(run.completed_at) if run.completed_at else None,
            "checkSuite": {"app": {"slug": "github-actions"}, "workflowRun": workflow_run},
        }
