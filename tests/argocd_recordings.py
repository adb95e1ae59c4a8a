"""The recorded responses of a real Argo CD, and a transport that replays them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parent / "recordings" / "argocd"


@dataclass(frozen=True)
class Recording:
    """One request and the response of a real server."""

    name: str
    raw: dict[str, Any]

    @property
    def status(self) -> int | None:
        return self.raw["status"]

    @property
    def body(self) -> Any:
        return self.raw.get("body")

    @property
    def path(self) -> str:
        return self.raw["request"]["path"]

    @property
    def query(self) -> dict[str, Any]:
        return self.raw["request"]["query"]

    @property
    def is_stream(self) -> bool:
        return "lines" in self.raw

    @property
    def content(self) -> bytes:
        """The recorded bytes: a stream's lines with their prefixes, or the body."""
        if self.is_stream:
            return b"".join(_stream_line(line) for line in self.raw["lines"])
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    def response(self, request: httpx.Request) -> httpx.Response:
        """Return the recorded response; raise ReadTimeout if the server never answered."""
        if self.status is None:
            raise httpx.ReadTimeout("no answer", request=request)
        headers = {
            name: value
            for name, value in self.raw["headers"].items()
            if name not in {"transfer-encoding", "content-encoding", "content-length"}
        }
        return httpx.Response(self.status, headers=headers, content=self.content, request=request)


def _stream_line(line: dict[str, Any]) -> bytes:
    content = line.get("line")
    text = content if isinstance(content, str) else "" if content is None else json.dumps(content)
    return f"{line.get('prefix') or ''}{text}\n".encode()


@cache
def load_recording(name: str) -> Recording:
    return Recording(name, json.loads((FOLDER / f"{name}.json").read_text()))


def recording_names(*prefixes: str) -> list[str]:
    """Return the names of the recordings that start with one of the prefixes."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.stem.startswith(prefixes))


Handler = Callable[[httpx.Request], httpx.Response]


def replay_transport(routes: dict[str, str | Handler]) -> httpx.MockTransport:
    """Return a transport that answers each path with a recording, by name, or with a function; others with 404."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = routes.get(request.url.path)
        if found is None:
            return httpx.Response(404, text="Not Found\n")
        return found(request) if callable(found) else load_recording(found).response(request)

    return httpx.MockTransport(answer)
