"""GitHub's pull requests and its merge queue as GraphQL shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anchor_tui.sandbox.accounts import LABEL_COLOURS, TEAMS
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.connections import WEB, Node, actor_node, connection, failure, team_node, user_node
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.ids import node_id
from anchor_tui.sandbox.landing import merge_state, queue_of, queue_state, queues
from anchor_tui.sandbox.merging import changed_lines
from anchor_tui.sandbox.pulls import PullRequest, QueueEntry
from anchor_tui.sandbox.repository import Entry

if TYPE_CHECKING:
    from anchor_tui.sandbox.nodes import Nodes


class PullNodes:
    """The pull requests of one repository, at one instant."""

    def __init__(self, nodes: Nodes, hosted: HostedRepository, now: datetime) -> None:
        self._nodes = nodes
        self._hosted = hosted
        self._git = hosted.git
        self._now = now

    def numbered(self, number: int) -> Node:
        """The pull request of a number."""
        pull = self._hosted.pulls.get(number)
        if pull is None:
            raise failure("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return self.node(pull)

    def listed(
        self,
        _info: object,
        states: Iterable[str] | None = None,
        baseRefName: str | None = None,  # noqa: N803
        headRefName: str | None = None,  # noqa: N803
        labels: Iterable[str] | None = None,
        orderBy: Node | None = None,  # noqa: N803
        **page: Any,  # noqa: ANN401
    ) -> Node:
        """Those that are asked for, by pages."""
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
        return connection(found, self.node, **page)

    def node(self, pull: PullRequest) -> Node:
        """A pull request."""
        hosted = self._hosted
        is_open, may = pull.state == "OPEN", hosted.can_write
        return {
            "__typename": "PullRequest",
            "id": node_id("PR", hosted.id, pull.number),
            "databaseId": hosted.id + pull.number,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "url": f"{WEB}/{hosted.full_name}/pull/{pull.number}",
            "isDraft": pull.draft,
            "state": pull.state,
            "closed": not is_open,
            "merged": pull.state == "MERGED",
            "createdAt": rfc3339(pull.created_at),
            "updatedAt": rfc3339(pull.updated_at),
            "closedAt": rfc3339(pull.closed_at) if pull.closed_at else None,
            "mergedAt": rfc3339(pull.merged_at) if pull.merged_at else None,
            "mergedBy": actor_node(pull.merged_by),
            "mergeCommit": lambda _info: self._nodes.commit(pull.merge_commit) if pull.merge_commit else None,
            "author": actor_node(pull.author),
            "headRefName": pull.branch,
            "headRefOid": pull.head,
            "headRef": lambda _info: self._nodes.ref(pull.branch),
            "repository": lambda _info: self._nodes.repository(),
            "headRepository": lambda _info: self._nodes.repository(),
            "baseRefName": pull.base,
            "baseRef": lambda _info: self._nodes.ref(pull.base),
            "baseRefOid": self._git.branches.get(pull.base, pull.base_sha) if is_open else pull.base_sha,
            "mergeable": lambda _info: self._mergeable(pull),
            "mergeStateStatus": lambda _info: self._merge_state(pull),
            "reviewDecision": hosted.review_decision(pull),
            "viewerCanEnableAutoMerge": lambda _info: (
                may and hosted.allow_auto_merge and self._merge_state(pull) in {"BLOCKED", "BEHIND", "UNKNOWN"}
            ),
            "viewerCanDisableAutoMerge": may and pull.auto_merge is not None,
            "viewerCanMergeAsAdmin": False,
            "viewerCanUpdate": may,
            "viewerCanClose": may and is_open,
            "viewerCanLabel": may,
            "viewerCanUpdateBranch": lambda _info: may and is_open and hosted.is_behind(pull),
            "autoMergeRequest": _auto_merge(pull),
            "isMergeQueueEnabled": queues(hosted, pull),
            "isInMergeQueue": pull.queued is not None,
            "mergeQueue": lambda _info: self.queue(pull.base),
            "mergeQueueEntry": lambda _info: self._entry(pull),
            "labels": lambda _info, **page: connection(pull.labels, lambda name: label_node(hosted, name), **page),
            "reviewRequests": lambda _info, **page: connection(self._requested(pull), lambda item: item, **page),
            "latestOpinionatedReviews": lambda _info, **page: connection(
                self._reviews(pull), lambda item: item, **page
            ),
            "changedFiles": lambda _info: len(hosted.pull_changes(pull)),
            "files": lambda _info, **page: connection(self._files(pull), lambda item: item, **page),
            "statusCheckRollup": lambda _info: self._nodes.rollup(pull.head),
        }

    def _mergeable(self, pull: PullRequest) -> str:
        return self._hosted.mergeable(pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _merge_state(self, pull: PullRequest) -> str:
        return merge_state(self._hosted, pull, self._now) if pull.state == "OPEN" else "UNKNOWN"

    def _requested(self, pull: PullRequest) -> list[Node]:
        owners = set(self._hosted.code_owners(pull)) if pull.state == "OPEN" else set()
        found = [{"asCodeOwner": False, "requestedReviewer": user_node(login)} for login in pull.reviewers]
        for slug, team in TEAMS.items():
            if team in owners or slug in pull.teams:
                found.append({"asCodeOwner": team in owners, "requestedReviewer": team_node(slug)})
        return found

    def _reviews(self, pull: PullRequest) -> list[Node]:
        return [
            {
                "author": actor_node(review.author),
                "state": review.state,
                "submittedAt": rfc3339(review.submitted_at),
                "commit": self._nodes.commit(review.commit),
            }
            for review in {review.author: review for review in pull.reviews if review.state != "COMMENTED"}.values()
        ]

    def _files(self, pull: PullRequest) -> list[Node]:
        return [self._file(path, *entries) for path, entries in self._hosted.pull_changes(pull).items()]

    def _file(self, path: str, before: Entry | None, after: Entry | None) -> Node:
        added, removed = changed_lines(self._git, before, after)
        return {
            "path": path,
            "changeType": "ADDED" if before is None else "DELETED" if after is None else "MODIFIED",
            "additions": added,
            "deletions": removed,
        }

    # --- the merge queue -------------------------------------------------------------------------

    def queue(self, branch: str) -> Node | None:
        """The merge queue of a branch; None where there is none."""
        hosted = self._hosted
        if not hosted.merge_queue or branch not in hosted.protected_branches:
            return None
        path = f"/{hosted.full_name}/queue/{branch}"
        return {
            "__typename": "MergeQueue",
            "id": node_id("MQ", hosted.id, branch),
            "url": WEB + path,
            "resourcePath": path,
            "repository": lambda _info: self._nodes.repository(),
            "configuration": {"mergeMethod": "SQUASH", "mergingStrategy": "ALLGREEN"},
            "nextEntryEstimatedTimeToMerge": int((hosted.pace.queued + hosted.pace.running).total_seconds()),
            "entries": lambda _info, **page: connection(queue_of(hosted), self._entry, **page),
        }

    def _entry(self, pull: PullRequest) -> Node | None:
        return self.entry(pull, pull.queued) if pull.queued else None

    def entry(self, pull: PullRequest, entry: QueueEntry) -> Node:
        """A place in the queue, also one that was just given up."""
        hosted, waiting = self._hosted, queue_of(self._hosted)
        left = entry.enqueued_at + hosted.pace.queued + hosted.pace.running - self._now
        return {
            "__typename": "MergeQueueEntry",
            "id": node_id("MQE", hosted.id, pull.number),
            "position": waiting.index(pull) + 1 if pull in waiting else 0,
            "state": queue_state(hosted, entry, self._now),
            "enqueuedAt": rfc3339(entry.enqueued_at),
            "enqueuer": actor_node(entry.by),
            "estimatedTimeToMerge": max(0, int(left.total_seconds())),
            "headCommit": lambda _info: self._nodes.commit(entry.head),
            "baseCommit": lambda _info: self._nodes.commit(self._git.branches[pull.base]),
            "jump": False,
            "solo": False,
            "mergeQueue": lambda _info: self.queue(pull.base),
            "pullRequest": lambda _info: self.node(pull),
        }


def _auto_merge(pull: PullRequest) -> Node | None:
    wanted = pull.auto_merge
    if wanted is None:
        return None
    return {
        "enabledAt": rfc3339(wanted.enabled_at),
        "enabledBy": actor_node(wanted.by),
        "mergeMethod": wanted.method,
    }


def label_node(hosted: HostedRepository, name: str) -> Node:
    """A label."""
    colour = LABEL_COLOURS.get(name, "ededed")
    return {"__typename": "Label", "id": node_id("LA", hosted.id, name), "name": name, "color": colour}
