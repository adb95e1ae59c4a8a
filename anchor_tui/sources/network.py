"""User agent, TLS trust and proxies of every source. This module does not import httpx."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anchor_tui import __version__
from anchor_tui.config.web_address import is_loopback
from anchor_tui.sources.errors import Unreachable

if TYPE_CHECKING:
    import ssl

USER_AGENT = f"anchor-tui/{__version__}"
CONNECT_TIMEOUT_S = 10.0
MIB = 1024 * 1024
MAX_RESPONSE_BYTES = 64 * MIB
"""The default of `max_response_mb`, after decompression."""


def find_ca_bundle() -> str | None:
    """Return the file or folder of certificate authorities that the environment names; None if it names none.

    The variables are those of OpenSSL, requests and curl, in this order.
    """
    variables = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return next((path for variable in variables if (path := os.environ.get(variable))), None)


def create_tls_context(ca_bundle: str | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """Create a TLS context that verifies the server, unless `insecure`; takes about 40 ms.

    `ca_bundle` is a file or a folder of certificate authorities in PEM. Without one, those that the environment
    names are trusted, else certifi's. Raises OSError (ssl.SSLError included) if they cannot be loaded.
    """
    import ssl

    if insecure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    path = ca_bundle or find_ca_bundle()
    if path is None:
        import certifi

        path = certifi.where()
    is_folder = Path(path).is_dir()
    return ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)


def find_proxy(url: str) -> str | None:
    """Return the proxy for a URL from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; never one for loopback.

    Raises Unreachable if the environment names a proxy that cannot be used.
    """
    target = urlsplit(url)
    if is_loopback(target.hostname or ""):
        return None
    import urllib.request  # 10 ms that loopback does without

    proxies = urllib.request.getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(target.netloc):
        return None
    import httpx

    proxy_url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        httpx.AsyncHTTPTransport(verify=False, proxy=proxy_url)
    except (ImportError, ValueError, httpx.InvalidURL):  # the text of the error may contain the password
        scheme = proxy_url.partition("://")[0]
        kind = f"{scheme} proxy" if scheme.isalnum() else "proxy"
        message = f"{url}: the {kind} that the environment names cannot be used: correct it, or set NO_PROXY"
        raise Unreachable(message, sent=False) from None
    return proxy_url
