"""Sync and hard refresh + prune: what is deleted, kept and asked about, what is refused, and what it costs."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.application_state import ApplicationResource, SyncWindows, stale_resources
from anchor_tui.domain.actions.plan import Plan, Refusal, describe_drift, preconditions_hold
from anchor_tui.domain.actions.planner import already_done_message, make_plan
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.actions.steps import Sync
from anchor_tui.domain.actions.wait_steps import WaitForHealth, WaitForOperation
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects, read_managed_resources
from anchor_tui.domain.model import ApplicationCondition, AutoSyncPolicy, Operation, Problem
from tests.argocd_recordings import load_recording
from tests.plan_values import (
    STALE,
    environment,
    expect_plan,
    expect_refusal,
    line_texts,
    make_app_state,
    only_line,
    order,
    plan_inputs,
    recorded_state,
    snapshot,
    stale_status,
    step_names,
    unread_source,
)
from tests.values import NOW, ago, application

DEPLOYMENT, SERVICE = STALE
GATEWAY = ResourceRef("Deployment", "anchor-prod", "anchor-gateway", "apps")
MOCK = ResourceRef("Service", "anchor-prod", "status-mock")


def pruning(get="get-staging", managed="managed-resources", **changes):
    return recorded_state(get, managed, **changes)


def planned(found, action="hard-refresh-prune", environment="staging", **changes):
    states = found if isinstance(found, tuple) else (found,)
    return make_plan(order(action, environment, **changes), plan_inputs(environments={environment: states}))


def the(plan: Plan, kind):
    """The only step of its kind."""
    (found,) = (step for change in plan.step_groups for step in change.steps if isinstance(step, kind))
    return found


# --- victims, kept, asking ----------------------------------------------------------------------------

FATES = {
    "stale": ("get-staging", "managed-resources", {DEPLOYMENT: "deleted", SERVICE: "deleted"}),
    "Prune=false on the Service": (
        "get-prune-false",
        "managed-resources-prune-false",
        {DEPLOYMENT: "deleted", SERVICE: "kept"},
    ),
    "Prune=false of the application": (
        "get-after-prune-false-app",
        "managed-resources",
        {DEPLOYMENT: "kept", SERVICE: "kept"},
    ),
    "Prune=confirm on the Service": (
        "get-prune-confirm-annotation",
        "managed-resources-prune-confirm-annotation",
        {DEPLOYMENT: "deleted", SERVICE: "asks"},
    ),
    "Prune=confirm of the application": (
        "get-prune-confirm-app",
        "managed-resources",
        {DEPLOYMENT: "asks", SERVICE: "asks"},
    ),
    "the annotation wins over the application's Prune=false": (
        "get-after-prune-false-app",
        "managed-resources-prune-confirm-annotation",
        {DEPLOYMENT: "kept", SERVICE: "asks"},
    ),
    "the annotation wins over the application's Prune=confirm": (
        "get-prune-confirm-app",
        "managed-resources-prune-false",
        {DEPLOYMENT: "asks", SERVICE: "kept"},
    ),
    "IgnoreExtraneous": (
        "get-ignore-extraneous",
        "managed-resources-ignore-extraneous",
        {DEPLOYMENT: "deleted", SERVICE: "deleted"},
    ),
    "a live hook": ("get-migrate", "managed-resources-migrate", {}),
    "nothing stale": ("get", "managed-resources-prod", {}),
}


@pytest.mark.parametrize("name", FATES)
def test_the_live_manifest_decides_the_prune_effect(name):
    get, managed, fates = FATES[name]
    assert {each.ref: each.prune_effect for each in stale_resources(pruning(get, managed))} == fates


def with_annotation(key, value, hook=False):
    """The recorded managed-resources of staging, where the stale Service has a further annotation."""
    items = load_recording("managed-resources").body["items"]
    changed = []
    for item in items:
        item = dict(item)
        if (item["kind"], item["name"]) == ("Service", "status-mock"):
            item["liveState"] = item["liveState"].replace('"annotations":{', f'"annotations":{{"{key}":"{value}",', 1)
            assert value in item["liveState"]
        changed.append(item)
    return read_managed_resources(changed, "anchor-msp-staging")


@pytest.mark.parametrize(
    ("value", "fate"),
    [
        ("Delete=confirm", "deleted"),
        ("Delete=false", "deleted"),
        ("Replace=true, Prune=false", "kept"),
        ("Prune=true", "deleted"),
        ("Prune=confirm,Delete=confirm", "asks"),
    ],
)
def test_only_an_option_about_pruning_keeps_a_resource_or_asks(value, fate):
    managed = with_annotation("argocd.argoproj.io/sync-options", value)
    found = {each.ref: each.prune_effect for each in stale_resources(pruning(managed=managed))}
    assert found == {DEPLOYMENT: "deleted", SERVICE: fate}


def test_a_hook_of_argo_cd_or_helm_is_never_stale():
    for key in ("argocd.argoproj.io/hook", "helm.sh/hook"):
        found = stale_resources(replace(pruning(managed=with_annotation(key, "PreSync")), resources=()))
        assert [each.ref for each in found] == [DEPLOYMENT]


def test_a_stale_resource_without_a_manifest_counts_as_deleted():
    resources = (*stale_status(MOCK), ApplicationResource(GATEWAY, requires_pruning=True, hook=True))
    (found,) = stale_resources(make_app_state(resources=resources))
    assert (found.ref, found.prune_effect) == (MOCK, "deleted")
    assert "is missing" in found.reason


def test_a_plan_lists_deletions_with_age_and_kept_resources():
    plan = expect_plan(planned(pruning("get-prune-false", "managed-resources-prune-false")))
    assert line_texts(plan, "deleted")[0] == "1 resource will be DELETED from the cluster:"
    age = (NOW - STALE_SINCE).total_seconds()
    assert line_texts(plan, "deleted")[1] == f"  Deployment  anchor-staging/status-mock  {int(age // 3600)} h old"
    assert line_texts(plan, "kept") == ["kept although stale: Service/status-mock (Prune=false)"]
    assert the(plan, WaitForOperation).resources_to_prune == (DEPLOYMENT,)
    assert plan.is_destructive


STALE_SINCE = NOW.replace(hour=6, minute=41, second=27)


def test_ignore_extraneous_hides_a_resource_and_does_not_keep_it():
    plan = expect_plan(planned(pruning("get-ignore-extraneous-all", "managed-resources-ignore-extraneous")))
    assert "IgnoreExtraneous hides that it is stale but does not protect it" in only_line(plan, "Service  ").text
    assert "IgnoreExtraneous" not in only_line(plan, "Deployment  ").text
    assert plan.phrase == "2"


def test_the_plan_approves_only_resources_with_prune_confirm():
    plan = expect_plan(planned(pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")))
    follow = the(plan, WaitForOperation)
    assert follow.resources_to_prune == STALE
    assert follow.approves == (SERVICE,)
    assert "Prune=confirm: confirming this plan approves it" in only_line(plan, "Service  ").text
    assert plan.phrase == "2"


def test_a_dry_run_never_approves_a_deletion():
    state = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
    refusal = expect_refusal(planned(state, dry_run=True))
    assert (refusal.kind, "would block this dry run" in refusal.message) == ("prune-confirm", True)


def test_delete_confirm_needs_no_approval():
    managed = with_annotation("argocd.argoproj.io/sync-options", "Delete=confirm")
    plan = expect_plan(planned(pruning("get-delete-confirm-annotation", managed=managed)))
    assert the(plan, WaitForOperation).approves == ()
    assert expect_plan(planned(pruning("get-delete-confirm-annotation", managed=managed), "sync"))


def test_one_that_is_stale_stays_and_several_stay():
    plan = expect_plan(planned(pruning(), "sync", resources=("Service/status-mock",)))
    assert line_texts(plan, "kept") == ["prune is off: 1 stale resource stays: Service/status-mock"]


def test_without_prune_stale_resources_stay_and_are_named():
    plan = expect_plan(planned(pruning(), "sync"))
    assert line_texts(plan, "deleted") == []
    assert line_texts(plan, "kept") == [
        "prune is off: 2 stale resources stay: Deployment/status-mock, Service/status-mock"
    ]
    assert not the(plan, Sync).prune
    assert the(plan, WaitForOperation).resources_to_prune == ()
    assert not plan.is_destructive


def test_without_stale_resources_the_plan_prunes_nothing():
    plan = expect_plan(planned(pruning("get", "managed-resources-prod"), environment="prod"))
    assert only_line(plan, "no resources to prune").kind == "ok"
    assert (plan.confirmation, plan.phrase) == ("phrase", "prod")


def test_of_selected_resources_only_the_selected_victims_are_deleted():
    plan = expect_plan(planned(pruning(), "sync", prune=True, resources=("Service/status-mock",)))
    assert the(plan, Sync).resources == (SERVICE,)
    assert the(plan, WaitForOperation).resources_to_prune == (SERVICE,)
    assert plan.phrase == "1"
    assert step_names(plan) == ["Sync", "WaitForOperation"]
    assert "runs no hooks" in only_line(plan, "selected resources").text


@pytest.mark.parametrize(
    "name", ["Deployment/status-mock", "apps/Deployment/status-mock", "Deployment/anchor-staging/status-mock"]
)
def test_a_resource_can_be_named_with_group_or_namespace(name):
    assert the(expect_plan(planned(pruning(), "sync", resources=(name,))), Sync).resources == (DEPLOYMENT,)


def test_a_name_in_two_namespaces_selects_both_resources():
    twice = (ResourceRef("Service", "a", "x"), ResourceRef("Service", "b", "x"))
    found = make_app_state(resources=tuple(ApplicationResource(each) for each in twice))
    assert the(expect_plan(planned(found, "sync", resources=("Service/x",))), Sync).resources == twice


# --- refusals -----------------------------------------------------------------------------------------

RUNNING = Operation("Running", "waiting for completion of hook batch/Job/x", ago(minutes=4), initiated_by="j.brandt")
REFUSED = {
    "an operation runs": (
        make_app_state(application(operation=RUNNING)),
        {},
        "busy",
        "an operation is Running for 4 min by j.brandt: waiting for completion of hook batch/Job/x",
    ),
    "an operation waits to retry": (
        make_app_state(application(operation=replace(RUNNING, finished_at=ago(minutes=1)))),
        {},
        "busy",
        "an operation is Running",
    ),
    "an operation that nobody has taken": (
        make_app_state(application(operation=Operation("Pending"))),
        {},
        "busy",
        "Pending",
    ),
    "an operation is being terminated": (recorded_state("get-dr-after-terminate"), {}, "busy", "is Terminating"),
    "a deny window": (
        make_app_state(windows=SyncWindows(can_sync=False, active=("deny 0 0 * * * for 24h",))),
        {},
        "window",
        "a sync window forbids it (deny 0 0 * * * for 24h)",
    ),
    "no allow window": (make_app_state(windows=SyncWindows(can_sync=False)), {}, "window", "no allow window is open"),
    "a spec that is wrong": (
        recorded_state("get-invalid-spec"),
        {},
        "invalid",
        "a sync would be accepted but never start (InvalidSpecError: ",
    ),
    "a token that may not": (make_app_state(may_sync="no"), {}, "forbidden", "the token may not sync it"),
    "a comparison that failed": (
        recorded_state("get-legacy", "managed-resources-legacy"),
        {"prune": True},
        "unknown-victims",
        "it is unknown what a prune would delete (ComparisonError: ",
    ),
    "a comparison that failed, with everything said to be stale": (
        recorded_state("get-redis-down", "managed-resources-prod"),
        {"prune": True},
        "unknown-victims",
        "nothing is pruned",
    ),
    "manifests that is missing": (
        make_app_state(managed=None, managed_error="503: the repo-server is down"),
        {"prune": True},
        "unknown-victims",
        "503: the repo-server is down",
    ),
    "manifests that were not asked for": (
        make_app_state(managed=None),
        {"prune": True},
        "unknown-victims",
        "its manifests are missing",
    ),
    "a resource that it does not have": (
        pruning(),
        {"resources": ("Service/nope",)},
        "no-resource",
        "it has no resource Service/nope; it has Deployment/anchor-gateway",
    ),
    "a resource without a name": (pruning(), {"resources": ("",)}, "no-resource", "it has no resource "),
    "a hook as a resource": (
        recorded_state("get-migrate", application=application()),
        {"resources": ("Job/anchor-migrate",)},
        "no-resource",
        "it has no resource Job/anchor-migrate",
    ),
    "Prune=confirm, which would hold it": (
        pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation"),
        {},
        "prune-confirm",
        "Service/status-mock has Prune=confirm and would block this sync",
    ),
    "Prune=confirm, which would hold a dry run": (
        pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation"),
        {"dry_run": True},
        "prune-confirm",
        "Service/status-mock has Prune=confirm",
    ),
    "Prune=confirm, which the token may not confirm": (
        pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation", may_update="no"),
        {"prune": True},
        "forbidden",
        "the token may not approve its deletion (applications, update)",
    ),
    "an application that is absent": (
        make_app_state(application(presence="absent", problems=(Problem("x", "not-found", "404: not found"),))),
        {},
        "absent",
        "404: not found: no action is possible",
    ),
    "an application that is being deleted": (recorded_state("get-deleting"), {}, "deleting", "is being deleted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_sync_is_refused_with_the_reason(name):
    found, changes, kind, words = REFUSED[name]
    refusal = expect_refusal(planned(found, "sync", "staging", **changes))
    assert (refusal.kind, refusal.subject) == (kind, str(found.application.id))
    assert words in refusal.message
    assert not refusal.already_done


def test_beside_prune_confirm_other_resources_can_be_synced():
    found = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
    plan = expect_plan(planned(found, "sync", resources=("Deployment/anchor-gateway",)))
    assert the(plan, WaitForOperation).approves == ()


def test_an_unread_application_is_refused():
    found = plan_inputs(make_app_state(), states={})
    assert expect_refusal(make_plan(order("sync", "prod"), found)).kind == "unread"


@pytest.mark.parametrize(
    ("sources", "kind", "words"),
    [
        ((unread_source(),), "unread", "no answer within 15 s"),
        ((), "absent", "check `applications` in the configuration"),
    ],
)
def test_an_empty_environment_differs_from_an_unread_one(sources, kind, words):
    found = plan_inputs(snapshot=snapshot(environment("prod"), sources=sources))
    refusal = expect_refusal(make_plan(order("sync", "prod"), found))
    assert (refusal.kind, refusal.subject) == (kind, "prod")
    assert words in refusal.message


def test_of_several_applications_some_are_refused_and_the_others_planned():
    well, other = make_app_state(application("b")), make_app_state(application("a", operation=RUNNING))
    plan = expect_plan(planned((well, other), "sync"))
    assert [change.subject for change in plan.step_groups] == ["argocd/b"]
    assert [(each.subject, each.kind) for each in plan.refused] == [("argocd/a", "busy")]
    assert plan.title == "Sync b"


def test_if_all_are_refused_each_reason_is_named():
    states = (make_app_state(application("a", operation=RUNNING)), make_app_state(application("b"), may_sync="no"))
    refusal = expect_refusal(planned(states, "sync"))
    assert "argocd/a: an operation is Running" in refusal.message
    assert "argocd/b: the token may not sync it" in refusal.message


# --- what is sent -------------------------------------------------------------------------------------


def off(**changes):
    return application(automated=None, **changes)


@pytest.mark.parametrize(
    ("found", "revision"),
    [
        (make_app_state(application()), None),
        (make_app_state(off()), application().compared_revision),
        (make_app_state(application(automated=AutoSyncPolicy(False, True, True))), application().compared_revision),
        (make_app_state(off(), has_several_sources=True), None),
        (make_app_state(off(compared_revision=None)), None),
        (pruning("get-demo", "managed-resources-demo"), "58c99611d007a6cc61b03fc859cecf01bfcf1e22"),
        (recorded_state("get-partner"), None),
        (recorded_state("get-staging"), None),
    ],
)
def test_a_revision_is_sent_only_where_auto_sync_is_off(found, revision):
    plan = expect_plan(planned(found, "sync"))
    step = the(plan, Sync)
    assert step.revision == revision
    assert step.seen_revision == found.application.compared_revision == the(plan, WaitForOperation).seen_revision


def test_auto_sync_adds_a_note_about_newer_commits():
    words = "auto-sync is on: Argo CD syncs the newest commit, even one pushed now"
    assert words in line_texts(expect_plan(planned(make_app_state(), "sync")), "note")
    assert words not in line_texts(expect_plan(planned(make_app_state(off()), "sync")), "note")


def test_a_sync_contains_the_plan_id_and_the_reason():
    plan = expect_plan(planned(pruning(), reason="the mock is stale"))
    assert step_names(plan) == ["Sync", "WaitForOperation", "WaitForHealth"]
    step = the(plan, Sync)
    assert (step.request_id, step.reason, step.prune, step.dry_run) == ("4f1c", "the mock is stale", True, False)
    assert the(plan, WaitForOperation).request_id == "4f1c"
    assert the(plan, WaitForHealth).app == step.app == pruning().app_ref
    assert step.app.project == "anchor-msp"


def test_several_applications_are_separate_groups_named_in_lines():
    plan = expect_plan(planned((make_app_state(application("a")), make_app_state(application("b"))), "sync"))
    assert [change.subject for change in plan.step_groups] == ["argocd/a", "argocd/b"]
    assert plan.title == "Sync 2 applications"
    assert all(line.startswith(("a: ", "b: ")) for line in line_texts(plan))


def test_an_application_that_is_named_is_the_only_one():
    a, b = make_app_state(application("a")), make_app_state(application("b"))
    found = plan_inputs(environments={"staging": (a, b)})
    plan = expect_plan(make_plan(order("sync", applications=(b.application.id,)), found))
    assert [change.application for change in plan.step_groups] == [b.application.id]


def test_differences_are_named_and_bad_health_is_a_warning():
    resources = (ApplicationResource(GATEWAY, "OutOfSync"), *stale_status(MOCK), ApplicationResource(MOCK, "Synced"))
    plan = expect_plan(planned(make_app_state(application(health="Degraded"), resources=resources), "sync"))
    assert "1 resource changes: Deployment/anchor-gateway" in line_texts(plan, "change")
    assert "it is Degraded now" in line_texts(plan, "warning")
    assert line_texts(plan, "change")[0] == "to 58c9961 “Promote 1.43.1 to prod (#15)”"


def test_an_unknown_permission_is_named():
    assert "it is unknown whether the token may sync it" in line_texts(
        expect_plan(planned(make_app_state(may_sync="unknown"), "sync")), "note"
    )


# --- what it costs ------------------------------------------------------------------------------------

CONFIRM = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
PRICES = {
    "a sync": ({"staging": make_app_state()}, "sync", {}, "key", ""),
    "a sync of prod": ({"prod": make_app_state()}, "sync", {}, "phrase", "prod"),
    "a prune of nothing": ({"staging": make_app_state()}, "hard-refresh-prune", {}, "key", ""),
    "a prune of nothing in prod": ({"prod": make_app_state()}, "hard-refresh-prune", {}, "phrase", "prod"),
    "a prune of two": ({"staging": pruning()}, "hard-refresh-prune", {}, "phrase", "2"),
    "a sync with prune of two": ({"staging": pruning()}, "sync", {"prune": True}, "phrase", "2"),
    "a prune of one that is deleted and one that asks": ({"staging": CONFIRM}, "hard-refresh-prune", {}, "phrase", "2"),
    "a prune of two in prod": ({"prod": pruning()}, "hard-refresh-prune", {}, "phrase", "prod 2"),
    "what is kept costs nothing": (
        {"prod": pruning("get-prune-false", "managed-resources-prune-false")},
        "hard-refresh-prune",
        {},
        "phrase",
        "prod 1",
    ),
    "several environments, one of them protected": (
        {"staging": pruning(), "prod": make_app_state()},
        "hard-refresh-prune",
        {},
        "phrase",
        "staging prod 2",
    ),
    "several environments, none protected": (
        {"dev": make_app_state(application("anchor-msp-dev")), "staging": pruning()},
        "hard-refresh-prune",
        {},
        "phrase",
        "2",
    ),
    "a dry run with prune": ({"staging": pruning()}, "sync", {"prune": True, "dry_run": True}, "key", ""),
    "a dry run with prune in prod": ({"prod": pruning()}, "sync", {"prune": True, "dry_run": True}, "phrase", "prod"),
}


@pytest.mark.parametrize("name", PRICES)
def test_a_plan_has_its_price(name):
    held, action, changes, price, phrase = PRICES[name]
    found = plan_inputs(environments={name: (each,) for name, each in held.items()})
    plan = expect_plan(make_plan(order(action, *held, **changes), found))
    assert (plan.confirmation, plan.phrase) == (price, phrase)
    assert plan.protected == ("prod" in held)
    assert plan.reason_required == ("prod" in held and not changes.get("dry_run"))


def test_a_dry_run_deletes_nothing_and_lists_the_deletions():
    plan = expect_plan(planned(pruning(), "sync", prune=True, dry_run=True))
    assert line_texts(plan, "deleted") == []
    assert not plan.is_destructive
    assert "would delete 2 resources; a dry run deletes nothing:" in line_texts(plan, "note")
    assert the(plan, WaitForOperation).resources_to_prune == ()
    assert the(plan, WaitForOperation).dry_run
    assert the(plan, Sync).dry_run
    assert step_names(plan) == ["Sync", "WaitForOperation"]
    assert "a dry run is an operation too: it replaces the result of the last one" in line_texts(plan, "note")


# --- the command line ---------------------------------------------------------------------------------

HOSTILE = ["'; rm -rf / #", '"$(id)"', "`id`", "a\nb", "--yes", "ä ö", "\\", "|&;<>*?[]{}~!"]


@pytest.mark.parametrize("words", HOSTILE)
def test_the_equivalent_command_is_quoted_for_a_shell(words):
    found = make_app_state(application(words), resources=(ApplicationResource(ResourceRef("Service", "x", words)),))
    asked = order("sync", applications=(found.application.id,), resources=(f"Service/{words}",), reason=words)
    plan = expect_plan(make_plan(asked, plan_inputs(environments={"staging": (found,)})))
    assert shlex.split(plan.command) == [
        "anchor-tui",
        "sync",
        f"argocd/{words}",
        "--resource",
        f"Service/{words}",
        *([f"--reason={words}"] if words.startswith("-") else ["--reason", words]),
        "--yes",
    ]


@pytest.mark.parametrize(
    ("action", "changes", "command"),
    [
        ("sync", {}, "anchor-tui sync staging --yes"),
        ("sync", {"prune": True}, "anchor-tui sync staging --prune --confirm 2"),
        ("sync", {"prune": True, "dry_run": True}, "anchor-tui sync staging --prune --server-dry-run --yes"),
        ("hard-refresh-prune", {"reason": "stale"}, "anchor-tui hard-refresh-prune staging --reason stale --confirm 2"),
    ],
)
def test_the_command_matches_the_order(action, changes, command):
    assert expect_plan(planned(pruning(), action, **changes)).command == command


def test_the_phrase_is_one_word_of_the_command():
    plan = expect_plan(planned(pruning(), environment="prod"))
    assert shlex.split(plan.command)[-2:] == ["--confirm", "prod 2"]


# --- drift, and plans that are already done -------------------------------------------------------------


def test_the_same_inputs_make_the_same_plan():
    first, again = expect_plan(planned(pruning())), expect_plan(planned(pruning()))
    assert first == again
    assert preconditions_hold(first, again)
    assert not describe_drift(first, again).words


def with_app(found, **changes):
    return replace(found, application=replace(found.application, **changes))


DRIFTS = {
    "another commit": (
        with_app(pruning(), compared_revision="b" * 40),
        "the commit of argocd/anchor-msp-staging was 58c9961 and is bbbbbbb now",
    ),
    "auto-sync": (
        with_app(pruning(), automated=None),
        "auto-sync of argocd/anchor-msp-staging was on and is off now",
    ),
    "other victims": (
        pruning("get-prune-false", "managed-resources-prune-false"),
        "what a prune of argocd/anchor-msp-staging deletes was Deployment/status-mock, Service/status-mock and is "
        "Deployment/status-mock now",
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_a_changed_precondition_is_a_drift(name):
    now, words = DRIFTS[name]
    first, again = expect_plan(planned(pruning())), expect_plan(planned(now))
    assert not preconditions_hold(first, again)
    assert words in str(describe_drift(first, again))


def test_stale_resources_do_not_drift_a_plain_sync():
    first = expect_plan(planned(pruning(), "sync"))
    again = expect_plan(planned(pruning("get-prune-false", "managed-resources-prune-false"), "sync"))
    assert preconditions_hold(first, again)


def test_an_application_more_or_less_is_a_drift():
    one = expect_plan(planned((make_app_state(application("a")),), "sync"))
    two = expect_plan(planned((make_app_state(application("a")), make_app_state(application("b"))), "sync"))
    assert not preconditions_hold(one, two)
    assert "the commit of argocd/b was absent and is 58c9961 now" in describe_drift(one, two).words
    assert "the commit of argocd/b was 58c9961 and is absent now" in describe_drift(two, one).words


PRUNED = pruning("get-after-prune", "managed-resources-prod")
SETTLED = {
    "pruned": (PRUNED, True),
    "only what is kept is stale": (
        replace(
            with_app(pruning("get-prune-false", "managed-resources-prune-false"), sync="Synced"),
            managed=ApplicationObjects(
                live=tuple(
                    each
                    for each in pruning("get-prune-false", "managed-resources-prune-false").managed.live
                    if each.kind != "Deployment"
                )
            ),
            resources=stale_status(SERVICE),
        ),
        True,
    ),
    "pruned, and not synced": (with_app(PRUNED, sync="OutOfSync"), False),
    "synced, and something is stale": (with_app(pruning(), sync="Synced"), False),
    "hidden by IgnoreExtraneous": (
        pruning("get-ignore-extraneous-all", "managed-resources-ignore-extraneous"),
        False,
    ),
    "its manifests are missing": (replace(PRUNED, managed=None), False),
    "it cannot be read": (Refusal("argocd/anchor-msp-staging", "timeout", "no answer"), False),
}


@pytest.mark.parametrize("name", SETTLED)
def test_a_completed_automatic_prune_counts_as_done(name):
    now, is_settled = SETTLED[name]
    plan = expect_plan(planned(pruning()))
    states = {pruning().application.id: now}
    assert (
        bool(already_done_message(plan, plan_inputs(environments={"staging": (pruning(),)}, states=states)))
        == is_settled
    )


@pytest.mark.parametrize("action", ["sync", "terminate"])
def test_a_plan_without_deletions_is_never_already_done(action):
    found = PRUNED if action == "sync" else with_app(PRUNED, operation=replace(RUNNING))
    plan = expect_plan(planned(found, action))
    assert already_done_message(plan, plan_inputs(environments={"staging": (PRUNED,)})) == ""


def test_a_condition_that_only_warns_stops_nothing():
    warned = application(
        conditions=(ApplicationCondition("OrphanedResourceWarning", "application has 2 orphaned resources"),)
    )
    assert expect_plan(planned(make_app_state(warned), "sync", prune=True))


def test_an_unreadable_age_is_left_out():
    managed = with_annotation("x", "y")
    broken = tuple(
        replace(each, manifest={"metadata": {**each.manifest["metadata"], "creationTimestamp": "soon"}})
        for each in managed.live
    )
    plan = expect_plan(planned(pruning(managed=ApplicationObjects(live=broken))))
    assert line_texts(plan, "deleted")[1] == "  Deployment  anchor-staging/status-mock"
