"""The merge state of a pull request in words, and the releases that it moves."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.merge_state import describe_merge_state
from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    PullRequestDetails,
    VersionMove,
    find_release_moves,
)

PASSED, FAILED, PENDING = (CheckDetail(state, state) for state in ("success", "failure", "pending"))
CLEAN = {"merge_state": "clean", "mergeable": "mergeable", "checks": (PASSED,)}


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        (CLEAN, "ready", "can be merged"),
        (CLEAN | {"merge_state": "has_hooks"}, "ready", "can be merged"),
        (
            {"merge_state": "unstable", "checks": (FAILED,)},
            "ready",
            "can be merged: the checks that did not pass are not required",
        ),
        ({"draft": True, "merge_state": "draft"}, "blocked", "draft: mark it as ready on GitHub"),
        ({"merge_state": "dirty", "mergeable": "conflicting"}, "blocked", "conflicts with main"),
        ({"merge_state": "behind"}, "blocked", "its branch is behind main: update it on GitHub"),
        ({"merge_state": "blocked"}, "blocked", "blocked by the rules of main"),
        (
            {"merge_state": "blocked", "review": "changes_requested", "checks": (FAILED, PENDING)},
            "blocked",
            "a reviewer requested changes; failed checks: failure; pending checks: pending",
        ),
        ({"merge_state": "blocked", "review": "review_required"}, "waiting", "a review is required"),
        (
            {"merge_state": "blocked", "checks": (PENDING,), "auto_merge": True},
            "waiting",
            "pending checks: pending; auto-merge is enabled: GitHub merges it when its checks pass",
        ),
        ({"merge_state": "clean", "queue_position": 2}, "waiting", "in the merge queue at 2"),
        ({"merge_state": "unknown"}, "unknown", "GitHub is still checking whether it can be merged"),
        ({"state": "merged", "merged_by": "a-lee"}, "merged", "merged into main by a-lee"),
        ({"state": "closed"}, "closed", "closed without a merge"),
    ],
)
def test_the_merge_state_is_a_sentence(changes, level, text):
    pull = PullRequestDetails(1, "title", "https://github.com/a/b/pull/1", base="main", **changes)
    state = describe_merge_state(pull)
    assert (state.level, str(state)) == (level, text)


def test_many_failed_checks_are_counted():
    checks = tuple(CheckDetail(f"c{number}", "failure") for number in range(8))
    state = describe_merge_state(PullRequestDetails(1, "", "", merge_state="blocked", checks=checks))
    assert str(state) == "failed checks: c0, c1, c2, c3, c4 and 3 more"


RELEASES = {"environments/dev/release.yaml": "dev", "environments/prod/release.yaml": "prod"}


@pytest.mark.parametrize(
    ("patch", "move"),
    [
        ("@@ -1 +1 @@\n-version: 1.0.0\n+version: '1.1.0' # new", ("1.0.0", "1.1.0")),
        ("@@ -0,0 +1 @@\n+version: 1.1.0", (None, "1.1.0")),
        ("@@ -1 +0,0 @@\n-version: 1.0.0", ("1.0.0", None)),
        ("@@ -1 +1 @@\n version: 1.0.0\n-tag: a\n+tag: b", None),
        (None, None),
    ],
)
def test_a_changed_version_moves_a_release(patch, move):
    files = (FilePatch("environments/dev/release.yaml", "modified", patch=patch), FilePatch("README.md", "modified"))
    expected = (VersionMove("dev", *move),) if move else ()
    assert find_release_moves(files, RELEASES) == expected


def test_a_version_in_another_file_moves_nothing():
    assert find_release_moves((FilePatch("Chart.yaml", "modified", patch="+version: 1.1.0"),), RELEASES) == ()
