"""The Diff pane: rows, text, whole objects, ignored differences, and failures."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.differences import compare_resources
from anchor_tui.domain.inspection.field_changes import FieldChange
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.readings import Stale
from anchor_tui.tui.inspection.diff import DiffPanel
from anchor_tui.tui.widgets.rows_and_text import RowsAndText
from tests.argocd_recordings import load_recording
from tests.tui.inspection.pane_app import REFUSED, FakeInspector, PaneHarness, fresh, open_pane
from tests.values import replace


def inspector(recording: str = "managed-resources-demo") -> FakeInspector:
    return FakeInspector(read_differences=fresh(compare_resources(load_recording(recording).body.get("items", ()))))


def shown_lines(ui: PaneHarness) -> str:
    """Return the text of the highlighted resource as it is on the screen."""
    view = ui.panel.query_one(RowsAndText).text
    return "\n".join(view._draw(index).plain for index in range(view.line_count))


async def test_changed_resources_are_listed_with_their_fields():
    async with open_pane(DiffPanel, inspector()) as ui:
        await ui.wait_until(lambda: "containers[anchor-gateway].image\n  live  ghcr.io" in shown_lines(ui))
        assert ui.panel.summary == "4 of 9 resources differ"
        assert ui.text.count("~ 1 field") == 4
        assert "Service" not in ui.text
        added = [line for line in shown_lines(ui).splitlines() if line.startswith("+ ")]
        assert [line.split()[1:3][1].partition("@")[0] for line in added] == ["ghcr.io/anchor/anchor-gateway:1.44.0"]


async def test_the_text_follows_the_cursor():
    async with open_pane(DiffPanel, inspector()) as ui:
        await ui.wait_until(lambda: "anchor-gateway:1.44.0" in shown_lines(ui))
        await ui.press("down")
        await ui.wait_until(lambda: shown_lines(ui).startswith("Deployment/anchor-job-worker\n"))


async def test_whole_objects_and_equal_resources_are_shown_on_request():
    async with open_pane(DiffPanel, inspector()) as ui:
        await ui.wait_until(lambda: "anchor-gateway:1.44.0" in shown_lines(ui))
        assert "apiVersion" not in shown_lines(ui)
        await ui.press("w")
        await ui.wait_until(lambda: "apiVersion: apps/v1" in shown_lines(ui))
        assert "= equal" in ui.text
        await ui.press("w")
        await ui.wait_until(lambda: "apiVersion" not in shown_lines(ui))
        assert "= equal" not in ui.text


async def test_new_and_pruned_resources_are_explained():
    async with open_pane(DiffPanel, inspector("managed-resources")) as ui:
        await ui.wait_until(lambda: "only a sync with prune deletes it" in shown_lines(ui))
        assert ui.text.count("− not in git") == 2
    async with open_pane(DiffPanel, inspector("managed-resources-edge")) as ui:
        await ui.wait_until(lambda: "a sync creates it" in shown_lines(ui))
        assert ui.text.count("+ created") == 3


async def test_ignored_differences_are_counted_and_listed():
    source = inspector("managed-resources-prod")
    found = source.readings["read_differences"].value
    ignored = (FieldChange("spec.replicas", "5", "1"),)
    source.readings["read_differences"] = fresh((replace(found[0], ignored=ignored), *found[1:]))
    async with open_pane(DiffPanel, source) as ui:
        assert ui.panel.summary == "0 of 7 resources differ · 1 ignored difference"
        await ui.wait_for("no difference: git and cluster agree on 7 resources")
        await ui.press("w")
        await ui.wait_until(lambda: "spec.replicas\n  live  5\n  git   1" in shown_lines(ui))
        assert "= equal, 1 ignored" in ui.text


async def test_the_selected_resource_is_highlighted():
    async with open_pane(DiffPanel, inspector()) as ui:
        target = ui.panel.differences[2].resource
        ui.panel.selected = ResourceNode(target, "v1", "uid")
        await ui.wait_until(lambda: ui.panel.difference is not None and ui.panel.difference.resource == target)


async def test_the_difference_is_copied_as_unified_yaml():
    async with open_pane(DiffPanel, inspector()) as ui:
        await ui.press("y")
        assert ui.clipboard.startswith("--- live\n+++ git\n")


async def test_the_filter_narrows_the_rows():
    async with open_pane(DiffPanel, inspector()) as ui:
        await ui.press("slash", *"worker", "enter")
        assert ui.text.count("~ 1 field") == 2
        await ui.press("escape")
        assert ui.text.count("~ 1 field") == 4


async def test_enter_moves_between_rows_and_text():
    async with open_pane(DiffPanel, inspector()) as ui:
        box = ui.panel.query_one(RowsAndText)
        await ui.press("enter")
        assert box.text.has_focus
        await ui.press("enter")
        assert box.rows.row_list.has_focus


async def test_a_comparison_error_is_explained():
    async with open_pane(DiffPanel, inspector("managed-resources-legacy")) as ui:
        await ui.wait_for("cannot render its manifests")


async def test_a_refusal_names_the_missing_right():
    async with open_pane(DiffPanel, FakeInspector(read_differences=REFUSED), (80, 24)) as ui:
        await ui.wait_for("differences: permission denied: applications, get: ask for this right")


async def test_stale_differences_stay():
    source = inspector()
    async with open_pane(DiffPanel, source) as ui:
        source.readings["read_differences"] = REFUSED
        await ui.read()
        await ui.wait_until(lambda: isinstance(ui.panel.reading, Stale))
        assert ui.text.count("~ 1 field") == 4


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_pictures(size, picture):
    async with open_pane(DiffPanel, inspector(), size) as ui:
        await ui.wait_until(lambda: "anchor-gateway:1.44.0" in shown_lines(ui))
        await ui.pilot.pause()
        assert ui.picture() == picture
