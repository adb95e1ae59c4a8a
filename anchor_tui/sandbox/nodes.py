"""GitHub's GraphQL objects: repositories, commits and pull requests as mappings that graphql-core resolves.

A callable value is a field with arguments, or one that is worked out only when it is asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.connections import Node, actor_node, connection, failure, node_id, user_node
from anchor_tui.sandbox.hosting import (
    BOTS,
    LABEL_COLOURS,
    CheckRun,
    HostedRepository,
    PullRequest,
)
from anchor_tui.sandbox.repository import CommitInfo, Entry

TRUNCATED_FROM = 512 * 1024
WEB = "https://github.com"


class Nodes:
    """Everything of one repository, at one instant, as one viewer sees it."""

    def __init__(self, hosted: HostedRepository, now: datetime, denied: frozenset[str] = frozenset()) -> None:
        self._hosted = hosted
        self._git = hosted.git
        self._now = now
        self._denied = denied

    def repository(self) -> Node:
        """The repository."""
        hosted = self._hosted
        return {
            "id": node_id("R", hosted.id),
            "databaseId": hosted.id,
            "name": hosted.name,
            "nameWithOwner": hosted.full_name,
            "owner": {"__typename": "Organization", "login": hosted.owner},
            "description": None,
            "url": f"{WEB}/{hosted.full_name}",
            "isArchived": False,
            "isPrivate": True,
            "viewerPermission": "WRITE",
            "autoMergeAllowed": True,
            "squashMergeAllowed": True,
            "mergeCommitAllowed": False,
            "rebaseMergeAllowed": False,
            "deleteBranchOnMerge": True,
            "defaultBranchRef": lambda _info: self.ref(self._git.default_branch),
            "ref": lambda _info, qualifiedName: self.ref(qualifiedName),  # noqa: N803 - GraphQL's name
            "object": lambda _info, expression=None, oid=None: self.thing(expression or oid or "HEAD"),
            "mergeQueue": None,
            "pullRequest": lambda _info, number: self._numbered(number),
            "pullRequests": self._pull_requests,
        }

    # --- refs and commits ------------------------------------------------------------------------

    def ref(self, name: str) -> Node | None:
        """A branch by its short or its qualified name."""
        short = name.removeprefix("refs/heads/")
        sha = self._git.branches.get(short)
        if sha is None:
            return None
        is_default = short == self._git.default_branch
        return {
            "id": node_id("REF", self._hosted.id, short),
            "name": short,
            "prefix": "refs/heads/",
            "target": lambda _info: self.commit(sha),
            "refUpdateRule": self._update_rule() if is_default else None,
            "rules": lambda _info, **page: connection(self._rules() if is_default else [], lambda rule: rule, **page),
        }

    def _update_rule(self) -> Node:
        check = self._hosted.required_check
        return {
            "requiredApprovingReviewCount": self._hosted.required_approvals,
            "requiredStatusCheckContexts": [check] if check else [],
            "requiresCodeOwnerReviews": True,
            "requiresSignatures": False,
            "requiresLinearHistory": True,
            "requiresConversationResolution": False,
            "viewerCanPush": True,
        }

    def _rules(self) -> list[Node]:
        review = {
            "__typename": "PullRequestParameters",
            "requiredApprovingReviewCount": self._hosted.required_approvals,
            "requireCodeOwnerReview": True,
            "requireLastPushApproval": False,
            "dismissStaleReviewsOnPush": True,
            "allowedMergeMethods": ["SQUASH"],
        }
        checks = {
            "__typename": "RequiredStatusChecksParameters",
            "strictRequiredStatusChecksPolicy": False,
            "requiredStatusChecks": [{"context": self._hosted.required_check, "integrationId": 15368}],
        }
        rules: list[Node] = [{"type": "DELETION", "parameters": None}, {"type": "NON_FAST_FORWARD", "parameters": None}]
        rules.append({"type": "PULL_REQUEST", "parameters": review})
        if self._hosted.required_check:
            rules.append({"type": "REQUIRED_STATUS_CHECKS", "parameters": checks})
        return rules

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
            "signature": self._signature(sha),
            "statusCheckRollup": lambda _info: self.rollup(sha),
            "file": lambda _info, path: self.tree_entry(sha, path),
            "history": lambda _info, path=None, **page: self._history(sha, path, **page),
            "associatedPullRequests": lambda _info, **page: connection(
                self._associated(sha), self.pull_request, **page
            ),
        }

    def _signature(self, sha: str) -> Node | None:
        """What was merged on GitHub is signed by it."""
        if sha not in self._hosted.merged:
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

    # --- pull requests ---------------------------------------------------------------------------

    def _numbered(self, number: int) -> Node:
        pull = self._hosted.pulls.get(number)
        if pull is None:
            raise failure("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return self.pull_request(pull)

    def _pull_requests(
        self,
        _info: object,
        states: Iterable[str] | None = None,
        baseRefName: str | None = None,  # noqa: N803
        headRefName: str | None = None,  # noqa: N803
        labels: Iterable[str] | None = None,
        orderBy: Node | None = None,  # noqa: N803
        **page: Any,  # noqa: ANN401
    ) -> Node:
        found = [
            pull
            for pull in self._hosted.pulls.values()
            if (states is None or pull.state in set(states))
            and baseRefName in {None, pull.base}
            and headRefName in {None, pull.branch}
            and (labels is None or set(labels) & set(pull.labels))
        ]
        order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
        attribute = "updated_at" if order["field"] == "UPDATED_AT" else "created_at"
        found.sort(key=lambda pull: getattr(pull, attribute), reverse=order["direction"] == "DESC")
        return connection(found, self.pull_request, **page)

    def pull_request(self, pull: PullRequest) -> Node:
        """A pull request."""
        return {
            "id": node_id("PR", self._hosted.id, pull.number),
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "url": f"{WEB}/{self._hosted.full_name}/pull/{pull.number}",
            "isDraft": pull.draft,
            "state": pull.state,
            "closed": pull.state != "OPEN",
            "merged": pull.state == "MERGED",
            "createdAt": rfc3339(pull.created_at),
            "updatedAt": rfc3339(pull.updated_at),
            "closedAt": rfc3339(pull.closed_at) if pull.closed_at else None,
            "mergedAt": rfc3339(pull.merged_at) if pull.merged_at else None,
            "mergedBy": actor_node(pull.merged_by),
            "mergeCommit": lambda _info: self.commit(pull.merge_commit) if pull.merge_commit else None,
            "author": actor_node(pull.author),
            "headRefName": pull.branch,
            "headRefOid": pull.head,
            "headRef": lambda _info: self.ref(pull.branch) if pull.state == "OPEN" else None,
            "headRepository": lambda _info: self.repository(),
            "baseRefName": pull.base,
            "baseRefOid": self._git.branches[pull.base] if pull.state == "OPEN" else pull.base_sha,
            "mergeable": lambda _info: self._mergeable(pull),
            "mergeStateStatus": lambda _info: self._merge_state(pull),
            "reviewDecision": self._hosted.review_decision(pull),
            "viewerCanEnableAutoMerge": lambda _info: self._merge_state(pull) == "BLOCKED",
            "viewerCanUpdateBranch": False,
            "autoMergeRequest": None,
            "isInMergeQueue": False,
            "mergeQueueEntry": None,
            "labels": lambda _info, **page: connection(pull.labels, _label, **page),
            "reviewRequests": lambda _info, **page: connection(self._requested(pull), lambda item: item, **page),
            "latestOpinionatedReviews": lambda _info, **page: connection(
                self._reviews(pull), lambda item: item, **page
            ),
            "changedFiles": lambda _info: len(self._hosted.pull_changes(pull)),
            "files": lambda _info, **page: connection(self._files(pull), lambda item: item, **page),
            "statusCheckRollup": lambda _info: self.rollup(pull.head),
        }

    def _mergeable(self, pull: PullRequest) -> str:
        return self._hosted.mergeable(pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _merge_state(self, pull: PullRequest) -> str:
        return self._hosted.merge_state(pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _requested(self, pull: PullRequest) -> list[Node]:
        teams = self._hosted.code_owners(pull) if pull.state == "OPEN" else ()
        return [
            {"asCodeOwner": True, "requestedReviewer": {"__typename": "Team", "combinedSlug": team}} for team in teams
        ]

    def _reviews(self, pull: PullRequest) -> list[Node]:
        return [
            {
                "author": actor_node(review.author),
                "state": review.state,
                "submittedAt": rfc3339(review.submitted_at),
                "commit": self.commit(review.commit),
            }
            for review in pull.reviews
        ]

    def _files(self, pull: PullRequest) -> list[Node]:
        return [self._file(path, *entries) for path, entries in self._hosted.pull_changes(pull).items()]

    def _file(self, path: str, before: Entry | None, after: Entry | None) -> Node:
        old, new = ([] if entry is None else self._git.text(entry.sha).splitlines() for entry in (before, after))
        lines = list(difflib.unified_diff(old, new, n=0))[2:]
        return {
            "path": path,
            "changeType": "ADDED" if before is None else "DELETED" if after is None else "MODIFIED",
            "additions": sum(line.startswith("+") for line in lines),
            "deletions": sum(line.startswith("-") for line in lines),
        }


def _label(name: str) -> Node:
    return {"name": name, "color": LABEL_COLOURS.get(name, "ededed")}
