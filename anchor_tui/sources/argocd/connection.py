"""The connection settings of one Argo CD: TLS and proxy, resolved once for every client."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.sources.errors import TlsError
from anchor_tui.sources.network import MAX_RESPONSE_BYTES, USER_AGENT, create_tls_context, find_proxy

if TYPE_CHECKING:
    import ssl

    from anchor_tui.sources.credentials.argocd import ArgocdAccess

RESPONSE_TIMEOUT_S = 20.0
"""The longest silence of the server during a request."""
REQUEST_DEADLINE_S = 30.0
"""For a read with its whole answer. A request that changes something has RESPONSE_TIMEOUT_S."""


class ConnectionSettings(NamedTuple):
    """Everything a client needs to connect. `verify` is False for plain http only."""

    access: ArgocdAccess
    verify: ssl.SSLContext | bool
    proxy: str | None
    max_response_bytes: int = MAX_RESPONSE_BYTES

    @property
    def base_url(self) -> str:
        """The server's root URL, with a final slash; every request path is relative to it."""
        return self.access.url.rstrip("/") + "/"

    @property
    def headers(self) -> dict[str, str]:
        """The User-Agent and the token."""
        return {"User-Agent": USER_AGENT, "Authorization": f"Bearer {self.access.token.reveal()}"}


def resolve_connection(access: ArgocdAccess, max_response_bytes: int = MAX_RESPONSE_BYTES) -> ConnectionSettings:
    """Resolve TLS and proxy. Raises TlsError for unusable certificate files, Unreachable for an unusable proxy."""
    # An SSL context takes 40 ms to create; plain http does not need one.
    verify = _create_ssl_context(access) if access.url.startswith("https://") else False
    return ConnectionSettings(access, verify, find_proxy(access.url), max_response_bytes)


def _create_ssl_context(access: ArgocdAccess) -> ssl.SSLContext:
    try:
        context = create_tls_context(insecure=access.insecure)
        if access.ca_file:
            context.load_verify_locations(cafile=access.ca_file)
        if access.ca_data:
            context.load_verify_locations(cadata=access.ca_data)
        if access.client_cert_file:
            context.load_cert_chain(access.client_cert_file, access.client_key_file)
        elif access.client_cert_data and access.client_key_data:
            _load_client_certificate(context, access.client_cert_data, access.client_key_data)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsError(f"{access.url}: the TLS files of the configuration cannot be used: {error}") from error
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load the certificate through a temporary file, as ssl reads files only. Other users cannot read it."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)
