"""The status API: takes events about releases, each once, and keeps them."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from anchor_tui.sandbox.clock import Clock, rfc3339

EVENTS = "/events"
NEEDED = ("event", "engine_id")


class StatusApi:
    """Where events are posted to."""

    def __init__(self, clock: Clock) -> None:
        self.token = "sta_" + secrets.token_urlsafe(24)
        self.received: list[dict[str, Any]] = []
        """Each event with its id, the time and the key under which it came."""
        self._clock = clock
        self._ids: dict[str, str] = {}
        self.app: ASGIApp = Starlette(
            routes=[Route(EVENTS, self._post, methods=["POST"]), Route(EVENTS, self._list, methods=["GET"])],
            exception_handlers={404: _not_found, 405: _not_found},
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        """Those that came, as they came, the oldest first."""
        return [each["event"] for each in self.received]

    async def _post(self, request: Request) -> Response:
        """POST /events: 202 with an id; with an Idempotency-Key that came before, 200 with the id of then."""
        if not self._knows(request):
            return _error(401, "unauthorized")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _error(415, "content type must be application/json")
        try:
            event = msgspec.json.decode(await request.body(), type=dict[str, Any])
        except msgspec.DecodeError:
            return _error(400, "body must be a JSON object")
        for name in NEEDED:
            if not isinstance(event.get(name), str) or not event[name]:
                return _error(400, f"{name} is required")
        key = request.headers.get("idempotency-key", "")
        if key in self._ids:
            return _json(200, {"id": self._ids[key]})
        given = f"evt_{len(self.received) + 1:06}"
        if key:
            self._ids[key] = given
        self.received.append(
            {"id": given, "received_at": rfc3339(self._clock.now()), "idempotency_key": key or None, "event": event}
        )
        return _json(202, {"id": given})

    async def _list(self, request: Request) -> Response:
        """GET /events: what came."""
        if not self._knows(request):
            return _error(401, "unauthorized")
        return _json(200, {"events": self.received})

    def _knows(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), self.token.encode())


async def _not_found(_request: Request, _cause: Exception) -> Response:
    return _error(404, "not found")


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": message})


def _json(status: int, value: object) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
