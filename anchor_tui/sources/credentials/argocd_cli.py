"""Settings of the argocd command line on this machine: its file of contexts, and `ARGOCD_OPTS`."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anchor_tui.config.file_reader import FileReadError, read_regular_file
from anchor_tui.sources.credentials.secret import Secret, parse_token
from anchor_tui.sources.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.domain.yaml.document import YamlDocument
    from anchor_tui.domain.yaml.nodes import MappingNode

GROUP_AND_OTHERS_MASK = 0o077
MAX_FILE_BYTES = 1024 * 1024
_VALUE_FLAGS = {
    "--server": "server",
    "--auth-token": "token",
    "--grpc-web-root-path": "root_path",
    "--server-crt": "ca_file",
    "--client-crt": "client_cert",
    "--client-crt-key": "client_key",
    "--config": "config",
    "--argocd-context": "context",
}
_BOOLEAN_FLAGS = {"--insecure": "insecure", "--plaintext": "plaintext"}


@dataclass(frozen=True, slots=True)
class ArgocdOptions:
    """The options in `ARGOCD_OPTS` that an HTTP client needs."""

    server: str = ""
    token: Secret | None = None
    root_path: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    config: str = ""
    context: str = ""
    insecure: bool = False
    plaintext: bool = False


@dataclass(frozen=True, slots=True)
class ArgocdContext:
    """One context of the file, with its server and user. The `…_data` are PEM texts."""

    name: str
    server: str
    token: Secret | None = None
    plain_text: bool = False
    insecure: bool = False
    core: bool = False
    root_path: str = ""
    ca_data: str | None = None
    client_cert_data: str | None = None
    client_key_data: str | None = None


@dataclass(frozen=True, slots=True)
class ArgocdContexts:
    """The contents of the file. `current` is the name of the current context; empty if there is none."""

    file: str
    current: str
    all: tuple[ArgocdContext, ...]

    def find(self, name: str) -> ArgocdContext | None:
        """Return a context by name."""
        return next((context for context in self.all if context.name == name), None)


def read_argocd_options(environ: Mapping[str, str]) -> ArgocdOptions:
    """Return the options in `ARGOCD_OPTS`, split as the CLI does. Other flags are ignored.

    Raises CredentialError if a quote is not closed.
    """
    try:
        words = iter(shlex.split(environ.get("ARGOCD_OPTS", "")))
    except ValueError as error:
        raise CredentialError(f"cannot read $ARGOCD_OPTS ({error}): correct its quotes, or unset it") from error
    found: dict[str, Any] = {}
    for word in words:
        flag, given, value = word.partition("=")
        if flag in _VALUE_FLAGS:
            found[_VALUE_FLAGS[flag]] = value if given else next(words, "")
        elif flag in _BOOLEAN_FLAGS:
            found[_BOOLEAN_FLAGS[flag]] = value.lower() not in {"false", "f", "0"}
    token = found.pop("token", "").strip()
    return ArgocdOptions(token=parse_token(token, "--auth-token of $ARGOCD_OPTS") if token else None, **found)


def find_contexts_file(options: ArgocdOptions, environ: Mapping[str, str], home: Path) -> Path:
    """Return the path of the file of contexts; it need not exist."""
    if options.config:
        return home / options.config
    if folder := environ.get("ARGOCD_CONFIG_DIR"):
        return home / folder / "config"
    if (home / ".argocd").is_dir():
        return home / ".argocd" / "config"
    if folder := environ.get("XDG_CONFIG_HOME"):
        return home / folder / "argocd" / "config"
    return home / ".config" / "argocd" / "config"


def read_contexts(file: Path) -> ArgocdContexts | None:
    """Return the contexts of the file, or None if there is no file.

    Raises CredentialError if other users can read the file, or if it cannot be read or parsed.
    """
    try:
        mode = file.stat().st_mode
        raw = read_regular_file(file, MAX_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CredentialError(f"cannot read {file}: {error.strerror or error}") from error
    except FileReadError as error:
        raise CredentialError(f"{file}: {error}") from error
    if os.name == "posix" and mode & GROUP_AND_OTHERS_MASK:
        command = f"chmod 600 {shlex.quote(str(file))}"
        raise CredentialError(f"{file} contains tokens, and other users can read it: run `{command}`")
    from anchor_tui.domain.yaml.document import parse_document  # imports ruamel; only if the file is needed
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        return _parse_contexts(parse_document(raw, str(file)))
    except YamlDocumentError as error:
        if error.problem.kind == "empty-file":
            return None
        message = f"{error}; correct it, or log in again with `argocd login`"
        raise CredentialError(message) from error


def _parse_contexts(document: YamlDocument) -> ArgocdContexts:
    servers = {_read_text(node, "server"): node for node in _read_mappings(document, "servers")}
    users = {_read_text(node, "name"): node for node in _read_mappings(document, "users")}
    found: list[ArgocdContext] = []
    for node in _read_mappings(document, "contexts"):
        name = _read_text(node, "name")
        address = _read_text(node, "server")
        server, user = servers.get(address), users.get(_read_text(node, "user"))
        origin = f"the context {name} in {document.file}"
        token = _read_text(user, "auth-token") if user else ""
        found.append(
            ArgocdContext(
                name=name,
                server=address,
                token=parse_token(token, f"the token of {origin}") if token else None,
                plain_text=_read_flag(server, "plain-text"),
                insecure=_read_flag(server, "insecure"),
                core=_read_flag(server, "core"),
                root_path=_read_text(server, "grpc-web-root-path"),
                ca_data=_read_pem(server, "certificate-authority-data", origin),
                client_cert_data=_read_pem(server, "client-certificate-data", origin),
                client_key_data=_read_pem(server, "client-certificate-key-data", origin),
            )
        )
    from anchor_tui.domain.yaml.nodes import MappingNode

    assert isinstance(document.root, MappingNode)
    return ArgocdContexts(document.file, _read_text(document.root, "current-context"), tuple(found))


def _read_mappings(document: YamlDocument, key: str) -> list[MappingNode]:
    """Return the mappings of a list; an empty list if the key is missing or null."""
    from anchor_tui.domain.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    node = document.find((key,))
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return []
    if isinstance(node, SequenceNode):
        tables = [item for item in node.items if isinstance(item, MappingNode)]
        if len(tables) == len(node.items):
            return tables
    return document.fail("credentials", f"`{key}` must contain a list of mappings", node)


def _read_text(node: MappingNode | None, key: str) -> str:
    from anchor_tui.domain.yaml.nodes import ScalarNode

    found = node.get(key) if node is not None else None
    return found.text if isinstance(found, ScalarNode) and found.value is not None else ""


def _read_flag(node: MappingNode | None, key: str) -> bool:
    return _read_text(node, key).lower() == "true"


def _read_pem(node: MappingNode | None, key: str, origin: str) -> str | None:
    """Return a PEM text, which is base64 in the file. White space is ignored: base64 tools break their lines."""
    text = "".join(_read_text(node, key).split())
    if not text:
        return None
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        message = f"`{key}` of {origin} is not a PEM text in base64: log in again with `argocd login`"
        raise CredentialError(message) from error
