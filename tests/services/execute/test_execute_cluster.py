"""Refresh, sync, prune and terminate, carried out on a real socket: what was shown is what happens, or nothing does."""

from __future__ import annotations

import asyncio
from dataclasses import replace as changed

import pytest

from anchor_tui.domain.actions.plan import Plan, Refusal
from anchor_tui.sandbox.argocd.sync_options import SYNC_OPTIONS_ANNOTATION
from anchor_tui.sandbox.argocd.sync_tasks import SyncOrder
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from anchor_tui.sandbox.scenarios.catalog import TUNING_CONFIG_MAP
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.execute import argocd_steps
from tests.services.sandbox_operator import QUICK_TIMEOUTS, Operator, operator_at, wait_until_true

STAGING, PROD, DEV = (f"argocd/anchor-msp-{name}" for name in ("staging", "prod", "dev"))


def victims(plan: Plan) -> set[str]:
    """Return the resources that the shown lines of the Plan delete."""
    named = [line.text.split() for line in plan.lines if line.kind == "deleted" and line.text.startswith("  ")]
    return {f"{kind}/{where.partition('/')[2]}" for kind, where, *_ in named}


def stale_map(name: str, **metadata: object) -> dict[str, object]:
    return {**TUNING_CONFIG_MAP, "metadata": {**TUNING_CONFIG_MAP["metadata"], "name": name, **metadata}}


# --- refresh ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "how"), [("refresh", "normal"), ("hard-refresh", "hard")])
async def test_a_refresh_ends_after_the_comparison(tmp_path, action, how):
    with operator_at("steady", tmp_path) as op:
        before = op.app("dev").reconciled_at
        plan = await op.plan(action, "dev")
        assert (plan.confirmation, plan.reason_required) == ("none", False)
        outcome = await op.execute(plan, reason="", confirmed=False)
        assert (outcome.kind, outcome.message) == ("done", "Synced, Healthy")
        assert op.app("dev").reconciled_at > before
        assert op.app("dev").refresh is None
        assert op.traffic.writes == [f"argocd GET refresh={how} anchor-msp-dev"]
        assert op.ends == [(DEV, "done")]


async def test_a_refresh_lasts_as_long_as_its_annotation(tmp_path, monkeypatch):
    monkeypatch.setattr(argocd_steps, "RESPONSE_TIMEOUT_S", 0.05)  # the server answers when it is over, and not before
    with operator_at("steady", tmp_path, sandbox_pace=changed(FAST_TIMINGS, refresh_s=0.4)) as op:
        plan = await op.plan("refresh", "dev")
        pending: list[bool] = []
        op.traffic.on_arrival.append(lambda asked: pending.append(op.app("dev").refresh is not None))
        assert (await op.execute(plan, snapshot=await op.observe())).kind == "done"
        assert pending.count(True) > 3
        assert op.app("dev").refresh is None
        assert len(op.traffic.writes) == 1


async def test_several_refreshes_run_in_parallel_and_are_reported(tmp_path):
    with operator_at("steady", tmp_path, sandbox_pace=changed(FAST_TIMINGS, refresh_s=0.6)) as op:
        under_way: list[int] = []

        def look(asked):
            if "refresh" in asked.query:
                under_way.append(sum(app.refresh is not None for app in op.box.controller.applications.values()))

        op.traffic.on_arrival.append(look)
        outcome = await op.act("refresh", "dev", "staging", "prod")
        assert sorted((each.subject, each.kind) for each in outcome.results) == [
            (DEV, "done"),
            (PROD, "done"),
            (STAGING, "done"),
        ]
        assert under_way == [0, 1, 2]  # each was asked before the ones before it were over
        assert sorted(op.ends) == [(DEV, "done"), (PROD, "done"), (STAGING, "done")]


