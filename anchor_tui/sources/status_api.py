"""The status API: one event, posted as JSON. What it answers is in `docs/status-api.md`.

An event is sent again until it was taken or refused for good, each time under the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from anchor_tui import __version__
from anchor_tui.config.web_address import is_loopback
from anchor_tui.sources.credentials.keyring_entries import read_keyring_token
from anchor_tui.sources.credentials.secret import Secret, parse_token
from anchor_tui.sources.errors import (
    ClientError,
    CredentialError,
    ServerError,
    Timeout,
    TlsError,
    Unauthenticated,
    Unreachable,
)
from anchor_tui.sources.http import httpx

if TYPE_CHECKING:
    from anchor_tui.config.model import StatusApiConfig

TOKEN_VARIABLE = "STATUS_API_TOKEN"  # noqa: S105 - its name
TIMEOUT_S = 15.0
_RETRYABLE_STATUSES = frozenset({401, 403, 408, 425, 429})
"""Refusals that asking again may mend: of the token, and of too much at once."""


@dataclass(frozen=True, slots=True)
class StatusAccess:
    """How to reach the status API. `url` is the address that events are posted to."""

    url: str
    token: Secret


def find_status_access(status: StatusApiConfig, environ: Mapping[str, str]) -> StatusAccess:
    """Address and token: $STATUS_API_TOKEN, else the keyring. May wait for the keyring: not for the event loop.

    Raises CredentialError where there is none, or where the token would go out in the clear.
    """
    parts = urlsplit(status.url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise CredentialError(f"{status.url} is plain http, which sends the token in the clear: use https")
    if text := environ.get(TOKEN_VARIABLE, "").strip():
        return StatusAccess(status.url, parse_token(text, f"${TOKEN_VARIABLE}"))
    kept = read_keyring_token(f"status-api:{status.url}")
    if isinstance(kept, Secret):
        return StatusAccess(status.url, kept)
    raise CredentialError(f"no token for {status.url}: set {TOKEN_VARIABLE} ({kept.reason})")


async def send_event(
    access: StatusAccess, event: Mapping[str, Any], transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Posts one event. Raises Rejected where it was refused for good, another SourceError where it may go later."""
    headers = {
        "Authorization": f"Bearer {access.token.reveal()}",
        "Idempotency-Key": str(event["idempotency_key"]),
        "Content-Type": "application/json",
        "User-Agent": f"anchor-tui/{__version__}",
    }
    loopback = is_loopback(urlsplit(access.url).hostname or "")
    client = httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport, trust_env=not loopback, follow_redirects=False)
    async with client:
        try:
            response = await client.post(access.url, content=msgspec.json.encode(event), headers=headers)
        except httpx.TimeoutException as error:
            raise Timeout(f"{access.url}: no answer within {TIMEOUT_S:g} s") from error
        except httpx.ConnectError as error:
            words = str(error) or "no reason given"
            if "CERTIFICATE" in words.upper() or "SSL" in words.upper():
                raise TlsError(f"{access.url}: TLS: {words}") from error
            raise Unreachable(f"{access.url}: cannot connect: {words}", sent=False) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{access.url}: the connection broke: {type(error).__name__}") from error
    status = response.status_code
    words = f"the status API answered HTTP {status}"
    if 200 <= status < 300:
        if response.headers.get("content-type", "").startswith("text/html"):
            raise ServerError(f"{words} with a page of HTML: a proxy's login page?")
        return
    if status in {401, 403}:
        raise Unauthenticated(f"{words}: it does not accept the token ({TOKEN_VARIABLE})")
    if 400 <= status < 500 and status not in _RETRYABLE_STATUSES:
        raise ClientError(f"{words}: the event is refused for good", status)
    raise ServerError(words)
