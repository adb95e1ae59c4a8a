"""GitHub's GraphQL mutations: what they are given is read here, what they do is in `writing` and `landing`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from anchor_tui.sandbox import landing, writing
from anchor_tui.sandbox.accounts import ACCOUNTS, TEAMS
from anchor_tui.sandbox.connections import Node, actor_node, failure
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.ids import read_id
from anchor_tui.sandbox.nodes import Nodes
from anchor_tui.sandbox.pulls import AutoMerge, HostingError, MergeMethod, PullRequest

Given = Mapping[str, Any]


class Mutations:
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

    def _field(self, mutation: Callable[[Given], Node]) -> Callable[..., Node]:
        def resolve(_info: object, input: Given) -> Node:  # noqa: A002 - GraphQL's name
            try:
                answer = mutation(input)
            except HostingError as error:
                raise failure(error.kind, str(error)) from error
            actor = actor_node(self._viewer)
            return {"clientMutationId": input.get("clientMutationId"), "actor": actor, **answer}

        return resolve

    # --- who is meant ----------------------------------------------------------------------------

    def _parts(self, given: str, kind: str) -> list[str]:
        found = read_id(given)
        if found is None or found[0] != kind:
            raise _unresolved(given)
        return found[1]

    def _repository(self, given: str, kind: str = "R", permission: str = "contents") -> HostedRepository:
        number = self._parts(given, kind)[0]
        for hosted in self._repositories.values():
            if str(hosted.id) == number:
                writing.ensure_writable(hosted, permission)
                return hosted
        raise _unresolved(given)

    def _ref(self, given: str) -> tuple[HostedRepository, str]:
        hosted, branch = self._repository(given, "REF"), self._parts(given, "REF")[1]
        if branch not in hosted.git.branches:
            raise _unresolved(given)
        return hosted, branch

    def _pull(self, given: str, permission: str = "pull_requests") -> tuple[HostedRepository, PullRequest]:
        hosted, number = self._repository(given, "PR", permission), self._parts(given, "PR")[1]
        pull = hosted.pulls.get(int(number))
        if pull is None:
            raise _unresolved(given)
        return hosted, pull

    def _logins(self, given: list[str]) -> tuple[str, ...]:
        logins = tuple(self._parts(each, "U")[0] for each in given)
        for each, login in zip(given, logins, strict=True):
            if login not in ACCOUNTS:
                raise _unresolved(each)
        return logins

    def _nodes(self, hosted: HostedRepository) -> Nodes:
        return Nodes(hosted, self._now, self._denied)

    # --- refs and commits ------------------------------------------------------------------------

    def _create_ref(self, given: Given) -> Node:
        hosted = self._repository(given["repositoryId"])
        branch = writing.create_branch(hosted, given["name"], given["oid"], self._now)
        return {"ref": self._nodes(hosted).ref(branch)}

    def _update_ref(self, given: Given) -> Node:
        hosted, branch = self._ref(given["refId"])
        writing.update_branch(hosted, branch, given["oid"], self._now, force=bool(given.get("force")))
        return {"ref": self._nodes(hosted).ref(branch)}

    def _delete_ref(self, given: Given) -> Node:
        hosted, branch = self._ref(given["refId"])
        writing.delete_branch(hosted, branch, self._now)
        return {}

    def _commit(self, given: Given) -> Node:
        where, changes = given["branch"], given.get("fileChanges") or {}
        if where.get("id"):
            hosted, branch = self._ref(where["id"])
        else:
            name = where.get("repositoryNameWithOwner") or ""
            found = self._repositories.get(name.lower())
            if found is None:
                raise failure("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
            writing.ensure_writable(found, "contents")
            hosted, branch = found, (where.get("branchName") or "").removeprefix(writing.HEADS)
        files: dict[str, bytes | None] = {each["path"]: None for each in changes.get("deletions") or ()}
        for each in changes.get("additions") or ():
            if each["path"] in files:
                raise HostingError(f'The path "{each["path"]}" was given more than once.')
            files[each["path"]] = _contents(each)
        message, expected = given["message"], given["expectedHeadOid"]
        text = f"{message['headline']}\n\n{message.get('body') or ''}".rstrip("\n")
        sha = writing.commit_on_branch(
            hosted, branch, files, text, expected=expected, author=self._viewer, time=self._now
        )
        nodes = self._nodes(hosted)
        return {"commit": nodes.commit(sha), "ref": nodes.ref(branch)}

    # --- pull requests ---------------------------------------------------------------------------

    def _shown(self, hosted: HostedRepository, pull: PullRequest) -> Node:
        return {"pullRequest": self._nodes(hosted).pulls.node(pull)}

    def _open(self, given: Given) -> Node:
        hosted = self._repository(given["repositoryId"], permission="pull_requests")
        pull = writing.open_pull(
            hosted,
            title=given["title"],
            head=given["headRefName"].removeprefix(writing.HEADS),
            base=given["baseRefName"].removeprefix(writing.HEADS),
            body=given.get("body") or "",
            draft=bool(given.get("draft")),
            author=self._viewer,
            time=self._now,
        )
        return self._shown(hosted, pull)

    def _update(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        match given.get("state"):
            case "CLOSED":
                writing.close(pull, self._now)
            case "OPEN":
                writing.reopen(hosted, pull, self._now)
        pull.title = given.get("title") or pull.title
        pull.body = pull.body if given.get("body") is None else given["body"]
        pull.updated_at = self._now
        return self._shown(hosted, pull)

    def _close(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        writing.close(pull, self._now)
        return self._shown(hosted, pull)

    def _merge(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"], "contents")
        landing.merge(
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

    def _enable_auto_merge(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        method: MergeMethod = given.get("mergeMethod") or "MERGE"
        wanted = AutoMerge(self._viewer, self._now, method, given.get("commitHeadline"), given.get("commitBody"))
        landing.enable_auto_merge(hosted, pull, wanted, given.get("expectedHeadOid"))
        return self._shown(hosted, pull)

    def _disable_auto_merge(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        landing.disable_auto_merge(pull, self._now)
        return self._shown(hosted, pull)

    def _enqueue(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        entry = landing.enqueue(hosted, pull, by=self._viewer, time=self._now, expected=given.get("expectedHeadOid"))
        return {"mergeQueueEntry": self._nodes(hosted).pulls.entry(pull, entry)}

    def _dequeue(self, given: Given) -> Node:
        hosted, pull = self._pull(given["id"])
        entry = landing.dequeue(pull, self._now)
        return {"mergeQueueEntry": self._nodes(hosted).pulls.entry(pull, entry)}

    def _request_reviews(self, given: Given) -> Node:
        hosted, pull = self._pull(given["pullRequestId"])
        users = self._logins(list(given.get("userIds") or ()))
        teams = tuple(self._parts(each, "T")[0] for each in given.get("teamIds") or ())
        for each, slug in zip(given.get("teamIds") or (), teams, strict=True):
            if slug not in TEAMS:
                raise _unresolved(each)
        if not given.get("union"):
            pull.reviewers, pull.teams = (), ()
        writing.request_reviews(hosted, pull, users, teams, self._now)
        return self._shown(hosted, pull)

    def _label(self, given: Given) -> Node:
        hosted, pull = self._pull(given["labelableId"])
        names = tuple(self._parts(each, "LA")[1] for each in given["labelIds"])
        writing.label(pull, names, self._now)
        return {"labelable": self._nodes(hosted).pulls.node(pull)}


def _unresolved(given: str) -> Exception:
    return failure("NOT_FOUND", f"Could not resolve to a node with the global id of '{given}'")


def _contents(addition: Given) -> bytes:
    try:
        return base64.b64decode(addition["contents"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise HostingError(f'The contents of "{addition["path"]}" are not valid Base64.') from error
