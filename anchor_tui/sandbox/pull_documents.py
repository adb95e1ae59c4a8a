"""The JSON of pull requests, reviews and refs in GitHub's REST API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from anchor_tui.sandbox.accounts import LABEL_COLOURS
from anchor_tui.sandbox.clock import rfc3339
from anchor_tui.sandbox.hosting import HostedRepository
from anchor_tui.sandbox.ids import node_id
from anchor_tui.sandbox.landing import merge_state
from anchor_tui.sandbox.pulls import PullRequest, Review
from anchor_tui.sandbox.rest_documents import WEB, Document, account_document, changed_file


def _time(value: datetime | None) -> str | None:
    return rfc3339(value) if value else None


def ref_document(hosted: HostedRepository, branch: str, base: str) -> Document:
    """A branch as a ref."""
    url, sha = f"{base}/repos/{hosted.full_name}/git", hosted.git.branches[branch]
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": node_id("REF", hosted.id, branch),
        "url": f"{url}/refs/heads/{branch}",
        "object": {"sha": sha, "type": "commit", "url": f"{url}/commits/{sha}"},
    }


def label_document(name: str, base: str, hosted: HostedRepository) -> Document:
    """A label."""
    return {
        "id": sum(name.encode()) * 6007,
        "node_id": node_id("LA", hosted.id, name),
        "url": f"{base}/repos/{hosted.full_name}/labels/{name}",
        "name": name,
        "color": LABEL_COLOURS.get(name, "ededed"),
        "default": False,
        "description": None,
    }


def pull_document(pull: PullRequest, base: str, hosted: HostedRepository) -> Document:
    """A pull request as lists have it."""
    url, web = f"{base}/repos/{hosted.full_name}", f"{WEB}/{hosted.full_name}/pull/{pull.number}"

    def side(ref: str, sha: str) -> Document:
        repository = {"id": hosted.id, "full_name": hosted.full_name, "name": hosted.name, "url": url}
        owner = {**account_document(hosted.owner, base), "type": "Organization"}
        return {"label": f"{hosted.owner}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": repository}

    is_open = pull.state == "OPEN"
    return {
        "id": hosted.id + pull.number,
        "node_id": node_id("PR", hosted.id, pull.number),
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
        "user": account_document(pull.author, base),
        "labels": [label_document(name, base, hosted) for name in pull.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "requested_reviewers": [account_document(login, base) for login in pull.reviewers],
        "requested_teams": [{"slug": slug, "name": slug} for slug in pull.teams],
        "created_at": _time(pull.created_at),
        "updated_at": _time(pull.updated_at),
        "closed_at": _time(pull.closed_at),
        "merged_at": _time(pull.merged_at),
        "merge_commit_sha": pull.merge_commit,
        "head": side(pull.branch, pull.head),
        "base": side(pull.base, hosted.git.branches.get(pull.base, pull.base_sha) if is_open else pull.base_sha),
        "author_association": "MEMBER",
        "auto_merge": _auto_merge(pull, base),
    }


def _auto_merge(pull: PullRequest, base: str) -> Document | None:
    wanted = pull.auto_merge
    if wanted is None:
        return None
    return {
        "enabled_by": account_document(wanted.by, base),
        "merge_method": wanted.method.lower(),
        "commit_title": wanted.headline,
        "commit_message": wanted.body,
    }


def whole_pull_document(pull: PullRequest, base: str, hosted: HostedRepository, now: datetime) -> Document:
    """A pull request alone, with what takes GitHub longer to find out."""
    is_open = pull.state == "OPEN"
    mergeable = {"MERGEABLE": True, "CONFLICTING": False}.get(hosted.mergeable(pull, now)) if is_open else None
    changes = file_documents(hosted, pull)
    return pull_document(pull, base, hosted) | {
        "merged": pull.state == "MERGED",
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": merge_state(hosted, pull, now).lower() if is_open else "unknown",
        "merged_by": account_document(pull.merged_by, base) if pull.merged_by else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(hosted.git.since(hosted.parting(pull), pull.head)),
        "additions": sum(each["additions"] for each in changes),
        "deletions": sum(each["deletions"] for each in changes),
        "changed_files": len(changes),
    }


def issue_document(pull: PullRequest, base: str, hosted: HostedRepository) -> Document:
    """A pull request as the issue that it also is."""
    whole = pull_document(pull, base, hosted)
    names = "id number title body state locked user labels assignee assignees milestone created_at updated_at closed_at"
    return {name: whole[name] for name in names.split()} | {
        "node_id": whole["node_id"],
        "url": whole["issue_url"],
        "html_url": whole["html_url"],
        "repository_url": f"{base}/repos/{hosted.full_name}",
        "labels_url": f"{whole['issue_url']}/labels{{/name}}",
        "comments": 0,
        "pull_request": {
            "url": whole["url"],
            "html_url": whole["html_url"],
            "merged_at": whole["merged_at"],
        },
    }


def file_documents(hosted: HostedRepository, pull: PullRequest) -> list[Document]:
    """What a pull request changes."""
    return [changed_file(hosted.git, path, *entries) for path, entries in hosted.pull_changes(pull).items()]


def review_document(review: Review, number: int, pull: PullRequest, base: str, hosted: HostedRepository) -> Document:
    """A review."""
    identity = (hosted.id + pull.number) * 100 + number
    url = f"{base}/repos/{hosted.full_name}/pulls/{pull.number}"
    return {
        "id": identity,
        "node_id": node_id("PRR", identity),
        "user": account_document(review.author, base),
        "body": review.body,
        "state": review.state,
        "html_url": f"{WEB}/{hosted.full_name}/pull/{pull.number}#pullrequestreview-{identity}",
        "pull_request_url": url,
        "submitted_at": rfc3339(review.submitted_at),
        "commit_id": review.commit,
        "author_association": "MEMBER",
    }


def reviewer_documents(logins: Iterable[str], teams: Iterable[str], base: str) -> Document:
    """Who was asked to review."""
    return {
        "users": [account_document(login, base) for login in logins],
        "teams": [{"slug": slug, "name": slug} for slug in teams],
    }
