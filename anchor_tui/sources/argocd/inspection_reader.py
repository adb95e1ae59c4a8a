"""Reads the inside of one application: its tree, events, logs, live objects and history.

Each function sends one request and repeats nothing. All raise SourceError; Forbidden names the missing right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from anchor_tui.domain.actions.resource_state import OfferedAction
from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.deployments import RevisionMetadata
from anchor_tui.domain.inspection.differences import ResourceDifference, compare_resources
from anchor_tui.domain.inspection.events import ClusterEvent
from anchor_tui.domain.inspection.logs import AnyLogLine, LogLine, LogSelection, UnreadLogLine
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.endpoints import application_path, application_query, resource_query
from anchor_tui.sources.argocd.inspection_conversion import (
    to_application_details,
    to_events,
    to_log_line,
    to_offered_actions,
    to_resource_nodes,
    to_revision_metadata,
)
from anchor_tui.sources.argocd.inspection_schema import (
    ApplicationDetailsResponse,
    EventListResponse,
    LogEvent,
    LogTextEvent,
    ResourceActionsResponse,
    ResourceTreeJson,
    RevisionMetadataResponse,
)
from anchor_tui.sources.argocd.managed_resources import LiveResourceJson, ManagedResourcesJson
from anchor_tui.sources.argocd.parsed_responses import ParsedResponses
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.json_body import decode_json

DEFAULT_TAIL = 200
"""Lines of each container that are read if the selection does not limit them."""
_LOG_LINE_START = b'{"result":{"content":"'
_LOG_LINE_END = re.compile(
    rb'","timeStamp":"[^"\\]{1,64}",(?:"last":false,)?'
    rb'"timeStampStr":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z","podName":"([a-z0-9.-]+)"\}\}\s*\Z'
)
_MAX_END_BYTES = 512
"""The maximum number of bytes after the text of a line: two times, and a pod name of at most 253 characters."""


async def read_application_details(client: ReadClient, id_: AppId, project: str | None) -> ApplicationDetails:
    """Return sync status of each resource, the results of the last sync, and the deployments that are remembered.

    Argo CD remembers 10 deployments by default.
    """
    response = await client.get(application_path(id_), application_query(id_, project))
    return to_application_details(response.decode(ApplicationDetailsResponse))


async def read_resource_tree(
    client: ReadClient, id_: AppId, project: str | None, details: ApplicationDetails
) -> ResourceTree:
    """Return the tree, with the sync status of the resources that are in git."""
    response = await client.get(f"{application_path(id_)}/resource-tree", application_query(id_, project))
    return ResourceTree(to_resource_nodes(response.decode(ResourceTreeJson), details.resource_sync))


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
    client: ReadClient, id_: AppId, project: str | None, node: ResourceNode, parsed: ParsedResponses | None = None
) -> Mapping[str, Any]:
    """Return the live object of a resource. Argo CD masks the values of a Secret. Raises NotFound if it is gone."""
    query = application_query(id_, project) | resource_query(node.key, node.version)
    response = await client.get(f"{application_path(id_)}/resource", query)

    def parse() -> Mapping[str, Any]:
        found = _parse_manifest(response.decode(LiveResourceJson).manifest)
        if not isinstance(found, dict):
            raise InvalidResponse(f"the live object of {node.key} is not a JSON object")
        return found

    return await (parsed or ParsedResponses()).parse((id_, node.key), response.body, parse)


async def read_application_manifest(client: ReadClient, id_: AppId, project: str | None) -> Mapping[str, Any]:
    """Return the manifest of the application itself, with its kind, which Argo CD leaves out."""
    response = await client.get(application_path(id_), application_query(id_, project))
    found = response.decode(dict[str, Any])
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **found}


async def read_resource_actions(
    client: ReadClient, id_: AppId, project: str | None, node: ResourceNode
) -> tuple[OfferedAction, ...]:
    """Return the actions that Argo CD offers for a resource, in its order."""
    query = application_query(id_, project) | resource_query(node.key, node.version)
    response = await client.get(f"{application_path(id_)}/resource/actions", query)
    return to_offered_actions(response.decode(ResourceActionsResponse))


async def read_log(client: ReadClient, id_: AppId, project: str | None, selection: LogSelection) -> tuple[LogLine, ...]:
    """Return the last lines of a log, oldest first. The log of a pod that does not exist is empty."""
    response = await client.get(
        f"{application_path(id_)}/logs", application_query(id_, project) | log_query(selection) | {"follow": "false"}
    )
    return tuple(parse_log_lines(line for line in response.body.split(b"\n") if line.strip()))


def parse_log_lines(lines: Iterable[bytes]) -> list[LogLine]:
    """Return the lines of a log. Raises the error that one of them contains, and InvalidResponse."""
    found = []
    for line in lines:
        event = decode_json(line, LogEvent)
        if event.error is not None:
            from anchor_tui.sources.argocd.client import raise_stream_error  # imports httpx, which takes time

            raise_stream_error(event.error)
        if event.result is not None and not event.result.last:
            found.append(to_log_line(event.result))
    return found


def scan_log_lines(lines: Iterable[bytes]) -> list[AnyLogLine]:
    """Return the lines of a log with their texts unread. Raises like `parse_log_lines`.

    Pod and time are found without decoding: Go writes the fields in a fixed order, and a quotation mark inside of a
    text is escaped. Any other line, such as the last one, a note or an error, is parsed.
    """
    found: list[AnyLogLine] = []
    pods: dict[bytes, str] = {}
    for raw in lines:
        end = _LOG_LINE_END.search(raw, max(0, len(raw) - _MAX_END_BYTES)) if raw.startswith(_LOG_LINE_START) else None
        try:
            at = datetime.fromisoformat(f"{end[1].decode()}+00:00") if end else None
        except ValueError:
            at = None
        if end is None or at is None:
            found += parse_log_lines((raw,))
        else:
            pod = pods.get(end[2]) or pods.setdefault(end[2], end[2].decode())
            found.append(UnreadLogLine(raw, _decode_log_text, pod, at))
    return found


def _decode_log_text(raw: bytes) -> str:
    """Return the text of a line; a line that is not readable is shown as it is."""
    try:
        return decode_json(raw, LogTextEvent).result.content
    except InvalidResponse:
        return raw.decode(errors="replace")


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


async def read_revision_metadata(
    client: ReadClient, id_: AppId, project: str | None, revision: str
) -> RevisionMetadata:
    """Return the commit of a revision. A branch instead of a commit is answered with an error."""
    path = f"{application_path(id_)}/revisions/{revision}/metadata"
    response = await client.get(path, application_query(id_, project))
    return to_revision_metadata(revision, response.decode(RevisionMetadataResponse))


async def read_differences(
    client: ReadClient, id_: AppId, project: str | None, parsed: ParsedResponses | None = None
) -> tuple[ResourceDifference, ...]:
    """Return the difference between live and git of every resource, those that differ first."""
    response = await client.get(f"{application_path(id_)}/managed-resources", application_query(id_, project))
    return await (parsed or ParsedResponses()).parse(
        (id_, "differences"),
        response.body,
        lambda: compare_resources(response.decode(ManagedResourcesJson).items or ()),
    )


def _parse_manifest(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidResponse("the live object is not readable JSON") from error
