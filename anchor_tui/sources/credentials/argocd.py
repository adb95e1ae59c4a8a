"""Address and token of an Argo CD.

The address comes from the first of: the configuration, `ARGOCD_OPTS`, `ARGOCD_SERVER`, and the current context of the
argocd command line. The token comes from the first of: the configured variable, the configured context, the
environment, the contexts with the same address, and the keyring. A token is sent only to the server that it belongs
to: the token of a context to the address of the context, the token of the environment not to a server other than
`ARGOCD_SERVER`. Every result describes its origin; none contains the text of the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anchor_tui.config.model import DEFAULT_SERVER
from anchor_tui.config.web_address import is_loopback, parse_url
from anchor_tui.sources.credentials.argocd_cli import (
    ArgocdContext,
    ArgocdContexts,
    ArgocdOptions,
    find_contexts_file,
    read_argocd_options,
    read_contexts,
)
from anchor_tui.sources.credentials.keyring_entries import read_keyring_token
from anchor_tui.sources.credentials.secret import Secret, parse_token, read_configured_token
from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.config.model import ServerConfig


@dataclass(frozen=True, slots=True)
class ArgocdAccess:
    """Address and credentials of one Argo CD. `url` includes the root path; the `…_data` are PEM texts."""

    url: str
    token: Secret
    origin: str
    ca_file: str | None = None
    ca_data: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None
    client_cert_data: str | None = None
    client_key_data: str | None = None
    insecure: bool = False


class _AddressSource(Enum):
    """The setting that an address comes from."""

    CONFIGURATION = "the configuration"
    CONTEXT = "the configuration's context"
    ENVIRONMENT = "the environment"
    CURRENT = "the argocd CLI's current context"


@dataclass(frozen=True, slots=True)
class _FoundAddress:
    url: str
    source: _AddressSource
    origin: str
    context: ArgocdContext | None = None


class _Lookup:
    """The settings that the credentials of one Argo CD are looked up in. The CLI's file is read on demand."""

    def __init__(self, server: ServerConfig, environ: Mapping[str, str], home: Path) -> None:
        self.server = server
        self.environ = environ
        self.home = home
        self.table = "[argocd]" if server.name == DEFAULT_SERVER else f"[servers.{server.name}]"
        self.is_default = server.name == DEFAULT_SERVER
        self._read = False
        self._contexts: ArgocdContexts | None = None
        self._options: ArgocdOptions | None = None

    @property
    def options(self) -> ArgocdOptions:
        if self._options is None:
            self._options = read_argocd_options(self.environ)
        return self._options

    @property
    def file(self) -> Path:
        return find_contexts_file(self.options, self.environ, self.home)

    @property
    def contexts(self) -> ArgocdContexts | None:
        if not self._read:
            self._contexts, self._read = read_contexts(self.file), True
        return self._contexts


def find_argocd_url(server: ServerConfig, environ: Mapping[str, str], *, home: Path) -> str:
    """Return the address of one Argo CD, as in its keyring entry. Raises CredentialError if it is unknown."""
    return _find_address(_Lookup(server, environ, home)).url


def find_argocd_access(server: ServerConfig, environ: Mapping[str, str], *, home: Path) -> ArgocdAccess:
    """Return address and token of one Argo CD.

    Reads files and may wait for the keyring; do not call it on the event loop. Raises CredentialError, with the way
    out, if there is no address or token, or if a file must not be used.
    """
    lookup = _Lookup(server, environ, home)
    address = _find_address(lookup)
    token, origin = _find_argocd_token(lookup, address)
    is_ambient = address.source in {_AddressSource.ENVIRONMENT, _AddressSource.CURRENT}
    options = lookup.options if is_ambient else ArgocdOptions()  # no flag relaxes a configured server
    context = address.context
    cert, key = server.client_cert or options.client_cert, server.client_key or options.client_key
    ca_file = server.ca_file or options.ca_file
    return ArgocdAccess(
        url=address.url,
        token=token,
        origin=f"{address.url} by {address.origin}, the token from {origin}",
        ca_file=ca_file or None,
        ca_data=context.ca_data if context and not ca_file else None,
        client_cert_file=cert or None,
        client_key_file=key or None,
        client_cert_data=context.client_cert_data if context and not cert else None,
        client_key_data=context.client_key_data if context and not cert else None,
        insecure=server.insecure or options.insecure or bool(context and context.insecure),
    )


