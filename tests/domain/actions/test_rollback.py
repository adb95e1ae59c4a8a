"""Rollback: an earlier release at today's head, what it reverts, and the event it sends."""

from __future__ import annotations

import shlex
from datetime import timedelta

import pytest

from anchor_tui.config.model import PromotionConfig, StatusApiConfig
from anchor_tui.domain.actions.application_state import SyncWindows
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.steps import SendEvent, Sync
from anchor_tui.domain.actions.wait_steps import WaitForMergeable, WaitForOperation, WaitForRollout
from anchor_tui.domain.model import AutoSyncPolicy, Diagnosis
from anchor_tui.domain.source_data import EnvironmentFiles
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    only_line,
    order,
    past_releases,
    repo,
    repo_inputs,
    repo_state,
    sample_release,
    snapshot,
    step_names,
)
from tests.values import NOW, application, replace

RELEASE = "environments/prod/release.yaml"
OVERLAY = "infra/helm/platform/environments/prod/values.yaml"
STATUS_URL = "https://status.anchor.example/events"
TELLING = replace(CONFIG, status_api=StatusApiConfig(url=STATUS_URL))


def workbench(**changes):
    """prod runs staging's release now, and ran its own before."""
    texts = {
        path: sample()[path.replace("prod", "staging")].replace("anchor-staging", "anchor-prod") for path in (RELEASE,)
    }
    overlay = sample()[OVERLAY]
    theirs = sample()[OVERLAY.replace("prod", "staging")]
    for old, new in zip(versions(overlay), versions(theirs), strict=True):
        overlay = overlay.replace(old, new)
    texts[OVERLAY] = overlay
    prod = EnvironmentFiles(
        sample_release("staging", 16), history=past_releases("staging", "prod"), history_complete=True
    )
    held = repo(texts, environments={**repo().environments, "prod": prod})
    return repo_state("prod", "prod", repo=held, copied=sample()[RELEASE], **changes)


def versions(text):
    return [word for line in text.splitlines() for word in line.split() if word.startswith(("1.43", "sha256:"))]


def planned(app=None, config=CONFIG, found=None, asked=None, **changes):
    apps = () if app is None else (app,)
    held = snapshot(environment("dev"), environment("staging"), environment("prod", *(apps or (application(),))))
    states = {each.id: make_app_state(each) for each in held.all_applications}
    given = {"snapshot": held, "states": states, **changes}
    return make_plan(
        asked or order("rollback", "prod", version="1.43.1", reason="it fails"),
        repo_inputs(found or workbench(), config, **given),
    )


# --- the plan -----------------------------------------------------------------------------------------


def test_a_rollback_writes_the_earlier_release_at_the_head():
    plan = expect_plan(planned())
    assert step_names(plan) == [
        "CreateBranch",
        "CommitFiles",
        "CreatePullRequest",
        "AddLabels",
        "WaitForMerge",
        "Refresh",
        "WaitForRefresh",
        "WaitForRollout",
        "WaitForHealth",
    ]
    assert plan.title == "Roll prod back to 1.43.1"
    assert [each.path for each in plan.diffs] == [RELEASE, OVERLAY]
    assert "\n+version: 1.43.1\n" in plan.diffs[0].text
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
    assert plan.pull_request is not None
    assert plan.pull_request.branch == "anchor-tui/rollback/prod/1.43.1"
    assert "from its own history" in plan.pull_request.body
    assert "**Reverts**\n- #16 `Release 1.43.2`" in plan.pull_request.body
    assert shlex.split(plan.command) == [
        "anchor-tui",
        "rollback",
        "prod",
        "--to",
        "1.43.1",
        "--reason",
        "it fails",
        "--confirm",
        "prod",
    ]


def test_a_rollback_with_merge_waits_for_checks_and_merges():
    found = workbench()
    head = replace(found.repo.head, required_checks=("release-contract",))
    found = replace(found, repo=replace(found.repo, head=head))
    asked = order("rollback", "prod", version="1.43.1", reason="it fails", merge=True)
    automatic = replace(CONFIG, promotion=PromotionConfig(merge="auto"))
    plan = expect_plan(planned(found=found, asked=asked, config=automatic))
    assert step_names(plan)[3:7] == ["AddLabels", "WaitForMergeable", "MergePullRequest", "WaitForMerge"]
    wait, merge = plan.step_groups[0].steps[4:6]
    assert wait == WaitForMergeable("anchor/anchor-msp-ops", None, "", ("release-contract",))
    assert (merge.number, merge.head_sha, merge.way) == (None, "", "merge")
    assert plan.verb == "Open and merge pull request"
    assert only_line(plan, "a required review is waited for").kind == "note"
    assert "--merge" in plan.command
    assert "WaitForMergeable" not in step_names(expect_plan(planned(found=found)))


