"""Promotion: what is looked at before, what stops it, and what the Plan then holds."""

from __future__ import annotations

import base64
import shlex

import pytest

from anchor_tui.config.model import PromotionConfig
from anchor_tui.domain.actions.application_state import SyncWindows
from anchor_tui.domain.actions.plan import Refusal, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.repo_state import ExistingBranch, RepoPermissions, blob_oid
from anchor_tui.domain.actions.steps import CommitFiles, DispatchWorkflow
from anchor_tui.domain.actions.steps import CreatePullRequest as OpenStep
from anchor_tui.domain.actions.wait_steps import WaitForMerge, WaitForWorkflowRun
from anchor_tui.domain.model import Problem, PullRequest
from anchor_tui.domain.source_data import HeadCommit, OpenPullRequestData
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.plan_values import (
    HEAD,
    environment,
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    only_line,
    order,
    pull_state,
    repo,
    repo_inputs,
    repo_state,
    sample_release,
    snapshot,
    step_names,
    unread_source,
)
from tests.values import ago, application, replace

STAGING_APP = application("anchor-msp-staging", synced_at=ago(hours=5), health_since=ago(hours=5))
PROD_APP = application("anchor-msp-prod")


def estate(staging=STAGING_APP, prod=PROD_APP, **changes):
    apps = (staging,) if staging is not None else ()
    return snapshot(
        environment("dev", application("anchor-msp-dev")),
        environment("staging", *apps),
        environment("prod", prod),
        **changes,
    )


def soaking(minutes):
    return replace(CONFIG, promotion=PromotionConfig(soak_minutes=minutes))


def planned(workbench=None, config=CONFIG, asked=None, **changes):
    found = {"snapshot": estate(), **changes}
    return make_plan(
        asked or order("promote", "prod", reason="soaked"), repo_inputs(workbench or repo_state(), config, **found)
    )


def body_of(plan):
    return plan.pull_request.body


# --- the plan -----------------------------------------------------------------------------------------


def test_a_promotion_is_one_branch_commit_and_pull_request():
    plan = expect_plan(planned())
    assert step_names(plan) == [
        "CreateBranch",
        "CommitFiles",
        "CreatePullRequest",
        "AddLabels",
        "WaitForMerge",
        "WaitForRollout",
        "WaitForHealth",
    ]
    assert plan.title == "Promote 1.43.2 to prod"
    assert (plan.confirmation, plan.phrase, plan.protected, plan.reason_required) == ("phrase", "prod", True, True)
    assert [each.path for each in plan.diffs] == [
        "environments/prod/release.yaml",
        "infra/helm/platform/environments/prod/values.yaml",
    ]
    assert line_texts(plan, "change")[:2] == [
        "prod: 1.43.1 (2c8e6a4) → 1.43.2 (5b1d9c7)",
        "gateway  1.43.1 → 1.43.2  sha256:7be1c0a95d…",
    ]
    assert "includes: #16 Release 1.43.2" in line_texts(plan, "note")
    assert shlex.split(plan.command) == [
        "anchor-tui",
        "promote",
        "prod",
        "--reason",
        "soaked",
        "--confirm",
        "prod",
    ]


def test_what_is_committed_and_opened_is_what_is_shown():
    plan = expect_plan(planned())
    (change,) = plan.step_groups
    commit = next(step for step in change.steps if isinstance(step, CommitFiles))
    opened = next(step for step in change.steps if isinstance(step, OpenStep))
    assert commit.parent == HEAD
    assert [each.path for each in commit.files] == [each.path for each in plan.diffs]
    assert plan.pull_request is not None
    assert (opened.branch, opened.headline, opened.body) == (
        plan.pull_request.branch,
        plan.pull_request.title,
        plan.pull_request.body,
    )
    assert opened.base == "main"
    assert opened.branch == "anchor-tui/promote/prod/1.43.2"


def test_the_pull_request_contains_versions_reason_and_checks():
    body = body_of(expect_plan(planned()))
    assert "Moves `prod` from `1.43.1` to `1.43.2` from `staging` (commit `5b1d9c7`)." in body
    assert "**Reason:** soaked" in body
    assert "| `gateway` | `1.43.1` | `1.43.2` | `sha256:7be1c0a95d3f` |" in body
    assert "- #16 `Release 1.43.2`" in body
    assert "staging is Synced and Healthy for 5 h" in body


