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

from anchor_tui.config import DEFAULT_SERVER
from anchor_tui.config.forms import is_loopback, split_url
from anchor_tui.sources.argocd_cli import Context, Contexts, Options, cli_file, read_contexts, read_options
from anchor_tui.sources.errors import CredentialError
from anchor_tui.sources.gh_cli import ask_gh, hosts_file, hosts_token
from anchor_tui.sources.secret import (
    Secret,
    clean,
    keyring_token,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.config import GitHub, Server


@dataclass(frozen=True, slots=True)
class ArgoAccess:
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


class _Named(Enum):
    """Who named an Argo CD's address."""

    CONFIGURATION = "the configuration"
    CONTEXT = "the configuration's context"
    ENVIRONMENT = "the environment"
    CURRENT = "the argocd CLI's current context"


@dataclass(frozen=True, slots=True)
class _Address:
    url: str
    named: _Named
    origin: str
    context: Context | None = None


class _Ambient:
    """The surroundings that one Argo CD's credentials are looked up in; the CLI's file is read when it is needed."""

    def __init__(self, server: Server, environ: Mapping[str, str], home: Path) -> None:
        self.server = server
        self.environ = environ
        self.home = home
        self.table = "[argocd]" if server.name == DEFAULT_SERVER else f"[servers.{server.name}]"
        self.is_default = server.name == DEFAULT_SERVER
        self._read = False
        self._contexts: Contexts | None = None
        self._options: Options | None = None

    @property
    def options(self) -> Options:
        if self._options is None:
            self._options = read_options(self.environ)
        return self._options

    @property
    def file(self) -> Path:
        return cli_file(self.options, self.environ, self.home)

    @property
    def contexts(self) -> Contexts | None:
        if not self._read:
            self._contexts, self._read = read_contexts(self.file), True
        return self._contexts


def argocd_url(server: Server, environ: Mapping[str, str], *, home: Path) -> str:
    """The address of one Argo CD, as its keyring entry has it; CredentialError where nobody names one."""
    return _address(_Ambient(server, environ, home)).url


def argocd_access(server: Server, environ: Mapping[str, str], *, home: Path) -> ArgoAccess:
    """Address and token of one Argo CD.

    Reads files, and perhaps the keyring, which may wait for a person: not for the event loop. Raises
    CredentialError, with the way out, where there is no address, no token, or a file that may not be used.
    """
    ambient = _Ambient(server, environ, home)
    address = _address(ambient)
    token, origin = _argocd_token(ambient, address)
    from_here = address.named in {_Named.ENVIRONMENT, _Named.CURRENT}
    options = ambient.options if from_here else Options()  # what the configuration names, no flag may loosen
    context = address.context
    cert, key = server.client_cert or options.client_cert, server.client_key or options.client_key
    ca_file = server.ca_file or options.ca_file
    return ArgoAccess(
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


def _address(ambient: _Ambient) -> _Address:
    server = ambient.server
    if server.server:
        url = _url(ambient, server.server, root_path=server.root_path)
        return _Address(url, _Named.CONFIGURATION, f"server of {ambient.table}")
    if server.context:
        return _by_context(ambient, server.context, _Named.CONTEXT, f"context of {ambient.table}")
    if not ambient.is_default:
        raise CredentialError(f"{ambient.table} names no address: add server or context to it")
    options = ambient.options
    for text, origin in (
        (options.server, "$ARGOCD_OPTS"),
        (ambient.environ.get("ARGOCD_SERVER", ""), "$ARGOCD_SERVER"),
    ):
        if text:
            root = server.root_path or options.root_path
            url = _url(ambient, text, root_path=root, plain_text=options.plaintext)
            return _Address(url, _Named.ENVIRONMENT, origin)
    current = options.context or (ambient.contexts.current if ambient.contexts else "")
    if current:
        return _by_context(ambient, current, _Named.CURRENT, f"{ambient.file}")
    raise CredentialError(
        "no address of Argo CD: add server or context to [argocd], set ARGOCD_SERVER, or run `argocd login`"
    )


def _by_context(ambient: _Ambient, name: str, named: _Named, origin: str) -> _Address:
    contexts = ambient.contexts
    if contexts is None:
        raise CredentialError(f"the context {name} is not to be found: there is no {ambient.file}. Run `argocd login`")
    context = contexts.named(name)
    if context is None:
        known = ", ".join(each.name for each in contexts.all) or "none"
        raise CredentialError(f"{contexts.file} has no context {name}; it has {known}")
    if context.core or context.server in {"", "kubernetes", "port-forward"}:
        raise CredentialError(
            f"the context {name} of {contexts.file} reaches Argo CD through Kubernetes, and has no address: "
            f"name one as server of {ambient.table}, or another context"
        )
    loosened = ambient.options if named is _Named.CURRENT else Options()
    root = ambient.server.root_path or loosened.root_path or context.root_path
    plain_text = context.plain_text or loosened.plaintext
    url = _url(ambient, context.server, root_path=root, plain_text=plain_text)
    return _Address(url, named, f"{origin} (context {name})", context)


def _url(ambient: _Ambient, text: str, *, root_path: str = "", plain_text: bool = False) -> str:
    """An address as a URL without a slash at its end; https and 443 where nothing else is said."""
    whole = text if "://" in text else f"{'http' if plain_text else 'https'}://{text}"
    try:
        parts = split_url(whole)
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


def _is_same(left: str, right: str) -> bool:
    """Whether two addresses are the same host and port; `right` may lack its scheme."""
    whole = right if "://" in right else f"//{right}"
    try:
        one, other = urlsplit(left), urlsplit(whole)
        ports = {one.port or _port(one.scheme), other.port or _port(other.scheme or one.scheme)}
    except ValueError:
        return False
    return one.hostname == other.hostname and len(ports) == 1


def _port(scheme: str) -> int:
    return 80 if scheme == "http" else 443


# --- the token ---------------------------------------------------------------------------------------


def _argocd_token(ambient: _Ambient, address: _Address) -> tuple[Secret, str]:
    """The token for an address, and where it came from."""
    if found := _configured_token(ambient.server.token_env, ambient.table, ambient.environ):
        return found
    context = address.context
    if address.named is _Named.CONTEXT and context and context.token:
        return context.token, f"the context {context.name}"
    if _may_use_environment(ambient, address):
        if ambient.options.token:
            return ambient.options.token, "$ARGOCD_OPTS"
        if text := ambient.environ.get("ARGOCD_AUTH_TOKEN", "").strip():
            return clean(text, "$ARGOCD_AUTH_TOKEN"), "$ARGOCD_AUTH_TOKEN"
    for each in (context,) if context else _contexts_of(ambient, address.url):
        if each.token:
            return each.token, f"the context {each.name}"
    kept = keyring_token(f"argocd:{address.url}")
    if isinstance(kept, Secret):
        return kept, "the keyring"
    raise CredentialError(
        f"no token for {address.url}: run `argocd login`, set ARGOCD_AUTH_TOKEN, "
        f"or name a variable as token_env of {ambient.table} ({kept.reason})"
    )


def _configured_token(variable: str, table: str, environ: Mapping[str, str]) -> tuple[Secret, str] | None:
    if not variable:
        return None
    if text := environ.get(variable, "").strip():
        return clean(text, f"${variable}"), f"${variable}"
    raise CredentialError(f"${variable}, which token_env of {table} names, is not set: set it, or take token_env away")


def _may_use_environment(ambient: _Ambient, address: _Address) -> bool:
    """Whether the environment's token was meant for this address: its own server, or no other one named."""
    if address.named is _Named.ENVIRONMENT:
        return True
    meant = ambient.options.server or ambient.environ.get("ARGOCD_SERVER", "")
    return _is_same(address.url, meant) if meant else ambient.is_default


def _contexts_of(ambient: _Ambient, url: str) -> tuple[Context, ...]:
    """The CLI's contexts that have this very address, the current one first."""
    contexts = ambient.contexts
    if contexts is None:
        return ()
    path = urlsplit(url).path.strip("/")
    same = [each for each in contexts.all if _is_same(url, each.server) and each.root_path.strip("/") == path]
    return tuple(sorted(same, key=lambda context: context.name != contexts.current))


# --- GitHub ------------------------------------------------------------------------------------------


def github_access(github: GitHub, environ: Mapping[str, str], *, home: Path) -> GitHubAccess:
    """Address and token of GitHub's API.

    May ask the keyring and run gh: not for the event loop. Raises CredentialError with the way out where there
    is no token.
    """
    token, origin = _github_token(github, environ, home)
    return GitHubAccess(github.api_url, token, f"{github.api_url}, the token from {origin}", github.ca_file or None)


def github_host(api_url: str) -> str:
    """The host as gh calls it: github.com, a tenant of ghe.com, or an Enterprise server."""
    host = urlsplit(api_url).hostname or ""
    return host.removeprefix("api.") if host == "api.github.com" or host.endswith(".ghe.com") else host


def _github_token(github: GitHub, environ: Mapping[str, str], home: Path) -> tuple[Secret, str]:
    if found := _configured_token(github.token_env, "[github]", environ):
        return found
    host = github_host(github.api_url)
    if is_loopback(host):
        raise CredentialError(
            f"no token for {github.api_url}: an address on this machine gets no token that is meant for GitHub; "
            "name a variable as token_env of [github]"
        )
    cloud = host == "github.com" or host.endswith(".ghe.com")
    variables = ("GH_TOKEN", "GITHUB_TOKEN") if cloud else ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    for variable in variables:
        if text := environ.get(variable, "").strip():
            return clean(text, f"${variable}"), f"${variable}"
    kept = keyring_token(f"github:{github.api_url}")
    if isinstance(kept, Secret):
        return kept, "the keyring"
    asked = ask_gh(host, environ)
    if isinstance(asked, Secret):
        return asked, f"gh auth token --hostname {host}"
    file = hosts_file(environ, home)
    if stored := hosts_token(file, host):
        return stored, str(file)
    raise CredentialError(
        f"no token for {host}: set {variables[1]}, or run `gh auth login --hostname {host}` "
        f"({kept.reason}; {asked.reason})"
    )
