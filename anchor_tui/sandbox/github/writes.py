"""Refs, commits, pull requests and reviews, with GitHub's checks and error messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from anchor_tui.sandbox.github.accounts import ACCOUNTS, BOTS, COLLABORATORS, TEAMS
from anchor_tui.sandbox.github.pull_requests import HostedPullRequest, HostedReview, RuleViolationError
from anchor_tui.sandbox.github.repository import HostedRepository

INVALID_REF_NAME = re.compile(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|^/|/$|\.lock(/|$)|(^|/)\.|\.$")
BRANCH_PREFIX = "refs/heads/"
PULL_REQUEST_REQUIRED = "Changes must be made through a pull request."
NOT_ACCESSIBLE = "Resource not accessible by personal access token"


def require_write_permission(hosted: HostedRepository, permission: str) -> None:
    """Require write access and a repository that is not archived. Raises RuleViolationError."""
    if not hosted.can_write or permission in hosted.token_lacks:
        needed = f"{permission}=write"
        raise RuleViolationError(NOT_ACCESSIBLE, status=403, kind="FORBIDDEN", permission=needed)
    if hosted.is_archived:
        raise RuleViolationError("Repository was archived so is read-only.", status=403, kind="FORBIDDEN")


def _require_unprotected(hosted: HostedRepository, branch: str) -> None:
    if branch in hosted.protected_branches:
        raise RuleViolationError(
            f"Protected branch update failed for {BRANCH_PREFIX}{branch}.\n\n{PULL_REQUEST_REQUIRED}",
            kind="BRANCH_PROTECTION_RULE_VIOLATION",
        )


# --- refs and commits ------------------------------------------------------------------------------------


def create_branch(hosted: HostedRepository, ref: str, sha: str, time: datetime) -> str:
    """Create a branch at a commit and return its short name."""
    branch = ref.removeprefix(BRANCH_PREFIX)
    if not ref.startswith(BRANCH_PREFIX) or not branch or INVALID_REF_NAME.search(branch):
        raise RuleViolationError(f'"{ref}" is not a valid ref name.')
    if branch in hosted.git.branches:
        raise RuleViolationError(f'A ref named "{ref}" already exists in the repository.')
    if len(sha) != 40 or hosted.git.resolve_ref(sha) != sha:
        raise RuleViolationError("Object does not exist")
    if any(f"{branch}/".startswith(f"{other}/") or other.startswith(f"{branch}/") for other in hosted.git.branches):
        raise RuleViolationError("Reference update failed")  # a name cannot be a file and a folder of refs
    hosted.git.set_branch(branch, sha, time)
    return branch


def update_branch(hosted: HostedRepository, branch: str, sha: str, time: datetime, *, force: bool) -> None:
    """Move a branch to a descendant, or with `force` to any commit."""
    before = hosted.git.branches.get(branch)
    if before is None:
        raise RuleViolationError("Reference does not exist")
    if len(sha) != 40 or hosted.git.resolve_ref(sha) != sha:
        raise RuleViolationError("Object does not exist")
    if before == sha:
        return
    _require_unprotected(hosted, branch)
    if not force and not hosted.git.is_ancestor(before, sha):
        raise RuleViolationError("Update is not a fast forward")
    hosted.git.set_branch(branch, sha, time)


def commit_files(
    hosted: HostedRepository,
    branch: str,
    files: Mapping[str, bytes | None],
    message: str,
    *,
    expected: str,
    author: str,
    time: datetime,
) -> str:
    """Commit several files on a branch whose head is `expected`, and return the commit id."""
    head = hosted.git.branches.get(branch)
    if head is None:
        raise RuleViolationError(f"The branch {branch} does not exist in {hosted.full_name}.", kind="NOT_FOUND")
    if head != expected:
        stale = f'Expected branch to point to "{expected}" but it did not. Pull and try again.'
        raise RuleViolationError(stale, kind="STALE_DATA")
    _require_unprotected(hosted, branch)
    for path, content in files.items():
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise RuleViolationError(f'The path "{path}" is not valid.')
        entry = hosted.git.find_entry(head, path)
        if content is None and (entry is None or entry.is_folder):
            raise RuleViolationError(
                f"A path was requested for deletion which does not exist as of commit oid `{head}`"
            )
    sha = hosted.git.commit(files, message, author=ACCOUNTS[author], time=time, branch=branch)
    hosted.signed_commits.add(sha)
    return sha


# --- pull requests ---------------------------------------------------------------------------------------


def open_pull_request(
    hosted: HostedRepository,
    *,
    title: str,
    head: str,
    base: str,
    body: str,
    draft: bool,
    author: str,
    time: datetime,
    by_workflow: bool = False,
) -> HostedPullRequest:
    """Open a pull request of a branch with new commits and without another open one."""
    branch = head.removeprefix(f"{hosted.owner}:")
    if not title.strip():
        raise _validation_error("title can't be blank", field="title", code="missing_field")
    tip, base_sha = hosted.git.branches.get(branch), hosted.git.branches.get(base)
    if base_sha is None or base != hosted.git.default_branch:
        raise _validation_error("Base ref must be a branch", field="base", code="invalid")
    if tip is None:
        message = f"Head sha can't be blank, No commits between {base} and {branch}, Head ref must be a branch"
        raise _validation_error(message, field="head", code="invalid")
    if any(pull.ref == branch and pull.state == "OPEN" for pull in hosted.pull_requests.values()):
        raise _validation_error(f"A pull request already exists for {hosted.owner}:{branch}.")
    if hosted.git.is_ancestor(tip, base_sha):
        raise _validation_error(f"No commits between {base} and {branch}")
    return hosted.open_pull_request(
        title, branch=branch, author=author, time=time, body=body, draft=draft, by_workflow=by_workflow
    )


def _validation_error(message: str, *, field: str = "", code: str = "custom") -> RuleViolationError:
    error = {"resource": "PullRequest", "code": code, "message": message}
    return RuleViolationError(message, errors=(error | {"field": field} if field else error,))


def close_pull_request(pull: HostedPullRequest, time: datetime) -> None:
    """Close a pull request without merging it."""
    if pull.state == "OPEN":
        pull.closed_at = pull.updated_at = time
        pull.auto_merge = pull.queue_entry = None


def add_labels(pull: HostedPullRequest, names: tuple[str, ...], time: datetime) -> None:
    """Add labels to a pull request."""
    pull.labels = tuple(dict.fromkeys(pull.labels + names))
    pull.updated_at = time


def request_reviews(
    hosted: HostedRepository, pull: HostedPullRequest, users: tuple[str, ...], teams: tuple[str, ...], time: datetime
) -> None:
    """Request reviews of users and teams."""
    if pull.author in users:
        raise RuleViolationError("Review cannot be requested from pull request author.")
    if any(user not in COLLABORATORS for user in users) or any(team not in TEAMS for team in teams):
        raise RuleViolationError(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not "
            f"a collaborator of the {hosted.full_name} repository."
        )
    pull.reviewers = tuple(dict.fromkeys(pull.reviewers + users))
    pull.teams = tuple(dict.fromkeys(pull.teams + teams))
    pull.updated_at = time


REVIEW_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def submit_review(pull: HostedPullRequest, event: str, by: str, time: datetime, body: str = "") -> HostedReview:
    """Submit a review. The author cannot approve or request changes."""
    if event not in REVIEW_STATES:
        raise RuleViolationError("Unprocessable Entity: event is not included in the list")
    if by == pull.author and event == "APPROVE":
        raise RuleViolationError("Review Can not approve your own pull request")
    if by == pull.author and event == "REQUEST_CHANGES":
        raise RuleViolationError("Review Can not request changes on your own pull request")
    if by in BOTS:
        raise RuleViolationError(NOT_ACCESSIBLE, status=403, kind="FORBIDDEN", permission="pull_requests=write")
    review = HostedReview(by, REVIEW_STATES[event], time, pull.head, body)  # type: ignore[arg-type]  # a value of REVIEW_STATES
    old = (replace(review, state="DISMISSED") if review.author == by else review for review in pull.reviews)
    pull.reviews = (*(pull.reviews if event == "COMMENT" else old), review)
    pull.reviewers = tuple(login for login in pull.reviewers if login != by)
    pull.updated_at = time
    return review
