"""From changed files to a pull request: an existing branch is used, and one that may have been reviewed is kept."""

from __future__ import annotations

import base64

import pytest

from anchor_tui.config.model import PromotionConfig
from anchor_tui.domain.actions.plan import PullRequestDraft
from anchor_tui.domain.actions.pull_request_steps import RemainingSteps, remaining_steps, repo_preconditions
from anchor_tui.domain.actions.repo_state import ExistingBranch, RepoPermissions, blob_oid
from anchor_tui.domain.actions.steps import (
    AddLabels,
    CommitFiles,
    CreateBranch,
    MergePullRequest,
    MoveBranch,
    RequestReviewers,
)
from tests.domain.policy.sample_repo import CONFIG
from tests.plan_values import HEAD, expect_refusal, pull_state, repo_state
from tests.values import replace

BRANCH = "anchor-tui/promote/prod/1.43.2"
DRAFT = PullRequestDraft(
    BRANCH, "Promote 1.43.2 to prod", "body\n", ("promotion", "prod"), ("a.lee", "anchor/platform")
)
RELEASE = "environments/prod/release.yaml"
CONTENTS = {RELEASE: b"version: 1.43.2\n"}
OURS = ExistingBranch(BRANCH, "e" * 40, (HEAD,), {RELEASE: blob_oid(CONTENTS[RELEASE]), "other": "f" * 40})
AROUND = ["AddLabels", "RequestReviewers"]


def opened(config=CONFIG, draft=DRAFT, **changes):
    return remaining_steps(draft, CONTENTS, repo_state(**changes), config, "4f1c")


def names(found):
    assert isinstance(found, RemainingSteps), str(found)
    return [type(step).__name__ for step in found.steps]


def test_without_a_branch_all_steps_are_missing():
    found = opened()
    assert names(found) == ["CreateBranch", "CommitFiles", "CreatePullRequest", *AROUND]
    assert found.steps[0] == CreateBranch("anchor/anchor-msp-ops", BRANCH, HEAD)
    commit = found.steps[1]
    assert isinstance(commit, CommitFiles)
    assert (commit.parent, commit.headline, commit.body) == (HEAD, DRAFT.title, "Anchor-Tui-Request: 4f1c")
    (change,) = commit.files
    assert (change.path, base64.b64decode(change.content)) == (RELEASE, CONTENTS[RELEASE])
    assert change.was == repo_state().files[RELEASE].oid
    assert (found.number, found.url, found.note) == (None, "", "")


def test_a_branch_at_the_head_gets_the_commit():
    found = opened(existing_branch=ExistingBranch(BRANCH, HEAD))
    assert names(found) == ["CommitFiles", "CreatePullRequest", *AROUND]
    assert found.note == f"the branch {BRANCH} already exists and is used"


def test_our_commit_that_is_there_already_is_gone_on_with():
    found = opened(existing_branch=OURS)
    assert names(found) == ["CreatePullRequest", *AROUND]
    assert "the commit eeeeeee on" in found.note


@pytest.mark.parametrize(
    "ours",
    [
        replace(OURS, parents=("c" * 40,)),
        replace(OURS, blobs={RELEASE: "0" * 40}),
        replace(OURS, blobs={}),
        replace(OURS, parents=()),
    ],
    ids=["on an older head", "with other content", "without the file", "without a parent"],
)
def test_a_branch_that_is_left_from_before_is_moved_on(ours):
    found = opened(existing_branch=ours)
    assert names(found) == ["MoveBranch", "CommitFiles", "CreatePullRequest", *AROUND]
    assert found.steps[0] == MoveBranch("anchor/anchor-msp-ops", BRANCH, HEAD, "e" * 40)
    assert "exists from before, at eeeeeee, and is moved" in found.note


def test_an_equal_open_pull_request_is_shown_and_not_recreated():
    pull = pull_state(labels=("prod", "promotion", "x"), reviewers=("b.lee",))
    refusal = expect_refusal(opened(existing_branch=OURS, pull_requests=(pull,)))
    assert (refusal.kind, refusal.url) == ("open", pull.url)
    assert "#232 “Promote 1.43.2 to prod 232” is already open with the same content: merge it (m)" in refusal.message