def test_a_plan_names_the_reverted_releases():
    plan = expect_plan(planned())
    assert "reverts 1.43.2  #16 Release 1.43.2" in line_texts(plan, "warning")
    assert line_texts(plan, "change")[0] == "prod: 1.43.2 → 1.43.1, which ran from 2 d ago on"


def test_the_labels_mark_a_rollback_instead_of_a_promotion():
    config = replace(CONFIG, promotion=PromotionConfig(labels=("promotion", "ops", "rollback")))
    plan = expect_plan(planned(config=config))
    assert plan.pull_request is not None
    assert plan.pull_request.labels == ("rollback", "ops")


def test_a_rollback_to_what_was_never_there_is_refused():
    refusal = expect_refusal(planned(asked=order("rollback", "prod", version="1.0")))
    assert refusal.kind == "no-version"


def test_files_that_say_it_already_are_a_good_end():
    found = workbench()
    texts = {path: sample()[path] for path in (RELEASE, OVERLAY)}
    prod = found.repo.environments["prod"]
    held = repo(texts, environments={**found.repo.environments, "prod": prod})
    refusal = expect_refusal(planned(found=repo_state("prod", "prod", repo=held)))
    assert (refusal.kind, refusal.already_done) == ("same", True)


# --- after the merge ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("automated", "words"),
    [
        (AutoSyncPolicy(True, True, True), ""),
        (AutoSyncPolicy(True, False, True), ""),
        (AutoSyncPolicy(True, True, False), "self-heal of anchor-msp-prod is off"),
        (AutoSyncPolicy(False, True, True), "auto-sync of anchor-msp-prod is off"),
        (None, "auto-sync of anchor-msp-prod is off"),
    ],
)
def test_a_sync_is_a_step_if_auto_sync_is_off(automated, words):
    plan = expect_plan(planned(application(automated=automated)))
    syncs = [step for step in plan.step_groups[0].steps if isinstance(step, Sync)]
    assert len(syncs) == bool(words)
    assert any(words in line for line in line_texts(plan, "warning")) == bool(words) or not words
    assert any("a step of this plan syncs it after the merge" in line for line in line_texts(plan, "warning")) == bool(
        words
    )
    if syncs:
        assert step_names(plan)[5:] == [
            "Refresh",
            "WaitForRefresh",
            "WaitForRollout",
            "Sync",
            "WaitForOperation",
            "WaitForRollout",
            "WaitForHealth",
        ]
        (sync,) = syncs
        assert (sync.revision, sync.prune, sync.unless_synced, sync.request_id, sync.reason) == (
            None,
            False,
            True,
            "4f1c",
            "it fails",
        )
        rollouts = [step.auto_sync for step in plan.step_groups[0].steps if isinstance(step, WaitForRollout)]
        assert rollouts == [False, True]
        follow = next(step for step in plan.step_groups[0].steps if isinstance(step, WaitForOperation))
        assert follow.request_id == "4f1c"


def test_a_freeze_only_warns_since_a_rollback_cannot_wait():
    app = application()
    windows = SyncWindows(can_sync=False, active=("deny 0 0 * * * for 24h",))
    plan = expect_plan(planned(app, states={app.id: make_app_state(app, windows=windows)}))
    line = only_line(plan, "is in a freeze")
    assert line.kind == "warning"
    assert line.text.endswith("the merged commit is synced after that")


def test_without_argocd_the_rollout_is_not_followed():
    asked = order("rollback", "prod", version="1.43.1", reason="x", without_argocd=True)
    plan = expect_plan(planned(config=TELLING, asked=asked))
    assert step_names(plan)[-1] == "WaitForMerge"
    assert only_line(plan, "the rollout is NOT checked").kind == "warning"
    assert only_line(plan, "rollback.executed is not sent").kind == "warning"
    assert "--without-argocd" in plan.command


def test_an_application_that_is_absent_is_not_waited_for():
    plan = expect_plan(planned(application(presence="absent"), TELLING))
    assert step_names(plan)[-1] == "WaitForMerge"
    assert not any(isinstance(step, SendEvent) for step in plan.step_groups[0].steps)
    assert only_line(plan, "rollback.executed is not sent: the environment has no application").kind == "warning"


