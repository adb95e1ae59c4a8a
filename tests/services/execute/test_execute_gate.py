"""Refusals of the executor: read-only, a missing confirmation, concurrent changes, an unwritable audit."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Plan, Refusal
from anchor_tui.sandbox.timings import FAST_TIMINGS
from anchor_tui.services.execute.audit import find_unfinished
from anchor_tui.services.process_identity import is_process_alive
from tests.services.sandbox_operator import operator_at, second_operator, wait_until_true

ORDERS = [
    ("refresh", ("dev",), {}),
    ("hard-refresh", ("dev",), {}),
    ("sync", ("dev",), {}),
    ("hard-refresh-prune", ("staging",), {}),
    ("terminate", ("dev",), {}),
    ("promote", ("staging",), {}),
    ("rollback", ("staging",), {"version": "1.43.1"}),
    ("merge", (), {"number": 232}),
    ("cutover", (), {}),
]


# --- read-only ----------------------------------------------------------------------------------------


async def test_read_only_refuses_every_action_before_anything_leaves(tmp_path):
    with operator_at("incident", tmp_path, read_only=True) as op:
        snapshot = await op.observe("argocd", "github")
        op.traffic.clear()
        for action, names, more in ORDERS:
            found = await op.prepare(action, *names, snapshot=snapshot, **more)
            assert isinstance(found, Refusal)
            assert found.kind == "read-only"
        assert op.traffic.requests == []
        assert op.entries == ()


async def test_read_only_refuses_foreign_plans_and_recovery(tmp_path):
    with operator_at("incident", tmp_path, read_only=True) as op:
        other = second_operator(op, "other")
        made = [
            await other.prepare(action, *names, **more)
            for action, names, more in ORDERS
            if action not in {"hard-refresh-prune", "cutover"}
        ]
        plans = [each for each in made if isinstance(each, Plan)]
        assert len(plans) >= 5
        snapshot = await op.observe()
        op.traffic.clear()
        for plan in plans:
            outcome = await op.execute(plan, snapshot=snapshot)
            assert outcome.kind == "refused"
            assert "read-only" in outcome.message
        other.box.faults.add("github:status=500,method=POST,path=/repos/anchor/anchor-msp-ops/pulls")
        await other.act("rollback", "prod", version="1.43.0", follow=False, snapshot=snapshot)
        op.traffic.clear()
        (begun,) = find_unfinished(each for each in other.entries if each.step is not None or each.entry == "intended")
        assert (await op.executor.resume(begun)).kind == "refused"
        assert op.traffic.writes == []
        assert op.entries == ()


async def test_read_only_shows_previews_and_writes_nothing(tmp_path):
    with operator_at("incident", tmp_path, read_only=True) as op:
        for action, names, more in ORDERS:
            found = await op.prepare(action, *names, only_look=True, **more)
            assert isinstance(found, Plan) or found.kind != "read-only"
        assert op.traffic.writes == []


# --- the price ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"confirmed": False},
        {"phrase": ""},
        {"phrase": "prod"},
        {"phrase": "2"},
        {"phrase": "prod 3"},
        {"phrase": "PROD 2"},
        {"phrase": "prod 2 "},
        {"reason": ""},
        {"reason": " \t"},
    ],
)
async def test_what_is_not_paid_for_in_full_is_not_done(tmp_path, given):
    with operator_at("cutover", tmp_path) as op:
        op.set_real_control_center()
        plan = await op.plan("hard-refresh-prune", "prod")
        assert (plan.confirmation, plan.phrase) == ("phrase", "prod 2")
        op.traffic.clear()
        snapshot = await op.observe()
        op.traffic.clear()
        outcome = await op.execute(plan, snapshot=snapshot, **given)
        assert outcome.kind == "refused"
        assert op.traffic.requests == []
        assert [each.entry for each in op.entries if each.plan == plan.id] == ["refused"]


async def test_a_key_is_asked_for_where_nothing_is_protected(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        assert (await op.execute(plan, confirmed=False)).kind == "refused"
        assert op.traffic.writes == []
        assert (await op.execute(plan, reason="")).kind == "done"


async def test_a_plan_is_executed_once(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        assert (await op.execute(plan)).kind == "done"
        outcome = await op.execute(plan)
        assert (outcome.kind, "was already executed" in outcome.message) == ("refused", True)
        assert op.traffic.writes == ["argocd POST sync anchor-msp-dev"]


# --- one at a time ------------------------------------------------------------------------------------


async def test_a_second_change_of_an_application_is_refused(tmp_path):
    with operator_at("steady", tmp_path, sandbox_pace=changed(FAST_TIMINGS, apply_s=0.5)) as op:
        snapshot = await op.observe()
        first, second = [await op.plan("sync", "dev", snapshot=snapshot) for _ in range(2)]
        elsewhere = await op.plan("sync", "staging", snapshot=snapshot)
        running = asyncio.create_task(op.execute(first, snapshot=snapshot))
        await wait_until_true(lambda: op.traffic.writes)
        refused = await op.execute(second, snapshot=snapshot)
        assert refused.kind == "refused"
        assert "“Sync anchor-msp-dev” is running here" in refused.message
        assert [job.outcome for job in op.jobs if job.id == second.id] == [refused]
        assert (await op.execute(elsewhere, snapshot=snapshot)).kind == "done"
        assert (await running).kind == "done"
        assert op.traffic.writes.count("argocd POST sync anchor-msp-dev") == 1
        third = await op.plan("sync", "dev")
        assert (await op.execute(third)).kind == "done"


async def test_two_of_the_same_at_the_same_moment_are_one(tmp_path):
    with operator_at("steady", tmp_path) as op:
        snapshot = await op.observe()
        plans = [await op.plan("promote", "staging", snapshot=snapshot) for _ in range(3)]
        outcomes = await asyncio.gather(*(op.execute(plan, snapshot=snapshot, follow=False) for plan in plans))
        assert sorted(each.kind for each in outcomes) == ["done", "refused", "refused"]
        assert len(op.pulls) == 1


async def test_what_was_refused_or_failed_holds_up_nothing(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("argocd:status=503,times=1,method=POST")
        assert (await op.act("sync", "dev")).kind == "failed"
        assert (await op.act("sync", "dev")).kind == "done"


# --- the audit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "action", "names", "more"),
    [
        ("steady", "refresh", ("dev",), {}),
        ("steady", "sync", ("dev",), {}),
        ("incident", "hard-refresh-prune", ("staging",), {}),
        ("steady", "promote", ("staging",), {}),
        ("incident", "rollback", ("prod",), {"version": "1.43.1"}),
    ],
)
async def test_every_write_is_audited_before_it_arrives(tmp_path, scenario, action, names, more):
    with operator_at(scenario, tmp_path) as op:
        missing: list[str] = []
        places = {"argocd": "argocd", "github": "github", "status": "status-api"}

        def look(asked):
            if not asked.writes or asked.method == "PATCH":
                return
            last = [each for each in op.audit.read_entries() if each.request and each.entry == "intended"][-1].request
            path = "/graphql" if asked.mutations else asked.path if asked.side != "status" else ""
            number = re.sub(r"/\d+/labels", "/{number}/labels", path)
            if (last["service"], last["method"], last["path"]) != (places[asked.side], asked.method, number):
                missing.append(str(asked))

        op.traffic.on_arrival.append(look)
        running = asyncio.create_task(op.act(action, *names, **more))
        if action in {"promote", "rollback"}:
            await wait_until_true(
                lambda: op.pulls and any("waiting for the pull request to be merged" in each for each in op.told)
            )
            op.merge(op.pulls[0].number)
        outcome = await running
        assert (outcome.kind, missing) == ("done", []), outcome.message
        assert len(op.traffic.writes) >= 1
        main = [each for each in op.entries if each.action == action]
        assert [each.entry for each in main if each.step is None] == ["intended", "done"]
        assert main[0].whole is not None
        assert main[0].reason == "because"
        assert is_process_alive(main[0].process)
        assert find_unfinished(op.entries) == ()


async def test_an_audit_that_cannot_be_written_stops_everything(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        (tmp_path / "state").write_text("a file where the folder should be")
        outcome = await op.execute(plan)
        assert (outcome.kind, "cannot write" in outcome.message) == ("refused", True)
        assert op.traffic.writes == []
        assert [job.outcome for job in op.jobs] == [outcome]


async def test_a_crash_after_a_drift_is_still_a_crash(tmp_path):
    """The same Plan drifts, is confirmed as it is now, and is cut short: the end of then is not the end of now."""
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")
        path = "environments/staging/release.yaml"
        op.box.commit({path: op.read(path) + b"# looked at\n"}, "A comment")
        outcome = await op.execute(plan)
        assert (outcome.kind, op.entries[-1].entry) == ("drifted", "drifted")
        assert isinstance(outcome.fresh, Plan)
        running = asyncio.create_task(op.execute(outcome.fresh))
        await wait_until_true(lambda: op.pulls)
        running.cancel()
        await asyncio.wait([running])
        (begun,) = find_unfinished(op.entries)
        assert begun.entries[0].entry == "intended"
        assert all(each.entry != "drifted" for each in begun.entries)


async def test_a_plan_interrupted_after_a_refusal_is_recovered(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")
        assert (await op.execute(plan, confirmed=False)).kind == "refused"
        running = asyncio.create_task(op.execute(plan))
        await wait_until_true(lambda: op.pulls)
        running.cancel()
        await asyncio.wait([running])
        assert len(find_unfinished(op.entries)) == 1


async def test_no_token_is_in_the_audit_or_in_messages(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("github:status=401,times=1,method=POST,path=/repos/anchor/anchor-msp-ops/pulls")
        outcomes = [await op.act("rollback", "prod", version="1.43.1", follow=False), await op.act("refresh", "dev")]
        said = op.audit.path.read_text() + "".join(map(str, outcomes)) + "".join(op.told)
        for token in (op.box.argocd_token, op.box.github_token, op.box.status_token):
            assert token not in said
        assert op.audit.path.stat().st_mode & 0o777 == 0o600


async def test_a_tampered_plan_is_not_sent(tmp_path):
    """The executed Plan is created from fresh evidence: nothing that a caller put into a Plan is sent."""
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("sync", "dev")
        (change,) = plan.step_groups
        tampered = replace(plan, step_groups=(replace(change, steps=(replace(change.steps[0], prune=True),)),))
        await op.execute(tampered)
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json["prune"] is False