def test_title_and_body_can_be_given():
    asked = order("promote", "prod", title="Release day", body="By hand.\n", reason="x")
    plan = expect_plan(planned(asked=asked))
    assert plan.pull_request is not None
    assert (plan.pull_request.title, plan.pull_request.body) == ("Release day", "By hand.\n\n**Reason:** x\n")


def test_of_an_unprotected_environment_one_key_is_enough():
    plan = expect_plan(planned(repo_state("staging", "dev"), asked=order("promote", "staging")))
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("key", "", False)
    assert plan.command == "anchor-tui promote staging --yes"


def test_labels_and_reviewers_are_the_configured_ones():
    config = replace(CONFIG, promotion=PromotionConfig(labels=("promotion", "x"), reviewers=("a/b",)))
    plan = expect_plan(planned(config=config))
    assert plan.pull_request is not None
    assert (plan.pull_request.labels, plan.pull_request.reviewers) == (("promotion", "x"), ("a/b",))
    assert step_names(plan)[2:5] == ["CreatePullRequest", "AddLabels", "RequestReviewers"]


def test_an_unrelated_push_is_not_a_drift():
    first = expect_plan(planned())
    later = expect_plan(planned(repo_state(repo=repo(head=HeadCommit("c" * 40, "Unrelated")))))
    assert preconditions_hold(first, later)
    commit = next(step for step in later.step_groups[0].steps if isinstance(step, CommitFiles))
    assert commit.parent == "c" * 40


STAGING_RELEASE, PROD_RELEASE = (f"environments/{name}/release.yaml" for name in ("staging", "prod"))


@pytest.mark.parametrize(
    "changed",
    [
        repo_state(files={PROD_RELEASE: sample()[PROD_RELEASE] + "# x\n"}),
        repo_state(copied=sample()[STAGING_RELEASE] + "# x\n"),
        repo_state(existing_branch=ExistingBranch("anchor-tui/promote/prod/1.43.2", HEAD)),
    ],
    ids=["the file that is changed", "the file that is copied", "our branch"],
)
def test_a_changed_touched_or_copied_file_is_a_drift(changed):
    assert not preconditions_hold(expect_plan(planned()), expect_plan(planned(changed)))


@pytest.mark.parametrize(("blobs_are_ours", "kind"), [(True, "open"), (False, "open-differs")])
def test_an_open_pull_request_is_shown_and_not_made_again(blobs_are_ours, kind):
    commit = next(step for step in expect_plan(planned()).step_groups[0].steps if isinstance(step, CommitFiles))
    blobs = {each.path: blob_oid(base64.b64decode(each.content)) for each in commit.files if blobs_are_ours}
    ours = ExistingBranch("anchor-tui/promote/prod/1.43.2", "e" * 40, (HEAD,), blobs)
    refusal = expect_refusal(
        planned(repo_state(existing_branch=ours, pull_requests=(pull_state(labels=("promotion",)),)))
    )
    assert (refusal.kind, refusal.url) == (kind, pull_state().url)


def test_without_github_there_is_no_promotion():
    refusal = Refusal("GitHub", "timeout", "GitHub is not readable: no answer")
    assert planned(refusal) == refusal
    assert (
        expect_refusal(make_plan(order("promote", "prod"), replace(repo_inputs(repo_state()), repo_state=None))).kind
        == "unread"
    )


# --- rights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rights", "kind", "words"),
    [
        (RepoPermissions("on-call", "no"), "forbidden", "the token of on-call may not write to anchor/anchor-msp-ops"),
        (RepoPermissions("", "no"), "forbidden", "the token may not write to"),
        (RepoPermissions("on-call", "yes", archived=True), "archived", "is archived and cannot be changed"),
    ],
)
@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_a_missing_write_permission_is_refused_first(rights, kind, words, action):
    workbench = replace(repo_state(), permissions=rights)
    asked = order("promote", "prod", reason="x")
    if action == "rollback":
        workbench = replace(repo_state("dev", "dev", copied=sample()[STAGING_RELEASE]), permissions=rights)
        asked = order("rollback", "dev", version="1.43.2", reason="x")
    refusal = expect_refusal(planned(workbench, asked=asked))
    assert refusal.kind == kind
    assert words in refusal.message


