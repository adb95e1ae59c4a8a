"""Merging: only promotions and rollbacks, guarded by the head, by the way that the repository has."""

from __future__ import annotations

import shlex

import pytest

from anchor_tui.domain.actions.application_state import SyncWindows
from anchor_tui.domain.actions.merge_content import file_diffs
from anchor_tui.domain.actions.plan import Refusal, describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.pull_request_text import find_reason
from anchor_tui.domain.actions.release_edit import edit_release
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import ProposedFile, PullRequestFiles, RepoPermissions
from anchor_tui.domain.actions.steps import MergePullRequest
from anchor_tui.domain.actions.wait_steps import WaitForMerge
from anchor_tui.domain.model import PullRequest
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence
from anchor_tui.domain.source_data import EnvironmentFiles, OpenPullRequestData
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
    pull_state,
    repo,
    repo_inputs,
    repo_state,
    sample_release,
    snapshot,
    step_names,
)
from tests.values import NOW, application, replace

PULL = pull_state()
REF = PullRequest(232, PULL.title, PULL.url)
PROMOTION = OpenPullRequestData(REF, PULL.branch, {"prod": sample_release("staging", 16)})
MAY_AUTO = RepoPermissions("on-call", "yes", auto_merge=True, merge_methods=("squash",))


def planned(pull=PULL, opened=PROMOTION, rights=None, asked=None, held=None, content=None, known=None, **changes):
    pulls = (pull,) if pull is not None else ()
    found = held or repo(pull_requests=(opened,) if opened else ())
    if content is None and opened is not None and held is None:
        content = promotion_files(*(name for name in opened.releases if name != "dev"))
    if content is not None and pull is not None:
        content = replace(content, head_sha=pull.head_sha)
    rights_change = {"permissions": rights} if rights else {}
    workbench = repo_state(repo=found, pull_requests=pulls, pull_request_files=content, **rights_change)
    return make_plan(asked or order("merge", number=232, reason="soaked"), repo_inputs(workbench, **changes))


def promotion_files(*targets: str) -> PullRequestFiles:
    """Return the files of a pull request that promotes into these environments, one after the other."""
    upstream = {"staging": "dev", "prod": "staging"}
    return PullRequestFiles("d" * 40, tuple(file for name in targets for file in moved_files(name, upstream[name])))


def moved_files(target: str, source: str, copied: str | None = None) -> tuple[ProposedFile, ...]:
    state = repo_state(target, source, copied=copied)
    environments = {environment.name: environment for environment in CONFIG.environments}
    move = ReleaseMove(environments[target], environments[source], state.repo.environments[source].release)
    edited = edit_release(move, state, CONFIG, read_repo_evidence(CONFIG, state.repo).get(target))
    return tuple(
        ProposedFile(path, state.files[path].content, content) for path, content in sorted(edited.contents.items())
    )


def test_a_merge_requires_the_planned_head_and_follows_the_rollout():
    plan = expect_plan(planned())
    assert step_names(plan) == ["MergePullRequest", "WaitForMerge", "WaitForRollout", "WaitForHealth"]
    merge, follow = plan.step_groups[0].steps[:2]
    assert merge == MergePullRequest("anchor/anchor-msp-ops", 232, "PR_232", "d" * 40, "squash", "merge")
    assert follow == WaitForMerge("anchor/anchor-msp-ops", 232)
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
    assert line_texts(plan, "change")[0] == "promotion of prod to 1.43.2"
    assert only_line(plan, "checks: success").kind == "ok"
    assert only_line(plan, "review: approved").kind == "ok"
    assert shlex.split(plan.command) == ["anchor-tui", "merge", "232", "--reason", "soaked", "--confirm", "prod"]


def test_a_merge_into_an_unprotected_environment_is_one_key():
    opened = OpenPullRequestData(REF, "topic", {"staging": sample_release("dev", 17)})
    plan = expect_plan(planned(opened=opened, asked=order("merge", number=232)))
    assert (plan.confirmation, plan.phrase, plan.reason_required) == ("key", "", False)
    assert plan.command == "anchor-tui merge 232 --yes"


def rollback_in_prod():
    """Return a repo in which prod has staging's release, with a pull request back to 1.43.1, and its files."""
    prod = EnvironmentFiles(
        sample_release("staging", 16), history=past_releases("staging", "prod"), history_complete=True
    )
    opened = OpenPullRequestData(REF, "topic", {"prod": sample_release("prod", 15)})
    forward = moved_files("prod", "staging")
    files = {file.path: file.after.decode() for file in forward}
    held = repo(files, environments={**repo().environments, "prod": prod}, pull_requests=(opened,))
    back = tuple(ProposedFile(file.path, file.after, file.before) for file in forward)
    return held, PullRequestFiles("d" * 40, back)


