"""The parts of one pull request that were read."""

from __future__ import annotations

from typing import NamedTuple

from anchor_tui.domain.inspection.pull_request_details import JobLogTail, PullRequestDetails, PullRequestPatches


class PullRequestParts(NamedTuple):
    """A pull request. `patches` is None if the files could not be read; `problems` names what is missing."""

    details: PullRequestDetails
    patches: PullRequestPatches | None
    logs: tuple[JobLogTail, ...]
    problems: tuple[str, ...]
