"""The status API: it receives release events and keeps each once."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from anchor_tui.sandbox.clock import Clock, format_rfc3339

EVENTS_PATH = "/events"
REQUIRED_FIELDS = ("event", "engine_id")


class StatusApiServer:
    """The server that release events are posted to."""

    def __init__(self, clock: Clock) -> None:
        self.token = "sta_" + secrets.token_urlsafe(24)
        self.received: list[dict[str, Any]] = []
        """Each event with its id, time and idempotency key."""
        self._clock = clock
        self._ids: dict[str, str] = {}
        self.app: ASGIApp = Starlette(
            routes=[
                Route(EVENTS_PATH, self._post_event, methods=["POST"]),
                Route(EVENTS_PATH, self._list_events, methods=["GET"]),
            ],
            exception_handlers={404: _respond_not_found, 405: _respond_not_found},
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        """The received events, the oldest first."""
        return [received["event"] for received in self.received]

    async def _post_event(self, request: Request) -> Response:
        """POST /events: 202 with an id; 200 with the same id for a repeated Idempotency-Key."""
        if not self._is_authorized(request):
            return _error_response(401, "unauthorized")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _error_response(415, "content type must be application/json")
        try:
            event = msgspec.json.decode(await request.body(), type=dict[str, Any])
        except msgspec.DecodeError:
            return _error_response(400, "body must be a JSON object")
        for name in REQUIRED_FIELDS:
            if not isinstance(event.get(name), str) or not event[name]:
                return _error_response(400, f"{name} is required")
        key = request.headers.get("idempotency-key", "")
        if key in self._ids:
            return _json_response(200, {"id": self._ids[key]})
        event_id = f"evt_{len(self.received) + 1:06}"
        if key:
            self._ids[key] = event_id
        self.received.append(
            {
                "id": event_id,
                "received_at": format_rfc3339(self._clock.now()),
                "idempotency_key": key or None,
                "event": event,
            }
        )
        return _json_response(202, {"id": event_id})

    async def _list_events(self, request: Request) -> Response:
        """GET /events: the received events."""
        if not self._is_authorized(request):
            return _error_response(401, "unauthorized")
        return _json_response(200, {"events": self.received})

    def _is_authorized(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), self.token.encode())


async def _respond_not_found(_request: Request, _cause: Exception) -> Response:
    return _error_response(404, "not found")


def _error_response(status: int, message: str) -> Response:
    return _json_response(status, {"error": message})


def _json_response(status: int, value: object) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
