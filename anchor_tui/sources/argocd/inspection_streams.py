"""The endless answers about one application: its logs as they are written, and its tree after each change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from anchor_tui.domain.inspection.application_details import ApplicationDetails
from anchor_tui.domain.inspection.logs import LogSelection
from anchor_tui.domain.inspection.resource_tree import ResourceTree
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.endpoints import application_path, application_query, tree_stream_path
from anchor_tui.sources.argocd.inspection_conversion import to_resource_nodes
from anchor_tui.sources.argocd.inspection_reader import log_query
from anchor_tui.sources.argocd.inspection_schema import ResourceTreeEvent
from anchor_tui.sources.json_body import decode_json

if TYPE_CHECKING:
    from anchor_tui.sources.argocd.client import ArgoClient


def open_log_stream(
    client: ArgoClient, id_: AppId, project: str | None, selection: LogSelection
) -> AbstractAsyncContextManager[AsyncIterator[list[bytes]]]:
    """Open the log of a process that may still run: its last lines, then each new one, until the process ends.

    `inspection_reader.parse_log_lines` takes the lines. They are not parsed here, so that a reader can drop some first.
    """
    query = application_query(id_, project) | log_query(selection) | {"follow": "true"}
    return client.stream_lines(f"{application_path(id_)}/logs", query)


def open_tree_stream(
    client: ArgoClient, id_: AppId, project: str | None
) -> AbstractAsyncContextManager[AsyncIterator[list[bytes]]]:
    """Open the stream of the resource tree: the whole tree after each change, none at the start."""
    return client.stream_lines(tree_stream_path(id_), application_query(id_, project))


def parse_streamed_tree(line: bytes, details: ApplicationDetails) -> ResourceTree | None:
    """Return the tree of a line. Raises the error that it contains, and InvalidResponse."""
    event = decode_json(line, ResourceTreeEvent)
    if event.error is not None:
        from anchor_tui.sources.argocd.client import raise_stream_error  # imports httpx, which takes time

        raise_stream_error(event.error)
    return ResourceTree(to_resource_nodes(event.result, details.resource_sync)) if event.result else None
