"""Tokens of gh, GitHub's command line: the one it prints, and those in its hosts file."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from anchor_tui.config.file_reader import FileReadError, read_regular_file
from anchor_tui.sources.credentials.secret import MissingSecret, Secret, parse_token
from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GH_TIMEOUT_S = 5.0
MAX_FILE_BYTES = 1024 * 1024


def run_gh_auth_token(host: str, environ: Mapping[str, str]) -> Secret | MissingSecret:
    """Return the token that `gh auth token` prints for a host, within 5 s."""
    program = shutil.which("gh", path=environ.get("PATH", ""))
    if program is None:
        return MissingSecret("gh is not on the PATH")
    command = [program, "auth", "token", "--hostname", host]
    try:
        done = subprocess.run(  # noqa: S603 - the program is gh, the host is from the configuration
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GH_TIMEOUT_S,
            env=dict(environ),
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return MissingSecret(f"gh did not respond within {GH_TIMEOUT_S:.0f} s")
    except (OSError, UnicodeDecodeError) as error:
        return MissingSecret(f"gh failed to start ({type(error).__name__})")
    if done.returncode != 0 or not done.stdout.strip():
        return MissingSecret(f"gh has no token for {host}")
    return parse_token(done.stdout, "the output of gh")


def find_hosts_file(environ: Mapping[str, str], home: Path) -> Path:
    """Return the path of gh's hosts file; it need not exist."""
    if folder := environ.get("GH_CONFIG_DIR"):
        return home / folder / "hosts.yml"
    return home / (environ.get("XDG_CONFIG_HOME") or ".config") / "gh" / "hosts.yml"


def read_hosts_token(file: Path, host: str) -> Secret | None:
    """Return the token for a host from gh's hosts file. Raises CredentialError if the file cannot be read."""
    try:
        raw = read_regular_file(file, MAX_FILE_BYTES)
    except FileReadError as error:
        if error.missing:
            return None
        raise CredentialError(f"cannot read {file}: {error}") from error
    from anchor_tui.domain.yaml.document import parse_document  # imports ruamel; only if the file is needed
    from anchor_tui.domain.yaml.nodes import ScalarNode, YamlDocumentError

    try:
        document = parse_document(raw, str(file))
    except YamlDocumentError as error:
        if error.problem.kind == "empty-file":
            return None
        raise CredentialError(f"{error}; correct it, or log in again with `gh auth login`") from error
    user = document.find((host, "user"))
    for path in (
        (host, "oauth_token"),
        (host, "users", user.text if isinstance(user, ScalarNode) else "", "oauth_token"),
    ):
        node = document.find(path)
        if isinstance(node, ScalarNode) and node.text:
            return parse_token(node.text, f"oauth_token of {host} in {file}")
    return None
