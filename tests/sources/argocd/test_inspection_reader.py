"""The inside of an application, read from the recorded responses of a real Argo CD."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from anchor_tui.domain.inspection.logs import LogSelection
from anchor_tui.domain.inspection.pods import read_pod
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from anchor_tui.domain.model import AppId
from anchor_tui.sources.argocd.endpoints import APPLICATIONS
from anchor_tui.sources.argocd.inspection_reader import (
    read_application_details,
    read_application_events,
    read_live_object,
    read_log,
    read_resource_events,
    read_resource_tree,
    read_revision_metadata,
)
from anchor_tui.sources.argocd.read_client import ReadClient
from anchor_tui.sources.errors import Forbidden, ServerError
from tests.argocd_recordings import load_recording, recording_names, replay_transport
from tests.sources.argocd.fakes import make_client

DEMO = AppId("main", "argocd", "anchor-msp-demo")
PROJECT = "anchor-msp"
BROKEN_KINDS = sorted(name.split("-")[1] for name in recording_names("broken-") if name.endswith("-tree"))


def read(name: str, recordings: dict[str, str], call: Callable[[ReadClient, AppId], Awaitable[Any]]) -> Any:
    """Call with a client whose paths below the application `name` answer with recordings."""

    async def run() -> Any:
        root = f"/{APPLICATIONS}/{name}"
        client = make_client(replay_transport({f"{root}{path}": found for path, found in recordings.items()}))
        try:
            return await call(client, AppId("main", "argocd", name))
        finally:
            await client.aclose()

    return asyncio.run(run())


def read_tree(name: str, recordings: dict[str, str]) -> Any:
    async def read_both(client: ReadClient, id_: AppId) -> Any:
        details = await read_application_details(client, id_, PROJECT)
        return await read_resource_tree(client, id_, PROJECT, details)

    return read(name, recordings, read_both)


def read_details(name: str, recording: str) -> Any:
    return read(name, {"": recording}, lambda client, id_: read_application_details(client, id_, PROJECT))


def test_a_tree_is_nested_as_in_argocd() -> None:
    tree = read_tree("anchor-msp-prod", {"": "get", "/resource-tree": "resource-tree"})
    deployment = next(node for node in tree.roots if node.key.kind == "Deployment" and "gateway" in node.key.name)
    kinds = [node.key.kind for node in tree.walk_below(deployment)]
    assert kinds[:2] == ["Deployment", "ReplicaSet"]
    assert "Pod" in kinds
    pod = next(node for node in tree.walk_below(deployment) if node.key.kind == "Pod")
    assert [owner.key.kind for owner in tree.list_owners(pod)] == ["ReplicaSet", "Deployment"]
    assert deployment.sync == "Synced"
    assert pod.ready == "1/1"
    assert pod.restarts == 0


def test_orphans_are_marked() -> None:
    tree = read_tree("anchor-msp-demo", {"": "get-demo", "/resource-tree": "resource-tree-demo"})
    orphans = [node for node in tree.nodes if node.is_orphan]
    assert orphans
    assert len(orphans) == len(load_recording("resource-tree-demo").body["orphanedNodes"])


def test_an_empty_cache_of_the_server_is_an_error() -> None:
    with pytest.raises(ServerError, match="500"):
        read_tree("anchor-msp-prod", {"": "get", "/resource-tree": "resource-tree-cache-empty"})


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_every_broken_workload_can_be_read(kind: str) -> None:
    name = "anchor-msp-demo"
    tree = read_tree(name, {"": f"broken-{kind}-get", "/resource-tree": f"broken-{kind}-tree"})
    node = next(node for node in tree.nodes if node.is_unhealthy or (kind == "none" and node.key.kind == "Pod"))
    events = read(
        name,
        {"/events": f"broken-{kind}-events"},
        lambda client, id_: read_resource_events(client, id_, PROJECT, node),
    )
    assert events
    assert [event.last_at for event in events] == sorted((event.last_at for event in events), reverse=True)
    assert any(event.is_warning for event in events) == (kind != "none")
    if f"broken-{kind}-pod" in recording_names(f"broken-{kind}-"):
        manifest = read(
            name,
            {"/resource": f"broken-{kind}-pod"},
            lambda client, id_: read_live_object(client, id_, PROJECT, node),
        )
        pod = read_pod(manifest)
        assert [container.name for container in pod.containers] == ["anchor-gateway"]
        assert pod.containers[0].is_ready == (kind == "none")


def test_an_exit_code_and_its_reason_are_in_the_pod() -> None:
    pod = read_pod(_recorded_manifest("broken-oom-pod"))
    ended = pod.containers[0].latest_end
    assert ended is not None
    assert (ended.exit_code, ended.reason, ended.signal_name) == (137, "OOMKilled", "SIGKILL")
    assert pod.containers[0].get_resource("limits", "memory") == "768Mi"


def test_an_unschedulable_pod_reports_the_condition() -> None:
    condition = read_pod(_recorded_manifest("broken-unschedulable-pod")).find_condition("PodScheduled")
    assert condition is not None
    assert (condition.status, condition.reason) == ("False", "Unschedulable")


def test_the_last_lines_of_a_log_are_read_in_order() -> None:
    selection = LogSelection("anchor-demo", "anchor-gateway-7fccb67cf8-shpvx", "anchor-gateway", previous=True)
    lines = read(
        "anchor-msp-demo",
        {"/logs": "broken-crash-logs-previous"},
        lambda client, id_: read_log(client, id_, PROJECT, selection),
    )
    assert [line.text for line in lines][-1] == "KeyError: 'AUTH_JWKS_URL'"
    assert lines[-1].at == datetime(2026, 11, 29, 21, 35, 24, 179493, tzinfo=UTC)
    assert lines[-1].pod == "anchor-gateway-7fccb67cf8-shpvx"


def test_a_line_of_the_server_itself_has_no_time() -> None:
    lines = read(
        "anchor-msp-dev",
        {"/logs": "pod-logs-unknown-container"},
        lambda client, id_: read_log(client, id_, PROJECT, LogSelection(container="nope")),
    )
    assert [(line.at, line.pod) for line in lines] == [(None, "")]
    assert "nope is not valid" in lines[0].text


def test_the_log_of_an_unknown_pod_is_empty() -> None:
    lines = read(
        "anchor-msp-dev",
        {"/logs": "pod-logs-unknown-pod"},
        lambda client, id_: read_log(client, id_, PROJECT, LogSelection(pod="nope")),
    )
    assert lines == ()


def test_a_refused_log_names_the_missing_right() -> None:
    with pytest.raises(Forbidden, match="permission denied: logs, get, anchor-msp/anchor-msp-dev"):
        read(
            "anchor-msp-dev",
            {"/logs": "pod-logs-not-permitted"},
            lambda client, id_: read_log(client, id_, PROJECT, LogSelection()),
        )


def test_events_of_the_application_are_newest_first() -> None:
    events = read(
        "anchor-msp-prod", {"/events": "events"}, lambda client, id_: read_application_events(client, id_, PROJECT)
    )
    assert {event.resource.kind for event in events} == {"Application"}
    assert events[0].last_at >= events[-1].last_at


def test_deployments_are_newest_first() -> None:
    deployments = read_details("anchor-msp-staging", "get-staging").deployments
    assert [deployment.id for deployment in deployments] == sorted((d.id for d in deployments), reverse=True)
    assert deployments[0].is_automated
    assert deployments[0].revision == "58c99611d007a6cc61b03fc859cecf01bfcf1e22"


def test_the_resources_that_a_sync_could_not_apply_are_named() -> None:
    results = read_details("anchor-msp-edge", "get-edge").sync_results
    failed = [str(result.resource) for result in results if result.has_failed]
    assert failed == ["Service/anchor-gateway", "Service/status-mock", "Service/anchor-web"]


def test_a_running_hook_is_recognized() -> None:
    results = read_details("anchor-msp-migrate", "get-migrate").sync_results
    assert [(str(result.resource), result.hook) for result in results if result.hook] == [
        ("Job/anchor-migrate", "PreSync")
    ]


def test_a_revision_has_author_and_subject() -> None:
    revision = "639317e3959c1dbea4e943ab468d906b23670e61"
    metadata = read(
        "anchor-msp-prod",
        {f"/revisions/{revision}/metadata": "revision-metadata"},
        lambda client, id_: read_revision_metadata(client, id_, PROJECT, revision),
    )
    assert metadata.subject == "Promote 1.43.1 to prod (#15)"
    assert metadata.author.startswith("anchor-release-bot")


def test_the_values_of_a_secret_are_masked() -> None:
    node = ResourceNode(ResourceKey("", "Secret", "anchor-prod", "anchor-platform"), "v1")
    manifest = read(
        "anchor-msp-prod",
        {"/resource": "resource-secret"},
        lambda client, id_: read_live_object(client, id_, PROJECT, node),
    )
    assert set(manifest["data"].values()) == {"++++++++"}


def _recorded_manifest(name: str) -> object:
    return json.loads(load_recording(name).body["manifest"])
