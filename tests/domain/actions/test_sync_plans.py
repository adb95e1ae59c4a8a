"""Sync and hard refresh + prune: what is deleted, kept and asked about, what is refused, and what it costs."""

from __future__ import annotations

import shlex

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.cluster import ResourceStatus, SyncWindows, stale_resources
from anchor_tui.domain.actions.following import FollowHealth, FollowOperation
from anchor_tui.domain.actions.parts import ResourceRef
from anchor_tui.domain.actions.plan import Plan, Refusal, drift, still_holds
from anchor_tui.domain.actions.planning import make_plan, settled
from anchor_tui.domain.actions.steps import Sync
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects, read_managed_resources
from anchor_tui.domain.model import ApplicationCondition, AutoSyncPolicy, Operation, Problem
from tests.actions import (
    STALE,
    a_plan,
    a_refusal,
    environment,
    evidence,
    line_of,
    lines,
    order,
    recorded_state,
    snapshot,
    stale_status,
    state,
    steps_of,
    unread,
)
from tests.argocd_recordings import load_recording
from tests.values import NOW, ago, application

DEPLOYMENT, SERVICE = STALE
GATEWAY = ResourceRef("Deployment", "anchor-prod", "anchor-gateway", "apps")
MOCK = ResourceRef("Service", "anchor-prod", "status-mock")


def pruning(get="get-staging", managed="managed-resources", **changes):
    return recorded_state(get, managed, **changes)


def planned(found, action="hard-refresh-prune", environment="staging", **changes):
    states = found if isinstance(found, tuple) else (found,)
    return make_plan(order(action, environment, **changes), evidence(environments={environment: states}))


def the(plan: Plan, kind):
    """The only step of its kind."""
    (found,) = (step for change in plan.changes for step in change.steps if isinstance(step, kind))
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
def test_what_a_prune_does_with_a_stale_resource_stands_in_its_live_manifest(name):
    get, managed, fates = FATES[name]
    assert {each.ref: each.fate for each in stale_resources(pruning(get, managed))} == fates


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
    found = {each.ref: each.fate for each in stale_resources(pruning(managed=managed))}
    assert found == {DEPLOYMENT: "deleted", SERVICE: fate}


def test_a_hook_of_argo_cd_or_helm_is_never_stale():
    for key in ("argocd.argoproj.io/hook", "helm.sh/hook"):
        found = stale_resources(replace(pruning(managed=with_annotation(key, "PreSync")), resources=()))
        assert [each.ref for each in found] == [DEPLOYMENT]


def test_a_stale_resource_whose_manifest_did_not_come_counts_as_deleted_and_a_hook_does_not():
    resources = (*stale_status(MOCK), ResourceStatus(GATEWAY, requires_pruning=True, hook=True))
    (found,) = stale_resources(state(resources=resources))
    assert (found.ref, found.fate) == (MOCK, "deleted")
    assert "did not come" in found.why


def test_a_plan_names_each_victim_with_its_age_and_what_is_kept():
    plan = a_plan(planned(pruning("get-prune-false", "managed-resources-prune-false")))
    assert lines(plan, "deleted")[0] == "1 resource will be DELETED from the cluster:"
    age = (NOW - STALE_SINCE).total_seconds()
    assert lines(plan, "deleted")[1] == f"  Deployment  anchor-staging/status-mock  {int(age // 3600)} h old"
    assert lines(plan, "kept") == ["kept although stale: Service/status-mock (Prune=false)"]
    assert the(plan, FollowOperation).victims == (DEPLOYMENT,)
    assert plan.is_destructive


STALE_SINCE = NOW.replace(hour=6, minute=41, second=27)


def test_ignore_extraneous_hides_a_resource_and_does_not_keep_it():
    plan = a_plan(planned(pruning("get-ignore-extraneous-all", "managed-resources-ignore-extraneous")))
    assert "IgnoreExtraneous hides that it is stale, and does not keep it" in line_of(plan, "Service  ").text
    assert "IgnoreExtraneous" not in line_of(plan, "Deployment  ").text
    assert plan.phrase == "2"