@pytest.mark.parametrize(
    ("rights", "is_workflow", "kind", "words"),
    [
        (RepoPermissions("on-call", "yes"), False, "ok", "on-call may write to anchor/anchor-msp-ops"),
        (RepoPermissions("on-call", "unknown"), False, "warning", "it is unknown whether the token may write"),
        (
            RepoPermissions("github-actions[bot]", "yes"),
            False,
            "warning",
            "as github-actions[bot]: a pull request opened with",
        ),
        (RepoPermissions("", "unknown"), True, "warning", "as a workflow's own token: "),
    ],
)
def test_a_plan_names_the_writer(rights, is_workflow, kind, words):
    plan = expect_plan(planned(replace(repo_state(), permissions=rights), in_github_actions=is_workflow))
    assert only_line(plan, words).kind == kind


# --- the environment before -----------------------------------------------------------------------------

ILL = replace(STAGING_APP, health="Degraded")
ASLEEP = replace(STAGING_APP, health="Missing", sync="OutOfSync")
FRESH = replace(STAGING_APP, synced_at=ago(minutes=5), health_since=ago(hours=5))
UPSTREAM = {
    "its Argo CD gave no answer": (estate(sources=(unread_source(),)), 0, "stale", "no answer within 15 s"),
    "its Argo CD is not among the sources": (estate(sources=()), 0, "stale", "not asked"),
    "Degraded": (estate(ILL), 0, "unhealthy", "anchor-msp-staging is Synced and Degraded"),
    "OutOfSync": (estate(replace(STAGING_APP, sync="OutOfSync")), 0, "unhealthy", "is OutOfSync and Healthy"),
    "not told": (
        estate(replace(STAGING_APP, sync=None, health=None)),
        0,
        "unhealthy",
        "is of unknown sync and of unknown health",
    ),
    "without an application": (estate(None), 0, "unread", "staging has no known application"),
    "not soaked": (estate(FRESH), 30, "not-soaked", "staging has been healthy with it for 5 min; soak_minutes = 30"),
    "not known since when": (
        estate(replace(STAGING_APP, synced_at=None, health_since=None)),
        30,
        "not-soaked",
        "for an unknown time",
    ),
    "asleep, and it should have soaked": (estate(ASLEEP), 30, "not-soaked", "wake it up first: soak_minutes = 30"),
    "absent, as it may be, and it should have soaked": (
        estate(replace(STAGING_APP, presence="absent", problems=(Problem("x", "not-found", "404"),))),
        30,
        "not-soaked",
        "staging is asleep",
    ),
}


@pytest.mark.parametrize("name", UPSTREAM)
def test_an_unhealthy_upstream_refuses_the_promotion_unless_without_argocd(name):
    found, soak, kind, words = UPSTREAM[name]
    refusal = expect_refusal(planned(config=soaking(soak), snapshot=found))
    assert (refusal.kind, refusal.subject) == (kind, "staging")
    assert words in refusal.message

    plan = expect_plan(
        planned(config=soaking(soak), snapshot=found, asked=order("promote", "prod", reason="x", without_argocd=True))
    )
    words = "without Argo CD: the health of staging was NOT checked"
    assert only_line(plan, words).kind == "warning"
    assert f"{words}" in body_of(plan)
    assert "--without-argocd" in plan.command
    assert step_names(plan)[-1] == "WaitForMerge"


def test_a_sleeping_upstream_is_a_warning_without_soak_minutes():
    assert only_line(expect_plan(planned(snapshot=estate(ASLEEP))), "staging is asleep").kind == "warning"


@pytest.mark.parametrize("soak", [0, 30])
def test_a_plan_contains_the_soak_time_upstream(soak):
    plan = expect_plan(planned(config=soaking(soak), snapshot=estate(replace(FRESH, synced_at=ago(minutes=31)))))
    assert only_line(plan, "staging is Synced and Healthy for 31 min").kind == "ok"


def test_an_older_release_cannot_have_soaked_now():
    asked = order("promote", "prod", source="dev", version="1.43.2", reason="x")
    workbench = repo_state("prod", "dev", copied=sample()[STAGING_RELEASE])
    plan = expect_plan(planned(workbench, asked=asked))
    assert only_line(plan, "dev no longer runs 1.43.2").kind == "warning"
    refusal = expect_refusal(planned(workbench, soaking(30), asked=asked))
    assert (refusal.kind, refusal.subject) == ("not-soaked", "dev")


# --- the target ---------------------------------------------------------------------------------------


