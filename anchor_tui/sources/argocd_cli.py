"""What the argocd command line left on this machine: its file of contexts, and `ARGOCD_OPTS`."""

from __future__ import annotations

import base64
import binascii
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anchor_tui.sources.errors import CredentialError
from anchor_tui.sources.secret import Secret, clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anchor_tui.domain.yaml.document import YamlDocument
    from anchor_tui.domain.yaml.nodes import MappingNode

OTHERS_MAY_READ = 0o077
_VALUES = {
    "--server": "server",
    "--auth-token": "token",
    "--grpc-web-root-path": "root_path",
    "--server-crt": "ca_file",
    "--client-crt": "client_cert",
    "--client-crt-key": "client_key",
    "--config": "config",
    "--argocd-context": "context",
}
_SWITCHES = {"--insecure": "insecure", "--plaintext": "plaintext"}


@dataclass(frozen=True, slots=True)
class Options:
    """What `ARGOCD_OPTS` says of the things that a client over HTTP needs."""

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
class Context:
    """One context of the CLI's file with its server and user. The data are PEM texts."""

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
class Contexts:
    """The CLI's file. `current` is the name of the current context, empty where there is none."""

    file: str
    current: str
    all: tuple[Context, ...]

    def named(self, name: str) -> Context | None:
        """A context by name."""
        return next((context for context in self.all if context.name == name), None)


def read_options(environ: Mapping[str, str]) -> Options:
    """`ARGOCD_OPTS`, as the CLI splits it; flags that mean nothing here are passed over."""
    try:
        words = iter(shlex.split(environ.get("ARGOCD_OPTS", "")))
    except ValueError as error:
        raise CredentialError(f"$ARGOCD_OPTS cannot be read ({error}): mend its quotes, or unset it") from error
    found: dict[str, Any] = {}
    for word in words:
        flag, given, value = word.partition("=")
        if flag in _VALUES:
            found[_VALUES[flag]] = value if given else next(words, "")
        elif flag in _SWITCHES:
            found[_SWITCHES[flag]] = value.lower() not in {"false", "f", "0"}
    token = found.pop("token", "").strip()
    return Options(token=clean(token, "--auth-token of $ARGOCD_OPTS") if token else None, **found)


def cli_file(options: Options, environ: Mapping[str, str], home: Path) -> Path:
    """Where the CLI keeps its contexts."""
    if options.config:
        return home / options.config
    if folder := environ.get("ARGOCD_CONFIG_DIR"):
        return home / folder / "config"
    if (home / ".argocd").is_dir():
        return home / ".argocd" / "config"
    if folder := environ.get("XDG_CONFIG_HOME"):
        return home / folder / "argocd" / "config"
    return home / ".config" / "argocd" / "config"


def read_contexts(file: Path) -> Contexts | None:
    """The contexts of the CLI's file, None where there is no file.

    Raises CredentialError: others may read it, it is no YAML, or its shape is another.
    """
    try:
        mode = file.stat().st_mode
        raw = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CredentialError(f"{file} cannot be read: {error.strerror or error}") from error
    if os.name == "posix" and mode & OTHERS_MAY_READ:
        raise CredentialError(f"{file} holds tokens and others may read it: run `chmod 600 {shlex.quote(str(file))}`")
    from anchor_tui.domain.yaml.document import parse_document  # ruamel: only when the file is needed
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        return _contexts(parse_document(raw, str(file)))
    except YamlDocumentError as error:
        if error.problem.kind == "empty-file":
            return None
        message = f"{error}; mend it, or log in anew with `argocd login`"
        raise CredentialError(message) from error


def _contexts(document: YamlDocument) -> Contexts:
    servers = {_text(node, "server"): node for node in _tables(document, "servers")}
    users = {_text(node, "name"): node for node in _tables(document, "users")}
    found: list[Context] = []
    for node in _tables(document, "contexts"):
        name = _text(node, "name")
        address = _text(node, "server")
        server, user = servers.get(address), users.get(_text(node, "user"))
        origin = f"the context {name} in {document.file}"
        token = _text(user, "auth-token") if user else ""
        found.append(
            Context(
                name=name,
                server=address,
                token=clean(token, f"the token of {origin}") if token else None,
                plain_text=_is_on(server, "plain-text"),
                insecure=_is_on(server, "insecure"),
                core=_is_on(server, "core"),
                root_path=_text(server, "grpc-web-root-path"),
                ca_data=_pem(server, "certificate-authority-data", origin),
                client_cert_data=_pem(server, "client-certificate-data", origin),
                client_key_data=_pem(server, "client-certificate-key-data", origin),
            )
        )
    from anchor_tui.domain.yaml.nodes import MappingNode

    assert isinstance(document.root, MappingNode)
    return Contexts(document.file, _text(document.root, "current-context"), tuple(found))


def _tables(document: YamlDocument, key: str) -> list[MappingNode]:
    """The mappings of a list; none where the key is missing or null."""
    from anchor_tui.domain.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    node = document.find((key,))
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return []
    if isinstance(node, SequenceNode):
        tables = [item for item in node.items if isinstance(item, MappingNode)]
        if len(tables) == len(node.items):
            return tables
    return document.fail("credentials", f"`{key}` should hold a list of mappings", node)


def _text(node: MappingNode | None, key: str) -> str:
    from anchor_tui.domain.yaml.nodes import ScalarNode

    found = node.get(key) if node is not None else None
    return found.text if isinstance(found, ScalarNode) and found.value is not None else ""


def _is_on(node: MappingNode | None, key: str) -> bool:
    return _text(node, key).lower() == "true"


def _pem(node: MappingNode | None, key: str, origin: str) -> str | None:
    """A PEM text, which the file holds in base64."""
    text = _text(node, key)
    if not text:
        return None
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        message = f"`{key}` of {origin} is no PEM in base64: log in anew with `argocd login`"
        raise CredentialError(message) from error
