"""GitHub's GraphQL mutations: what they are given is read here, what they do is in `writing` and `landing`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from anchor_tui.sandbox.github import merge_rules, writes
from anchor_tui.sandbox.github.accounts import ACCOUNTS, TEAMS
from anchor_tui.sandbox.github.graphql_pages import Node, build_actor, build_error
from anchor_tui.sandbox.github.node_ids import decode_node_id
from anchor_tui.sandbox.github.pull_requests import HostedAutoMerge, HostedPullRequest, MergeMethod, RuleViolationError
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.repository_nodes import RepositoryNodes

MutationInput = Mapping[str, Any]


class RepositoryMutations:
    """Every mutation, for one viewer at one instant."""

    def __init__(
        self, repositories: Mapping[str, HostedRepository], now: datetime, viewer: str, denied: frozenset[str]
    ) -> None:
        self._repositories = repositories
        self._now = now
        self._viewer = viewer
        self._denied = denied

    def root(self) -> Node:
        """The fields of the type Mutation."""
        mutations = {
            "createRef": self._create_ref,
            "updateRef": self._update_ref,
            "deleteRef": self._delete_ref,
            "createCommitOnBranch": self._commit,
            "createPullRequest": self._open,
            "updatePullRequest": self._update,
            "closePullRequest": self._close,
            "mergePullRequest": self._merge,
            "enablePullRequestAutoMerge": self._enable_auto_merge,
            "disablePullRequestAutoMerge": self._disable_auto_merge,
            "enqueuePullRequest": self._enqueue,
            "dequeuePullRequest": self._dequeue,
            "requestReviews": self._request_reviews,
            "addLabelsToLabelable": self._label,
        }
        return {name: self._field(mutation) for name, mutation in mutations.items()}

    def _field(self, mutation: Callable[[MutationInput], Node]) -> Callable[..., Node]:
        def resolve(_info: object, input: MutationInput) -> Node:  # noqa: A002 - GraphQL's name
            try:
                answer = mutation(input)
            except RuleViolationError as error:
                raise build_error(error.kind, str(error)) from error
            actor = build_actor(self._viewer)
            return {"clientMutationId": input.get("clientMutationId"), "actor": actor, **answer}

        return resolve

    # --- who is meant ----------------------------------------------------------------------------

    def _parts(self, given: str, kind: str) -> list[str]:
        found = decode_node_id(given)
        if found is None or found[0] != kind:
            raise _not_found_error(given)
        return found[1]

    def _repository(self, given: str, kind: str = "R", permission: str = "contents") -> HostedRepository:
        number = self._parts(given, kind)[0]
        for hosted in self._repositories.values():
            if str(hosted.id) == number:
                writes.require_write_permission(hosted, permission)
                return hosted
        raise _not_found_error(given)

    def _ref(self, given: str) -> tuple[HostedRepository, str]:
        hosted, branch = self._repository(given, "REF"), self._parts(given, "REF")[1]
        if branch not in hosted.git.branches:
            raise _not_found_error(given)
        return hosted, branch

    def _pull(self, given: str, permission: str = "pull_requests") -> tuple[HostedRepository, HostedPullRequest]:
        hosted, number = self._repository(given, "PR", permission), self._parts(given, "PR")[1]
        pull = hosted.pull_requests.get(int(number))
        if pull is None:
            raise _not_found_error(given)
        return hosted, pull

    def _logins(self, given: list[str]) -> tuple[str, ...]:
        logins = tuple(self._parts(each, "U")[0] for each in given)
        for each, login in zip(given, logins, strict=True):
            if login not in ACCOUNTS:
                raise _not_found_error(each)
        return logins

    def _nodes(self, hosted: HostedRepository) -> RepositoryNodes:
        return RepositoryNodes(hosted, self._now, self._denied)

    # --- refs and commits ------------------------------------------------------------------------

    def _create_ref(self, given: MutationInput) -> Node:
        hosted = self._repository(given["repositoryId"])
        branch = writes.create_branch(hosted, given["name"], given["oid"], self._now)
        return {"ref": self._nodes(hosted).ref(branch)}

    def _update_ref(self, given: MutationInput) -> Node:
        hosted, branch = self._ref(given["refId"])
        writes.update_branch(hosted, branch, given["oid"], self._now, force=bool(given.get("force")))
        return {"ref": self._nodes(hosted).ref(branch)}

    def _delete_ref(self, given: MutationInput) -> Node:
        hosted, branch = self._ref(given["refId"])
        writes.delete_branch(hosted, branch, self._now)
        return {}

    def _commit(self, given: MutationInput) -> Node:
        where, changes = given["branch"], given.get("fileChanges") or {}
        if where.get("id"):
            hosted, branch = self._ref(where["id"])
        else:
            name = where.get("repositoryNameWithOwner") or ""
            found = self._repositories.get(name.lower())
            if found is None:
                raise build_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
            writes.require_write_permission(found, "contents")
            hosted, branch = found, (where.get("branchName") or "").removeprefix(writes.BRANCH_PREFIX)
        files: dict[str, bytes | None] = {each["path"]: None for each in changes.get("deletions") or ()}
        for each in changes.get("additions") or ():
            if each["path"] in files:
                raise RuleViolationError(f'The path "{each["path"]}" was given more than once.')
            files[each["path"]] = _decode_contents(each)
        message, expected = given["message"], given["expectedHeadOid"]
        text = f"{message['headline']}\n\n{message.get('body') or ''}".rstrip("\n")
        sha = writes.commit_files(hosted, branch, files, text, expected=expected, author=self._viewer, time=self._now)
        nodes = self._nodes(hosted)
        return {"commit": nodes.commit(sha), "ref": nodes.ref(branch)}

    # --- pull requests ---------------------------------------------------------------------------

    def _shown(self, hosted: HostedRepository, pull: HostedPullRequest) -> Node:
        return {"pullRequest": self._nodes(hosted).pull_requests.build_pull_request(pull)}

    def _open(self, given: MutationInput) -> Node:
        hosted = self._repository(given["repositoryId"], permission="pull_requests")
        pull = writes.open_pull_request(
            hosted,
            title=given["title"],
            head=given["headRefName"].removeprefix(writes.BRANCH_PREFIX),
            base=given["baseRefName"].removeprefix(writes.BRANCH_PREFIX),
            body=given.get("body") or "",
            draft=bool(given.get("draft")),
            author=self._viewer,
            time=self._now,
        )
        return self._shown(hosted, pull)

    def _update(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        match given.get("state"):
            case "CLOSED":
                writes.close_pull_request(pull, self._now)
            case "OPEN":
                writes.reopen_pull_request(hosted, pull, self._now)
        pull.title = given.get("title") or pull.title
        pull.body = pull.body if given.get("body") is None else given["body"]
        pull.updated_at = self._now
        return self._shown(hosted, pull)

    def _close(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        writes.close_pull_request(pull, self._now)
        return self._shown(hosted, pull)

    def _merge(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"], "contents")
        merge_rules.merge_pull_request(
            hosted,
            pull,
            by=self._viewer,
            time=self._now,
            method=given.get("mergeMethod") or "MERGE",
            expected=given.get("expectedHeadOid"),
            title=given.get("commitHeadline"),
            message=given.get("commitBody"),
        )
        return self._shown(hosted, pull)

    def _enable_auto_merge(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        method: MergeMethod = given.get("mergeMethod") or "MERGE"
        wanted = HostedAutoMerge(self._viewer, self._now, method, given.get("commitHeadline"), given.get("commitBody"))
        merge_rules.enable_auto_merge(hosted, pull, wanted, given.get("expectedHeadOid"))
        return self._shown(hosted, pull)

    def _disable_auto_merge(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        merge_rules.disable_auto_merge(pull, self._now)
        return self._shown(hosted, pull)

    def _enqueue(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        entry = merge_rules.enqueue_pull_request(
            hosted, pull, by=self._viewer, time=self._now, expected=given.get("expectedHeadOid")
        )
        return {"mergeQueueEntry": self._nodes(hosted).pull_requests.build_queue_entry(pull, entry)}

    def _dequeue(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["id"])
        entry = merge_rules.dequeue_pull_request(pull, self._now)
        return {"mergeQueueEntry": self._nodes(hosted).pull_requests.build_queue_entry(pull, entry)}

    def _request_reviews(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        users = self._logins(list(given.get("userIds") or ()))
        teams = tuple(self._parts(each, "T")[0] for each in given.get("teamIds") or ())
        for each, slug in zip(given.get("teamIds") or (), teams, strict=True):
            if slug not in TEAMS:
                raise _not_found_error(each)
        if not given.get("union"):
            pull.reviewers, pull.teams = (), ()
        writes.request_reviews(hosted, pull, users, teams, self._now)
        return self._shown(hosted, pull)

    def _label(self, given: MutationInput) -> Node:
        hosted, pull = self._pull(given["labelableId"])
        names = tuple(self._parts(each, "LA")[1] for each in given["labelIds"])
        writes.add_labels(pull, names, self._now)
        return {"labelable": self._nodes(hosted).pull_requests.build_pull_request(pull)}


def _not_found_error(given: str) -> Exception:
    return build_error("NOT_FOUND", f"Could not resolve to a node with the global id of '{given}'")


def _decode_contents(addition: MutationInput) -> bytes:
    try:
        return base64.b64decode(addition["contents"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise RuleViolationError(f'The contents of "{addition["path"]}" are not valid Base64.') from error