@pytest.mark.parametrize(
    ("pull", "steps"),
    [
        (
            pull_state(),
            [
                AddLabels("anchor/anchor-msp-ops", ("promotion", "prod")),
                RequestReviewers("anchor/anchor-msp-ops", ("a.lee", "anchor/platform")),
            ],
        ),
        (pull_state(labels=("promotion",), reviewers=("x",)), [AddLabels("anchor/anchor-msp-ops", ("prod",))]),
        (
            pull_state(labels=("promotion", "prod")),
            [RequestReviewers("anchor/anchor-msp-ops", ("a.lee", "anchor/platform"))],
        ),
    ],
)
def test_what_an_open_pull_request_lacks_is_gone_on_with(pull, steps):
    found = opened(existing_branch=OURS, pull_requests=(pull,))
    assert isinstance(found, RemainingSteps)
    assert list(found.steps) == steps
    assert (found.number, found.url) == (232, pull.url)
    assert "#232 is already open" in found.note


@pytest.mark.parametrize("ours", [None, replace(OURS, blobs={RELEASE: "0" * 40})])
def test_a_pull_request_with_other_content_is_never_rewritten(ours):
    refusal = expect_refusal(opened(existing_branch=ours, pull_requests=(pull_state(),)))
    assert (refusal.kind, refusal.url) == ("open-differs", pull_state().url)
    assert "with different content" in refusal.message


def test_an_outdated_pull_request_is_compared_by_its_files():
    found = opened(
        existing_branch=replace(OURS, parents=("c" * 40,)), pull_requests=(pull_state(labels=("promotion", "prod")),)
    )
    assert names(found) == ["RequestReviewers"]


def test_without_labels_and_reviewers_no_review_is_requested():
    assert names(opened(draft=replace(DRAFT, labels=(), reviewers=()))) == [
        "CreateBranch",
        "CommitFiles",
        "CreatePullRequest",
    ]


AUTO = replace(CONFIG, promotion=PromotionConfig(merge="auto"))


def test_configured_auto_merge_is_the_last_step():
    found = opened(AUTO, permissions=RepoPermissions("on-call", "yes", merge_methods=("rebase", "merge")))
    assert names(found)[-1] == "MergePullRequest"
    assert found.steps[-1] == MergePullRequest("anchor/anchor-msp-ops", None, "", "", "rebase", "auto-merge")


def test_an_open_pull_request_without_auto_merge_gets_it():
    pull = pull_state(labels=("promotion", "prod"), reviewers=("x",))
    found = opened(AUTO, existing_branch=OURS, pull_requests=(pull,))
    assert isinstance(found, RemainingSteps)
    assert found.steps == (MergePullRequest("anchor/anchor-msp-ops", None, "", "e" * 40, "squash", "auto-merge"),)
    assert found.number == 232
    assert (
        expect_refusal(opened(AUTO, existing_branch=OURS, pull_requests=(replace(pull, auto_merge=True),))).kind
        == "open"
    )


def test_the_preconditions_are_files_branch_and_pull_request():
    workbench = repo_state(existing_branch=OURS, pull_requests=(pull_state(),))
    facts = {
        each.what: each.value for each in repo_preconditions(workbench.files, workbench.source_file, workbench, BRANCH)
    }
    assert list(facts) == [
        RELEASE,
        "infra/helm/platform/environments/prod/values.yaml",
        "the copied environments/staging/release.yaml",
        f"the branch {BRANCH}",
        "its pull request",
    ]
    assert facts[f"the branch {BRANCH}"] == "at eeeeeee"
    assert facts["its pull request"] == "#232"
    assert facts[RELEASE] == f"blob {workbench.files[RELEASE].oid[:7]}"
    without = {each.what: each.value for each in repo_preconditions({}, None, repo_state(), BRANCH)}
    assert without == {f"the branch {BRANCH}": "absent", "its pull request": "not open"}
