"""Reads the inside of one application: its tree, events, logs, live objects and history.

Each function sends one request and repeats nothing. All raise SourceError; Forbidden names the missing right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anchor_tui.domain.inspection.deployments import Deployment, RevisionMetadata
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import LogLine, LogSelection
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.endpoints import application_path, application_query
from anchor_tui.sources.argocd.inspection_conversion import (
    to_deployments,
    to_events,
    to_log_line,
    to_resource_nodes,
    to_revision_metadata,
)
from anchor_tui.sources.argocd.inspection_schema import (
    ApplicationHistoryResponse,
    EventListResponse,
    LogEvent,
    ResourceTreeJson,
    RevisionMetadataResponse,
)
from anchor_tui.sources.argocd.managed_resources import LiveResourceJson
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.argocd.schema import ApplicationJson
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.json_body import decode_json

DEFAULT_TAIL = 200
"""Lines of each container that are read if the selection does not limit them."""


async def read_resource_tree(client: ReadClient, id_: AppId, project: str | None) -> ResourceTree:
    """Return the tree with the sync status of each resource that is in git. Sends two requests, one after another."""
    path, query = application_path(id_), application_query(id_, project)
    application = (await client.get(path, query)).decode(ApplicationJson)
    tree = (await client.get(f"{path}/resource-tree", query)).decode(ResourceTreeJson)
    resources = application.status.resources or ()
    sync = {
        ResourceKey(resource.group, resource.kind, resource.namespace, resource.name): resource.status or ""
        for resource in resources
    }
    return ResourceTree(to_resource_nodes(tree, sync))


async def read_application_events(client: ReadClient, id_: AppId, project: str | None) -> tuple[ClusterEvent, ...]:
    """Return the events about the application itself, newest first."""
    response = await client.get(f"{application_path(id_)}/events", application_query(id_, project))
    return to_events(response.decode(EventListResponse).items or ())


async def read_resource_events(
    client: ReadClient, id_: AppId, project: str | None, node: ResourceNode
) -> tuple[ClusterEvent, ...]:
    """Return the events about one resource, newest first. Events about what it owns are not included."""
    wanted = {
        "resourceUID": node.uid,
        "resourceName": node.key.name,
        "resourceNamespace": node.key.namespace,
    }
    response = await client.get(f"{application_path(id_)}/events", application_query(id_, project) | wanted)
    return to_events(response.decode(EventListResponse).items or ())


async def read_live_object(
    client: ReadClient, id_: AppId, project: str | None, node: ResourceNode
) -> Mapping[str, Any]:
    """Return the live object of a resource. Argo CD masks the values of a Secret. Raises NotFound if it is gone."""
    wanted = {
        "namespace": node.key.namespace,
        "resourceName": node.key.name,
        "group": node.key.group,
        "version": node.version,
        "kind": node.key.kind,
    }
    response = await client.get(f"{application_path(id_)}/resource", application_query(id_, project) | wanted)
    found = _parse_manifest(response.decode(LiveResourceJson).manifest)
    if not isinstance(found, dict):
        raise InvalidResponse(f"the live object of {node.key} is not a JSON object")
    return found


async def read_log(client: ReadClient, id_: AppId, project: str | None, selection: LogSelection) -> tuple[LogLine, ...]:
    """Return the last lines of a log, oldest first. The log of a pod that does not exist is empty."""
    response = await client.get(
        f"{application_path(id_)}/logs", application_query(id_, project) | log_query(selection) | {"follow": "false"}
    )
    lines: list[LogLine] = []
    for line in response.body.split(b"\n"):
        if not line.strip():
            continue
        entry = decode_json(line, LogEvent).result
        if entry is not None and not entry.last:
            lines.append(to_log_line(entry))
    return tuple(lines)


def log_query(selection: LogSelection) -> dict[str, str]:
    """Return the query of a log request."""
    query = {
        "namespace": selection.namespace,
        "podName": selection.pod,
        "container": selection.container,
        "group": selection.group,
        "kind": selection.kind,
        "resourceName": selection.resource_name,
        "tailLines": str(selection.tail if selection.tail is not None else DEFAULT_TAIL),
        "sinceSeconds": str(selection.since_s) if selection.since_s is not None else "",
        "previous": "true" if selection.previous else "",
    }
    return {name: value for name, value in query.items() if value}


async def read_deployments(client: ReadClient, id_: AppId, project: str | None) -> tuple[Deployment, ...]:
    """Return the deployments that Argo CD remembers (10 by default), newest first."""
    response = await client.get(application_path(id_), application_query(id_, project))
    return to_deployments(response.decode(ApplicationHistoryResponse).status.history or ())


async def read_revision_metadata(
    client: ReadClient, id_: AppId, project: str | None, revision: str
) -> RevisionMetadata:
    """Return the commit of a revision. A branch instead of a commit is answered with an error."""
    path = f"{application_path(id_)}/revisions/{revision}/metadata"
    response = await client.get(path, application_query(id_, project))
    return to_revision_metadata(revision, response.decode(RevisionMetadataResponse))


def _parse_manifest(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidResponse("the live object is not readable JSON") from error
