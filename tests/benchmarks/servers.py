"""The embedded servers in a process of their own, and what a minimal client gets from them."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from anchor_tui.sources.argocd.endpoints import LIST_REQUEST, WATCH_REQUEST
from tests.benchmarks.processes import PRODUCT, TerminalProcess, build_environment
from tests.benchmarks.terminal_screen import TerminalScreen

ENVIRONMENTS = 3
LIST_TIMEOUT_S = 300.0
"""The longest wait for a complete list on the screen."""
EVENT_START = b"data: {"


@dataclass(frozen=True)
class Servers:
    """Running servers with `size` applications, and the environment of a product that reads them."""

    size: int
    folder: str
    pid: int
    announced: dict[str, Any]
    environ: dict[str, str]

    @property
    def screen_command(self) -> list[str]:
        return [*PRODUCT, "--config", self.announced["config"]]

    @property
    def list_url(self) -> str:
        path, query = LIST_REQUEST
        return f"{self.announced['argocd']['url']}/{path}?{urlencode(query)}"

    @property
    def argocd_token(self) -> str:
        return str(self.announced["argocd"]["token"])

    def open_screen(self) -> TerminalProcess:
        """Start the product's screen on a terminal."""
        return TerminalProcess(self.screen_command, self.environ, self.folder)

    def shows_complete_list(self, screen: TerminalScreen) -> bool:
        """Report whether the screen shows a list of applications, and that all of them were counted."""
        least = self.size // ENVIRONMENTS
        counts = {f"{number:{form}}" for number in (least, least + 1) for form in ("", ",")}
        is_counted = any(f"Applications {count}" in screen.text for count in counts)
        return is_counted and bool(screen.highlighted_line.strip())


@contextlib.contextmanager
def serve(size: int, *options: str) -> Iterator[Servers]:
    """Run the servers with so many applications. Their answers are encoded once before anything is measured."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*PRODUCT, "sandbox", "serve", "--scenario", f"scale-{size}", "--write", folder, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=build_environment(folder), cwd=folder)
        assert process.stdout is not None
        try:
            announced = json.loads(process.stdout.readline())
            tokens = {
                "ARGOCD_AUTH_TOKEN": announced["argocd"]["token"],
                "GITHUB_TOKEN": announced["github"]["token"],
                "STATUS_API_TOKEN": announced["status_api"]["token"],
            }
            servers = Servers(size, folder, process.pid, announced, build_environment(folder, **tokens))
            time_list_request(servers)
            count_events(servers, 0.0)
            yield servers
        finally:
            process.terminate()
            process.wait()


def _send_get(url: str, token: str, **headers: str) -> http.client.HTTPResponse:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    query = f"?{address.query}" if address.query else ""
    connection.request("GET", f"{address.path}{query}", headers={"Authorization": f"Bearer {token}", **headers})
    return connection.getresponse()


def time_list_request(servers: Servers) -> tuple[float, int]:
    """Return the milliseconds of the lean list for a client that only reads it, and its size in bytes."""
    started = time.perf_counter()
    with _send_get(servers.list_url, servers.argocd_token) as response:
        body = response.read()
    return (time.perf_counter() - started) * 1000, len(body)


def count_events(servers: Servers, seconds: float) -> float:
    """Return the events per second that a client gets that only counts them, after the first one of each application.

    With 0 seconds, only the first events are read.
    """
    path, query = WATCH_REQUEST
    url = f"{servers.announced['argocd']['url']}/{path}?{urlencode(query)}"
    with _send_get(url, servers.argocd_token, Accept="text/event-stream") as response:
        events = _count_starts(response)
        count = 0
        while count < servers.size:
            count += next(events)
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            count += next(events)
        return count / (time.perf_counter() - started) if seconds else 0.0


def _count_starts(response: http.client.HTTPResponse) -> Iterator[int]:
    """Read a stream, and yield the number of events that have begun with each part."""
    rest = b""
    while True:
        part = rest + response.read1(1 << 20)
        yield part.count(EVENT_START)
        rest = part[-len(EVENT_START) + 1 :]


def read_budget(servers: Servers) -> tuple[int, int]:
    """Return GitHub's points and its REST requests that were used so far. The question itself costs one of each."""
    github = servers.announced["github"]
    address = urlsplit(github["url"])
    headers = {"Authorization": f"Bearer {github['token']}", "Content-Type": "application/json"}
    body = json.dumps({"query": "{ rateLimit { used } }"})
    used = []
    for method, path, content in (("POST", "/graphql", body), ("GET", f"/repos/{github['ops_repo']}", None)):
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        response.read()
        used.append(int(response.headers["x-ratelimit-used"]))
        connection.close()
    return used[0], used[1]