# --- the address -------------------------------------------------------------------------------------


def _find_address(lookup: _Lookup) -> _FoundAddress:
    server = lookup.server
    if server.server:
        url = _normalize_url(lookup, server.server, root_path=server.root_path)
        return _FoundAddress(url, _AddressSource.CONFIGURATION, f"server of {lookup.table}")
    if server.context:
        return _find_context_address(lookup, server.context, _AddressSource.CONTEXT, f"context of {lookup.table}")
    if not lookup.is_default:
        raise CredentialError(f"{lookup.table} names no address: add server or context to it")
    options = lookup.options
    for text, origin in (
        (options.server, "$ARGOCD_OPTS"),
        (lookup.environ.get("ARGOCD_SERVER", ""), "$ARGOCD_SERVER"),
    ):
        if text:
            return _find_environment_address(lookup, text, origin)
    current = options.context or (lookup.contexts.current if lookup.contexts else "")
    if current:
        return _find_context_address(lookup, current, _AddressSource.CURRENT, f"{lookup.file}")
    raise CredentialError(
        "no address of Argo CD: add server or context to [argocd], set ARGOCD_SERVER, or run `argocd login`"
    )


def _find_environment_address(lookup: _Lookup, text: str, origin: str) -> _FoundAddress:
    """Return an address of the environment. As with the CLI, its context adds the root path and the TLS settings."""
    options = lookup.options
    context = _find_context_of_server(lookup, text)
    root = lookup.server.root_path or options.root_path
    plain_text = options.plaintext
    if context is not None:
        root = root or urlsplit(_add_scheme(text)).path.strip("/") or context.root_path
        plain_text = plain_text or context.plain_text
        origin = f"{origin} (context {context.name})"
    url = _normalize_url(lookup, text, root_path=root, plain_text=plain_text)
    return _FoundAddress(url, _AddressSource.ENVIRONMENT, origin, context)


def _find_context_of_server(lookup: _Lookup, text: str) -> ArgocdContext | None:
    """Return the context of a server: the current one, else the only one. None if the file cannot be used."""
    try:
        contexts = lookup.contexts
    except CredentialError:  # it is an error only if something in the file is required
        return None
    if contexts is None:
        return None
    same = [context for context in contexts.all if _is_same_endpoint(_add_scheme(text), context.server)]
    found = [context for context in same if context.name == contexts.current] or same
    return found[0] if len(found) == 1 else None