def frozen(**changes):
    windows = SyncWindows(can_sync=False, active=("deny 0 0 * * * for 24h",))
    return {PROD_APP.id: make_app_state(PROD_APP, windows=windows, **changes)}


def test_in_a_freeze_nothing_is_promoted():
    refusal = expect_refusal(planned(states=frozen()))
    assert (refusal.kind, refusal.subject) == ("window", "prod")
    assert "anchor-msp-prod is in a freeze: a sync window forbids syncs (deny 0 0 * * * for 24h)" in refusal.message


@pytest.mark.parametrize(
    ("states", "kind", "words"),
    [
        ({PROD_APP.id: make_app_state(PROD_APP)}, "ok", "no sync window forbids a sync of anchor-msp-prod"),
        (
            {PROD_APP.id: Refusal("x", "timeout", "Argo CD is not readable: no answer")},
            "warning",
            "the sync windows of anchor-msp-prod are unknown: Argo CD is not readable: no answer",
        ),
    ],
)
def test_a_plan_contains_the_state_of_sync_windows(states, kind, words):
    assert only_line(expect_plan(planned(states=states)), words).kind == kind


def test_only_pull_requests_of_others_are_a_warning():
    other = OpenPullRequestData(PullRequest(99, "Bump", "https://x/99"), "topic", {"prod": sample_release("dev", 17)})
    broken = OpenPullRequestData(PullRequest(98, "Odd", "https://x/98"), "odd", {"prod": None})
    elsewhere = OpenPullRequestData(PullRequest(97, "Dev", "https://x/97"), "dev", {"dev": sample_release("dev", 17)})
    plan = expect_plan(planned(repo_state(repo=repo(pull_requests=(other, broken, elsewhere)))))
    assert only_line(plan, "#99").text == "#99 also moves prod, to 1.44.0: one of them will conflict"
    assert only_line(plan, "#98").text == "#98 also moves prod, to an unreadable release: one of them will conflict"
    assert not any("#97" in line for line in line_texts(plan))


@pytest.mark.parametrize("via", ["pull-request", "workflow"])
def test_an_open_promotion_is_shown_and_not_opened_again(via):
    theirs = OpenPullRequestData(
        PullRequest(99, "Promote 1.43.2", "https://x/99"), "t", {"prod": sample_release("staging")}
    )
    config = replace(CONFIG, promotion=PromotionConfig(via=via, workflow="promote.yaml"))
    refusal = expect_refusal(planned(repo_state(repo=repo(pull_requests=(theirs,))), config))
    assert (refusal.kind, refusal.url, refusal.already_done) == ("open", "https://x/99", True)
    assert "#99 “Promote 1.43.2” is already open with the same content: merge it (m)" in refusal.message


def test_a_later_reason_is_added_to_an_edited_text():
    asked = order("promote", "prod", reason="night release", body="Words of my own.")
    assert body_of(expect_plan(planned(asked=asked))) == "Words of my own.\n\n**Reason:** night release\n"
    said = replace(asked, body="Words of my own, for the night release.\n")
    assert body_of(expect_plan(planned(asked=said))) == said.body


# --- policy -------------------------------------------------------------------------------------------

VALUES = "infra/helm/platform/environments/prod/values.yaml"


def test_a_policy_error_that_the_change_brings_in_refuses_it():
    latest = sample()[STAGING_RELEASE].replace("1.43.2", "latest")
    staging = replace(repo().environments["staging"], release=replace(sample_release("staging", 16), version="latest"))
    held = repo({STAGING_RELEASE: latest}, environments={**repo().environments, "staging": staging})
    refusal = expect_refusal(planned(repo_state(repo=held)))
    assert refusal.kind == "policy"
    assert refusal.message.startswith("the change would cause 1 new policy error: release.pinned: ")


def test_a_policy_error_that_is_there_already_only_warns():
    broken = sample()[VALUES].replace("AUTH_MODE: jwt", "AUTH_MODE: disabled")
    assert broken != sample()[VALUES]
    plan = expect_plan(planned(repo_state(files={VALUES: broken})))
    assert only_line(plan, "auth.jwt-required already fails and still would").kind == "warning"
    assert only_line(plan, "pass for the changed files").kind == "ok"


APPLICATION = "infra/argocd/applications/prod.yaml"