def test_a_rollback_is_merged_too():
    held, content = rollback_in_prod()
    plan = expect_plan(planned(held=held, content=content))
    assert line_texts(plan, "change")[0] == "rollback of prod to 1.43.1"
    assert "prod: 1.43.2 → 1.43.1" in line_texts(plan, "change")
    assert only_line(plan, "reverts 1.43.2  #16 Release 1.43.2").kind == "warning"


def test_the_phrase_of_several_environments_contains_all_names():
    both = {"staging": sample_release("dev", 17), "prod": sample_release("dev", 17)}
    held = repo(
        environments={
            **repo().environments,
            "staging": EnvironmentFiles(sample_release("staging", 16), history=past_releases("dev", "staging")),
        },
        pull_requests=(OpenPullRequestData(REF, "anchor-tui/promote/x", both),),
    )
    content = PullRequestFiles("d" * 40, (*moved_files("staging", "dev"), *moved_files("prod", "dev")))
    plan = expect_plan(planned(held=held, content=content))
    assert plan.phrase == "staging prod"
    assert only_line(plan, "prod: 1.43.1").text.startswith("prod: 1.43.1 (")


def test_the_method_is_the_repository_s_usual_one():
    plan = expect_plan(planned(rights=RepoPermissions("on-call", "yes", merge_methods=("rebase", "squash"))))
    assert plan.step_groups[0].steps[0].method == "rebase"


# --- how ----------------------------------------------------------------------------------------------

BLOCKED = pull_state(merge_state="blocked", review="review_required")
WAYS = {
    "clean": (PULL, None, "merge"),
    "has hooks": (pull_state(merge_state="has_hooks"), None, "merge"),
    "a check that is not required failed": (pull_state(merge_state="unstable", checks="failure"), None, "merge"),
    "no review is wanted": (pull_state(review=None), None, "merge"),
    "blocked, and auto-merge is allowed": (replace(BLOCKED, may_auto_merge=True), MAY_AUTO, "auto-merge"),
    "the branch has a queue": (pull_state(queue_required=True), None, "queue"),
    "the branch has a queue, and it is blocked": (replace(BLOCKED, queue_required=True), MAY_AUTO, "queue"),
}


@pytest.mark.parametrize("name", WAYS)
def test_it_is_merged_the_way_the_repository_has_it(name):
    pull, rights, way = WAYS[name]
    plan = expect_plan(planned(pull, rights=rights))
    merge = plan.step_groups[0].steps[0]
    assert (merge.way, merge.head_sha) == (way, "d" * 40)
    assert plan.verb == {"merge": "Merge", "auto-merge": "Enable auto-merge", "queue": "Add to merge queue"}[way]


def test_a_plan_names_what_auto_merge_waits_for():
    pull = replace(BLOCKED, may_auto_merge=True, checks="pending", pending_checks=("sync", "policy"))
    plan = expect_plan(planned(pull, rights=MAY_AUTO))
    assert (
        only_line(plan, "with auto-merge, GitHub merges it when it is approved and sync, policy passed").kind == "note"
    )
    assert only_line(plan, "checks: pending (sync, policy)").kind == "warning"
    assert only_line(plan, "review: review required").kind == "warning"


def test_a_failed_optional_check_does_not_prevent_auto_merge():
    pull = replace(BLOCKED, may_auto_merge=True, failed_checks=("lint",))
    held = repo(pull_requests=(PROMOTION,))
    required = replace(held, head=replace(held.head, required_checks=("release-contract",)))
    files = promotion_files("prod")
    plan = expect_plan(planned(pull, rights=MAY_AUTO, held=required, content=files))
    assert plan.step_groups[0].steps[0].way == "auto-merge"
    assert expect_refusal(planned(pull, rights=MAY_AUTO, held=held, content=files)).kind == "checks"


# --- refusals -----------------------------------------------------------------------------------------