def test_what_asks_is_deleted_and_confirmed_by_the_plan_and_nothing_else_is():
    plan = a_plan(planned(pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")))
    follow = the(plan, FollowOperation)
    assert follow.victims == STALE
    assert follow.approves == (SERVICE,)
    assert "asks to be confirmed (Prune=confirm), which this does" in line_of(plan, "Service  ").text
    assert plan.phrase == "2"


def test_a_dry_run_never_confirms_a_deletion_and_is_refused_where_it_would_be_held():
    state = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
    refusal = a_refusal(planned(state, dry_run=True))
    assert (refusal.kind, "would hold this dry run" in refusal.message) == ("prune-confirm", True)


def test_delete_confirm_is_no_question():
    managed = with_annotation("argocd.argoproj.io/sync-options", "Delete=confirm")
    plan = a_plan(planned(pruning("get-delete-confirm-annotation", managed=managed)))
    assert the(plan, FollowOperation).approves == ()
    assert a_plan(planned(pruning("get-delete-confirm-annotation", managed=managed), "sync"))


def test_one_that_is_stale_stays_and_several_stay():
    plan = a_plan(planned(pruning(), "sync", resources=("Service/status-mock",)))
    assert lines(plan, "kept") == ["prune is off: 1 stale resource stays: Service/status-mock"]


def test_without_prune_what_is_stale_stays_and_that_is_said():
    plan = a_plan(planned(pruning(), "sync"))
    assert lines(plan, "deleted") == []
    assert lines(plan, "kept") == ["prune is off: 2 stale resources stay: Deployment/status-mock, Service/status-mock"]
    assert not the(plan, Sync).prune
    assert the(plan, FollowOperation).victims == ()
    assert not plan.is_destructive


def test_nothing_stale_is_said_to_delete_nothing():
    plan = a_plan(planned(pruning("get", "managed-resources-prod"), environment="prod"))
    assert line_of(plan, "nothing is deleted").kind == "ok"
    assert (plan.price, plan.phrase) == ("phrase", "prod")


def test_of_selected_resources_only_the_selected_victims_are_deleted():
    plan = a_plan(planned(pruning(), "sync", prune=True, resources=("Service/status-mock",)))
    assert the(plan, Sync).resources == (SERVICE,)
    assert the(plan, FollowOperation).victims == (SERVICE,)
    assert plan.phrase == "1"
    assert steps_of(plan) == ["Sync", "FollowOperation"]
    assert "no hooks run" in line_of(plan, "selected resources").text


@pytest.mark.parametrize(
    "name", ["Deployment/status-mock", "apps/Deployment/status-mock", "Deployment/anchor-staging/status-mock"]
)
def test_a_resource_can_be_named_with_its_group_or_its_namespace(name):
    assert the(a_plan(planned(pruning(), "sync", resources=(name,))), Sync).resources == (DEPLOYMENT,)


def test_a_resource_that_has_its_name_in_two_namespaces_is_selected_in_both():
    twice = (ResourceRef("Service", "a", "x"), ResourceRef("Service", "b", "x"))
    found = state(resources=tuple(ResourceStatus(each) for each in twice))
    assert the(a_plan(planned(found, "sync", resources=("Service/x",))), Sync).resources == twice


# --- refusals -----------------------------------------------------------------------------------------

RUNNING = Operation("Running", "waiting for completion of hook batch/Job/x", ago(minutes=4), initiated_by="j.brandt")
REFUSED = {
    "an operation runs": (
        state(application(operation=RUNNING)),
        {},
        "busy",
        "an operation is Running for 4 min by j.brandt: waiting for completion of hook batch/Job/x",
    ),
    "an operation waits to retry": (
        state(application(operation=replace(RUNNING, finished_at=ago(minutes=1)))),
        {},
        "busy",
        "an operation is Running",
    ),
    "an operation that nobody has taken": (state(application(operation=Operation("Pending"))), {}, "busy", "Pending"),
    "an operation is being terminated": (recorded_state("get-dr-after-terminate"), {}, "busy", "is Terminating"),
    "a deny window": (
        state(windows=SyncWindows(can_sync=False, active=("deny 0 0 * * * for 24h",))),
        {},
        "window",
        "a sync window forbids it (deny 0 0 * * * for 24h)",
    ),
    "no allow window": (state(windows=SyncWindows(can_sync=False)), {}, "window", "no allow window is open"),
    "a spec that is wrong": (
        recorded_state("get-invalid-spec"),
        {},
        "invalid",
        "a sync would be accepted and never start (InvalidSpecError: ",
    ),
    "a token that may not": (state(may_sync="no"), {}, "forbidden", "the token may not sync it"),
    "a comparison that failed": (
        recorded_state("get-legacy", "managed-resources-legacy"),
        {"prune": True},
        "unknown-victims",
        "what a prune would delete cannot be told (ComparisonError: ",
    ),
    "a comparison that failed, with everything said to be stale": (
        recorded_state("get-redis-down", "managed-resources-prod"),
        {"prune": True},
        "unknown-victims",
        "nothing is deleted blindly",
    ),
    "manifests that did not come": (
        state(managed=None, unmanaged="503: the repo-server is down"),
        {"prune": True},
        "unknown-victims",
        "503: the repo-server is down",
    ),
    "manifests that were not asked for": (
        state(managed=None),
        {"prune": True},
        "unknown-victims",
        "its manifests did not come",
    ),
    "a resource that it does not have": (
        pruning(),
        {"resources": ("Service/nope",)},
        "no-resource",
        "there is no resource Service/nope: it has Deployment/anchor-gateway",
    ),
    "a resource without a name": (pruning(), {"resources": ("",)}, "no-resource", "there is no resource "),
    "a hook as a resource": (
        recorded_state("get-migrate", application=application()),
        {"resources": ("Job/anchor-migrate",)},
        "no-resource",
        "there is no resource Job/anchor-migrate",
    ),
    "Prune=confirm, which would hold it": (
        pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation"),
        {},
        "prune-confirm",
        "Service/status-mock has Prune=confirm, which would hold this sync",
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
        "the token may not confirm it (applications, update)",
    ),
    "an application that is absent": (
        state(application(presence="absent", problems=(Problem("x", "not-found", "404: not found"),))),
        {},
        "absent",
        "404: not found: nothing can be done with it from here",
    ),
    "an application that is being deleted": (recorded_state("get-deleting"), {}, "deleting", "is being deleted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_sync_is_refused_with_the_reason(name):
    found, changes, kind, words = REFUSED[name]
    refusal = a_refusal(planned(found, "sync", "staging", **changes))
    assert (refusal.kind, refusal.subject) == (kind, str(found.application.id))
    assert words in refusal.message
    assert not refusal.settled


def test_beside_prune_confirm_other_resources_can_be_synced():
    found = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
    plan = a_plan(planned(found, "sync", resources=("Deployment/anchor-gateway",)))
    assert the(plan, FollowOperation).approves == ()


def test_an_application_that_was_not_asked_about_is_refused_and_not_guessed():
    found = evidence(state(), states={})
    assert a_refusal(make_plan(order("sync", "prod"), found)).kind == "unread"


@pytest.mark.parametrize(
    ("sources", "kind", "words"),
    [
        ((unread(),), "unread", "no answer within 15 s"),
        ((), "absent", "look at `applications` in the configuration"),
    ],
)
def test_an_environment_without_applications_says_whether_it_was_read(sources, kind, words):
    found = evidence(snapshot=snapshot(environment("prod"), sources=sources))
    refusal = a_refusal(make_plan(order("sync", "prod"), found))
    assert (refusal.kind, refusal.subject) == (kind, "prod")
    assert words in refusal.message


def test_of_several_applications_some_are_refused_and_the_others_planned():
    well, other = state(application("b")), state(application("a", operation=RUNNING))
    plan = a_plan(planned((well, other), "sync"))
    assert [change.subject for change in plan.changes] == ["argocd/b"]
    assert [(each.subject, each.kind) for each in plan.refused] == [("argocd/a", "busy")]
    assert plan.title == "Sync b"


def test_where_all_are_refused_each_reason_is_said():
    states = (state(application("a", operation=RUNNING)), state(application("b"), may_sync="no"))
    refusal = a_refusal(planned(states, "sync"))
    assert "argocd/a: an operation is Running" in refusal.message
    assert "argocd/b: the token may not sync it" in refusal.message


# --- what is sent -------------------------------------------------------------------------------------


def off(**changes):
    return application(automated=None, **changes)


@pytest.mark.parametrize(
    ("found", "revision"),
    [
        (state(application()), None),
        (state(off()), application().compared_revision),
        (state(application(automated=AutoSyncPolicy(False, True, True))), application().compared_revision),
        (state(off(), several_sources=True), None),
        (state(off(compared_revision=None)), None),
        (pruning("get-demo", "managed-resources-demo"), "58c99611d007a6cc61b03fc859cecf01bfcf1e22"),
        (recorded_state("get-partner"), None),
        (recorded_state("get-staging"), None),
    ],
)
def test_a_revision_is_sent_only_where_auto_sync_is_off(found, revision):
    plan = a_plan(planned(found, "sync"))
    step = the(plan, Sync)
    assert step.revision == revision
    assert step.seen_revision == found.application.compared_revision == the(plan, FollowOperation).seen_revision


def test_with_auto_sync_on_it_is_said_that_a_newer_commit_may_come():
    words = "auto-sync is on: Argo CD takes the newest commit, also one that comes now"
    assert words in lines(a_plan(planned(state(), "sync")), "note")
    assert words not in lines(a_plan(planned(state(off()), "sync")), "note")


def test_a_sync_carries_the_id_of_the_plan_and_the_reason_and_is_followed_to_health():
    plan = a_plan(planned(pruning(), reason="the mock is stale"))
    assert steps_of(plan) == ["Sync", "FollowOperation", "FollowHealth"]
    step = the(plan, Sync)
    assert (step.request_id, step.reason, step.prune, step.dry_run) == ("4f1c", "the mock is stale", True, False)
    assert the(plan, FollowOperation).request_id == "4f1c"
    assert the(plan, FollowHealth).app == step.app == pruning().target
    assert step.app.project == "anchor-msp"


def test_several_applications_are_changed_side_by_side_each_named_in_its_lines():
    plan = a_plan(planned((state(application("a")), state(application("b"))), "sync"))
    assert [change.subject for change in plan.changes] == ["argocd/a", "argocd/b"]
    assert plan.title == "Sync 2 applications"
    assert all(line.startswith(("a: ", "b: ")) for line in lines(plan))


def test_an_application_that_is_named_is_the_only_one():
    a, b = state(application("a")), state(application("b"))
    found = evidence(environments={"staging": (a, b)})
    plan = a_plan(make_plan(order("sync", applications=(b.application.id,)), found))
    assert [change.application for change in plan.changes] == [b.application.id]


def test_what_differs_is_named_and_what_is_not_well_is_a_warning():
    resources = (ResourceStatus(GATEWAY, "OutOfSync"), *stale_status(MOCK), ResourceStatus(MOCK, "Synced"))
    plan = a_plan(planned(state(application(health="Degraded"), resources=resources), "sync"))
    assert "1 resource changes: Deployment/anchor-gateway" in lines(plan, "change")
    assert "it is Degraded now" in lines(plan, "warning")
    assert lines(plan, "change")[0] == "to 58c9961 “Promote 1.43.1 to prod (#15)”"


def test_that_a_permission_is_unknown_is_said():
    assert "whether the token may sync it could not be asked" in lines(
        a_plan(planned(state(may_sync="unknown"), "sync")), "note"
    )


# --- what it costs ------------------------------------------------------------------------------------

CONFIRM = pruning("get-prune-confirm-annotation", "managed-resources-prune-confirm-annotation")
PRICES = {
    "a sync": ({"staging": state()}, "sync", {}, "key", ""),
    "a sync of prod": ({"prod": state()}, "sync", {}, "phrase", "prod"),
    "a prune of nothing": ({"staging": state()}, "hard-refresh-prune", {}, "key", ""),
    "a prune of nothing in prod": ({"prod": state()}, "hard-refresh-prune", {}, "phrase", "prod"),
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
        {"staging": pruning(), "prod": state()},
        "hard-refresh-prune",
        {},
        "phrase",
        "staging prod 2",
    ),
    "several environments, none protected": (
        {"dev": state(application("anchor-msp-dev")), "staging": pruning()},
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
    found = evidence(environments={name: (each,) for name, each in held.items()})
    plan = a_plan(make_plan(order(action, *held, **changes), found))
    assert (plan.price, plan.phrase) == (price, phrase)
    assert plan.protected == ("prod" in held)
    assert plan.reason_required == ("prod" in held and not changes.get("dry_run"))


def test_a_dry_run_deletes_nothing_and_says_what_it_would():
    plan = a_plan(planned(pruning(), "sync", prune=True, dry_run=True))
    assert lines(plan, "deleted") == []
    assert not plan.is_destructive
    assert "would delete 2 resources; a dry run deletes nothing:" in lines(plan, "note")
    assert the(plan, FollowOperation).victims == ()
    assert the(plan, FollowOperation).dry_run
    assert the(plan, Sync).dry_run
    assert steps_of(plan) == ["Sync", "FollowOperation"]
    assert "a dry run is an operation too: it takes the place of the last one's result" in lines(plan, "note")


# --- the command line ---------------------------------------------------------------------------------

HOSTILE = ["'; rm -rf / #", '"$(id)"', "`id`", "a\nb", "--yes", "ä ö", "\\", "|&;<>*?[]{}~!"]


@pytest.mark.parametrize("words", HOSTILE)
def test_the_equivalent_command_is_safe_for_a_shell_whatever_is_in_it(words):
    found = state(application(words), resources=(ResourceStatus(ResourceRef("Service", "x", words)),))
    asked = order("sync", applications=(found.application.id,), resources=(f"Service/{words}",), reason=words)
    plan = a_plan(make_plan(asked, evidence(environments={"staging": (found,)})))
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
def test_the_command_says_the_same(action, changes, command):
    assert a_plan(planned(pruning(), action, **changes)).command == command


def test_the_command_for_a_protected_environment_has_the_phrase_as_one_word():
    plan = a_plan(planned(pruning(), environment="prod"))
    assert shlex.split(plan.command)[-2:] == ["--confirm", "prod 2"]


# --- drift, and what came true by itself ----------------------------------------------------------------


def test_a_plan_made_again_from_the_same_evidence_still_holds_and_is_the_same():
    first, again = a_plan(planned(pruning())), a_plan(planned(pruning()))
    assert first == again
    assert still_holds(first, again)
    assert not drift(first, again).words


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
def test_a_plan_does_not_hold_where_what_it_stands_on_is_another(name):
    now, words = DRIFTS[name]
    first, again = a_plan(planned(pruning())), a_plan(planned(now))
    assert not still_holds(first, again)
    assert words in str(drift(first, again))


def test_of_a_plain_sync_stale_resources_are_no_drift():
    first = a_plan(planned(pruning(), "sync"))
    again = a_plan(planned(pruning("get-prune-false", "managed-resources-prune-false"), "sync"))
    assert still_holds(first, again)


def test_an_application_more_or_less_is_a_drift():
    one = a_plan(planned((state(application("a")),), "sync"))
    two = a_plan(planned((state(application("a")), state(application("b"))), "sync"))
    assert not still_holds(one, two)
    assert "the commit of argocd/b was not there and is 58c9961 now" in drift(one, two).words
    assert "the commit of argocd/b was 58c9961 and is not there now" in drift(two, one).words


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
    "its manifests did not come": (replace(PRUNED, managed=None), False),
    "it cannot be read": (Refusal("argocd/anchor-msp-staging", "timeout", "no answer"), False),
}


@pytest.mark.parametrize("name", SETTLED)
def test_that_auto_sync_has_pruned_it_all_meanwhile_is_a_good_end(name):
    now, is_settled = SETTLED[name]
    plan = a_plan(planned(pruning()))
    states = {pruning().application.id: now}
    assert bool(settled(plan, evidence(environments={"staging": (pruning(),)}, states=states))) == is_settled


@pytest.mark.parametrize("action", ["sync", "terminate"])
def test_what_deletes_nothing_never_comes_true_by_itself(action):
    found = PRUNED if action == "sync" else with_app(PRUNED, operation=replace(RUNNING))
    plan = a_plan(planned(found, action))
    assert settled(plan, evidence(environments={"staging": (PRUNED,)})) == ""


def test_a_condition_that_only_warns_stops_nothing():
    warned = application(
        conditions=(ApplicationCondition("OrphanedResourceWarning", "application has 2 orphaned resources"),)
    )
    assert a_plan(planned(state(warned), "sync", prune=True))


def test_the_age_of_a_victim_is_left_out_where_it_cannot_be_read():
    managed = with_annotation("x", "y")
    broken = tuple(
        replace(each, manifest={"metadata": {**each.manifest["metadata"], "creationTimestamp": "soon"}})
        for each in managed.live
    )
    plan = a_plan(planned(pruning(managed=ApplicationObjects(live=broken))))
    assert lines(plan, "deleted")[1] == "  Deployment  anchor-staging/status-mock"
