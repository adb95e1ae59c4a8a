"""The boundaries: what reads foreign bytes, which errors it may raise, and real documents to start from."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec.structs import replace

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import load_config
from anchor_tui.config.model import ServerConfig
from anchor_tui.domain.actions.plan import StepGroup
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.model import Application
from anchor_tui.services.execute.audit import AuditEntry, AuditError, AuditLog, find_unfinished, pending_events
from anchor_tui.services.execute.resumption import context_from_audit, is_resumable, next_step_index
from anchor_tui.services.recording.encoder import SnapshotEncoder
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.frames import encode_frame
from anchor_tui.services.recording.segment_reader import SegmentReader
from anchor_tui.services.snapshot_files import parse_snapshot
from anchor_tui.services.snapshot_json import SnapshotFormatError, snapshot_from_json, snapshot_to_json
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.managed_resources import ManagedResourcesReader
from anchor_tui.sources.argocd.response import ApiResponse
from anchor_tui.sources.argocd.schema import SettingsResponse, UserInfoResponse, VersionResponse
from anchor_tui.sources.credentials.argocd_cli import read_contexts
from anchor_tui.sources.credentials.gh_cli import read_hosts_token
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.action_queries import ACTION_QUERY_TEXTS
from anchor_tui.sources.github.client import GitHubClient
from anchor_tui.sources.github.file_contents import read_file_at
from anchor_tui.sources.github.pull_request_queries import read_branch_state, read_pull_request
from anchor_tui.sources.github.repo_reader import RepoReader
from anchor_tui.sources.response_limits import iterate_line_batches
from tests import rich
from tests.argocd_recordings import load_recording, recording_names
from tests.config.config_files import VARIED
from tests.domain.actions.step_examples import EVERY_STEP
from tests.plan_values import expect_plan, make_app_state, order, plan_inputs
from tests.sources.argocd.fakes import make_access
from tests.sources.github.fakes import access_to, history_response, poll_response, pull_request_node, pull_request_page
from tests.values import NOW, config, environment_config

PROD = Application("argocd", "argocd", "anchor-msp-prod")
ARGOCD_URL = "http://argocd.invalid"  # plain http: an SSL context takes 40 ms to create
GITHUB_URL = "http://github.invalid"


@dataclass(frozen=True)
class Boundary:
    """`read` gets the bytes and may raise only `errors`. `seeds` are valid documents."""

    name: str
    read: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    errors: tuple[type[Exception], ...] = (SourceError,)


# --- Argo CD --------------------------------------------------------------------------------------------


def _store() -> ApplicationStore:
    return ApplicationStore(ServerConfig(), (environment_config("prod"), environment_config("dev")), lambda: NOW)


def _read_list(body: bytes) -> object:
    store = _store()
    store.apply_list(ApiResponse(body, 0.01))
    return store.data, store.problems


def _read_application(body: bytes) -> object:
    store = _store()
    store.apply_application(PROD, ApiResponse(body, 0.01))
    return store.data


def _read_server_info(body: bytes) -> object:
    response = ApiResponse(body, 0.01)
    found = []
    for shape in (VersionResponse, SettingsResponse, UserInfoResponse):
        found.append(response.decode(shape))
    return found


def _read_stream(body: bytes) -> object:
    store = _store()

    async def follow() -> None:
        client = _argo_client(_answering(200, body, {"content-type": "text/event-stream"}))
        async with client.stream_events("api/v1/stream/applications", {}) as events:
            async for event in events:
                if event is not None and event.result is not None:
                    store.apply_event(event.result)

    asyncio.run(follow())
    return store.data, store.problems


def _read_managed_resources(body: bytes) -> object:
    reader = ManagedResourcesReader(lambda: NOW)
    asyncio.run(reader.refresh(_argo_client(_answering(200, body)), [PROD]))
    return reader.results_for([PROD])


def _read_compressed(body: bytes) -> object:
    """The same bytes as a compressed answer."""
    client = _argo_client(_answering(200, body, {"content-encoding": "gzip"}))
    return asyncio.run(client.get("api/v1/applications")).body


def _read_error(body: bytes) -> object:
    """The first byte chooses the status, the second the length of a header with a new token."""
    status = (400, 401, 403, 404, 409, 429, 500, 502, 503, 302)[body[0] % 10 if body else 0]
    headers = {b"grpc-metadata-renew-token": body[1:20], b"retry-after": body[20:24], b"location": body[24:60]}
    transport = _answering(status, body, [(name, value) for name, value in headers.items() if _is_header(value)])
    return asyncio.run(_argo_client(transport).get("api/v1/applications"))


def _is_header(value: bytes) -> bool:
    """Return whether HTTP allows the bytes: h11 refuses control characters in a header."""
    return bool(value) and all(byte >= 0x20 and byte != 0x7F for byte in value)


def _lines(body: bytes) -> object:
    """The chunks have the sizes of the first bytes, so that a line is cut at any place."""
    sizes = [byte + 1 for byte in body[:8]] or [1]

    async def chunks() -> AsyncIterator[bytes]:
        place = 0
        for number in range(len(body) + 1):
            size = sizes[number % len(sizes)]
            if place >= len(body):
                return
            yield body[place : place + size]
            place += size

    async def read() -> list[bytes]:
        batches = iterate_line_batches(httpx.Response(200, content=chunks()))
        return [line async for batch in batches for line in batch]

    lines = asyncio.run(read())
    expected = body.removesuffix(b"\n").split(b"\n") if body else []
    assert [line.removesuffix(b"\r") for line in lines] == [line.removesuffix(b"\r") for line in expected]
    return lines


def _argo_client(transport: httpx.MockTransport) -> ArgoClient:
    return ArgoClient(resolve_connection(make_access(ARGOCD_URL)), read_only=True, transport=transport)


def _answering(status: int, body: bytes, headers: Any = None) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, content=body, headers=headers, request=request))


def _recorded(*prefixes: str) -> Callable[[], list[bytes]]:
    return lambda: [load_recording(name).content for name in recording_names(*prefixes)]


# --- GitHub ---------------------------------------------------------------------------------------------


def _github(read: Callable[[GitHubClient], Coroutine[Any, Any, object]]) -> Callable[[bytes], object]:
    """Return a reader that answers every request of `read` with the bytes."""

    def answer(body: bytes) -> object:
        reader = RepoReader(config())
        client = GitHubClient(access_to(GITHUB_URL), reader.query_texts | ACTION_QUERY_TEXTS, _answering(200, body))
        return asyncio.run(read(client))

    return answer


async def _poll(client: GitHubClient) -> object:
    reader = RepoReader(config())
    repo, problems = await reader.poll(client)
    return await reader.read_history(client, repo), problems


async def _action_state(client: GitHubClient) -> object:
    paths = ("environments/prod/release.yaml", "values.yaml")
    repository = "anchor/anchor-msp-ops"
    await read_branch_state(client, repository, "anchor-tui/promote/prod/1.44.0", "main", paths)
    return await read_pull_request(client, repository, 232)


async def _rest(client: GitHubClient) -> object:
    await client.get_json("/repos/anchor/anchor-msp-ops/pulls")
    return await read_file_at(client, "anchor/anchor-msp-ops", "environments/prod/release.yaml", "a" * 40)


def _github_seeds() -> list[bytes]:
    data = [
        poll_response(pulls=pull_request_page(pull_request_node(231))),
        history_response("1.44.0", "1.43.2"),
        {"viewer": {"login": "on-call"}, "repository": {"viewerPermission": "WRITE", "ref": None}},
    ]
    errors = [{"type": "FORBIDDEN", "message": "Resource not accessible", "path": ["repository", "ref", 0]}]
    return [json.dumps({"data": each, "errors": errors}).encode() for each in data]


def _rest_seeds() -> list[bytes]:
    return [
        b'{"content": "dmVyc2lvbjogMS40NC4wCg==", "sha": "%s", "encoding": "base64"}' % (b"a" * 40),
        b'[{"number": 232, "html_url": "https://github.com/a/b/pull/232", "head": {"sha": "a"}}]',
        b'{"message": "Not Found", "status": "404"}',
    ]


# --- files ----------------------------------------------------------------------------------------------


def _in_file(read: Callable[[Path], object], name: str) -> Callable[[bytes], object]:
    """Return a reader of a private file with the bytes."""

    def from_file(content: bytes) -> object:
        with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_fast_folder()) as folder:
            path = Path(folder, name)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(handle, content)
            finally:
                os.close(handle)
            return read(path)

    return from_file


@cache
def _fast_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _read_audit(path: Path) -> object:
    log = AuditLog(path.parent)
    entries = log.read_entries()
    groups = [
        (is_resumable(group), context_from_audit(group), next_step_index(group)) for group in find_unfinished(entries)
    ]
    return groups, pending_events(entries), log.unreadable_count


def _audit_seeds() -> list[bytes]:
    planned = expect_plan(make_plan(order("sync", "prod"), plan_inputs(environments={"prod": (make_app_state(),)})))
    plan = replace(planned, step_groups=(StepGroup("release of staging", EVERY_STEP),))
    whole = AuditEntry(NOW, "intended", plan.id, "promote", ("staging",), whole=plan)
    step = AuditEntry(NOW, "done", plan.id, "promote", ("staging",), "release of staging", 2, number=232)
    event = AuditEntry(NOW, "intended", plan.id, "event", ("prod",), "status API", -1, event={"event": "rollback"})
    return [b"".join(msgspec.json.encode(entry) + b"\n" for entry in (whole, step, event))]


CONTEXTS = b"""\
contexts:
- name: prod
  server: argocd.anchor.example
  user: prod
