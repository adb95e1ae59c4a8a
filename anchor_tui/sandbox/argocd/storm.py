"""A storm of changes: the health of tenants alternates between Healthy and Progressing at a given rate."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.controller import ApplicationController
from anchor_tui.sandbox.argocd.encoded_applications import EncodedApplications, EncodedForms
from anchor_tui.sandbox.clock import Clock

STEP_S = 0.02
"""The pause between two groups of changes."""
NEXT_HEALTH = {"Healthy": "Progressing", "Progressing": "Healthy"}


class ChangeStorm:
    """Changes the health of one tenant after the other. Degraded tenants are left out.

    `health.lastTransitionTime` does not change. Both states of a tenant are therefore encoded only once, and the server
    is fast enough to send an event for each change.
    """

    def __init__(self, controller: ApplicationController, encoded: EncodedApplications, clock: Clock) -> None:
        self._controller = controller
        self._encoded = encoded
        self._clock = clock
        self._states: dict[tuple[str, str], tuple[int, dict[str, EncodedForms]]] = {}
        self._turns = self._take_turns()

    async def run(self, changes_per_s: float) -> None:
        """Change tenants at this rate until cancelled."""
        loop = asyncio.get_running_loop()
        started, count = loop.time(), 0
        while True:
            due = int((loop.time() - started) * changes_per_s)
            self.change_next(due - count)
            count = due
            await asyncio.sleep(STEP_S)

    def change_next(self, count: int) -> None:
        """Change the health of the next tenants."""
        for _ in range(count):
            app = next(self._turns, None)
            if app is None:
                return
            self._change(app)

    def _take_turns(self) -> Iterator[ClusterApplication]:
        while tenants := [app for app in self._controller.applications.values() if _takes_part(app)]:
            yield from filter(_takes_part, tenants)

    def _change(self, app: ClusterApplication) -> None:
        version, states = self._states.get(app.key, (-1, {}))
        if version != app.resource_version:  # another writer has changed the tenant since
            states = {}
        states[app.health] = self._encoded.take_forms(app)
        app.health = NEXT_HEALTH[app.health]
        next_version = self._controller.resource_version + 1
        self._encoded.restore_forms(app, next_version, states.setdefault(app.health, {}))
        self._states[app.key] = (next_version, states)
        self._controller.notify_changed(app, self._clock.now())


def _takes_part(app: ClusterApplication) -> bool:
    return app.foreign and app.health in NEXT_HEALTH
