"""The last error in the log of a process, and the address of a connection that failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from anchor_tui.domain.diagnosis.rule import quote
from anchor_tui.domain.inspection.log_format import ERROR_LEVELS, LEVEL_KEYS, MESSAGE_KEYS, parse_log_fields
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
from anchor_tui.domain.json_access import get_text

EXAMINED_LINES = 60
"""Lines at the end of a log that are searched."""
_ERROR_KEYS = ("error", "err", "exception", "cause", "reason")
_HOST_KEYS = ("host", "hostname", "addr", "address", "url", "server")
_ERROR_LINE = re.compile(
    r"\b(?:FATAL|CRITICAL|PANIC|ERROR)\b|^(?:fatal error|panic|error|runtime error)\b|\[signal SIG"
    r"|^(?:Caused by: )?[\w.]*(?:Error|Exception)\b:?",
    re.IGNORECASE,
)
_TRACEBACK_START = re.compile(r"^Traceback \(most recent call last\)|^goroutine \d+|^\s+at |^\s+File \"")
_CONNECTION_FAILURES = (
    ("connection refused", "connection refused"),
    ("connection reset", "connection reset"),
    ("no such host", "the name cannot be resolved"),
    ("name or service not known", "the name cannot be resolved"),
    ("temporary failure in name resolution", "the name cannot be resolved"),
    ("enotfound", "the name cannot be resolved"),
    ("econnrefused", "connection refused"),
    ("etimedout", "no answer in time"),
    ("i/o timeout", "no answer in time"),
    ("connection timed out", "no answer in time"),
    ("no route to host", "no route to the host"),
    ("network is unreachable", "the network is unreachable"),
)
_ADDRESS = re.compile(
    r"(?:dial (?:tcp|udp)[46]? |lookup |connect(?:ing|ion)? to (?:server at )?[\"'`]?|ENOTFOUND |ECONNREFUSED "
    r"|://(?:[^\s/@]*@)?)(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(?:(?:\", port |:)(?P<port>\d{1,5}))?"
)
_IP_ADDRESS = re.compile(r"[0-9.]+|\[[0-9a-fA-F:]+\]")


class FailedConnection(NamedTuple):
    """A connection that failed: the host as the process named it, its port (empty if unknown), and how it failed."""

    host: str
    port: str
    failure: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


class LogError(NamedTuple):
    """An error of a process in its own words. `connection` is set if it is about a connection that failed."""

    text: str
    connection: FailedConnection | None = None


def find_log_error(lines: Sequence[LogLine]) -> LogError | None:
    """Return the error that explains the end of a process: a failed connection if there is one, else the last error.

    A process often reports "giving up" after the error that made it give up.
    """
    errors = [error for line in lines[-EXAMINED_LINES:] if (error := _read_error(line.text)) is not None and error.text]
    connections = [error for error in errors if error.connection is not None]
    return next(reversed(connections or errors), None)


def is_error_line(text: str) -> bool:
    """Return True if a line reports an error."""
    return _read_error(text) is not None


def locate_host(host: str, tree: ResourceTree) -> str:
    """Return a phrase that locates a host: a Service of this application with its ready pods, or outside of it."""
    if _IP_ADDRESS.fullmatch(host):
        return ""
    name, _, rest = host.partition(".")
    namespace = rest.partition(".")[0]
    for node in tree.nodes:
        if node.key.kind == "Service" and node.key.name == name and namespace in {"", node.key.namespace}:
            ready = _count_ready_pods(node, tree)
            if not node.selector:
                return f"Service {name} of this application, whose endpoints are unknown"
            if ready == 0:
                return f"Service {name} of this application, without a ready endpoint"
            return f"Service {name} of this application, which has {ready} ready"
    return "outside of this application"


def _count_ready_pods(service: ResourceNode, tree: ResourceTree) -> int:
    selector = service.selector.items()
    return sum(
        node.key.kind == "Pod"
        and node.key.namespace == service.key.namespace
        and selector <= node.labels.items()
        and _is_ready(node)
        for node in tree.nodes
    )


def _is_ready(pod: ResourceNode) -> bool:
    ready, _, total = pod.ready.partition("/")
    return ready == total and ready not in {"", "0"}


def _read_error(text: str) -> LogError | None:
    """Return the error that a line reports; None for any other line."""
    fields = parse_log_fields(text)
    if fields is None:
        if _TRACEBACK_START.search(text) or not (_ERROR_LINE.search(text) or _find_failure(text)):
            return None
        return LogError(quote(text.strip()), _find_connection(text, ""))
    level = next((get_text(fields, key) for key in LEVEL_KEYS if get_text(fields, key)), "")
    if level.lower() not in ERROR_LEVELS:
        return None
    message = next((get_text(fields, key) for key in MESSAGE_KEYS if get_text(fields, key)), "")
    detail = next((get_text(fields, key) for key in _ERROR_KEYS if get_text(fields, key)), "")
    host = next((get_text(fields, key) for key in _HOST_KEYS if get_text(fields, key)), "")
    summary = ": ".join(filter(None, (message, detail))) or text
    return LogError(quote(summary), _find_connection(f"{message} {detail}", host))


def _find_failure(text: str) -> str:
    lower = text.lower()
    return next((failure for part, failure in _CONNECTION_FAILURES if part in lower), "")


def _find_connection(text: str, host: str) -> FailedConnection | None:
    """Return the failed connection that a text reports. A host that the line names itself is better than an address."""
    failure = _find_failure(text)
    if not failure:
        return None
    found = _ADDRESS.search(text)
    port = (found["port"] or "") if found else ""
    if "://" in host:
        named = _ADDRESS.search(host)
        host, port = (named["host"], named["port"] or port) if named else ("", port)
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    name = host or (found["host"] if found else "")
    return FailedConnection(name, port, failure) if name else None
