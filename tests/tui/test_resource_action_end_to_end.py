"""Actions on one resource end to end: chooser, plan and execution on the embedded servers."""

from __future__ import annotations

from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sandbox.timings import FAST_TIMINGS
from tests.tui.test_actions_end_to_end import open_live_app

WEB = ResourceNode(ResourceKey("apps", "Deployment", "anchor-dev", "anchor-web"), "v1")


async def test_a_restart_is_chosen_confirmed_and_followed(tmp_path):
    with run_sandbox_in_thread("steady", timings=FAST_TIMINGS) as box:
        async with open_live_app(box, tmp_path, "dev") as ui:
            dev = ui.app.snapshot.find_environment("dev")
            ui.app.flows.start_resource_action("dev", dev.applications[0].id, WEB)
            await ui.pilot.pause()
            await ui.wait_until(lambda: "choose one" in ui.text)
            await ui.press("down", "enter")
            await ui.wait_until(lambda: ui.can_confirm)
            assert "Restart Deployment/anchor-web of anchor-msp-dev" in ui.text
            await ui.press("y")
            await ui.wait_until(lambda: "Deployment/anchor-web of anchor-msp-dev: done" in ui.notifications)
        live = box.applications["argocd", "anchor-msp-dev"].live[WEB.key]
        annotations = live.resource.manifest["spec"]["template"]["metadata"]["annotations"]
        assert "kubectl.kubernetes.io/restartedAt" in annotations
