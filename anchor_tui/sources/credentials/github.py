"""Address and token of GitHub's API.

The token comes from the first of: the configured variable, gh's variables for that kind of host, the keyring,
`gh auth token`, and gh's hosts.yml. Every result describes its origin; none contains the text of the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anchor_tui.config.web_address import is_loopback
from anchor_tui.sources.credentials.gh_cli import find_hosts_file, read_hosts_token, run_gh_auth_token
from anchor_tui.sources.credentials.keyring_entries import read_keyring_token
from anchor_tui.sources.credentials.secret import Secret, parse_token, read_configured_token
from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.config.model import GitHubConfig


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Address and credentials of GitHub's API."""

    api_url: str
    token: Secret
    origin: str
    ca_file: str | None = None


def find_github_access(github: GitHubConfig, environ: Mapping[str, str], *, home: Path) -> GitHubAccess:
    """Return address and token of GitHub's API.

    May wait for the keyring and for gh; do not call it on the event loop. Raises CredentialError if there is no token.
    """
    token, origin = _find_github_token(github, environ, home)
    return GitHubAccess(github.api_url, token, f"{github.api_url}, the token from {origin}", github.ca_file or None)


def parse_github_host(api_url: str) -> str:
    """Return the host as gh names it: github.com, a tenant of ghe.com, or an Enterprise server."""
    host = urlsplit(api_url).hostname or ""
    return host.removeprefix("api.") if host == "api.github.com" or host.endswith(".ghe.com") else host


def _find_github_token(github: GitHubConfig, environ: Mapping[str, str], home: Path) -> tuple[Secret, str]:
    if found := read_configured_token(github.token_env, "[github]", environ):
        return found
    host = parse_github_host(github.api_url)
    if is_loopback(host):
        raise CredentialError(
            f"no token for {github.api_url}: a GitHub token is never sent to an address on this machine; "
            "name a variable as token_env of [github]"
        )
    cloud = host == "github.com" or host.endswith(".ghe.com")
    variables = ("GH_TOKEN", "GITHUB_TOKEN") if cloud else ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    for variable in variables:
        if text := environ.get(variable, "").strip():
            return parse_token(text, f"${variable}"), f"${variable}"
    stored = read_keyring_token(f"github:{github.api_url}")
    if isinstance(stored, Secret):
        return stored, "the keyring"
    printed = run_gh_auth_token(host, environ)
    if isinstance(printed, Secret):
        return printed, f"gh auth token --hostname {host}"
    file = find_hosts_file(environ, home)
    if token := read_hosts_token(file, host):
        return token, str(file)
    raise CredentialError(
        f"no token for {host}: set {variables[1]}, or run `gh auth login --hostname {host}` "
        f"({stored.reason}; {printed.reason})"
    )
