"""The connection settings of one Argo CD: TLS and proxy, resolved once for every client."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from anchor_tui import __version__
from anchor_tui.config.patterns import is_loopback
from anchor_tui.sources.errors import TlsError, Unreachable

if TYPE_CHECKING:
    import ssl

    from anchor_tui.sources.credentials.argocd import ArgocdAccess

CONNECT_TIMEOUT_S = 10.0
RESPONSE_TIMEOUT_S = 20.0


class ConnectionSettings(NamedTuple):
    """Everything a client needs to connect. `verify` is False for plain http only."""

    access: ArgocdAccess
    verify: ssl.SSLContext | bool
    proxy: str | None

    @property
    def base_url(self) -> str:
        """The server's root URL, with a final slash; every request path is relative to it."""
        return self.access.url.rstrip("/") + "/"

    @property
    def headers(self) -> dict[str, str]:
        """Who we are, and with which right."""
        return {"User-Agent": f"anchor-tui/{__version__}", "Authorization": f"Bearer {self.access.token.reveal()}"}


def resolve_connection(access: ArgocdAccess) -> ConnectionSettings:
    """The route; raises TlsFailure where the certificates cannot be used, Unreachable where the proxy cannot."""
    # An SSL context takes 40 ms to make; plain http (loopback, or asked for) has no use for one.
    verify = _create_ssl_context(access) if access.url.startswith("https://") else False
    return ConnectionSettings(access, verify, _find_proxy(access.url))


def _create_ssl_context(access: ArgocdAccess) -> ssl.SSLContext:
    try:
        context = _create_base_ssl_context(access)
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


def _find_proxy(url: str) -> str | None:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, read as the standard library reads them; never for loopback."""
    where = urlsplit(url)
    if is_loopback(where.hostname or ""):
        return None
    import urllib.request  # 10 ms that loopback does without

    found = urllib.request.getproxies()
    proxy = found.get(where.scheme) or found.get("all")
    if not proxy or urllib.request.proxy_bypass(where.netloc):
        return None
    from anchor_tui.sources.http import httpx

    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        httpx.AsyncHTTPTransport(verify=False, proxy=whole)
    except (ImportError, ValueError, httpx.InvalidURL) as error:  # its text may hold the proxy's password
        kind = whole.partition("://")[0]
        raise Unreachable(f"{url}: the {kind} proxy that the environment names cannot be used") from error
    return whole


def _create_base_ssl_context(access: ArgocdAccess) -> ssl.SSLContext:
    """As httpx makes it: $SSL_CERT_FILE, $SSL_CERT_DIR, else certifi's authorities."""
    import ssl

    if access.insecure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import certifi

        file = certifi.where()
    return ssl.create_default_context(cafile=file, capath=folder)
