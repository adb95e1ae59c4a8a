"""Where addresses and tokens come from. Every answer says its origin in words, and none prints a token.

Argo CD: what the configuration names > `ARGOCD_OPTS` > `ARGOCD_SERVER` and `ARGOCD_AUTH_TOKEN` > the argocd
CLI's current context > our own keyring entry. A token goes only to the server that it was given for: one of
a context to the context's own address, one of the environment not past another `ARGOCD_SERVER`.

GitHub: what the configuration names > gh's variables for that kind of host > our own keyring entry >
`gh auth token` > gh's hosts.yml.
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
from anchor_tui.sources.credentials.gh_cli import find_hosts_file, read_hosts_token, run_gh_auth_token
from anchor_tui.sources.credentials.secret import (
    Secret,
    parse_token,
    read_keyring_token,
)
from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.config.model import GitHubConfig, ServerConfig


@dataclass(frozen=True, slots=True)
class ArgocdAccess:
    """How to reach one Argo CD. `url` is its root, a path included; the data are PEM texts."""

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


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """How to reach GitHub's API."""

    api_url: str
    token: Secret
    origin: str
    ca_file: str | None = None


class _AddressSource(Enum):
    """Who named an Argo CD's address."""

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
    """The surroundings that one Argo CD's credentials are looked up in; the CLI's file is read when it is needed."""

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
    """The address of one Argo CD, as its keyring entry has it; CredentialError where nobody names one."""
    return _find_address(_Lookup(server, environ, home)).url


def find_argocd_access(server: ServerConfig, environ: Mapping[str, str], *, home: Path) -> ArgocdAccess:
    """Address and token of one Argo CD.

    Reads files, and perhaps the keyring, which may wait for a person: not for the event loop. Raises
    CredentialError, with the way out, where there is no address, no token, or a file that may not be used.
    """
    ambient = _Lookup(server, environ, home)
    address = _find_address(ambient)
    token, origin = _find_argocd_token(ambient, address)
    from_here = address.source in {_AddressSource.ENVIRONMENT, _AddressSource.CURRENT}
    options = ambient.options if from_here else ArgocdOptions()  # what the configuration names, no flag may loosen
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


def _find_address(ambient: _Lookup) -> _FoundAddress:
    server = ambient.server
    if server.server:
        url = _normalize_url(ambient, server.server, root_path=server.root_path)
        return _FoundAddress(url, _AddressSource.CONFIGURATION, f"server of {ambient.table}")
    if server.context:
        return _find_context_address(ambient, server.context, _AddressSource.CONTEXT, f"context of {ambient.table}")
    if not ambient.is_default:
        raise CredentialError(f"{ambient.table} names no address: add server or context to it")
    options = ambient.options
    for text, origin in (
        (options.server, "$ARGOCD_OPTS"),
        (ambient.environ.get("ARGOCD_SERVER", ""), "$ARGOCD_SERVER"),
    ):
        if text:
            root = server.root_path or options.root_path
            url = _normalize_url(ambient, text, root_path=root, plain_text=options.plaintext)
            return _FoundAddress(url, _AddressSource.ENVIRONMENT, origin)
    current = options.context or (ambient.contexts.current if ambient.contexts else "")
    if current:
        return _find_context_address(ambient, current, _AddressSource.CURRENT, f"{ambient.file}")
    raise CredentialError(
        "no address of Argo CD: add server or context to [argocd], set ARGOCD_SERVER, or run `argocd login`"
    )


def _find_context_address(ambient: _Lookup, name: str, named: _AddressSource, origin: str) -> _FoundAddress:
    contexts = ambient.contexts
    if contexts is None:
        raise CredentialError(f"the context {name} is not to be found: there is no {ambient.file}. Run `argocd login`")
    context = contexts.find(name)
    if context is None:
        known = ", ".join(each.name for each in contexts.all) or "none"
        raise CredentialError(f"{contexts.file} has no context {name}; it has {known}")
    if context.core or context.server in {"", "kubernetes", "port-forward"}:
        raise CredentialError(
            f"the context {name} of {contexts.file} reaches Argo CD through Kubernetes, and has no address: "
            f"name one as server of {ambient.table}, or another context"
        )
    loosened = ambient.options if named is _AddressSource.CURRENT else ArgocdOptions()
    root = ambient.server.root_path or loosened.root_path or context.root_path
    plain_text = context.plain_text or loosened.plaintext
    url = _normalize_url(ambient, context.server, root_path=root, plain_text=plain_text)
    return _FoundAddress(url, named, f"{origin} (context {name})", context)


def _normalize_url(ambient: _Lookup, text: str, *, root_path: str = "", plain_text: bool = False) -> str:
    """An address as a URL without a slash at its end; https and 443 where nothing else is said."""
    whole = text if "://" in text else f"{'http' if plain_text else 'https'}://{text}"
    try:
        parts = parse_url(whole)
    except ValueError as error:
        shown = "an address with a password in it" if "@" in text else f"`{text}`"
        raise CredentialError(f"{shown} is no address of an Argo CD: {error}") from error
    host = parts.hostname or ""
    if parts.scheme == "http" and not is_loopback(host) and not ambient.server.plaintext:
        message = f"{whole} is plain http, which sends the token in the clear"
        raise CredentialError(f"{message}: use https, or add plaintext = true to {ambient.table}")
    usual = 443 if parts.scheme == "https" else 80
    port = f":{parts.port}" if parts.port not in {None, usual} else ""
    shown_host = f"[{host}]" if ":" in host else host
    path = root_path.strip("/") or parts.path.strip("/")
    return f"{parts.scheme}://{shown_host}{port}" + (f"/{path}" if path else "")