def _add_scheme(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _find_context_address(lookup: _Lookup, name: str, named: _AddressSource, origin: str) -> _FoundAddress:
    contexts = lookup.contexts
    if contexts is None:
        raise CredentialError(f"context {name} not found: there is no {lookup.file}. Run `argocd login`")
    context = contexts.find(name)
    if context is None:
        known = ", ".join(context.name for context in contexts.all) or "none"
        raise CredentialError(f"{contexts.file} has no context {name}; it has {known}")
    if context.core or context.server in {"", "kubernetes", "port-forward"}:
        raise CredentialError(
            f"the context {name} of {contexts.file} reaches Argo CD through Kubernetes and has no address: "
            f"set the address as server of {lookup.table}, or another context"
        )
    relaxed = lookup.options if named is _AddressSource.CURRENT else ArgocdOptions()
    root = lookup.server.root_path or relaxed.root_path or context.root_path
    plain_text = context.plain_text or relaxed.plaintext
    url = _normalize_url(lookup, context.server, root_path=root, plain_text=plain_text)
    return _FoundAddress(url, named, f"{origin} (context {name})", context)


def _normalize_url(lookup: _Lookup, text: str, *, root_path: str = "", plain_text: bool = False) -> str:
    """Return an address as a URL without a trailing slash. The defaults are https and port 443."""
    whole = text if "://" in text else f"{'http' if plain_text else 'https'}://{text}"
    try:
        parts = parse_url(whole)
    except ValueError as error:
        shown = "an address with a password" if "@" in text else f"`{text}`"
        raise CredentialError(f"{shown} is not the address of an Argo CD: {error}") from error
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_loopback(host) and not lookup.server.plaintext:
        message = f"{whole} is plain http, which sends the token unencrypted"
        raise CredentialError(f"{message}: use https, or add plaintext = true to {lookup.table}")
    default_port = 443 if parts.scheme == "https" else 80
    port = f":{parts.port}" if parts.port not in {None, default_port} else ""
    shown_host = f"[{host}]" if ":" in host else host
    path = root_path.strip("/") or parts.path.strip("/")
    return f"{parts.scheme}://{shown_host}{port}" + (f"/{path}" if path else "")


def _is_same_endpoint(left: str, right: str) -> bool:
    """Return True if two addresses have the same host and port. `right` may lack its scheme."""
    whole = right if "://" in right else f"//{right}"
    try:
        one, other = urlsplit(left), urlsplit(whole)
        ports = {one.port or _default_port(one.scheme), other.port or _default_port(other.scheme or one.scheme)}
    except ValueError:
        return False
    return one.hostname == other.hostname and len(ports) == 1


def _default_port(scheme: str) -> int:
    return 80 if scheme == "http" else 443


# --- the token ---------------------------------------------------------------------------------------


def _find_argocd_token(lookup: _Lookup, address: _FoundAddress) -> tuple[Secret, str]:
    """Return the token for an address, and its origin."""
    if found := read_configured_token(lookup.server.token_env, lookup.table, lookup.environ):
        return found
    context = address.context
    if address.source is _AddressSource.CONTEXT and context and context.token:
        return context.token, f"the context {context.name}"
    if _may_use_environment(lookup, address):
        if lookup.options.token:
            return lookup.options.token, "$ARGOCD_OPTS"
        if text := lookup.environ.get("ARGOCD_AUTH_TOKEN", "").strip():
            return parse_token(text, "$ARGOCD_AUTH_TOKEN"), "$ARGOCD_AUTH_TOKEN"
    is_own_context = context is not None and address.source is not _AddressSource.ENVIRONMENT
    for candidate in (context,) if context and is_own_context else _contexts_with_url(lookup, address.url):
        if candidate.token:
            return candidate.token, f"the context {candidate.name}"
    stored = read_keyring_token(f"argocd:{address.url}")
    if isinstance(stored, Secret):
        return stored, "the keyring"
    raise CredentialError(
        f"no token for {address.url}: run `argocd login`, set ARGOCD_AUTH_TOKEN, "
        f"or name a variable as token_env of {lookup.table} ({stored.reason})"
    )


def _may_use_environment(lookup: _Lookup, address: _FoundAddress) -> bool:
    """Return True if the token in the environment is for this address: no other server is named there."""
    if address.source is _AddressSource.ENVIRONMENT:
        return True
    named = lookup.options.server or lookup.environ.get("ARGOCD_SERVER", "")
    return _is_same_endpoint(address.url, named) if named else lookup.is_default


def _contexts_with_url(lookup: _Lookup, url: str) -> tuple[ArgocdContext, ...]:
    """Return the contexts with exactly this address, the current one first."""
    contexts = lookup.contexts
    if contexts is None:
        return ()
    path = urlsplit(url).path.strip("/")
    same = [
        context
        for context in contexts.all
        if _is_same_endpoint(url, context.server) and context.root_path.strip("/") == path
    ]
    return tuple(sorted(same, key=lambda context: context.name != contexts.current))
