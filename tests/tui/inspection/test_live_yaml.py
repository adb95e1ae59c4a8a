"""The YAML pane: folds, search, managed fields, masked Secrets, and large manifests."""

from __future__ import annotations

import time

import pytest

from anchor_tui.domain.inspection.manifests import HIDDEN_ANNOTATION
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.readings import Fresh, Stale
from anchor_tui.tui.inspection.live_yaml import LARGE_TEXT_POLL_S, YamlPanel
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, fresh, open_pane

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "anchor-web",
        "managedFields": [{"manager": "argocd-controller"}],
        "annotations": {HIDDEN_ANNOTATION: "{}", "owner": "team-a"},
    },
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "ghcr.io/anchor/anchor-web:1.44.0@sha256:4f0c6f0e",
                        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "PORT", "value": "8080"}],
                        "command": ["sh", "-c", "set -e\n./migrate\nexec ./web\n"],
                    }
                ]
            }
        },
    },
    "status": {"conditions": [{"type": "Available", "status": "False", "message": "[bold]not[/bold] \x1b[31mready"}]},
}
APPLICATION = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "anchor-msp-prod"}}
NODE = ResourceNode(ResourceKey("apps", "Deployment", "anchor-prod", "anchor-web"), "v1", "uid-1")


def inspector(manifest=None) -> FakeInspector:
    live = fresh(manifest if manifest is not None else DEPLOYMENT)
    return FakeInspector(read_application_manifest=fresh(APPLICATION), read_live_object=live)


async def test_the_application_is_shown_until_a_resource_is_selected():
    async with open_pane(YamlPanel, inspector()) as ui:
        assert "kind: Application" in ui.text
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        assert "kind: Application" not in ui.text
        assert ui.panel.summary == str(NODE.key)


async def test_managed_fields_are_shown_on_request():
    async with open_pane(YamlPanel, inspector()) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        assert "managedFields" not in ui.text
        assert "last-applied" not in ui.text
        await ui.press("w")
        await ui.wait_for("managedFields")
        await ui.press("w")
        await ui.wait_until(lambda: "managedFields" not in ui.text)


async def test_blocks_are_folded_around_the_cursor():
    async with open_pane(YamlPanel, inspector()) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        await ui.press("end", "up", "left", "left", "left")
        assert "status: … 4 lines" in ui.text
        await ui.press("enter")
        assert "conditions: … 3 lines" in ui.text
        await ui.press("f")
        assert "type: Available" in ui.text
        await ui.press("f")
        assert "containers" not in ui.text
        assert "replicas: 2" in ui.text


async def test_a_search_reveals_and_marks_every_match():
    async with open_pane(YamlPanel, inspector()) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        await ui.press("f", "slash", *"value", "enter")
        assert "value: info" in ui.text
        assert ui.panel.summary.endswith("match 1 of 2")
        await ui.press("n")
        assert ui.panel.view.folded.text.lines[ui.panel.view.line].strip() == 'value: "8080"'
        await ui.press("n")
        assert ui.panel.summary.endswith("match 1 of 2")
        await ui.press("N")
        assert ui.panel.summary.endswith("match 2 of 2")
        await ui.press("slash", "escape")
        assert ui.panel.summary == str(NODE.key)
        await ui.press("n")
        assert "search first (/)" in ui.notifications


async def test_the_block_under_the_cursor_is_copied():
    async with open_pane(YamlPanel, inspector()) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        await ui.press("slash", *"env:", "enter", "y")
        assert ui.clipboard.splitlines() == [
            "env:", "  - name: LOG_LEVEL", "    value: info", "  - name: PORT", '    value: "8080"',
        ]  # fmt: skip


async def test_a_secret_is_masked():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
    async with open_pane(YamlPanel, inspector(secret)) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Secret")
        await ui.press("w")
        await ui.wait_for("password: ")
        assert "aHVudGVyMg" not in ui.text


async def test_foreign_text_is_shown_as_it_is():
    async with open_pane(YamlPanel, inspector()) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("[bold]not[/bold] \\u001b[31mready")


async def test_a_newer_manifest_keeps_folds_and_cursor():
    source = inspector()
    async with open_pane(YamlPanel, source) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        await ui.press("slash", *"spec:", "enter", "left")
        assert "spec: … " in ui.text
        source.readings["read_live_object"] = fresh(DEPLOYMENT | {"status": {"replicas": 7}})
        await ui.read()
        await ui.wait_for("replicas: 7")
        assert "spec: … " in ui.text
        assert ui.panel.view.folded.text.lines[ui.panel.view.line] == "spec:"


async def test_an_equal_manifest_is_not_written_again():
    source = inspector()
    async with open_pane(YamlPanel, source) as ui:
        text = ui.panel.view.folded.text
        await ui.read()
        await ui.wait_until(lambda: len(source.calls) == 2)
        await ui.pilot.pause()
        assert ui.panel.view.folded.text is text


async def test_a_refusal_names_the_missing_right():
    async with open_pane(YamlPanel, FakeInspector(read_application_manifest=REFUSED)) as ui:
        assert "manifest: permission denied: applications, get" in ui.text


async def test_a_lost_connection_keeps_the_last_manifest():
    source = inspector()
    async with open_pane(YamlPanel, source) as ui:
        source.readings["read_application_manifest"] = REFUSED
        await ui.read()
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Stale))
        assert "kind: Application" in ui.text
        assert "stale" in ui.panel.note


async def test_a_manifest_of_ten_megabytes_stays_usable():
    items = {f"key-{number}": {"value": "x" * 40, "list": [1, 2, 3]} for number in range(90_000)}
    async with open_pane(YamlPanel, inspector({"kind": "ConfigMap", "data": items})) as ui:
        ui.panel.selected = NODE
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Fresh))
        await ui.wait_for("key-0")
        assert len(ui.panel.view.folded.rows) > 500_000
        started_at = time.process_time()
        await ui.press("pagedown", "left", "enter", "end", "home")
        assert time.process_time() - started_at < 2.0
        assert ui.panel.poll_s == LARGE_TEXT_POLL_S


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pictures(size, picture):
    async with open_pane(YamlPanel, inspector(), size) as ui:
        ui.panel.selected = NODE
        await ui.wait_for("kind: Deployment")
        await ui.press("slash", *"value", "enter")
        assert ui.picture() == picture
