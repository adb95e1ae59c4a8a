"""Reads which pods a resource has, with their containers, for their logs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from anchor_tui.domain.inspection.culprit import list_pods
from anchor_tui.domain.inspection.log_sources import LogPods, PodLogs
from anchor_tui.domain.inspection.pods import read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh, Reading, Unavailable
from anchor_tui.services.observe.inspect import ApplicationInspector

MAX_LOG_PODS = 12
"""Pods whose logs are followed at once: each one needs a connection."""


async def read_log_pods(
    inspector: ApplicationInspector, node: ResourceNode | None, known: Mapping[str, PodLogs] | None = None
) -> Reading[LogPods]:
    """Read the pods of a resource, or of the application, and their containers.

    `known` contains pods that were read before, by uid: the manifest of a pod is read again when it has changed.
    """
    tree = await inspector.read_tree()
    if not isinstance(tree, Fresh):
        return tree if isinstance(tree, Unavailable) else Unavailable(SourceFailure("unreachable", "not read"))
    pods = list_pods(tree.value.tree, node)

    async def read_one(pod: ResourceNode) -> PodLogs:
        if (found := (known or {}).get(pod.uid)) is not None and found.node == pod and found.state is not None:
            return found
        manifest = await inspector.read_live_object(pod)
        return PodLogs(pod, read_pod(manifest.value) if isinstance(manifest, Fresh) else None)

    read = await asyncio.gather(*(read_one(pod) for pod in pods[:MAX_LOG_PODS]))
    return Fresh(LogPods(tuple(read), len(pods)), tree.taken_at, tree.fresh_until)
