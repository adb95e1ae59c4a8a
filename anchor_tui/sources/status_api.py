"""The status API: one event, posted as JSON. Its responses are described in `docs/status-api.md`.

An event is sent again until it is accepted or refused for good, each time with the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from anchor_tui.config.web_address import is_loopback
from anchor_tui.sources.credentials.keyring_entries import read_keyring_token
from anchor_tui.sources.credentials.secret import Secret, parse_token
from anchor_tui.sources.errors import (
    ClientError,
    CredentialError,
    Forbidden,
    InvalidResponse,
    NotFound,
    ServerError,
    TlsError,
)
from anchor_tui.sources.http import HTML_PAGE, Service, create_client, error_for_status, limit_request
from anchor_tui.sources.network import create_tls_context, find_proxy

if TYPE_CHECKING:
    import ssl

    import httpx

    from anchor_tui.config.model import StatusApiConfig

TOKEN_VARIABLE = "STATUS_API_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT_S = 15.0
"""For an event and its answer. Only the headers of the answer are read."""
_RETRYABLE_STATUSES = frozenset({408, 425})
"""Client errors that can pass. The error map has kinds of their own for 401, 403 and 429, which can pass too."""
_TOKEN_HINT = f"the status API does not accept the token: set {TOKEN_VARIABLE}"
STATUS_API = Service("the status API", login_hint=_TOKEN_HINT)


@dataclass(frozen=True, slots=True)
class StatusAccess:
    """Address and token of the status API. Events are posted to `url`."""

    url: str
    token: Secret


def find_status_access(status: StatusApiConfig, environ: Mapping[str, str]) -> StatusAccess:
    """Return address and token: from $STATUS_API_TOKEN, otherwise from the keyring.

    May wait for the keyring; do not call it on the event loop. Raises CredentialError if there is no token, or if the
    token would be sent unencrypted.
    """
    parts = urlsplit(status.url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise CredentialError(f"{status.url} is plain http, which sends the token unencrypted: use https")
    if text := environ.get(TOKEN_VARIABLE, "").strip():
        return StatusAccess(status.url, parse_token(text, f"${TOKEN_VARIABLE}"))
    stored = read_keyring_token(f"status-api:{status.url}")
    if isinstance(stored, Secret):
        return StatusAccess(status.url, stored)
    raise CredentialError(f"no token for {status.url}: set {TOKEN_VARIABLE} ({stored.reason})")


def _create_tls_context(url: str) -> ssl.SSLContext:
    try:
        return create_tls_context()
    except OSError as error:
        raise TlsError(f"{url}: the certificate authorities of the environment cannot be used: {error}") from error


async def send_event(
    access: StatusAccess, event: Mapping[str, Any], transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Post one event.

    Raises ClientError if it was refused for good, and another SourceError if it can be sent again.
    """
    client = create_client(
        {
            "Authorization": f"Bearer {access.token.reveal()}",
            "Idempotency-Key": str(event["idempotency_key"]),
            "Content-Type": "application/json",
        },
        verify=_create_tls_context(access.url) if access.url.startswith("https://") else False,
        proxy=find_proxy(access.url),
        timeout_s=TIMEOUT_S,
        read_rules=None,
        transport=transport,
    )
    async with (
        client,
        limit_request(STATUS_API, access.url, TIMEOUT_S, TIMEOUT_S),
        client.stream("POST", access.url, content=msgspec.json.encode(event)) as response,
    ):
        pass
    if response.is_success:
        if response.headers.get("content-type", "").startswith("text/html"):
            raise InvalidResponse(f"the status API answered with {HTML_PAGE}: the event was not delivered")
        return
    # The body is not shown: it may repeat the token.
    error = error_for_status(STATUS_API, response.status_code, "", response.headers)
    if isinstance(error, NotFound | ClientError) and response.status_code not in _RETRYABLE_STATUSES:
        message = f"the status API answered HTTP {response.status_code}: the event is refused for good"
        raise ClientError(message, response.status_code)
    if isinstance(error, ClientError):
        raise ServerError(error.message, error.status)
    if isinstance(error, Forbidden):
        raise Forbidden(f"{error.message}; {_TOKEN_HINT}")
    raise error