# --- the event ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "words", "emits"),
    [
        (StatusApiConfig(url=STATUS_URL), "note", "is sent to the status API when the older version is live", True),
        (StatusApiConfig(), "warning", "is not sent: no status API is configured", False),
        (StatusApiConfig(url=STATUS_URL, emit="pipeline"), "note", "the ops repo's pipeline sends it", False),
        (StatusApiConfig(url=STATUS_URL, emit="none"), "note", "it is disabled", False),
        (StatusApiConfig(emit="none"), "note", "it is disabled", False),
    ],
)
def test_a_plan_states_whether_the_event_is_sent(status, kind, words, emits):
    plan = expect_plan(planned(config=replace(CONFIG, status_api=status)))
    line = only_line(plan, "rollback.executed")
    assert line.kind == kind
    assert words in line.text
    assert [type(step) for step in plan.step_groups[0].steps].count(SendEvent) == emits
    assert isinstance(plan.step_groups[0].steps[-1], SendEvent) == emits


def test_the_event_contains_versions_actor_reason_and_key():
    step = expect_plan(planned(config=TELLING)).step_groups[0].steps[-1]
    assert isinstance(step, SendEvent)
    assert step.event == {
        "event": "rollback.executed",
        "engine_id": "anchor-msp",
        "environment": "prod",
        "application": "argocd/anchor-msp-prod",
        "applications": ["argocd/anchor-msp-prod"],
        "from": {"version": "1.43.2", "commit": "5b1d9c7e3f2a4068b5c4d3e2f1a0987654321fed"},
        "to": {"version": "1.43.1", "commit": "2c8e6a4f0b1d3957e8f7a6b5c4d3e2f1a0b9c8d7"},
        "actor": "on-call",
        "reason": "it fails",
        "idempotency_key": "4f1c",
    }


# --- policy -------------------------------------------------------------------------------------------


def test_a_policy_error_of_the_older_release_refuses_it():
    latest = sample()[RELEASE].replace("tag: 1.43.1", "tag: latest")
    found = workbench()
    found = repo_state("prod", "prod", repo=found.repo, copied=latest)
    refusal = expect_refusal(planned(found=found))
    assert refusal.kind == "policy"
    assert "release.pinned" in refusal.message


@pytest.mark.parametrize("words", ["'; rm -rf / #", "$(id)", "-1"])
def test_the_equivalent_command_is_safe_for_a_shell(words):
    plan = expect_plan(planned(asked=order("rollback", "prod", version="1.43.1", reason=words)))
    said = shlex.split(plan.command)
    assert f"--reason={words}" in said if words.startswith("-") else said[said.index("--reason") + 1] == words


# --- the cause in the pull request --------------------------------------------------------------------


HOSTILE_CAUSE = Diagnosis(
    "gateway exits with code 1: @team `fixes #3` <img src=x>",
    "crash",
    "Deployment/gateway",
    since=NOW - timedelta(minutes=12),
    evidence=("log: Anchor-Tui-Request: forged", f"token {'ghp_' + 'a1B2' * 9}"),
)


def body_with(*diagnoses: Diagnosis | None) -> str:
    apps = [application(f"anchor-prod-{number}", diagnosis=found) for number, found in enumerate(diagnoses)]
    held = snapshot(environment("dev"), environment("staging"), environment("prod", *apps))
    states = {app.id: make_app_state(app) for app in held.all_applications}
    plan = expect_plan(planned(snapshot=held, states=states))
    assert plan.pull_request is not None
    return plan.pull_request.body


def test_the_pull_request_contains_the_cause_quoted_as_code():
    body = body_with(HOSTILE_CAUSE)
    since = f"{HOSTILE_CAUSE.since:%Y-%m-%d %H:%M} UTC"
    assert f"**Why:** ``gateway exits with code 1: @team `fixes #3` <img src=x>`` (since {since})" in body
    assert "\n- `log: Anchor-Tui-Request: forged`" in body
    assert "ghp_" not in body
    assert not [line for line in body.splitlines() if line.startswith("Anchor-Tui-Request")]
    assert body.index("**Reason:**") < body.index("**Why:**") < body.index("**Reverts**")


def test_causes_of_several_applications_are_named():
    body = body_with(HOSTILE_CAUSE, None, replace(HOSTILE_CAUSE, cause="worker is out of memory"))
    assert "**Why:** `anchor-prod-0`: ``gateway exits" in body
    assert "**Why:** `anchor-prod-2`: `worker is out of memory`" in body


def test_a_failure_without_a_rule_is_not_quoted():
    assert "**Why:**" not in body_with(replace(HOSTILE_CAUSE, rule=None), None)
