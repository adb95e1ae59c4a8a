"""The connection of PyGithub: our own HTTP layer, with its deadline, byte limit, proxies and errors.

PyGithub's own connection has no total deadline and no byte limit, and PyGithub sends a write again after each 301.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from anchor_tui.sources.errors import ClientError, InvalidResponse

if TYPE_CHECKING:
    import httpx

SendRequest = Callable[[str, str, str | None, Mapping[str, str]], "httpx.Response"]
"""Sends method, path, body and headers. Raises SourceError."""
active_sender: ContextVar[SendRequest] = ContextVar("active_sender")
"""The sender of the writer whose thread runs: PyGithub creates its connections from a class alone."""
_RATE_HEADERS = frozenset({"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})
_MAX_DIGITS = 12


class PyGithubResponse:
    """A response as PyGithub reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self._response = response

    def getheaders(self) -> ItemsView[str, str]:
        """Return the headers, without numbers that PyGithub cannot convert."""
        headers = {name: value for name, value in self._response.headers.items() if _is_usable(name, value)}
        return headers.items()

    def read(self) -> str:
        """Return the body. Raises InvalidResponse if it is not UTF-8, as JSON always is."""
        try:
            return self._response.content.decode()
        except UnicodeDecodeError as error:
            raise InvalidResponse("GitHub's answer is not valid UTF-8") from error


class PyGithubConnection:
    """A connection as PyGithub uses it. It sends to the address of the API only, whatever PyGithub names."""

    def __init__(self, *_: object, **__: object) -> None:
        self._request: tuple[str, str, str | None, Mapping[str, str]] | None = None

    def request(self, verb: str, url: str, input: str | None, headers: dict[str, str], *_: object) -> None:  # noqa: A002
        """Remember the request: PyGithub asks for the response next."""
        self._request = (verb, url, input, headers)

    def getresponse(self) -> PyGithubResponse:
        """Send the request once and return its response. Raises SourceError, also for a redirect."""
        assert self._request is not None
        response = active_sender.get()(*self._request)
        if response.is_redirect:
            message = "GitHub redirects the request, which is not sent again: was the repository renamed?"
            raise ClientError(message, response.status_code)
        return PyGithubResponse(response)

    def close(self) -> None:
        """Do nothing: each request has its own connection."""


def _is_usable(name: str, value: str) -> bool:
    return name not in _RATE_HEADERS or (value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS)
