"""The cutover on a real socket: refused with its checklist, and executed after the fixes."""

from __future__ import annotations

from anchor_tui.sandbox.argocd.sync_options import SYNC_OPTIONS_ANNOTATION
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from anchor_tui.sandbox.scenarios.catalog import CANARY_SERVICE
from tests.services.sandbox_operator import OVERLAY, Operator, operator_at, wait_until_true

MOCK = {**CANARY_SERVICE, "metadata": {**CANARY_SERVICE["metadata"], "name": "status-mock-old"}}
NAMES = ("staging", "prod")
BOTH = [f"argocd/anchor-msp-{name}" for name in NAMES]


BY_HAND_ONLY = ProjectSyncWindow("deny", "0 0 * * *", "24h", ("anchor-msp-*",), manual_sync=True)


async def mended(op: Operator, *windows: ProjectSyncWindow) -> None:
    """Do steps 1 to 4 as another user: in git and in the Applications."""
    op.box.controller.windows = list(windows)
    op.set_real_control_center()
    for name in NAMES:
        automated = {"prune": True, "selfHeal": True}
        op.box.kubectl.patch_application(f"anchor-msp-{name}", {"spec": {"syncPolicy": {"automated": automated}}})
        await wait_until_true(lambda name=name: op.app(name).revision == op.box.git.head and not op.app(name).is_busy)


async def test_the_cutover_is_refused_until_steps_1_to_4_pass(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        refusal = await op.refusal("cutover", snapshot=await op.observe("argocd", "github"))
        assert refusal.kind == "checklist"
        for words in (
            "2. staging: automated.prune is true",
            "2. prod: automated.selfHeal is true",
            "3. prod: EGI_CONTROL_CENTER_URL is https, not a mock",
            OVERLAY.format("prod") + ":",
        ):
            assert words in refusal.message
        assert "AGENTFIELD_URL" not in refusal.message
        assert op.traffic.writes == []


async def test_without_the_ops_repo_nothing_is_taken_for_granted(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        refusal = await op.refusal("cutover", snapshot=await op.observe("argocd"))
        assert (refusal.kind, "not checked" in refusal.message) == ("checklist", True)


async def test_after_the_fixes_the_cutover_removes_all_mocks(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        await mended(op, BY_HAND_ONLY)
        snapshot = await op.observe("argocd", "github")
        plan = await op.plan("cutover", snapshot=snapshot)
        assert sorted(op.traffic.writes) == sorted(f"argocd GET refresh=hard anchor-msp-{name}" for name in NAMES)
        assert (plan.confirmation, plan.phrase, plan.reason_required) == ("phrase", "staging prod 4", True)
        shown = [line.text.split()[:3] for line in plan.lines if line.kind == "deleted" and "status-mock" in line.text]
        assert shown == [
            [f"anchor-msp-{name}:", kind, f"anchor-{name}/status-mock"]
            for name in NAMES
            for kind in ("Deployment", "Service")
        ]
        outcome = await op.execute(plan, snapshot=snapshot)
        assert outcome.kind == "done", outcome.message
        assert outcome.message.count("none among") == 2
        assert sorted(each.subject for each in outcome.results) == sorted(BOTH)
        for name in NAMES:
            assert not any("mock" in each for each in op.live(name))
            assert f"argocd POST sync anchor-msp-{name}" in op.traffic.writes


async def test_after_an_automatic_prune_only_the_proof_is_left(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        await mended(op)
        await wait_until_true(lambda: all(op.app(name).sync == "Synced" and not op.app(name).is_busy for name in NAMES))
        snapshot = await op.observe("argocd", "github")
        plan = await op.plan("cutover", snapshot=snapshot)
        assert (plan.confirmation, plan.phrase, plan.is_destructive) == ("phrase", "staging prod", False)
        outcome = await op.execute(plan, snapshot=snapshot)
        assert outcome.kind == "done", outcome.message
        assert outcome.message.count("none among") == 2


async def test_a_mock_that_stays_is_a_failure_and_named(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        op.box.kubectl.apply_object("anchor-msp-prod", MOCK, {SYNC_OPTIONS_ANNOTATION: "Prune=false"})
        await mended(op, BY_HAND_ONLY)
        snapshot = await op.observe("argocd", "github")
        plan = await op.plan("cutover", snapshot=snapshot)
        assert any("kept although stale: Service/status-mock-old" in line.text for line in plan.lines)
        outcome = await op.execute(plan, snapshot=snapshot)
        kinds = {each.subject: each.kind for each in outcome.results}
        assert kinds == {"argocd/anchor-msp-staging": "done", "argocd/anchor-msp-prod": "failed"}
        assert "a mock is left: Service/status-mock-old" in outcome.message


async def test_one_application_that_cannot_be_synced_refuses_the_whole(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        await mended(op, BY_HAND_ONLY, ProjectSyncWindow.deny_all("anchor-msp-prod"))
        refusal = await op.refusal("cutover", snapshot=await op.observe("argocd", "github"))
        assert (refusal.kind, "a sync window forbids it" in refusal.message) == ("incomplete", True)
        assert not [each for each in op.traffic.writes if "POST" in each]


async def test_prune_refuses_a_service_that_prod_still_calls(tmp_path):
    with operator_at("cutover", tmp_path) as op:
        refusal = await op.refusal("hard-refresh-prune", "prod")
        assert refusal.kind == "still-used"
        assert "Service/status-mock" in refusal.message
        assert "Deployment/anchor-gateway (EGI_CONTROL_CENTER_URL, as rendered from git)" in refusal.message
        assert op.traffic.writes == ["argocd GET refresh=hard anchor-msp-prod"]
        plan = await op.plan("hard-refresh-prune", "staging")
        assert any("no other resource refers to them" in line.text for line in plan.lines)
