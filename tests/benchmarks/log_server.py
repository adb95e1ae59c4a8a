"""An Argo CD with one application whose only pod writes log lines: python -m tests.benchmarks.log_server RATE.

It prints its port, and serves until its standard input is closed. It runs in a process of its own, so that a benchmark
measures the client alone.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import msgspec

POD = {"kind": "Pod", "version": "v1", "namespace": "n", "name": "gateway-1", "uid": "p"}
MANIFEST = {"metadata": {"name": "gateway-1"}, "spec": {"containers": [{"name": "app"}]}, "status": {}}
TEXT = '{"level":"info","msg":"GET /v1/runs 200","ms":12}'
PARTS_PER_S = 50


class LogServer(ThreadingHTTPServer):
    """Writes `rate` lines per second to each client."""

    daemon_threads = True

    def __init__(self, rate: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rate = rate
        self.sent = 0


class _Handler(BaseHTTPRequestHandler):
    server: LogServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/logs"):
            with suppress(OSError):
                self._send_lines()
        elif path.endswith("/resource-tree"):
            self._answer({"nodes": [POD]})
        elif path.endswith("/resource"):
            self._answer({"manifest": msgspec.json.encode(MANIFEST).decode()})
        elif path == "/sent":
            self._answer({"sent": self.server.sent})
        else:
            self._answer({})

    def _answer(self, body: Any) -> None:
        content = msgspec.json.encode(body)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_lines(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.flush()
        count = self.server.rate // PARTS_PER_S
        due = time.monotonic()
        while True:
            self.wfile.write(encode_line(TEXT) * count)
            self.server.sent += count
            due = max(due + 1 / PARTS_PER_S, time.monotonic() - 1)  # what was missed is sent later
            time.sleep(max(0.0, due - time.monotonic()))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class calls it
        """Print nothing."""


def encode_line(text: str) -> bytes:
    """Return a line of a log as Argo CD sends it, with the present time."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    result = {"content": text, "timeStamp": now, "last": False, "timeStampStr": now, "podName": POD["name"]}
    return msgspec.json.encode({"result": result}) + b"\n"


class LogServerProcess:
    """A server in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def sent(self) -> int:
        """Return the number of lines that were sent."""
        with urlopen(f"http://127.0.0.1:{self.port}/sent") as answer:
            return int(msgspec.json.decode(answer.read())["sent"])


@contextmanager
def run_log_server(rate: int) -> Iterator[LogServerProcess]:
    """Run a server in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.log_server", str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield LogServerProcess(int(process.stdout.readline()))
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until standard input is closed."""
    server = LogServer(int(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
