"""Registry of the panes of the application screen: their names in order, and how each is loaded.

A panel is imported when it is shown first. A new pane is one line and one function here; its number key is its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from anchor_tui.tui.inspection.panel import InspectionPanel

PanelLoader: TypeAlias = "Callable[[], type[InspectionPanel[Any]]]"

RESOURCES = "Resources"
EVENTS = "Events"
LOGS = "Logs"
DIFF = "Diff"
YAML = "YAML"
HISTORY = "History"
SPEC = "Spec"


def _load_resources() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.resources import ResourcesPanel

    return ResourcesPanel


def _load_events() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.events import EventsPanel

    return EventsPanel


def _load_logs() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.logs import LogPanel

    return LogPanel


def _load_diff() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.diff import DiffPanel

    return DiffPanel


def _load_yaml() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.live_yaml import YamlPanel

    return YamlPanel


def _load_history() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.history import HistoryPanel

    return HistoryPanel


def _load_spec() -> type[InspectionPanel[Any]]:
    from anchor_tui.tui.inspection.spec import SpecPanel

    return SpecPanel


PANELS: Mapping[str, PanelLoader] = {
    RESOURCES: _load_resources,
    DIFF: _load_diff,
    EVENTS: _load_events,
    LOGS: _load_logs,
    YAML: _load_yaml,
    HISTORY: _load_history,
    SPEC: _load_spec,
}
