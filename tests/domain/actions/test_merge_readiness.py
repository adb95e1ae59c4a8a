"""When a plan merges its own pull request: only its own commit, and only by the rules of the branch."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.merge_readiness import NotReadyYet, ReadyToMerge, judge_readiness
from tests.domain.actions.test_merge import expect_refusal
from tests.plan_values import pull_state

OURS = "d" * 40
REQUIRED = ("release-contract",)


def judge(required=REQUIRED, *, ours=OURS, may_start=False, **changes):
    return judge_readiness(pull_state(**changes), ours, required, checks_may_start=may_start)


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({}, "merge"),
        ({"merge_state": "has_hooks"}, "merge"),
        ({"merge_state": "unstable", "checks": "failure", "failed_checks": ("lint",)}, "merge"),
        ({"merge_state": "unstable", "checks": "pending", "pending_checks": ("lint",)}, "merge"),
        ({"queue_required": True, "merge_state": "blocked"}, "queue"),
    ],
    ids=["clean", "hooks", "optional check failed", "optional check pending", "queue"],
)
def test_a_ready_pull_request_is_merged_by_the_branch_rules(changes, way):
    assert judge(**changes) == ReadyToMerge(way)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"merge_state": "blocked", "pending_checks": REQUIRED}, "checks pending (release-contract)"),
        ({"merge_state": "blocked", "review": "review_required"}, "a review is required"),
        ({"merge_state": "blocked"}, "the branch's rules are not met"),
        ({"merge_state": "unknown"}, "GitHub is still checking"),
        ({"queue_required": True, "queue_position": 2}, "in the merge queue at 2"),
        ({"queue_required": True, "merge_state": "blocked", "pending_checks": REQUIRED}, "checks pending"),
        ({"required": (), "checks": "none", "may_start": True}, "no check has started yet"),
        ({"required": (), "merge_state": "unstable", "checks": "pending"}, "checks pending"),
    ],
)
def test_what_is_missing_is_named_while_waiting(changes, words):
    waiting = judge(**changes)
    assert isinstance(waiting, NotReadyYet)
    assert words in waiting.text


def test_a_repository_without_checks_is_merged_after_a_while():
    assert judge((), checks="none") == ReadyToMerge("merge")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"head_sha": "e" * 40}, "head"),
        ({"ours": ""}, "head"),
        ({"from_fork": True}, "fork"),
        ({"draft": True}, "draft"),
        ({"mergeable": "conflicting"}, "conflict"),
        ({"review": "changes_requested"}, "review"),
        ({"merge_state": "blocked", "failed_checks": REQUIRED}, "checks"),
        ({"required": (), "merge_state": "unstable", "failed_checks": ("lint",)}, "checks"),
        ({"required": (), "merge_state": "unstable", "checks": "unknown"}, "checks"),
        ({"merge_state": "behind"}, "behind"),
    ],
)
def test_waiting_ends_when_it_does_not_help(changes, kind):
    assert expect_refusal(judge(**changes)).kind == kind
