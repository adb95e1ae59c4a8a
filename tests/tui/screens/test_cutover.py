"""The cutover checklist."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.cutover import build_checklist
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.tui.screens.cutover import CutoverScreen, checklist_row_key
from anchor_tui.tui.widgets.row_list import RowList
from tests.tui.harness import AppHarness, open_app
from tests.tui.sample_plans import promotion_plan, sync_plan
from tests.tui.sample_readings import INCIDENT

OVERLAY = "infra/helm/platform/environments/prod/values.yaml"
SHARED_VALUES = "infra/helm/platform/values.yaml"
MANIFEST = "infra/argocd/applications/prod.yaml"
APPLY = f"kubectl apply -f {MANIFEST}"


def finding(check: str, evidence: str, status: str, message: str = "", **changes: object) -> Finding:
    return Finding(check, check, "error", status, evidence, message, **changes)  # type: ignore[arg-type]


LIVE_PRUNE_OFF = (
    finding("argo.automated-prune", "manifest", "pass", file=MANIFEST, line=24, resource="anchor-msp-prod"),
    finding("argo.automated-prune", "live-spec", "fail", "automated.prune is not set", resource="anchor-msp-prod"),
)
GIT_PRUNE_OFF = (
    finding(
        "argo.automated-prune",
        "manifest",
        "fail",
        "automated.prune is false on anchor-msp-prod",
        file=MANIFEST,
        line=24,
        resource="anchor-msp-prod",
    ),
)
GIT_PRUNE_NOT_SET = (
    finding(
        "argo.automated-prune",
        "manifest",
        "fail",
        "automated.prune is not set on anchor-msp-prod",
        file=MANIFEST,
        line=22,
        resource="anchor-msp-prod",
    ),
)
NO_MANIFEST = (
    finding("argo.automated-self-heal", "live-spec", "fail", "auto-sync is off", resource="anchor-msp-prod"),
)
MOCK_ON = (
    finding("mock.workloads-absent", "git", "fail", "`statusMock.enabled` is true", file=OVERLAY, line=23),
    finding("mock.control-center-url", "git", "pass", file=OVERLAY, line=12),
    finding("mock.agentfield-url", "git", "pass", file=OVERLAY, line=13),
)
SHARED_MOCK_ON = (
    finding(
        "mock.workloads-absent",
        "git",
        "fail",
        "`statusMock.enabled` is true",
        file=SHARED_VALUES,
        line=3,
    ),
)
BAD_URL = (finding("mock.control-center-url", "git", "fail", "http, not https", file=OVERLAY, line=12),)
SHARED_URL = (finding("mock.control-center-url", "git", "fail", "http, not https", file=SHARED_VALUES, line=12),)
OLD_RENDERING = (
    finding("mock.control-center-url", "git", "pass", file=OVERLAY, line=12),
    finding("mock.control-center-url", "rendered", "fail", "http, not https", resource="Deployment/anchor-gateway"),
)


async def open_checklist(ui: AppHarness, findings: tuple[Finding, ...], check: str) -> CutoverScreen:
    """Open the checklist with findings of prod, and highlight the line of a check."""
    snapshot = await ui.show(INCIDENT, PolicyFindings({"prod": findings}, ()))
    await ui.press("c")
    screen = ui.app.screen
    assert isinstance(screen, CutoverScreen)
    item = next(item for item in build_checklist(snapshot) if (item.environment, item.check) == ("prod", check))
    screen.query_one(RowList).cursor = checklist_row_key(item)
    await ui.pilot.pause()
    await ui.pilot.pause()
    return screen


async def test_the_checklist_is_readable_in_80_columns():
    async with open_app((80, 24), environment="staging") as ui:
        await ui.show(INCIDENT)
        await ui.press("c")
        assert "automated.selfHeal is true" in ui.text
        assert "t opens" not in ui.text  # the first item has not failed
        await ui.press("end")
        assert "hard refresh + prune; no mock may remain" in ui.text
        assert "available when steps 1 to 4 are done" in " ".join(ui.text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("findings", "check", "offered"),
    [
        (LIVE_PRUNE_OFF, "argo.automated-prune", APPLY),
        (
            NO_MANIFEST,
            "argo.automated-self-heal",
            "argocd app set argocd/anchor-msp-prod --sync-policy automated --self-heal",
        ),
        (OLD_RENDERING, "mock.control-center-url", "anchor-tui hard-refresh prod"),
        (SHARED_URL, "mock.control-center-url", f"{SHARED_VALUES}:12"),
        (GIT_PRUNE_NOT_SET, "argo.automated-prune", f"{MANIFEST}:22"),
        (SHARED_MOCK_ON, "mock.workloads-absent", f"{SHARED_VALUES}:3"),
    ],
    ids=["apply", "set", "rendered", "url", "no-key", "shared"],
)
async def test_t_is_not_offered_where_it_would_refuse(findings, check, offered):
    async with open_app((110, 32), environment="prod") as ui:
        screen = await open_checklist(ui, findings, check)
        assert "t opens" not in ui.text
        await ui.press("t")
        assert ui.app.screen is screen
        assert ui.backend.orders == []
        assert "no pull request fixes it" in ui.notifications
        await ui.press("y")
        assert ui.app.clipboard == offered


@pytest.mark.parametrize(
    ("findings", "check"),
    [(MOCK_ON, "mock.workloads-absent"), (GIT_PRUNE_OFF, "argo.automated-prune"), (BAD_URL, "mock.control-center-url")],
    ids=["mock", "prune", "url"],
)
async def test_escape_returns_to_the_checklist(findings, check):
    async with open_app((110, 32), environment="prod") as ui:
        screen = await open_checklist(ui, findings, check)
        assert "t opens the pull request that fixes it" in ui.text
        await ui.open_plan("t", promotion_plan)
        order = ui.backend.orders[-1]
        assert (order.action, order.environments, order.check) == ("mend", ("prod",), check)
        await ui.press("escape")
        assert ui.app.screen is screen
        await ui.open_plan("t", promotion_plan)
        assert ui.backend.orders[-1].request_id != order.request_id
        await ui.press("y")
        await ui.press("escape")
        assert ui.app.screen is screen
        assert len(ui.backend.executed) == 1


async def test_a_line_offers_the_hard_refresh_it_needs():
    async with open_app((110, 32), environment="prod") as ui:
        screen = await open_checklist(ui, OLD_RENDERING, "mock.control-center-url")
        assert "R hard refresh" in ui.text
        ui.backend.plan = lambda order: sync_plan(order, confirmation="none")
        await ui.press("R")
        await ui.wait_until(lambda: len(ui.backend.executed) == 1)
        assert (ui.backend.orders[-1].action, ui.backend.orders[-1].environments) == ("hard-refresh", ("prod",))
        assert ui.app.screen is screen


async def test_prune_is_enabled_after_the_mocks_are_unused():
    async with open_app((80, 24), environment="prod") as ui:
        await open_checklist(ui, (*LIVE_PRUNE_OFF, *BAD_URL), "argo.automated-prune")
        assert "! finish step 3 and 4 of prod first" in ui.text
        assert APPLY in ui.text


@pytest.mark.parametrize(
    ("findings", "check", "hint"),
    [
        ((*LIVE_PRUNE_OFF, *BAD_URL), "argo.automated-prune", "y copies the command"),
        (MOCK_ON, "mock.workloads-absent", "t opens the pull request"),
        (OLD_RENDERING, "mock.control-center-url", "R hard refresh"),
    ],
    ids=["command", "pull-request", "refresh"],
)
async def test_every_key_is_visible_in_80_columns(findings, check, hint):
    async with open_app((80, 24), environment="prod") as ui:
        await open_checklist(ui, findings, check)
        for shown in (hint, "step 5 waits for", "g reads again", "esc closes"):
            await ui.wait_until(lambda text=shown: text in " ".join(ui.text.replace("│", " ").split()))


async def test_step_5_reports_why_it_is_not_available():
    async with open_app((80, 24), environment="prod") as ui:
        screen = await open_checklist(ui, MOCK_ON, "mock.workloads-absent")
        await ui.press("c")
        assert ui.app.screen is screen
        assert "step 5 waits for 9 of 11 lines" in ui.notifications
