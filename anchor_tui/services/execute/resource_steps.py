"""Carries out the steps that concern one resource of an application: its actions, and the deletion of a pod.

Each request is sent once. After a lost response the live object is read to find the effect: a new time of the restart,
`spec.paused`, the number of replicas, or that the object is gone. An action without such an effect is then unknown.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from anchor_tui.domain.actions.resource_state import LiveResource, has_recognisable_effect, shows_effect
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.actions.steps import DeleteResource, RunResourceAction
from anchor_tui.domain.actions.wait_steps import WaitForResource
from anchor_tui.domain.formatting import get_first_line
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.services.execute.application_access import ApplicationAccess
from anchor_tui.services.execute.step_support import (
    ExecutionClients,
    Poller,
    ReportProgress,
    StepContext,
    StepFailed,
    Timeouts,
    lost_write_failure,
    verify_applied,
)
from anchor_tui.sources.argocd.application_api import send_request
from anchor_tui.sources.argocd.resource_api import is_gone_error, read_tree
from anchor_tui.sources.argocd.step_requests import build_argocd_request
from anchor_tui.sources.errors import SourceError


class ResourceSteps:
    """The steps of one execution that concern one resource."""

    def __init__(self, clients: ExecutionClients, applications: ApplicationAccess, timeouts: Timeouts) -> None:
        self._clients, self._applications, self._timeouts = clients, applications, timeouts

    async def run_action(self, step: RunResourceAction, context: StepContext) -> str:
        """Run an action of a resource, once. Raises StepFailed."""
        before = await self._read_before(step)
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_request(client, build_argocd_request(step))
        except SourceError as error:
            if not error.maybe_applied:
                raise StepFailed("failed", error.message) from error
            if not has_recognisable_effect(step.action, step.parameters):
                message = f"{error.message}; the effect of {step.action} cannot be recognised: check {step.resource}"
                raise StepFailed("unknown", message) from error

            async def look() -> bool:
                now = await self._read_live(step)
                return now is not None and shows_effect(step.action, step.parameters, before, now)

            if not await self._verify(look, error, step.resource):
                raise lost_write_failure(error) from error
            context.notes.append(f"the response to {step.action} was lost, but it was applied")
        return "accepted"

    async def delete_resource(self, step: DeleteResource, context: StepContext) -> str:
        """Delete a resource, once. Raises StepFailed."""
        await self._read_before(step)
        client = await self._clients.argocd_client(step.app.id.server)
        try:
            await send_request(client, build_argocd_request(step))
        except SourceError as error:
            # "not found" may be about our own deletion: a proxy may have sent the request twice.
            if not error.maybe_applied and not is_gone_error(error):
                raise StepFailed("failed", error.message) from error

            async def look() -> bool:
                now = await self._read_live(step)
                return now is None or now.uid != step.uid or now.is_deleting

            if not await self._verify(look, error, step.resource):
                raise lost_write_failure(error) from error
            context.notes.append(f"the response to the deletion was lost, but {step.resource} is deleted")
        return "accepted"

    async def wait_for_resource(self, step: WaitForResource, report: ReportProgress) -> str:
        """Wait until a resource is Healthy, or stays degraded. Raises StepFailed.

        Argo CD updates health shortly after a change, so Healthy counts when it lasts or follows another health.
        """
        poller, phases = Poller(self._timeouts, report), _HealthPhases(self._timeouts)

        async def ask() -> ResourceTree:
            return await read_tree(await self._clients.argocd_client(step.app.id.server), step.app)

        waits_for_end_only = bool(step.gone_uid) and step.resource.kind == "Pod"
        async for tree in poller.poll(ask, self._timeouts.health_s, self._timeouts.argocd_poll_s):
            if step.gone_uid and tree.find_node(step.gone_uid) is not None:
                report("waiting for the old one to end")
                continue
            if waits_for_end_only:
                return "gone"
            node = _find_node(tree, step.resource)
            if node is None:
                phases.see("Missing")
                report(f"{step.resource} does not exist")
            elif not node.health:
                return f"{step.resource} does not report health"
            else:
                phases.see(node.health)
                report(_health_text(node))
                if phases.is_final(node.health):
                    return _health_text(node)
            if phases.is_failed():
                text = _health_text(node) if node is not None else f"{step.resource} does not exist"
                raise StepFailed("failed", f"it was carried out, but the result is: {text}")
        raise StepFailed("unknown", f"it was carried out, but {step.resource} is not Healthy yet")

    async def _read_before(self, step: RunResourceAction | DeleteResource) -> LiveResource:
        """Return the live object before anything is sent. Raises StepFailed if it is not the planned one any more."""
        try:
            before = await self._read_live(step)
        except SourceError as error:  # no request was sent yet, so a lost response does not matter
            raise StepFailed("failed", f"nothing was sent: {error.message}") from error
        if before is None or (step.uid and before.uid != step.uid):
            change = "is gone" if before is None else "was replaced by another one"
            raise StepFailed("failed", f"nothing was sent: {step.resource} {change} in the meantime")
        return before

    async def _read_live(self, step: RunResourceAction | DeleteResource) -> LiveResource | None:
        return await self._applications.read_live_resource(step.app, step.resource, step.version)

    async def _verify(self, look: Callable[[], Awaitable[bool]], error: SourceError, resource: ResourceRef) -> bool:
        return await verify_applied(look, error, self._timeouts, self._timeouts.argocd_poll_s, str(resource))


class _HealthPhases:
    """The health of a resource over time: since when it is Healthy or degraded, and whether it was ever otherwise."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._was_other = False
        self._healthy_since: float | None = None
        self._degraded_since: float | None = None

    def see(self, health: str) -> None:
        """Take note of a reading."""
        now = time.monotonic()
        self._was_other = self._was_other or health != "Healthy"
        self._healthy_since = (self._healthy_since or now) if health == "Healthy" else None
        self._degraded_since = (self._degraded_since or now) if health in {"Degraded", "Missing"} else None

    def is_final(self, health: str) -> bool:
        """Return whether the resource has arrived: Healthy after another health or for a while, or Suspended."""
        if health == "Suspended":
            return True
        if self._healthy_since is None:
            return False
        return self._was_other or time.monotonic() - self._healthy_since >= self._timeouts.settle_s

    def is_failed(self) -> bool:
        """Return whether the resource has been degraded for too long: at first that may be from before."""
        since = self._degraded_since
        return since is not None and time.monotonic() - since >= self._timeouts.degraded_s


def _find_node(tree: ResourceTree, ref: ResourceRef) -> ResourceNode | None:
    wanted = (ref.group, ref.kind, ref.namespace, ref.name)
    return next((node for node in tree.nodes if tuple(node.key) == wanted), None)


def _health_text(node: ResourceNode) -> str:
    message = f": {get_first_line(node.message)}" if node.message and node.health != "Healthy" else ""
    return f"{node.key} is {node.health}{message}"
