"""A pull request from a fork, by an author without write access."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.sandbox.github.accounts import ACCOUNTS
from anchor_tui.sandbox.github.pull_requests import HostedPullRequest
from anchor_tui.sandbox.server import Sandbox

FORK_OWNER = "passer-by"


def open_fork_pull_request(box: Sandbox, branch: str, files: Mapping[str, str | bytes]) -> HostedPullRequest:
    """Open it from a branch of the fork, whose name may be that of a branch of the ops repo."""
    box.git.commit(
        files,
        "A change",
        author=ACCOUNTS[FORK_OWNER],
        time=box.clock.now(),
        branch=f"{FORK_OWNER}:{branch}",
        start=box.git.head,
    )
    return box.github_repo.open_pull_request(
        "A change", branch=branch, author=FORK_OWNER, time=box.clock.now(), fork_owner=FORK_OWNER
    )
