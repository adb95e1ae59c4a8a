"""The JSON of pull requests, labels and refs in GitHub's REST API."""

from __future__ import annotations

from datetime import datetime

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.github.accounts import LABEL_COLOURS
from anchor_tui.sandbox.github.merge_rules import compute_merge_state
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.pull_requests import HostedPullRequest
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.rest_serializers import WEB_URL, serialize_account, serialize_changed_file
from anchor_tui.sandbox.json_types import JsonObject


def _format_time(value: datetime | None) -> str | None:
    return format_rfc3339(value) if value else None


def serialize_ref(hosted: HostedRepository, branch: str, base: str) -> JsonObject:
    """Return a branch as a ref."""
    url, sha = f"{base}/repos/{hosted.full_name}/git", hosted.git.branches[branch]
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": encode_node_id("REF", hosted.id, branch),
        "url": f"{url}/refs/heads/{branch}",
        "object": {"sha": sha, "type": "commit", "url": f"{url}/commits/{sha}"},
    }


def serialize_label(name: str, base: str, hosted: HostedRepository) -> JsonObject:
    """Return a label."""
    return {
        "id": sum(name.encode()) * 6007,
        "node_id": encode_node_id("LA", hosted.id, name),
        "url": f"{base}/repos/{hosted.full_name}/labels/{name}",
        "name": name,
        "color": LABEL_COLOURS.get(name, "ededed"),
        "default": False,
        "description": None,
    }


def serialize_pull_request(pull: HostedPullRequest, base: str, hosted: HostedRepository) -> JsonObject:
    """Return a pull request as in lists."""
    url, web = f"{base}/repos/{hosted.full_name}", f"{WEB_URL}/{hosted.full_name}/pull/{pull.number}"

    def side(ref: str, sha: str, fork_owner: str | None = None) -> JsonObject:
        repository = {"id": hosted.id, "full_name": hosted.full_name, "name": hosted.name, "url": url}
        owner = {**serialize_account(hosted.owner, base), "type": "Organization"}
        if fork_owner:
            name, owner = f"{fork_owner}/{hosted.name}", serialize_account(fork_owner, base)
            fork_id = hosted.id + sum(name.encode())
            repository |= {"id": fork_id, "full_name": name, "url": f"{base}/repos/{name}"}
        return {"label": f"{fork_owner or hosted.owner}:{ref}", "ref": ref, "sha": sha, "user": owner} | {
            "repo": repository
        }

    is_open = pull.state == "OPEN"
    return {
        "id": hosted.id + pull.number,
        "node_id": encode_node_id("PR", hosted.id, pull.number),
        "number": pull.number,
        "title": pull.title,
        "body": pull.body or None,
        "state": "open" if is_open else "closed",
        "locked": False,
        "draft": pull.draft,
        "url": f"{url}/pulls/{pull.number}",
        "issue_url": f"{url}/issues/{pull.number}",
        "comments_url": f"{url}/issues/{pull.number}/comments",
        "commits_url": f"{url}/pulls/{pull.number}/commits",
        "statuses_url": f"{url}/statuses/{pull.head}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "user": serialize_account(pull.author, base),
        "labels": [serialize_label(name, base, hosted) for name in pull.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "requested_reviewers": [serialize_account(login, base) for login in pull.reviewers],
        "requested_teams": [{"slug": slug, "name": slug} for slug in pull.teams],
        "created_at": _format_time(pull.created_at),
        "updated_at": _format_time(pull.updated_at),
        "closed_at": _format_time(pull.closed_at),
        "merged_at": _format_time(pull.merged_at),
        "merge_commit_sha": pull.merge_commit,
        "head": side(pull.branch, pull.head, pull.fork_owner),
        "base": side(pull.base, hosted.git.branches.get(pull.base, pull.base_sha) if is_open else pull.base_sha),
        "author_association": "MEMBER",
        "auto_merge": _serialize_auto_merge(pull, base),
    }


def _serialize_auto_merge(pull: HostedPullRequest, base: str) -> JsonObject | None:
    auto_merge = pull.auto_merge
    if auto_merge is None:
        return None
    return {
        "enabled_by": serialize_account(auto_merge.by, base),
        "merge_method": auto_merge.method.lower(),
        "commit_title": auto_merge.headline,
        "commit_message": auto_merge.body,
    }


def serialize_full_pull_request(
    pull: HostedPullRequest, base: str, hosted: HostedRepository, now: datetime
) -> JsonObject:
    """Return a single pull request, with its mergeability and its changes."""
    is_open = pull.state == "OPEN"
    mergeable = {"MERGEABLE": True, "CONFLICTING": False}.get(hosted.mergeable(pull, now)) if is_open else None
    changes = serialize_files(hosted, pull)
    return serialize_pull_request(pull, base, hosted) | {
        "merged": pull.state == "MERGED",
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": compute_merge_state(hosted, pull, now).lower() if is_open else "unknown",
        "merged_by": serialize_account(pull.merged_by, base) if pull.merged_by else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(hosted.git.list_history(pull.head, exclude=hosted.merge_base(pull))),
        "additions": sum(change["additions"] for change in changes),
        "deletions": sum(change["deletions"] for change in changes),
        "changed_files": len(changes),
    }


def serialize_files(hosted: HostedRepository, pull: HostedPullRequest) -> list[JsonObject]:
    """Return the files that a pull request changes."""
    return [serialize_changed_file(hosted.git, path, *entries) for path, entries in hosted.changed_files(pull).items()]