async def test_a_bulk_refresh_reports_forbidden_applications(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("argocd:forbidden=anchor-msp-staging")
        plan = await op.plan("refresh", "dev", "staging")
        assert [each.subject for each in plan.refused] == [STAGING]
        outcome = await op.execute(plan)
        assert {each.subject: each.kind for each in outcome.results} == {DEV: "done", STAGING: "refused"}
        assert op.traffic.writes == ["argocd GET refresh=normal anchor-msp-dev"]
        assert sorted(op.ends) == [(DEV, "done"), (STAGING, "refused")]


async def test_what_is_not_there_is_refused_alone(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.call_in_loop(lambda: op.box.controller.remove_application(op.app("dev"), op.box.clock.now()))
        refusal = await op.refusal("refresh", "dev")
        assert refusal.kind in {"absent", "forbidden"}
        assert op.traffic.writes == []


async def test_without_a_controller_only_that_refresh_is_unknown(tmp_path):
    with operator_at("steady", tmp_path, timeouts=changed(QUICK_TIMEOUTS, refresh_s=0.3)) as op:
        snapshot = await op.observe()
        op.box.controller.is_down = True
        plan = await op.plan("refresh", "dev", snapshot=snapshot)
        waiting = asyncio.create_task(op.execute(plan, snapshot=snapshot))
        await wait_until_true(lambda: op.traffic.writes)
        assert not waiting.done()
        assert isinstance(await op.prepare("sync", "staging", snapshot=snapshot), Plan)
        outcome = await waiting
        assert outcome.kind == "unknown"
        assert "is the application controller running?" in outcome.message
        assert op.ends == [(DEV, "unknown")]


# --- sync ---------------------------------------------------------------------------------------------


async def test_a_sync_applies_what_differs_and_carries_id_and_reason(tmp_path):
    with operator_at("drift", tmp_path) as op:
        plan = await op.plan("sync", "prod")
        assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "prod", True)
        outcome = await op.execute(plan, reason="put it back")
        assert outcome.kind == "done", outcome.message
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json == {
            "prune": False,
            "dryRun": False,
            "infos": [
                {"name": "Reason", "value": "put it back"},
                {"name": "anchor-tui request", "value": plan.id},
            ],
            "appNamespace": "argocd",
            "project": "anchor-msp",
        }
        assert (op.app("prod").sync, op.app("prod").health) == ("Synced", "Healthy")


async def test_without_auto_sync_the_commit_that_was_seen_is_sent(tmp_path):
    with operator_at("drift", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        assert (await op.execute(plan)).kind == "done"
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json["revision"] == op.box.git.head
        assert op.app("dev").sync == "Synced"


async def test_a_dry_run_changes_nothing_and_reports_changes(tmp_path):
    with operator_at("drift", tmp_path) as op:
        before = op.syncs("staging"), op.live("staging")
        plan = await op.plan("sync", "staging", prune=True, dry_run=True)
        assert plan.confirmation == "key"
        assert not plan.is_destructive
        outcome = await op.execute(plan)
        assert outcome.kind == "done"
        assert "would be deleted: ConfigMap/anchor-gateway-tuning" in outcome.message
        assert "would be kept: Service/anchor-web-canary" in outcome.message
        assert (op.syncs("staging"), op.live("staging")) == before


async def test_of_selected_resources_only_those_are_touched(tmp_path):
    with operator_at("incident", tmp_path) as op:
        before = op.syncs("staging"), op.live("staging")
        plan = await op.plan("sync", "staging", prune=True, resources=("Service/status-mock",))
        assert (victims(plan), plan.phrase) == ({"Service/status-mock"}, "1")
        assert (await op.execute(plan)).kind == "done"
        assert (op.syncs("staging"), op.live("staging")) == (before[0], before[1] - {"Service/status-mock"})


async def test_an_unknown_resource_is_refused(tmp_path):
    with operator_at("steady", tmp_path) as op:
        refusal = await op.refusal("sync", "staging", resources=("Service/nope",))
        assert refusal.kind == "no-resource"


async def test_a_failed_sync_contains_the_message_of_kubernetes(tmp_path):
    with operator_at("drift", tmp_path) as op:
        op.box.controller.sync_failures["anchor-msp-dev"] = "admission webhook denied the request: no"
        outcome = await op.act("sync", "dev")
        assert outcome.kind == "failed"
        assert "admission webhook denied the request: no" in outcome.message
        assert op.ends == [(DEV, "failed")]


async def test_a_sync_that_never_starts_is_unknown(tmp_path):
    with operator_at("drift", tmp_path, timeouts=changed(QUICK_TIMEOUTS, start_s=0.2)) as op:
        plan = await op.plan("sync", "dev")
        op.box.controller.is_down = True
        outcome = await op.execute(plan)
        assert outcome.kind == "unknown"
        assert "not started" in outcome.message
        assert op.traffic.writes == ["argocd POST sync anchor-msp-dev"]


async def test_a_running_operation_and_a_deny_window_refuse(tmp_path):
    with operator_at("drift", tmp_path, sandbox_pace=changed(FAST_TIMINGS, apply_s=60)) as op:
        op.box.controller.windows = [ProjectSyncWindow.deny_all("anchor-msp-prod")]
        refusal = await op.refusal("sync", "prod")
        assert (refusal.kind, "deny 0 0 * * * for 24h" in refusal.message) == ("window", True)
        begin(op, "dev")
        await wait_until_true(lambda: op.app("dev").is_busy)
        refusal = await op.refusal("sync", "dev")
        assert (refusal.kind, "terminate it (x)" in refusal.message) == ("busy", True)


def begin(op: Operator, name: str) -> None:
    """Start a sync as another user."""
    sync = SyncOrder(op.box.git.head, username="a-lee")
    op.box.call_in_loop(lambda: op.box.controller.start_operation(op.app(name), op.box.clock.now(), sync))


async def test_another_commit_is_a_drift_and_nothing_is_sent(tmp_path):
    with operator_at("drift", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        op.box.commit({"infra/helm/platform/environments/dev/note.yaml": "a: 1\n"}, "Another commit")
        await wait_until_true(lambda: op.app("dev").revision == op.box.git.head)
        outcome = await op.execute(plan)
        assert outcome.kind == "drifted"
        assert outcome.fresh is not None
        assert outcome.fresh.preconditions != plan.preconditions
        assert op.traffic.writes == []
        assert op.ends == [(DEV, "drifted")]


# --- hard refresh + prune -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "name", "expected"),
    [
        ("incident", "staging", {"Deployment/status-mock", "Service/status-mock"}),
        ("cutover", "staging", {"Deployment/status-mock", "Service/status-mock"}),
        ("cutover", "prod", {"Deployment/status-mock", "Service/status-mock"}),
        ("drift", "staging", {"ConfigMap/anchor-gateway-tuning"}),
    ],
)
async def test_what_is_shown_as_deleted_is_exactly_what_goes(tmp_path, scenario, name, expected):
    with operator_at(scenario, tmp_path) as op:
        if (scenario, name) == ("cutover", "prod"):
            op.set_real_control_center()
        before = op.live(name)
        plan = await op.plan("hard-refresh-prune", name)
        assert op.traffic.writes == [f"argocd GET refresh=hard anchor-msp-{name}"]  # and only then the list
        assert victims(plan) == expected
        number = str(len(expected))
        assert (plan.confirmation, plan.phrase) == ("phrase", f"prod {number}" if name == "prod" else number)
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert before - op.live(name) == expected
        assert op.traffic.writes[1:] == [f"argocd POST sync anchor-msp-{name}"]


async def test_prune_options_decide_what_is_deleted(tmp_path):
    with operator_at("incident", tmp_path) as op:
        hands = op.box.kubectl
        hands.apply_object("anchor-msp-staging", stale_map("kept"), {SYNC_OPTIONS_ANNOTATION: "Prune=false"})
        hands.apply_object("anchor-msp-staging", stale_map("asks"), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"})
        ignored = {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"}
        hands.apply_object("anchor-msp-staging", stale_map("ignored"), ignored)
        hands.apply_object("anchor-msp-staging", stale_map("hook"), {"argocd.argoproj.io/hook": "PostSync"})
        before = op.live("staging")
        plan = await op.plan("hard-refresh-prune", "staging")
        gone = {"ConfigMap/asks", "ConfigMap/ignored", "Deployment/status-mock", "Service/status-mock"}
        assert victims(plan) == gone
        assert [line.text for line in plan.lines if line.kind == "kept"] == [
            "kept although stale: ConfigMap/kept (Prune=false)"
        ]
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert "approved the deletion of /ConfigMap/asks" in outcome.message
        assert before - op.live("staging") == gone
        assert op.traffic.writes[1:] == ["argocd POST sync anchor-msp-staging", "argocd PATCH anchor-msp-staging"]
        lines = [each for each in op.entries if each.request and each.request["method"] == "PATCH"]
        assert [(each.entry, each.message) for each in lines] == [
            ("intended", "approve the deletion of /ConfigMap/asks"),
            ("done", "approved the deletion of /ConfigMap/asks"),
        ]


async def test_a_deletion_is_approved_without_waiting_for_the_rest(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.kubectl.apply_object("anchor-msp-staging", stale_map("asks"), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"})
        outcome = await op.act("hard-refresh-prune", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        assert "ConfigMap/asks" not in op.live("staging")
        assert "argocd PATCH anchor-msp-staging" in op.traffic.writes


async def test_an_unauditable_deletion_is_not_approved(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.kubectl.apply_object("anchor-msp-staging", stale_map("asks"), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"})
        plan = await op.plan("hard-refresh-prune", "staging")

        def full(asked):
            if asked.method == "POST":
                op.audit.path.unlink()
                op.audit.path.mkdir()

        op.traffic.on_arrival.append(full)
        outcome = await op.execute(plan)
        assert outcome.kind == "unknown"
        assert "“sync anchor-msp-staging (with prune)” is done, but not recorded" in outcome.message
        assert "argocd PATCH anchor-msp-staging" not in op.traffic.writes
        assert "ConfigMap/asks" in op.live("staging")


async def test_several_that_ask_to_be_confirmed_are_confirmed_together(tmp_path):
    with operator_at("incident", tmp_path) as op:
        for name in ("one", "two", "three"):
            op.box.kubectl.apply_object(
                "anchor-msp-staging", stale_map(name), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"}
            )
        plan = await op.plan("hard-refresh-prune", "staging")
        outcome = await op.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert victims(plan).isdisjoint(op.live("staging"))
        assert {"ConfigMap/one", "ConfigMap/two", "ConfigMap/three"} <= victims(plan)


async def test_one_more_that_asks_than_was_confirmed_is_not_approved(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.kubectl.apply_object("anchor-msp-staging", stale_map("asks"), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"})
        plan = await op.plan("hard-refresh-prune", "staging")

        def sneak(asked):
            if asked.method == "POST":  # between our last look and the sync
                op.box.kubectl.apply_object(
                    "anchor-msp-staging", stale_map("zz-late"), {SYNC_OPTIONS_ANNOTATION: "Prune=confirm"}
                )

        op.traffic.on_arrival.append(sneak)
        outcome = await op.execute(plan)
        assert outcome.kind == "failed"
        assert "more than this plan confirmed" in outcome.message
        assert "argocd PATCH anchor-msp-staging" not in op.traffic.writes
        assert {"ConfigMap/asks", "ConfigMap/zz-late"} <= op.live("staging")


async def test_a_preview_sends_no_refresh_and_shows_its_age(tmp_path):
    with operator_at("incident", tmp_path) as op:
        plan = await op.prepare("hard-refresh-prune", "staging", only_look=True)
        assert isinstance(plan, Plan)
        assert victims(plan) == {"Deployment/status-mock", "Service/status-mock"}
        assert not plan.executable
        assert op.traffic.writes == []
        outcome = await op.execute(plan)
        assert outcome.kind == "refused"
        assert op.traffic.writes == []


async def test_a_changed_deletion_list_is_a_drift(tmp_path):
    with operator_at("incident", tmp_path) as op:
        plan = await op.plan("hard-refresh-prune", "staging")
        op.box.kubectl.apply_object("anchor-msp-staging", stale_map("late"))
        op.traffic.clear()
        outcome = await op.execute(plan)
        assert outcome.kind == "drifted"
        assert "ConfigMap/late" in outcome.message
        assert op.traffic.writes == []
        assert outcome.fresh is not None
        assert victims(outcome.fresh) == victims(plan) | {"ConfigMap/late"}
        assert outcome.fresh.phrase == "3"
        again = await op.execute(outcome.fresh)
        assert again.kind == "done", again.message
        assert victims(outcome.fresh).isdisjoint(op.live("staging"))


async def test_after_an_automatic_prune_nothing_is_sent(tmp_path):
    with operator_at("incident", tmp_path) as op:
        plan = await op.plan("hard-refresh-prune", "staging")
        op.box.kubectl.patch_application(
            "anchor-msp-staging", {"spec": {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}}}
        )
        await wait_until_true(lambda: op.app("staging").sync == "Synced" and not op.app("staging").is_busy)
        op.traffic.clear()
        outcome = await op.execute(plan)
        assert outcome.kind == "done"
        assert "already pruned everything automatically" in outcome.message
        assert op.traffic.writes == []
        assert op.ends[-1] == (STAGING, "done")


async def test_without_the_refresh_there_is_no_plan_of_a_prune(tmp_path):
    with operator_at("incident", tmp_path, timeouts=changed(QUICK_TIMEOUTS, refresh_s=0.2)) as op:
        snapshot = await op.observe()
        op.box.controller.is_down = True
        refusal = await op.prepare("hard-refresh-prune", "staging", snapshot=snapshot)
        assert isinstance(refusal, Refusal)
        assert "did not succeed" in refusal.message
        assert [each for each in op.traffic.writes if "POST" in each] == []


async def test_what_a_prune_deletes_is_never_guessed(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("argocd:status=500,path=/api/v1/applications/anchor-msp-staging/managed-resources")
        refusal = await op.refusal("hard-refresh-prune", "staging")
        assert (refusal.kind, "nothing is pruned" in refusal.message) == ("unknown-victims", True)


# --- terminate ----------------------------------------------------------------------------------------


async def test_a_running_operation_is_ended(tmp_path):
    with operator_at("drift", tmp_path, sandbox_pace=changed(FAST_TIMINGS, apply_s=30)) as op:
        sync = asyncio.create_task(op.act("sync", "dev"))
        await wait_until_true(lambda: (op.app("dev").operation_state or {}).get("phase") == "Running")
        plan = await op.plan("terminate", "dev")
        assert plan.confirmation == "key"
        other = Operator(op.box, op.traffic, tmp_path / "other")
        outcome = await other.execute(plan)
        assert outcome.kind == "done", outcome.message
        assert "Operation terminated" in outcome.message
        assert op.traffic.writes[-1] == "argocd DELETE operation anchor-msp-dev"
        ended = await sync
        assert (ended.kind, "Operation terminated" in ended.message) == ("failed", True)


async def test_where_nothing_runs_there_is_nothing_to_terminate(tmp_path):
    with operator_at("steady", tmp_path) as op:
        refusal = await op.refusal("terminate", "prod")
        assert (refusal.kind, refusal.already_done) == ("idle", True)
        assert op.traffic.writes == []


async def test_an_operation_that_ended_between_plan_and_confirmation_is_settled(tmp_path):
    with operator_at("drift", tmp_path, sandbox_pace=changed(FAST_TIMINGS, apply_s=60)) as op:
        begin(op, "dev")
        await wait_until_true(lambda: (op.app("dev").operation_state or {}).get("phase") == "Running")
        plan = await op.plan("terminate", "dev")
        op.box.call_in_loop(lambda: op.box.controller.terminate_operation(op.app("dev"), op.box.clock.now()))
        await wait_until_true(lambda: not op.app("dev").is_busy)
        op.traffic.clear()
        outcome = await op.execute(plan)
        assert (outcome.kind, op.traffic.writes) == ("done", [])
        assert "nothing to terminate" in outcome.message