REFUSED = {
    "a draft": (pull_state(draft=True), None, "draft", False, "it is a draft"),
    "a conflict": (pull_state(mergeable="conflicting"), None, "conflict", False, "it conflicts with the branch"),
    "dirty": (pull_state(merge_state="dirty"), None, "conflict", False, "it conflicts with the branch"),
    "changes are wanted": (
        pull_state(review="changes_requested"),
        None,
        "review",
        False,
        "a reviewer requested changes",
    ),
    "required checks failed": (
        pull_state(merge_state="blocked", failed_checks=("sync", "policy")),
        None,
        "checks",
        False,
        "its checks failed (sync, policy)",
    ),
    "required checks failed, and auto-merge is allowed": (
        pull_state(merge_state="blocked", failed_checks=("sync",), may_auto_merge=True),
        MAY_AUTO,
        "checks",
        False,
        "its checks failed (sync)",
    ),
    "blocked, and auto-merge is not allowed by the repository": (
        replace(BLOCKED, may_auto_merge=True),
        None,
        "blocked",
        False,
        "until it is approved",
    ),
    "blocked, and auto-merge is not allowed to us": (BLOCKED, MAY_AUTO, "blocked", False, "it is approved"),
    "blocked by rules that are not told": (
        pull_state(merge_state="blocked"),
        None,
        "blocked",
        False,
        "until the branch's rules are met",
    ),
    "it merges by itself already": (
        replace(BLOCKED, auto_merge=True, may_auto_merge=True),
        MAY_AUTO,
        "auto-merge",
        True,
        "auto-merge is already enabled; GitHub merges it when it is approved",
    ),
    "it is in the queue": (
        pull_state(queue_required=True, queue_position=2),
        None,
        "queued",
        True,
        "it is already in the merge queue, at position 2",
    ),
    "first in the queue": (pull_state(queue_required=True, queue_position=0), None, "queued", True, "at position 0"),
    "behind": (pull_state(merge_state="behind"), None, "behind", False, "its branch is behind the base branch"),
    "unknown": (
        pull_state(merge_state="unknown", mergeable="unknown"),
        None,
        "unknown",
        False,
        "GitHub is still checking",
    ),
    "merged already": (
        pull_state(state="merged", merged_by="a.lee"),
        None,
        "merged",
        True,
        "it was merged by a.lee: nothing to merge",
    ),
    "closed": (pull_state(state="closed"), None, "closed", False, "it was closed: nothing to merge"),
    "archived": (PULL, RepoPermissions("x", "yes", archived=True), "archived", False, "is archived"),
    "no right": (PULL, RepoPermissions("x", "no"), "forbidden", False, "the token of x may not write"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unmergeable_pull_request_is_refused_with_a_way_out(name):
    pull, rights, kind, settled, words = REFUSED[name]
    refusal = expect_refusal(planned(pull, rights=rights))
    assert (refusal.kind, refusal.already_done) == (kind, settled)
    assert words in refusal.message
    if kind not in {"archived", "forbidden"}:
        assert (refusal.url, refusal.subject) == (PULL.url, "#232")


KINDS = {
    "a bump": OpenPullRequestData(REF, "topic", {"dev": sample_release("prod", 15)}),
    "no release at all": OpenPullRequestData(REF, "topic", {}),
    "an unreadable release": OpenPullRequestData(REF, "topic", {"prod": None}),
    "a release out of nowhere": OpenPullRequestData(
        REF, "topic", {"prod": replace(sample_release("dev", 17), images=(), version="9.9")}
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_other_pull_requests_are_not_merged_from_here(name):
    held = repo(
        environments={
            **repo().environments,
            "dev": EnvironmentFiles(sample_release("dev", 17), history=past_releases("dev")),
        },
        pull_requests=(KINDS[name],),
    )
    refusal = expect_refusal(planned(held=held))
    assert refusal.kind == "other-kind"
    assert refusal.url == PULL.url


@pytest.mark.parametrize(
    ("pull", "opened"),
    [
        (replace(PULL, from_fork=True), PROMOTION),
        (PULL, replace(PROMOTION, from_fork=True)),
    ],
)
def test_one_from_a_fork_is_not_merged_from_here(pull, opened):
    refusal = expect_refusal(planned(pull, opened=opened))
    assert (refusal.kind, refusal.url) == ("fork", PULL.url)
    assert "it comes from a fork" in refusal.message


def test_a_failed_check_that_needs_a_person_is_named():
    failed = pull_state(merge_state="blocked", failed_checks=("approval", "sync"), checks_awaiting_person=("approval",))
    assert "its checks failed (approval needs a person, sync)" in expect_refusal(planned(failed)).message


def test_one_into_another_branch_is_not_merged_from_here():
    refusal = expect_refusal(planned(pull_state(base="release-1.43"), opened=None))
    assert (refusal.kind, refusal.url) == ("other-base", PULL.url)
    assert "its base is release-1.43, not main" in refusal.message


def test_an_unknown_number_is_refused():
    refusal = expect_refusal(planned(None))
    assert (refusal.kind, refusal.subject) == ("absent", "#232")


def test_without_github_there_is_no_merge():
    unread = Refusal("GitHub", "timeout", "GitHub is not readable: no answer")
    assert make_plan(order("merge", number=232), replace(repo_inputs(repo_state()), repo_state=unread)) == unread


# --- drift --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (pull_state(head_sha="e" * 40), "the head of #232 was ddddddd and is eeeeeee now"),
        (pull_state(queue_required=True), "how #232 is merged was merge and is queue now"),
    ],
)
def test_another_head_or_another_way_is_a_drift(now, words):
    first, again = expect_plan(planned()), expect_plan(planned(now))
    assert not preconditions_hold(first, again)
    assert str(describe_drift(first, again)) == words


def test_a_change_of_checks_is_not_drift():
    assert preconditions_hold(
        expect_plan(planned(pull_state(checks="pending", merge_state="unstable"))), expect_plan(planned())
    )


def test_the_configuration_s_environments_say_what_is_protected():
    open_config = replace(CONFIG, environments=tuple(replace(each, protected=False) for each in CONFIG.environments))
    files = promotion_files("prod")
    workbench = repo_state(repo=repo(pull_requests=(PROMOTION,)), pull_requests=(PULL,), pull_request_files=files)
    assert expect_plan(make_plan(order("merge", number=232), repo_inputs(workbench, open_config))).confirmation == "key"


def test_a_merged_rollback_is_followed_to_its_event_only_once():
    held, content = rollback_in_prod()
    config = replace(CONFIG, status_api=replace(CONFIG.status_api, url="https://status.example.com/events"))
    known = repo_inputs(repo_state(repo=held, pull_requests=(PULL,), pull_request_files=content), config)
    asked = order("merge", number=232, reason="broken")
    assert step_names(expect_plan(make_plan(asked, known)))[-1] == "SendEvent"
    followed = replace(known, followed_urls=frozenset({REF.url}))
    assert step_names(expect_plan(make_plan(asked, followed))) == [
        "MergePullRequest",
        "WaitForMerge",
        "WaitForRollout",
        "WaitForHealth",
    ]


# --- what a promotion has -----------------------------------------------------------------------------

RELEASE_FILE, VALUES_FILE = "environments/prod/release.yaml", "infra/helm/platform/environments/prod/values.yaml"


def test_a_merge_shows_versions_images_pull_requests_and_health():
    plan = expect_plan(planned())
    assert only_line(plan, "prod: 1.43.1").text.endswith(")")
    assert [text.split("  ")[0] for text in line_texts(plan, "change")[3:]] == ["gateway", "web"]
    assert only_line(plan, "includes: #16 Release 1.43.2").kind == "note"
    assert only_line(plan, "staging is Synced and Healthy").kind == "ok"
    assert only_line(plan, "no sync window forbids a sync of anchor-msp-prod").kind == "ok"
    assert only_line(plan, "checks pass for the changed files").kind == "ok"
    assert only_line(plan, "on-call may write").kind == "ok"


def test_a_merge_shows_the_exact_diff():
    plan = expect_plan(planned())
    assert [diff.path for diff in plan.diffs] == [RELEASE_FILE, VALUES_FILE]
    text = plan.diffs[0].text
    assert text.startswith(f"--- a/{RELEASE_FILE}\n+++ b/{RELEASE_FILE}\n@@ ")
    assert "-version: 1.43.1\n" in text
    assert "+version: 1.43.2\n" in text


def test_a_diff_splits_lines_as_git_does():
    before, after = "a: 'x\u2028y'\nb: 1\n".encode(), "a: 'x\u2028y'\nb: 2\n".encode()
    content = PullRequestFiles("d" * 40, (ProposedFile("notes.yaml", before, after), ProposedFile("new", None, b"x")))
    changed, added = file_diffs(content)
    assert changed.text.splitlines()[2] == "@@ -1,2 +1,2 @@"
    assert added.text == "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n"


def test_the_head_decides_even_if_the_poll_was_earlier():
    polled = OpenPullRequestData(REF, PULL.branch, {"prod": sample_release("prod", 15)})
    held = repo(pull_requests=(polled,))
    plan = expect_plan(planned(held=held, content=promotion_files("prod")))
    assert line_texts(plan, "change")[0] == "promotion of prod to 1.43.2"
    other = expect_refusal(planned(held=held, content=PullRequestFiles("d" * 40, ())))
    assert other.kind == "other-kind"


@pytest.mark.parametrize(
    ("health", "kind"), [("Degraded", "unhealthy"), ("Healthy", "not-soaked")], ids=["degraded", "soak"]
)
def test_an_unwell_upstream_refuses_the_merge(health, kind):
    staging = environment("staging", application("anchor-msp-staging", health=health, health_since=NOW, synced_at=NOW))
    present = snapshot(environment("dev"), staging, environment("prod", application("anchor-msp-prod")))
    config = replace(CONFIG, promotion=replace(CONFIG.promotion, soak_minutes=10))
    assert expect_refusal(planned(snapshot=present, config=config)).kind == kind
    unread = order("merge", number=232, reason="soaked", without_argocd=True)
    plan = expect_plan(planned(asked=unread, snapshot=present, config=config))
    assert only_line(plan, "without Argo CD: the health of staging was NOT checked").kind == "warning"
    assert "--without-argocd" in plan.command


def test_a_freeze_refuses_a_promotion_and_warns_for_a_rollback():
    frozen = {
        app.id: make_app_state(app, windows=SyncWindows(can_sync=False, active=("deny 0 22 * * *",)))
        for app in snapshot().all_applications
    }
    assert expect_refusal(planned(states=frozen)).kind == "window"
    held, content = rollback_in_prod()
    plan = expect_plan(planned(held=held, content=content, states=frozen))
    assert only_line(plan, "is in a freeze").kind == "warning"


def test_a_head_that_breaks_the_policy_is_refused():
    files = promotion_files("prod")
    broken = replace(files, files=tuple(without_digest(file) for file in files.files))
    refusal = expect_refusal(planned(content=broken, held=repo(pull_requests=(PROMOTION,))))
    assert (refusal.kind, "new policy error" in refusal.message) == ("policy", True)


def without_digest(file: ProposedFile) -> ProposedFile:
    if file.path != VALUES_FILE:
        return file
    return replace(file, after=file.after.replace(b"1.43.2", b"1.40.0"))


def test_a_file_of_another_environment_raises_the_confirmation():
    opened = OpenPullRequestData(REF, "topic", {"staging": sample_release("dev", 17)})
    before = sample()[VALUES_FILE].encode()
    other = ProposedFile(VALUES_FILE, before, before + b"# a note\n")
    content = PullRequestFiles("d" * 40, (*moved_files("staging", "dev"), other))
    plan = expect_plan(planned(opened=opened, held=repo(pull_requests=(opened,)), content=content))
    assert (plan.confirmation, plan.phrase) == ("phrase", "staging prod")
    assert only_line(plan, f"it also changes {VALUES_FILE}").kind == "warning"
    assert only_line(plan, "prod: ").text.startswith("prod: ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"omitted": 4}, "it changes 4 more files that were not read"),
        ({"extra": ProposedFile("vendor", error="a submodule")}, "the change of vendor is not shown: a submodule"),
    ],
    ids=["omitted", "unreadable"],
)
def test_an_unknown_result_is_never_called_good(change, words):
    files = promotion_files("prod")
    extra = (change["extra"],) if "extra" in change else ()
    content = replace(files, files=(*files.files, *extra), omitted=change.get("omitted", 0))
    found = expect_plan(planned(content=content))
    assert only_line(found, words).kind == "warning"
    assert only_line(found, "the policy of the result is unknown").kind == "warning"
    assert not [text for text in line_texts(found, "ok") if "pass for the changed files" in text]


def test_a_branch_that_changed_the_same_file_is_a_drift():
    files = promotion_files("prod")
    moved = repo({VALUES_FILE: sample()[VALUES_FILE] + "# a note\n"}, pull_requests=(PROMOTION,))
    again = expect_plan(planned(held=moved, content=files))
    assert only_line(again, f"the branch has changed {VALUES_FILE} too").kind == "warning"
    assert VALUES_FILE in str(describe_drift(expect_plan(planned()), again))


def test_the_reason_of_the_pull_request_is_offered():
    asked = order("promote", "prod", reason="soaked over night")
    body = expect_plan(make_plan(asked, repo_inputs(repo_state()))).pull_request.body
    plan = expect_plan(planned(pull_state(body=body), asked=order("merge", number=232)))
    assert plan.order.reason == "soaked over night"
    assert "'soaked over night'" in plan.command
    own = expect_plan(planned(pull_state(body=body), asked=order("merge", number=232, reason="mine")))
    assert own.order.reason == "mine"
    assert find_reason("no reason here") == ""
    assert find_reason("**Reason:** a\x1b[31mb\r\n") == "ab"
