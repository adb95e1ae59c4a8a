"""The JSON of GitHub's REST API."""

from __future__ import annotations

import base64
from datetime import datetime

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.git.objects import GitCommit, GitTreeEntry
from anchor_tui.sandbox.git.repository import MemoryRepository
from anchor_tui.sandbox.github.accounts import BOTS
from anchor_tui.sandbox.github.node_ids import encode_node_id
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.json_types import JsonObject

WEB_URL = "https://github.com"


def serialize_account(login: str, base: str) -> JsonObject:
    """Return a person or a bot."""
    kind = "Bot" if login in BOTS else "User"
    number = sum(login.encode()) * 1009
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": f"{kind[0]}_{number}",
        "type": kind,
        "site_admin": False,
        "url": url,
    }


def serialize_repository(hosted: HostedRepository, base: str) -> JsonObject:
    """Return a repository as the viewer sees it."""
    owner = {**serialize_account(hosted.owner, base), "type": "Organization"}
    return {
        "id": hosted.id,
        "node_id": encode_node_id("R", hosted.id),
        "name": hosted.name,
        "full_name": hosted.full_name,
        "private": True,
        "owner": owner,
        "html_url": f"{WEB_URL}/{hosted.full_name}",
        "description": None,
        "fork": False,
        "url": f"{base}/repos/{hosted.full_name}",
        "default_branch": hosted.git.default_branch,
        "archived": hosted.is_archived,
        "disabled": False,
        "visibility": "private",
        "permissions": {
            "admin": False,
            "maintain": False,
            "push": hosted.can_write,
            "triage": hosted.can_write,
            "pull": True,
        },
        "allow_squash_merge": "SQUASH" in hosted.merge_methods,
        "allow_merge_commit": "MERGE" in hosted.merge_methods,
        "allow_rebase_merge": "REBASE" in hosted.merge_methods,
        "allow_auto_merge": hosted.allow_auto_merge,
        "allow_update_branch": True,
        "delete_branch_on_merge": hosted.delete_branch_on_merge,
    }


def serialize_content(hosted: HostedRepository, entry: GitTreeEntry, url: str, ref: str) -> JsonObject:
    """Return a file with its content."""
    raw = hosted.git.read_blob(entry.sha)
    return {
        "name": entry.name,
        "path": entry.path,
        "sha": entry.sha,
        "size": len(raw),
        "url": f"{url}/contents/{entry.path}?ref={ref}",
        "html_url": f"{WEB_URL}/{hosted.full_name}/blob/{ref}/{entry.path}",
        "git_url": f"{url}/git/blobs/{entry.sha}",
        "download_url": None,
        "type": "file",
        "content": base64.encodebytes(raw).decode(),
        "encoding": "base64",
    }


def serialize_git_commit(info: GitCommit, url: str) -> JsonObject:
    """Return a commit as git has it."""
    person = {"name": info.author.name, "email": info.author.email, "date": format_rfc3339(info.time)}
    return {
        "sha": info.sha,
        "node_id": f"C_{info.sha}",
        "url": f"{url}/git/commits/{info.sha}",
        "author": person,
        "committer": person,
        "message": info.message,
        "tree": {"sha": info.tree, "url": f"{url}/git/trees/{info.tree}"},
        "parents": [{"sha": sha, "url": f"{url}/git/commits/{sha}"} for sha in info.parents],
    }


def serialize_commit(info: GitCommit, base: str, hosted: HostedRepository) -> JsonObject:
    """Return a commit with the GitHub accounts of its author."""
    url = f"{base}/repos/{hosted.full_name}"
    login = info.author.login
    account = serialize_account(login, base) if login else None
    return {
        "sha": info.sha,
        "node_id": f"C_{info.sha}",
        "url": f"{url}/commits/{info.sha}",
        "html_url": f"{WEB_URL}/{hosted.full_name}/commit/{info.sha}",
        "commit": serialize_git_commit(info, url),
        "author": account,
        "committer": account,
        "parents": [{"sha": sha, "url": f"{url}/commits/{sha}"} for sha in info.parents],
    }


def serialize_comparison(hosted: HostedRepository, base: str, head: str, address: str) -> JsonObject:
    """Return the commits and changes of `head` since its merge base with `base`."""
    git = hosted.git
    parting = git.find_merge_base(base, head) or base
    ahead, behind = ([commit.sha for commit in git.list_history(tip, exclude=parting)] for tip in (head, base))
    status = {
        (False, False): "identical",
        (True, False): "ahead",
        (False, True): "behind",
        (True, True): "diverged",
    }[bool(ahead), bool(behind)]
    url = f"{address}/repos/{hosted.full_name}"

    def commit(sha: str) -> JsonObject:
        return serialize_commit(git.read_commit(sha), address, hosted)

    return {
        "url": f"{url}/compare/{base}...{head}",
        "html_url": f"{WEB_URL}/{hosted.full_name}/compare/{base}...{head}",
        "base_commit": commit(base),
        "merge_base_commit": commit(parting),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [commit(sha) for sha in reversed(ahead)],
        "files": [
            serialize_changed_file(git, path, *entries) for path, entries in git.diff_commits(parting, head).items()
        ],
    }


def serialize_changed_file(
    git: MemoryRepository, path: str, before: GitTreeEntry | None, after: GitTreeEntry | None
) -> JsonObject:
    """Return the change of one file in a comparison or a pull request."""
    added, removed = git.count_changed_lines(before, after)
    entry = after or before
    assert entry is not None
    patch = git.build_patch(before, after)
    return {
        "sha": entry.sha,
        "filename": path,
        "status": "added" if before is None else "removed" if after is None else "modified",
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
    } | ({"patch": patch} if patch else {})


def serialize_variable(name: str, value: str, set_at: datetime) -> JsonObject:
    """Return a variable."""
    return {"name": name, "value": value, "created_at": format_rfc3339(set_at), "updated_at": format_rfc3339(set_at)}


def serialize_secret(name: str, set_at: datetime) -> JsonObject:
    """Return a secret, without its value."""
    return {"name": name, "created_at": format_rfc3339(set_at), "updated_at": format_rfc3339(set_at)}


def serialize_environment(name: str, hosted: HostedRepository, base: str) -> JsonObject:
    """Return a deployment environment."""
    number = sum(name.encode()) * 7919
    return {
        "id": number,
        "node_id": f"EN_{number}",
        "name": name,
        "url": f"{base}/repos/{hosted.full_name}/environments/{name}",
        "html_url": f"{WEB_URL}/{hosted.full_name}/deployments/activity_log?environments_filter={name}",
        "created_at": format_rfc3339(hosted.settings_changed_at),
        "updated_at": format_rfc3339(hosted.settings_changed_at),
        "protection_rules": [],
        "deployment_branch_policy": None,
    }
