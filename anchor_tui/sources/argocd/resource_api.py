"""Reads one resource of an application for an action on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anchor_tui.domain.actions.application_state import AppState, Permission
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.resource_state import (
    LiveResource,
    OfferedAction,
    ResourceState,
    read_live_resource,
    select_resource,
)
from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.sources.argocd.application_api import ask_permission, rbac_name, read_permission
from anchor_tui.sources.argocd.inspection_reader import read_live_object, read_resource_actions, read_resource_tree
from anchor_tui.sources.errors import ClientError, NotFound

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient

GONE_WORDS = "not found"
"""Part of the message with which Argo CD refuses a request about a resource that does not exist: HTTP 400 or 404."""


async def read_resource_state(
    client: ArgoClient, state: AppState, name: str, action: str | None
) -> ResourceState | Refusal:
    """Return the resource of this name with its actions; a Refusal if there is not exactly one. Raises SourceError.

    `action` is None for a deletion, which has no list of actions.
    """
    app = state.app_ref
    tree = await read_tree(client, app)
    node = select_resource(tree, name, str(app.id))
    if isinstance(node, Refusal):
        return node
    key, owners = node.key, tree.list_owners(node)
    actions: tuple[OfferedAction, ...] = ()
    if action is None:
        right = f"delete/{key.group}/{key.kind}/{key.namespace}/{key.name}"
        allowed = await read_resource_permission(client, state, right)
    else:
        right = f"action/{key.group}/{key.kind}/{action}"
        actions, allowed = await asyncio.gather(
            read_resource_actions(client, app.id, app.project, node), read_resource_permission(client, state, right)
        )
    top = owners[-1] if owners else node
    pod_count = sum(found.key.kind == "Pod" for found in tree.walk_below(top))
    return ResourceState(node, owners, pod_count, actions, right, allowed)


async def read_resource_permission(client: ArgoClient, state: AppState, right: str) -> Permission:
    """Return whether the token has a right on a resource, such as `action/apps/Deployment/restart`.

    A server that takes the slashes of the right for separators of the path asks its rules another question, and its
    "no" proves nothing. It is recognised by a second question: split at its slash, that one is the right to read the
    application, which the token has. The answer is then unknown.
    """
    allowed = await read_permission(client, state, right)
    if allowed != "no":
        return allowed
    control = await ask_permission(client, f"get/{state.app_ref.project}", rbac_name(state))
    return "no" if control == "no" else "unknown"


async def read_tree(client: ArgoClient, app: ApplicationRef) -> ResourceTree:
    """Read the resource tree. Raises SourceError."""
    return await read_resource_tree(client, app.id, app.project, ApplicationDetails())


async def read_live(client: ArgoClient, app: ApplicationRef, ref: ResourceRef, version: str) -> LiveResource | None:
    """Read the live object of a resource; None if it does not exist. Raises SourceError."""
    node = ResourceNode(ResourceKey(ref.group, ref.kind, ref.namespace, ref.name), version)
    try:
        return read_live_resource(await read_live_object(client, app.id, app.project, node))
    except (ClientError, NotFound) as error:
        if is_gone_error(error):
            return None
        raise


def is_gone_error(error: Exception) -> bool:
    """Return whether a request was refused because its resource does not exist; an unknown application is different."""
    return isinstance(error, ClientError | NotFound) and GONE_WORDS in str(error) and "applications." not in str(error)
