"""The panels of one application: all of them follow the application, and only the visible one reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from textual.containers import Container

from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.model import Application
from anchor_tui.tui.inspection.panel import InspectionPanel, InspectionRequests
from anchor_tui.tui.inspection.registry import PANELS, RESOURCES
from anchor_tui.tui.inspection.resources import ResourcesPanel


class InspectionPanels(Container):
    """Mounts a panel when its pane is shown first. A pane is identified by its name."""

    def __init__(self) -> None:
        super().__init__(id="panels")
        self.wanted_resource = ""
        """The resource (by its name) that is selected in the tree when the tree is read."""
        self._panels: dict[str, InspectionPanel[Any]] = {}

    def get(self, pane: str) -> InspectionPanel[Any] | None:
        """Return the panel of a pane; None before the pane was shown."""
        return self._panels.get(pane)

    @property
    def resources(self) -> ResourcesPanel | None:
        """The panel with the tree, if it was shown."""
        found = self._panels.get(RESOURCES)
        return found if isinstance(found, ResourcesPanel) else None

    def hide(self, pane: str) -> None:
        """Hide a panel and end its requests."""
        if (panel := self._panels.get(pane)) is not None:
            panel.display = False
            panel.deactivate()

    async def show(
        self,
        pane: str,
        application: Application,
        requests: InspectionRequests,
        now: datetime | None,
        selected: ResourceNode | None,
    ) -> InspectionPanel[Any]:
        """Show the panel of a pane, and begin to read. Return it."""
        panel = self._panels.get(pane)
        if panel is None:
            panel = self._panels[pane] = PANELS[pane]()(application, requests)
            if isinstance(panel, ResourcesPanel):
                panel.wanted = self.wanted_resource
            await self.mount(panel)
        panel.now, panel.selected = now, selected
        panel.display = True
        panel.activate()
        return panel

    def set_application(self, application: Application) -> None:
        """Pass the application as it is now to every panel."""
        for panel in self._panels.values():
            panel.application = application

    def select(self, resource: ResourceNode | None) -> None:
        """Pass the selected resource to every panel."""
        for panel in self._panels.values():
            if panel.is_mounted:
                panel.selected = resource

    def deactivate(self) -> None:
        """End the requests of every panel."""
        for panel in self._panels.values():
            panel.deactivate()
