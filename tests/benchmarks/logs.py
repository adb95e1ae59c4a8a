"""Measure how long a key takes while logs arrive at a given rate.

A server on loopback sends log lines; the real client, background thread and pane take them. Returned is the time from a
key to the frame that it changes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from textual.events import Key

from anchor_tui.config.load import parse_config
from anchor_tui.services.observe.background import BackgroundThread
from anchor_tui.tui.inspection.logs import LogPanel
from tests.tui.inspection.panel_app import PanelApp
from tests.values import application

POD = {"kind": "Pod", "version": "v1", "namespace": "n", "name": "gateway-1", "uid": "p"}
MANIFEST = {"metadata": {"name": "gateway-1"}, "spec": {"containers": [{"name": "app"}]}, "status": {}}
TEXT = '{"level":"info","msg":"GET /v1/runs 200","ms":12}'
PARTS_PER_S = 50


class LogServer(ThreadingHTTPServer):
    """An Argo CD with one application whose only pod writes `rate` lines per second."""

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
        while True:
            began = time.monotonic()
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            result = {"content": TEXT, "timeStamp": now, "timeStampStr": now, "podName": POD["name"]}
            line = msgspec.json.encode({"result": result}) + b"\n"
            self.wfile.write(line * count)
            self.server.sent += count
            time.sleep(max(0.0, 1 / PARTS_PER_S - (time.monotonic() - began)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class calls it
        """Print nothing."""


async def measure(rate: int, seconds: float) -> tuple[list[float], LogPanel, int]:
    """Return the milliseconds from each key to its frame, the panel, and how many lines the server has sent."""
    server = LogServer(rate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with TemporaryDirectory() as folder:
        text = (
            f'[argocd]\nserver = "http://127.0.0.1:{server.server_port}"\ntoken_env = "T"\n[github]\nops_repo = "a/b"\n'
        )
        config = parse_config(text, Path(folder) / "anchor-tui.toml", {"T": "x"})
        reader = BackgroundThread(config, {"T": "x", "HOME": folder}, Path(folder))
        reader.start()
        panel = LogPanel(application("prod", source=config.servers_in_use[0].name), reader)
        async with PanelApp(panel).run_test(size=(160, 45)) as pilot:
            panel.lines.focus()
            panel.activate()
            times: list[float] = []
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(0.05)
                before = panel.lines.appearance.shows_times
                began = time.perf_counter()
                pilot.app.post_message(Key("t", "t"))
                while panel.lines.appearance.shows_times == before or panel.lines._rows is None:  # noqa: ASYNC110
                    await asyncio.sleep(0)  # as exact as possible: there is not an event for a frame
                times.append((time.perf_counter() - began) * 1000)
        reader.stop()
    server.shutdown()
    return times, panel, server.sent