def test_a_release_that_a_parameter_overrides_is_refused():
    """It did not match before either, so the check alone is not a new error."""
    overridden = sample()[APPLICATION].replace(
        "    helm:\n", "    helm:\n      parameters: [{name: web.image.tag, value: 1.0.0}]\n"
    )
    refusal = expect_refusal(planned(repo_state(files={APPLICATION: overridden})))
    assert refusal.kind == "policy"
    assert "release.contract-aligned: anchor-web: 1.0.0" in refusal.message


def test_a_numeric_tag_is_quoted_and_matches_the_release():
    numbers = {
        path: sample()[path].replace("tag: 1.43.2", 'tag: "1000001"').replace("tag: 1.43.1", "tag: 999999")
        for path in (STAGING_RELEASE, VALUES)
    }
    plan = expect_plan(planned(repo_state(files=numbers)))
    assert [line.text for line in plan.lines if "contract-aligned" in line.text] == []
    [overlay] = [diff.text for diff in plan.diffs if diff.path == VALUES]
    assert overlay.count('+    tag: "1000001"   # written') == 2


def test_an_image_that_would_be_unknown_is_a_warning():
    path = "infra/helm/platform/values.yaml"
    text = sample()[path] + "sidecar: {image: '{{ .Values.registry }}/anchor-web:1'}\n"
    plan = expect_plan(planned(repo_state(files={path: text})))
    line = only_line(plan, "release.contract-aligned would be unknown: web: `sidecar.image` has a form")
    assert line.kind == "warning"


def test_images_without_tags_are_named_by_their_digest():
    pinned = {}
    for path in (STAGING_RELEASE, "environments/prod/release.yaml", VALUES):
        lines = sample()[path].split("\n")
        pinned[path] = "\n".join(line for line in lines if not line.strip().startswith("tag:"))
    plan = expect_plan(planned(repo_state(files=pinned)))
    assert "None" not in body_of(plan)
    assert only_line(plan, "gateway  sha256:c3d4e5f607… → no tag  sha256:").kind == "change"


# --- by the ops repo's workflow -------------------------------------------------------------------------

BY_WORKFLOW = replace(CONFIG, promotion=PromotionConfig(via="workflow", workflow="promote.yaml"))


def test_by_workflow_the_plan_dispatches_and_waits():
    plan = expect_plan(planned(config=BY_WORKFLOW))
    assert step_names(plan) == [
        "DispatchWorkflow",
        "WaitForWorkflowRun",
        "WaitForMerge",
        "WaitForRollout",
        "WaitForHealth",
    ]
    dispatch, run, pull = plan.step_groups[0].steps[:3]
    assert dispatch == DispatchWorkflow(
        "anchor/anchor-msp-ops", "promote.yaml", "main", {"from": "staging", "to": "prod"}
    )
    assert run == WaitForWorkflowRun("anchor/anchor-msp-ops", "promote.yaml", "prod", "1.43.2")
    assert pull == WaitForMerge("anchor/anchor-msp-ops")
    assert (plan.verb, plan.pull_request, plan.diffs) == ("Start workflow", None, ())


def test_by_workflow_only_an_older_version_is_an_input():
    asked = order("promote", "prod", source="dev", version="1.43.2", reason="x")
    plan = expect_plan(planned(config=BY_WORKFLOW, asked=asked))
    assert plan.step_groups[0].steps[0].inputs == {"from": "dev", "to": "prod", "version": "1.43.2"}


def test_a_workflow_that_calls_us_is_not_called():
    refusal = expect_refusal(planned(config=BY_WORKFLOW, in_github_actions=True))
    assert refusal.kind == "workflow"


def test_by_workflow_an_open_pull_request_is_shown():
    running = OpenPullRequestData(
        PullRequest(99, "Promote", "https://x/99"), "topic", {"prod": sample_release("staging", 16)}
    )
    refusal = expect_refusal(planned(repo_state(repo=repo(pull_requests=(running,))), BY_WORKFLOW))
    assert (refusal.kind, refusal.url) == ("open", "https://x/99")


# --- the command line -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["'; rm -rf / #", "$(id)", "-5 % errors", "a\nb"])
def test_the_equivalent_command_is_safe_for_a_shell(words):
    plan = expect_plan(planned(asked=order("promote", "prod", source="staging", version="1.43.2", reason=words)))
    said = shlex.split(plan.command)
    assert said[:6] == ["anchor-tui", "promote", "prod", "--from", "staging", "--version"]
    assert f"--reason={words}" in said if words.startswith("-") else said[said.index("--reason") + 1] == words
