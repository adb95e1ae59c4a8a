"""An Argo CD with one application that is large: python -m tests.benchmarks.argo_server RATE NODES MANIFEST_MB.

Its only pod writes RATE log lines per second, its tree has NODES resources and is sent again every TREE_PAUSE_S, and
each live object has MANIFEST_MB. The server prints its port, and serves until its standard input is closed. It runs in
a process of its own, so that a benchmark measures the client alone.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import msgspec

POD = {"kind": "Pod", "version": "v1", "namespace": "n", "name": "gateway-1", "uid": "p"}
TEXT = '{"level":"info","msg":"GET /v1/runs 200","ms":12}'
PARTS_PER_S = 50
TREE_PAUSE_S = 2.0
PODS_PER_REPLICA_SET = 20
"""Each Deployment of the tree has one ReplicaSet with this number of pods."""


class ArgoServer(ThreadingHTTPServer):
    """One application, whatever its name is."""

    daemon_threads = True

    def __init__(self, rate: int, nodes: int, manifest_mb: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rate, self.nodes, self.manifest_mb = rate, nodes, manifest_mb
        self.sent = 0

    @cached_property
    def tree(self) -> bytes:
        """The resource tree as JSON."""
        return msgspec.json.encode({"nodes": list(make_nodes(self.nodes)) if self.nodes else [POD]})

    @cached_property
    def manifest(self) -> str:
        """A live object as JSON."""
        return msgspec.json.encode(make_manifest(self.manifest_mb * 1_000_000)).decode()

    @cached_property
    def live_object(self) -> bytes:
        """The answer about a live object."""
        return msgspec.json.encode({"manifest": self.manifest})

    @cached_property
    def managed_resources(self) -> bytes:
        """The answer with the states of the object: one value of it differs."""
        changed = self.manifest.replace("item 7 of", "item 7 from", 1)
        states = {"liveState": self.manifest, "normalizedLiveState": self.manifest}
        states |= {"targetState": changed, "predictedLiveState": changed}
        item = {"kind": "Bundle", "namespace": "n", "name": "large", **states}
        return msgspec.json.encode({"items": [item]})


def make_nodes(number: int) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a tree: Deployments with a ReplicaSet and its pods; a few fail."""
    for index in range(number // (PODS_PER_REPLICA_SET + 2)):
        name = f"service-{index:04}"
        health = {"status": "Degraded" if index % 10 == 0 else "Healthy"}
        deployment = {"group": "apps", "kind": "Deployment", "version": "v1", "namespace": "n", "name": name}
        yield {**deployment, "uid": f"d{index}", "health": health}
        parent = {**deployment, "uid": f"d{index}"}
        replica_set = {**deployment, "kind": "ReplicaSet", "name": f"{name}-7d9", "uid": f"r{index}"}
        yield {**replica_set, "parentRefs": [parent], "health": health}
        for pod in range(PODS_PER_REPLICA_SET):
            state = health if pod == 0 else {"status": "Healthy"}
            uid, pod_name = f"p{index}-{pod}", f"{name}-7d9-{pod:05}"
            yield {**POD, "name": pod_name, "uid": uid, "parentRefs": [replica_set], "health": state}


def make_manifest(size: int) -> dict[str, Any]:
    """Return a manifest of about `size` bytes."""
    count = max(1, size // 140)
    items = [
        {"name": f"item-{index:06}", "on": True, "weight": index, "note": f"item {index} of the object", "x": "y" * 40}
        for index in range(count)
    ]
    metadata = {"name": "gateway-1", "namespace": "n"}
    spec = {"containers": [{"name": "app"}], "items": items}
    return {"kind": "Bundle", "metadata": metadata, "spec": spec, "status": {}}


class _Handler(BaseHTTPRequestHandler):
    server: ArgoServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/logs"):
            with suppress(OSError):
                self._send_lines()
        elif "/stream/" in path and path.endswith("/resource-tree"):
            with suppress(OSError):
                self._send_trees()
        elif path.endswith("/resource-tree"):
            self._answer(self.server.tree)
        elif path.endswith("/resource"):
            self._answer(self.server.live_object)
        elif path.endswith("/managed-resources"):
            self._answer(self.server.managed_resources)
        elif path == "/sent":
            self._answer(msgspec.json.encode({"sent": self.server.sent}))
        else:
            self._answer(b"{}")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.flush()

    def _send_lines(self) -> None:
        self._begin_stream()
        count = self.server.rate // PARTS_PER_S
        due = time.monotonic()
        while True:
            self.wfile.write(encode_line(TEXT) * count)
            self.server.sent += count
            due = max(due + 1 / PARTS_PER_S, time.monotonic() - 1)  # what was missed is sent later
            time.sleep(max(0.0, due - time.monotonic()))

    def _send_trees(self) -> None:
        self._begin_stream()
        while True:
            time.sleep(TREE_PAUSE_S)
            self.wfile.write(b'{"result":' + self.server.tree + b"}\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class calls it
        """Print nothing."""


def encode_line(text: str) -> bytes:
    """Return a line of a log as Argo CD sends it, with the present time."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    result = {"content": text, "timeStamp": now, "last": False, "timeStampStr": now, "podName": POD["name"]}
    return msgspec.json.encode({"result": result}) + b"\n"


class ArgoServerProcess:
    """A server in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def sent(self) -> int:
        """Return the number of log lines that were sent."""
        with urlopen(f"http://127.0.0.1:{self.port}/sent") as answer:
            return int(msgspec.json.decode(answer.read())["sent"])

    @property
    def config_text(self) -> str:
        """A configuration with this server."""
        return f'[argocd]\nserver = "http://127.0.0.1:{self.port}"\ntoken_env = "T"\n[github]\nops_repo = "a/b"\n'


@contextmanager
def run_argo_server(*, rate: int = 0, nodes: int = 0, manifest_mb: int = 0) -> Iterator[ArgoServerProcess]:
    """Run a server in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.argo_server", str(rate), str(nodes), str(manifest_mb)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield ArgoServerProcess(int(process.stdout.readline()))
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until standard input is closed."""
    server = ArgoServer(*map(int, sys.argv[1:4]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