current-context: prod
servers:
- server: argocd.anchor.example
  grpc-web: true
  plain-text: true
  certificate-authority-data: LS0tLS1CRUdJTg==
users:
- name: prod
  auth-token: a.b.c
"""
HOSTS = b"""\
github.com:
    oauth_token: gho_secret
    users:
        on-call:
            oauth_token: gho_secret
    user: on-call
    git_protocol: https
"""

# --- recordings ----------------------------------------------------------------------------------------


def _read_segment(path: Path) -> object:
    """Read the index of a segment and every snapshot in it."""
    reader = SegmentReader(path)
    return [reader.load(index) for index, _ in enumerate(reader.frames)]


def _read_payload(path: Path) -> object:
    """Read a segment whose only frame has the bytes as its lines: a checksum does not keep foreign content out."""
    frame = encode_frame(path.read_bytes().split(b"\n"), NOW, 0, is_change=False)
    path.write_bytes(b'{"environments":["prod"]}\n' + frame)
    return _read_segment(path)


def _payload_seeds() -> list[bytes]:
    return [b"\n".join(SnapshotEncoder().encode(rich.snapshot()).lines)]


def _segment_seeds() -> list[bytes]:
    frames = [encode_frame(seed.split(b"\n"), NOW, 0, is_change=True) for seed in _payload_seeds()]
    return [b'{"environments":["prod"]}\n' + b"".join(frames)]


BOUNDARIES = {
    boundary.name: boundary
    for boundary in (
        Boundary("argocd-list", _read_list, _recorded("list")),
        Boundary("argocd-application", _read_application, _recorded("get-")),
        Boundary("argocd-stream", _read_stream, _recorded("watch")),
        Boundary("argocd-managed-resources", _read_managed_resources, _recorded("managed")),
        Boundary("argocd-server-info", _read_server_info, _recorded("settings", "version", "userinfo")),
        Boundary("argocd-error", _read_error, _recorded("get-40", "bad", "sync")),
        Boundary("compressed", _read_compressed, lambda: [gzip.compress(b'{"items": null}' * 9)]),
        Boundary("stream-lines", _lines, _recorded("watch")),
        Boundary("github-poll", _github(_poll), _github_seeds),
        Boundary("github-action-state", _github(_action_state), _github_seeds),
        Boundary("github-rest", _github(_rest), _rest_seeds),
        Boundary(
            "configuration",
            _in_file(lambda path: load_config(path, {}, cwd=path.parent), "anchor-tui.toml"),
            lambda: [VARIED.encode()],
            (ConfigErrors,),
        ),
        Boundary("audit", _in_file(_read_audit, "audit.jsonl"), _audit_seeds, (AuditError,)),
        Boundary("snapshot", snapshot_from_json, lambda: [snapshot_to_json(rich.snapshot())], (SnapshotFormatError,)),
        Boundary(
            "snapshot-file",
            parse_snapshot,
            lambda: [snapshot_to_json(rich.snapshot())],
            (SnapshotFormatError,),
        ),
        Boundary("segment", _in_file(_read_segment, "segment"), _segment_seeds, (RecordingError,)),
        Boundary("segment-payload", _in_file(_read_payload, "segment"), _payload_seeds, (RecordingError,)),
        Boundary("argocd-contexts", _in_file(read_contexts, "config"), lambda: [CONTEXTS]),
        Boundary("gh-hosts", _in_file(lambda path: read_hosts_token(path, "github.com"), "hosts.yml"), lambda: [HOSTS]),
    )
}
