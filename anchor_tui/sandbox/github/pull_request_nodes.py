"""Pull requests and the merge queue in GraphQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.git.objects import GitTreeEntry
from anchor_tui.sandbox.github.accounts import LABEL_COLOURS, TEAMS
from anchor_tui.sandbox.github.graphql_pages import (
    WEB_URL,
    Node,
    build_actor,
    build_connection,
    build_error,
    build_team,
    build_user,
)
from anchor_tui.sandbox.github.merge_rules import compute_merge_state, compute_queue_state, list_queue, uses_merge_queue
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.pull_requests import (
    HostedComment,
    HostedPullRequest,
    HostedQueueEntry,
    HostedReview,
    HostedThread,
)
from anchor_tui.sandbox.github.repository import HostedRepository


class RelatedNodes(Protocol):
    """The nodes of a repository that a pull request refers to."""

    def build_repository(self) -> Node:
        """Return the node of the repository."""
        ...

    def build_ref(self, name: str) -> Node | None:
        """Return the node of a branch."""
        ...

    def build_commit(self, sha: str) -> Node:
        """Return the node of a commit."""
        ...

    def build_checks_rollup(self, sha: str) -> Node | None:
        """Return the node of a commit's checks."""
        ...


class PullRequestNodes:
    """The pull requests of a repository at one time."""

    def __init__(self, nodes: RelatedNodes, hosted: HostedRepository, now: datetime) -> None:
        self._nodes = nodes
        self._hosted = hosted
        self._git = hosted.git
        self._now = now

    def find_by_number(self, number: int) -> Node:
        """Return the node of a pull request by its number."""
        pull = self._hosted.pull_requests.get(number)
        if pull is None:
            raise build_error("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return self.build_pull_request(pull)

    def list_pull_requests(
        self,
        _info: object,
        states: Iterable[str] | None = None,
        baseRefName: str | None = None,  # noqa: N803
        headRefName: str | None = None,  # noqa: N803
        labels: Iterable[str] | None = None,
        head_ref: str | None = None,
        orderBy: Node | None = None,  # noqa: N803
        **page: Any,  # noqa: ANN401
    ) -> Node:
        """Return a page of the pull requests that match the arguments."""
        found = [
            pull
            for pull in self._hosted.pull_requests.values()
            if (states is None or pull.state in set(states))
            and baseRefName in {None, pull.base}
            and headRefName in {None, pull.branch}  # also the branches of forks, as on GitHub
            and head_ref in {None, pull.ref}
            and (labels is None or set(labels) & set(pull.labels))
        ]
        order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
        attribute = "updated_at" if order["field"] == "UPDATED_AT" else "created_at"
        found.sort(key=lambda pull: getattr(pull, attribute), reverse=order["direction"] == "DESC")
        return build_connection(found, self.build_pull_request, **page)

    def build_pull_request(self, pull: HostedPullRequest) -> Node:
        """Return the node of a pull request."""
        hosted = self._hosted
        is_open, can_write = pull.state == "OPEN", hosted.can_write
        return {
            "__typename": "PullRequest",
            "id": encode_node_id("PR", hosted.id, pull.number),
            "databaseId": hosted.id + pull.number,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "url": f"{WEB_URL}/{hosted.full_name}/pull/{pull.number}",
            "isDraft": pull.draft,
            "state": pull.state,
            "closed": not is_open,
            "merged": pull.state == "MERGED",
            "createdAt": format_rfc3339(pull.created_at),
            "updatedAt": format_rfc3339(pull.updated_at),
            "closedAt": format_rfc3339(pull.closed_at) if pull.closed_at else None,
            "mergedAt": format_rfc3339(pull.merged_at) if pull.merged_at else None,
            "mergedBy": build_actor(pull.merged_by),
            "mergeCommit": lambda _info: self._nodes.build_commit(pull.merge_commit) if pull.merge_commit else None,
            "author": build_actor(pull.author),
            "headRefName": pull.branch,
            "headRefOid": pull.head,
            "headRef": lambda _info: self._nodes.build_ref(pull.ref),
            "repository": lambda _info: self._nodes.build_repository(),
            "headRepository": lambda _info: self._build_head_repository(pull),
            "headRepositoryOwner": build_actor(pull.fork_owner or hosted.owner),
            "isCrossRepository": pull.fork_owner is not None,
            "baseRefName": pull.base,
            "baseRefOid": self._git.branches.get(pull.base, pull.base_sha) if is_open else pull.base_sha,
            "mergeable": lambda _info: self._mergeable(pull),
            "mergeStateStatus": lambda _info: self._merge_state(pull),
            "reviewDecision": hosted.review_decision(pull),
            "viewerCanEnableAutoMerge": lambda _info: (
                can_write and hosted.allow_auto_merge and self._merge_state(pull) in {"BLOCKED", "BEHIND", "UNKNOWN"}
            ),
            "viewerCanMergeAsAdmin": False,
            "viewerCanUpdate": can_write,
            "viewerCanUpdateBranch": lambda _info: can_write and is_open and hosted.is_behind(pull),
            "autoMergeRequest": _build_auto_merge(pull),
            "isMergeQueueEnabled": uses_merge_queue(hosted, pull),
            "isInMergeQueue": pull.queue_entry is not None,
            "mergeQueue": lambda _info: self.build_merge_queue(pull.base),
            "mergeQueueEntry": lambda _info: self._build_queue_entry(pull),
            "labels": lambda _info, **page: build_connection(
                pull.labels, lambda name: build_label_node(hosted, name), **page
            ),
            "reviewRequests": lambda _info, **page: build_connection(self._requested(pull), lambda item: item, **page),
            "latestOpinionatedReviews": lambda _info, **page: build_connection(
                self._reviews(pull), lambda item: item, **page
            ),
            "reviews": lambda _info, **page: build_connection(pull.reviews, self._review, **page),
            "reviewThreads": lambda _info, **page: build_connection(
                list(enumerate(pull.threads)), lambda found: self._thread(pull, *found), **page
            ),
            "commits": lambda _info, **page: build_connection(self._commits(pull), lambda item: item, **page),
            "additions": lambda _info: sum(file["additions"] for file in self._files(pull)),
            "deletions": lambda _info: sum(file["deletions"] for file in self._files(pull)),
            "changedFiles": lambda _info: len(self._files(pull)),
            "files": lambda _info, **page: build_connection(self._files(pull), lambda item: item, **page),
            "statusCheckRollup": lambda _info: self._nodes.build_checks_rollup(pull.head),
        }

    def _build_head_repository(self, pull: HostedPullRequest) -> Node:
        node = self._nodes.build_repository()
        if pull.fork_owner:
            name = f"{pull.fork_owner}/{self._hosted.name}"
            node |= {
                "id": encode_node_id("R", name),
                "databaseId": None,
                "nameWithOwner": name,
                "owner": build_actor(pull.fork_owner),
                "url": f"{WEB_URL}/{name}",
                "viewerPermission": "READ",
            }
        return node

    def _mergeable(self, pull: HostedPullRequest) -> str:
        return self._hosted.mergeable(pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _merge_state(self, pull: HostedPullRequest) -> str:
        return compute_merge_state(self._hosted, pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _requested(self, pull: HostedPullRequest) -> list[Node]:
        owners = set(self._hosted.code_owners(pull)) if pull.state == "OPEN" else set()
        found = [{"asCodeOwner": False, "requestedReviewer": build_user(login)} for login in pull.reviewers]
        for slug, team in TEAMS.items():
            if team in owners or slug in pull.teams:
                found.append({"asCodeOwner": team in owners, "requestedReviewer": build_team(slug)})
        return found

    def _reviews(self, pull: HostedPullRequest) -> list[Node]:
        return [
            self._review(review)
            for review in {review.author: review for review in pull.reviews if review.state != "COMMENTED"}.values()
        ]

    def _review(self, review: HostedReview) -> Node:
        return {
            "author": build_actor(review.author),
            "state": review.state,
            "submittedAt": format_rfc3339(review.submitted_at),
            "commit": self._nodes.build_commit(review.commit),
        }

    def _thread(self, pull: HostedPullRequest, place: int, thread: HostedThread) -> Node:
        def build_comment(comment: HostedComment) -> Node:
            number = f"{pull.number}{place}{thread.comments.index(comment)}"
            return {
                "id": encode_node_id("PRRC", self._hosted.id, number),
                "author": build_actor(comment.author),
                "body": comment.body,
                "createdAt": format_rfc3339(comment.created_at),
                "url": f"{WEB_URL}/{self._hosted.full_name}/pull/{pull.number}#discussion_r{number}",
            }

        return {
            "id": encode_node_id("PRRT", self._hosted.id, f"{pull.number}{place}"),
            "path": thread.path,
            "line": thread.line,
            "originalLine": thread.original_line,
            "isResolved": thread.is_resolved,
            "isOutdated": thread.line is None,
            "comments": lambda _info, **page: build_connection(thread.comments, build_comment, **page),
        }

    def _commits(self, pull: HostedPullRequest) -> list[Node]:
        """Return the commits of a pull request, the oldest first."""
        commits = self._git.list_history(pull.head, exclude=self._hosted.merge_base(pull))
        return [
            {"id": encode_node_id("PRC", self._hosted.id, info.sha), "commit": self._nodes.build_commit(info.sha)}
            for info in reversed(commits)
        ]

    def _files(self, pull: HostedPullRequest) -> list[Node]:
        return [self._file(path, *entries) for path, entries in self._hosted.changed_files(pull).items()]

    def _file(self, path: str, before: GitTreeEntry | None, after: GitTreeEntry | None) -> Node:
        added, removed = self._git.count_changed_lines(before, after)
        return {
            "path": path,
            "changeType": "ADDED" if before is None else "DELETED" if after is None else "MODIFIED",
            "additions": added,
            "deletions": removed,
        }

    # --- the merge queue -------------------------------------------------------------------------

    def build_merge_queue(self, branch: str) -> Node | None:
        """Return the merge queue of a branch, or None."""
        hosted = self._hosted
        if not hosted.merge_queue or branch not in hosted.protected_branches:
            return None
        return {
            "__typename": "MergeQueue",
            "id": encode_node_id("MQ", hosted.id, branch),
            "url": f"{WEB_URL}/{hosted.full_name}/queue/{branch}",
            "repository": lambda _info: self._nodes.build_repository(),
            "configuration": {"mergeMethod": "SQUASH"},
            "entries": lambda _info, **page: build_connection(list_queue(hosted), self._build_queue_entry, **page),
        }

    def _build_queue_entry(self, pull: HostedPullRequest) -> Node | None:
        return self.build_queue_entry(pull, pull.queue_entry) if pull.queue_entry else None

    def build_queue_entry(self, pull: HostedPullRequest, entry: HostedQueueEntry) -> Node:
        """Return an entry of the merge queue, also one that was just removed."""
        hosted, waiting = self._hosted, list_queue(self._hosted)
        remaining = entry.enqueued_at + hosted.timings.queued + hosted.timings.running - self._now
        return {
            "__typename": "MergeQueueEntry",
            "id": encode_node_id("MQE", hosted.id, pull.number),
            "position": waiting.index(pull) + 1 if pull in waiting else 0,
            "state": compute_queue_state(hosted, entry, self._now),
            "estimatedTimeToMerge": max(0, int(remaining.total_seconds())),
            "mergeQueue": lambda _info: self.build_merge_queue(pull.base),
            "pullRequest": lambda _info: self.build_pull_request(pull),
        }


def _build_auto_merge(pull: HostedPullRequest) -> Node | None:
    auto_merge = pull.auto_merge
    if auto_merge is None:
        return None
    return {
        "enabledAt": format_rfc3339(auto_merge.enabled_at),
        "enabledBy": build_actor(auto_merge.by),
        "mergeMethod": auto_merge.method,
    }


def build_label_node(hosted: HostedRepository, name: str) -> Node:
    """Return the node of a label."""
    colour = LABEL_COLOURS.get(name, "ededed")
    return {"__typename": "Label", "id": encode_node_id("LA", hosted.id, name), "name": name, "color": colour}
