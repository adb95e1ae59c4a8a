"""Responses and errors of GitHub's endpoints, before the server adds the rate-limit headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from anchor_tui.sandbox.github.pull_requests import RuleViolationError

REST_DOCS_URL = "https://docs.github.com/rest"


class EndpointResponse:
    """A JSON value, or raw bytes, with status and headers."""

    def __init__(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.value, self.status, self.headers = value, status, headers or {}


Endpoint = Callable[[Request], Awaitable[EndpointResponse]]


class RestError(Exception):
    """A REST error with GitHub's message."""

    def __init__(self, status: int, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.value = {"message": message, "documentation_url": REST_DOCS_URL, "status": str(status), **more}


def respond_to_violation(error: RuleViolationError) -> EndpointResponse:
    """Return the REST response for a request that a rule refuses."""
    headers = {"x-accepted-github-permissions": error.permission} if error.permission else {}
    if error.errors:
        value = RestError(error.status, "Validation Failed", errors=list(error.errors)).value
        return EndpointResponse(value, error.status)
    return EndpointResponse(RestError(error.status, str(error)).value, error.status, headers)