def _is_same_endpoint(left: str, right: str) -> bool:
    """Whether two addresses are the same host and port; `right` may lack its scheme."""
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


def _find_argocd_token(ambient: _Lookup, address: _FoundAddress) -> tuple[Secret, str]:
    """The token for an address, and where it came from."""
    if found := read_configured_token(ambient.server.token_env, ambient.table, ambient.environ):
        return found
    context = address.context
    if address.source is _AddressSource.CONTEXT and context and context.token:
        return context.token, f"the context {context.name}"
    if _may_use_environment(ambient, address):
        if ambient.options.token:
            return ambient.options.token, "$ARGOCD_OPTS"
        if text := ambient.environ.get("ARGOCD_AUTH_TOKEN", "").strip():
            return parse_token(text, "$ARGOCD_AUTH_TOKEN"), "$ARGOCD_AUTH_TOKEN"
    for each in (context,) if context else _contexts_with_url(ambient, address.url):
        if each.token:
            return each.token, f"the context {each.name}"
    kept = read_keyring_token(f"argocd:{address.url}")
    if isinstance(kept, Secret):
        return kept, "the keyring"
    raise CredentialError(
        f"no token for {address.url}: run `argocd login`, set ARGOCD_AUTH_TOKEN, "
        f"or name a variable as token_env of {ambient.table} ({kept.reason})"
    )


def read_configured_token(variable: str, table: str, environ: Mapping[str, str]) -> tuple[Secret, str] | None:
    if not variable:
        return None
    if text := environ.get(variable, "").strip():
        return parse_token(text, f"${variable}"), f"${variable}"
    raise CredentialError(f"${variable}, which token_env of {table} names, is not set: set it, or take token_env away")


def _may_use_environment(ambient: _Lookup, address: _FoundAddress) -> bool:
    """Whether the environment's token was meant for this address: its own server, or no other one named."""
    if address.source is _AddressSource.ENVIRONMENT:
        return True
    meant = ambient.options.server or ambient.environ.get("ARGOCD_SERVER", "")
    return _is_same_endpoint(address.url, meant) if meant else ambient.is_default


def _contexts_with_url(ambient: _Lookup, url: str) -> tuple[ArgocdContext, ...]:
    """The CLI's contexts that have this very address, the current one first."""
    contexts = ambient.contexts
    if contexts is None:
        return ()
    path = urlsplit(url).path.strip("/")
    same = [each for each in contexts.all if _is_same_endpoint(url, each.server) and each.root_path.strip("/") == path]
    return tuple(sorted(same, key=lambda context: context.name != contexts.current))


# --- GitHub ------------------------------------------------------------------------------------------


def find_github_access(github: GitHubConfig, environ: Mapping[str, str], *, home: Path) -> GitHubAccess:
    """Address and token of GitHub's API.

    May ask the keyring and run gh: not for the event loop. Raises CredentialError with the way out where there
    is no token.
    """
    token, origin = _find_github_token(github, environ, home)
    return GitHubAccess(github.api_url, token, f"{github.api_url}, the token from {origin}", github.ca_file or None)


def parse_github_host(api_url: str) -> str:
    """The host as gh calls it: github.com, a tenant of ghe.com, or an Enterprise server."""
    host = urlsplit(api_url).hostname or ""
    return host.removeprefix("api.") if host == "api.github.com" or host.endswith(".ghe.com") else host


def _find_github_token(github: GitHubConfig, environ: Mapping[str, str], home: Path) -> tuple[Secret, str]:
    if found := read_configured_token(github.token_env, "[github]", environ):
        return found
    host = parse_github_host(github.api_url)
    if is_loopback(host):
        raise CredentialError(
            f"no token for {github.api_url}: an address on this machine gets no token that is meant for GitHub; "
            "name a variable as token_env of [github]"
        )
    cloud = host == "github.com" or host.endswith(".ghe.com")
    variables = ("GH_TOKEN", "GITHUB_TOKEN") if cloud else ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    for variable in variables:
        if text := environ.get(variable, "").strip():
            return parse_token(text, f"${variable}"), f"${variable}"
    kept = read_keyring_token(f"github:{github.api_url}")
    if isinstance(kept, Secret):
        return kept, "the keyring"
    asked = run_gh_auth_token(host, environ)
    if isinstance(asked, Secret):
        return asked, f"gh auth token --hostname {host}"
    file = find_hosts_file(environ, home)
    if stored := read_hosts_token(file, host):
        return stored, str(file)
    raise CredentialError(
        f"no token for {host}: set {variables[1]}, or run `gh auth login --hostname {host}` "
        f"({kept.reason}; {asked.reason})"
    )
