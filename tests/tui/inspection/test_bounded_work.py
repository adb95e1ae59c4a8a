"""The work of a key and of a reading is bounded by what is visible: counts, no times."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from textual.content import Content

from anchor_tui.domain.inspection.differences import ResourceDifference
from anchor_tui.domain.inspection.field_changes import FieldChange
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.inspection.tree_lines import TreeOrder
from anchor_tui.tui.inspection import diff, resources
from anchor_tui.tui.inspection.diff import DiffPanel
from anchor_tui.tui.inspection.panel import MAX_POLL_S, choose_pause_s
from anchor_tui.tui.widgets.list_rows import LazyRows, ListColumn, ListRow, PaneContent
from tests.tui.harness import open_app
from tests.tui.inspection.pane_app import FakeInspector, fresh, open_pane
from tests.tui.sample_readings import INCIDENT
from tests.tui.screens.test_application import open_application
from tests.values import NOW


def _draw(_now: datetime) -> tuple[Content, ...]:
    return (Content("row"),)


async def test_only_the_visible_rows_of_many_are_made():
    made: list[int] = []

    def make(place: int) -> ListRow:
        made.append(place)
        return ListRow(str(place), _draw, lambda _: Content(""))

    async with open_app((110, 32)) as ui:
        await ui.show(INCIDENT)
        row_list = ui.fleet.active_list
        rows = LazyRows(tuple(map(str, range(10_000))), make)
        row_list.show_rows(PaneContent((ListColumn("ROW"),), rows, ""), NOW)
        await ui.pilot.pause()
        row_list.action_move_to_last()
        await ui.pilot.pause()
        assert row_list.highlighted_row is not None
        assert row_list.highlighted_row.key == "9999"
        assert row_list.find_row("5000") is not None
        assert len(made) < 400


def test_lazy_rows_are_a_sequence():
    rows = LazyRows(("a", "b", "c"), lambda place: ListRow("abc"[place], _draw, lambda _: Content("")))
    assert [row.key for row in rows] == ["a", "b", "c"]
    assert [row.key for row in rows[1:]] == ["b", "c"]
    assert rows[-1].key == "c"
    with pytest.raises(IndexError):
        rows[3]


async def test_the_tree_is_ordered_on_another_thread(monkeypatch):
    threads: list[int] = []

    def order(tree: ResourceTree) -> TreeOrder:
        if tree.nodes:
            threads.append(threading.get_ident())
        return TreeOrder(tree)

    monkeypatch.setattr(resources, "TreeOrder", order)
    async with open_application():
        pass
    assert threads
    assert threading.get_ident() not in threads


async def test_an_equal_difference_is_written_once(monkeypatch):
    written: list[ResourceDifference] = []

    def list_text(difference: ResourceDifference, *, whole: bool) -> list[str]:
        written.append(difference)
        return [f"#{difference.resource} {'whole' if whole else 'changes'}"]

    monkeypatch.setattr(diff, "list_text", list_text)
    change = FieldChange("spec.replicas", "1", "2")
    found = ResourceDifference(ResourceKey("apps", "Deployment", "n", "web"), "changed", (change,), {"a": 1}, {"a": 2})
    async with open_pane(DiffPanel, FakeInspector(read_differences=fresh((found,)))) as ui:
        await ui.wait_for("Deployment/web changes")
        for _ in range(3):
            await ui.read()
        assert len(written) == 1
        await ui.press("w")
        await ui.wait_for("Deployment/web whole")
        assert len(written) == 2


def test_a_slow_reading_is_repeated_less_often():
    assert choose_pause_s(5.0, 0.1) == 5.0
    assert choose_pause_s(5.0, 1.0) == 20.0
    assert choose_pause_s(5.0, 100.0) == MAX_POLL_S
    assert choose_pause_s(90.0, 100.0) == 90.0


def test_a_filter_searches_texts_that_were_made_before():
    node = ResourceNode(ResourceKey("", "Pod", "n", "Web-1"), uid="p", message="Back-off")
    assert TreeOrder(ResourceTree([node])).searched == [("p", "pod/web-1 n    back-off ")]
