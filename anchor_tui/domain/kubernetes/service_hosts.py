"""The host names by which a text refers to a Service, as the DNS of Kubernetes resolves them.

A short name counts only where a host is expected. A single word in a variable that does not name an address is only a
possible reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

Mention: TypeAlias = Literal["certain", "possible", "none"]

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_PORT = re.compile(r"\.?:[0-9]{1,5}(?![0-9a-z])")
_ADDRESS_VARIABLE = re.compile(
    r"(?:HOST|HOSTNAME|HOST_NAME|URL|URI|DSN|ADDR|ADDRESS|SERVER|SERVICE|ENDPOINT|UPSTREAM|BACKEND|BROKER|PROXY)S?\d*$"
)
_EXCLUDED_VARIABLES = frozenset({"NO_PROXY"})
"""Variables that list hosts without using them."""


class ServiceAddress(NamedTuple):
    """The name and the namespace of a Service."""

    name: str
    namespace: str


def find_mention(text: str, service: ServiceAddress, namespace: str, variable: str | None = None) -> Mention:
    """Return whether a text that an object in `namespace` uses names the Service.

    `variable` is the name of the variable or flag whose value the text is; None for a document, in which a single word
    is never a host.
    """
    name = (variable or "").upper().replace("-", "_")
    if name in _EXCLUDED_VARIABLES:
        return "none"
    if namespace == service.namespace and f"$({service.name.upper().replace('-', '_')}_SERVICE_" in text:
        return "certain"  # a variable that Kubernetes sets for each Service of the namespace
    lowered = unquote(text).lower()
    if service.name not in lowered:
        return "none"
    for host, is_host_position in _list_hosts(lowered):
        if _is_host_of_service(host, service, namespace, is_host_position=is_host_position):
            return "certain"
    whole = lowered.strip().rstrip(".")
    if variable is None or not _is_host_of_service(whole, service, namespace, is_host_position=True):
        return "none"
    return "certain" if "." in whole or _ADDRESS_VARIABLE.search(name) else "possible"


def _list_hosts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each part with the form of a host name, and True if only a host can be at its position."""
    scheme_end = text.find("//") + len("//") if "//" in text else len(text)
    for found in _HOST.finditer(text):
        start, end = found.span()
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        if (before and before in "._-%") or (after and after in "_-%"):
            continue
        follows_scheme = text.endswith("//", 0, start) or (before == "@" and scheme_end <= start)
        if before == "/" and not follows_scheme:
            continue  # a part of a path
        yield found[0], follows_scheme or _PORT.match(text, end) is not None


def _is_host_of_service(host: str, service: ServiceAddress, namespace: str, *, is_host_position: bool) -> bool:
    """Return True for the Service and for its Pods, which have a further label in front."""
    labels = host.split(".")
    for index in range(len(labels) - 1):
        if labels[index : index + 2] == [service.name, service.namespace]:
            rest = labels[index + 2 :]
            if rest[:1] == ["svc"] or (not rest and is_host_position):
                return True
    return is_host_position and namespace == service.namespace and labels[-1] == service.name and len(labels) <= 2
