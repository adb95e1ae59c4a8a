"""The history of the ops repo: merged and open pull requests with their age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from anchor_tui.sandbox.github.pull_requests import CheckConclusion

DEV, STAGING, PROD = "dev", "staging", "prod"


@dataclass(frozen=True, slots=True)
class SeedRelease:
    """A release in an environment: its release.yaml and its overlay change."""

    environment: str
    version: str


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A change of one file: `old` is replaced by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SeedThread:
    """Comments on a line of a file: author and text of each. `line` is None if the line was changed since."""

    path: str
    line: int | None
    original_line: int
    comments: tuple[tuple[str, str], ...]
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class SeedPullRequest:
    """A pull request that was merged `ago` before now; with `merged=False`, opened `ago` before now."""

    number: int
    ago: timedelta
    author: str
    content: SeedRelease | FileEdit
    title: str = ""
    branch: str = ""
    open_for: timedelta = timedelta(minutes=25)
    merged_by: str = "m-ito"
    merged: bool = True
    draft: bool = False
    labels: tuple[str, ...] = ()
    approved_by: str | None = None
    changes_requested_by: str | None = None
    threads: tuple[SeedThread, ...] = ()
    body: str = ""
    checks: CheckConclusion = "SUCCESS"


def _time_ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


FIRST_VERSION = "1.39.0"
FIRST_COMMIT = _time_ago(days=62)
LATER_VERSIONS = {"1.45.0": "2026-11-23T11:36:52Z"}
"""Versions of scenarios only: version → time of its release."""

HISTORY: tuple[SeedPullRequest, ...] = (
    SeedPullRequest(201, _time_ago(56, 3), "anchor-bot", SeedRelease(DEV, "1.40.0")),
    SeedPullRequest(202, _time_ago(55, 1), "a-lee", SeedRelease(STAGING, "1.40.0")),
    SeedPullRequest(203, _time_ago(53, 5), "anchor-bot", SeedRelease(DEV, "1.40.1")),
    SeedPullRequest(204, _time_ago(52, 2), "m-ito", SeedRelease(STAGING, "1.40.1"), merged_by="a-lee"),
    SeedPullRequest(205, _time_ago(50, 4), "a-lee", SeedRelease(PROD, "1.40.1")),
    SeedPullRequest(
        206,
        _time_ago(47, 6),
        "s-okafor",
        FileEdit("infra/helm/platform/values.yaml", "    limits: {memory: 640Mi}", "    limits: {memory: 768Mi}"),
        title="Raise the gateway's memory limit to 768Mi",
        branch="gateway-memory",
    ),
    SeedPullRequest(207, _time_ago(45, 7), "anchor-bot", SeedRelease(DEV, "1.41.0")),
    SeedPullRequest(208, _time_ago(43, 3), "a-lee", SeedRelease(STAGING, "1.41.0")),
    SeedPullRequest(209, _time_ago(40, 2), "anchor-bot", SeedRelease(DEV, "1.41.1")),
    SeedPullRequest(210, _time_ago(39, 5), "m-ito", SeedRelease(STAGING, "1.41.1"), merged_by="a-lee"),
    SeedPullRequest(211, _time_ago(37, 1), "m-ito", SeedRelease(PROD, "1.41.1"), merged_by="a-lee"),
    SeedPullRequest(212, _time_ago(34, 4), "anchor-bot", SeedRelease(DEV, "1.41.2")),
    SeedPullRequest(213, _time_ago(33, 6), "a-lee", SeedRelease(STAGING, "1.41.2")),
    SeedPullRequest(214, _time_ago(32, 2), "a-lee", SeedRelease(PROD, "1.41.2")),
    SeedPullRequest(215, _time_ago(26, 5), "anchor-bot", SeedRelease(DEV, "1.42.0")),
    SeedPullRequest(216, _time_ago(24, 3), "m-ito", SeedRelease(STAGING, "1.42.0"), merged_by="a-lee"),
    SeedPullRequest(217, _time_ago(22, 6), "a-lee", SeedRelease(PROD, "1.42.0")),
    SeedPullRequest(218, _time_ago(19, 2), "anchor-bot", SeedRelease(DEV, "1.42.1")),
    SeedPullRequest(219, _time_ago(17, 4), "a-lee", SeedRelease(STAGING, "1.42.1")),
    SeedPullRequest(220, _time_ago(12, 5), "anchor-bot", SeedRelease(DEV, "1.43.0")),
    SeedPullRequest(221, _time_ago(10, 3), "m-ito", SeedRelease(STAGING, "1.43.0"), merged_by="a-lee"),
    SeedPullRequest(222, _time_ago(8, 6), "a-lee", SeedRelease(PROD, "1.43.0")),
    SeedPullRequest(223, _time_ago(6, 2), "anchor-bot", SeedRelease(DEV, "1.43.1")),
    SeedPullRequest(224, _time_ago(5, 1), "a-lee", SeedRelease(STAGING, "1.43.1")),
    SeedPullRequest(225, _time_ago(3), "m-ito", SeedRelease(PROD, "1.43.1"), merged_by="a-lee"),
    SeedPullRequest(226, _time_ago(2, 6), "anchor-bot", SeedRelease(DEV, "1.43.2")),
    SeedPullRequest(
        227,
        _time_ago(2, 2),
        "s-okafor",
        FileEdit("README.md", "\n", "\n\nOn-call hand-over: see the wiki, page *Anchor on call*.\n"),
        title="Point the README at the on-call hand-over",
        branch="readme-on-call",
        merged=False,
        draft=True,
        labels=("documentation",),
    ),
    SeedPullRequest(228, _time_ago(1, 1), "a-lee", SeedRelease(STAGING, "1.43.2")),
    SeedPullRequest(
        229,
        _time_ago(hours=20),
        "s-okafor",
        FileEdit(".github/workflows/sync.yaml", "actions/checkout@v3", "actions/checkout@v4"),
        title="Move the sync workflow to actions/checkout@v4",
        branch="checkout-v4",
        merged_by="a-lee",
    ),
    SeedPullRequest(231, _time_ago(hours=2), "a-lee", SeedRelease(DEV, "1.44.0")),
)
