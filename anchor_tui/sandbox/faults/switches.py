"""Switches for faults of the servers: slow, refused, truncated or missing responses.

Text format, as in `--fault`: SIDE:KIND[=VALUE][,times=N][,path=PREFIX][,method=METHOD][,operation=MUTATION].
MUTATION is a field of a GraphQL mutation, such as createCommitOnBranch; other requests are not affected.

    argocd:latency=0.3          respond 0.3 s later
    github:status=401           respond with 401, 403, 404, 429, 500, 502, 503 or 504 and the real server's body
    github:secondary-limit      respond with 403 and retry-after: the secondary rate limit
    argocd:reset                reset the connection; reset=after: after handling the request
    argocd:truncated            end the body in the middle, with status 200
    github:html                 respond with a proxy's login page and status 200
    argocd:hang                 never respond; hang=after: after handling the request
    status:duplicate            handle the request twice, as by a proxy that retries; the second response is sent
    argocd:dead-stream          send nothing after the first events of a stream
    argocd:cut-stream           end a stream after its first event
    argocd:next-line            begin each message in a stream with U+0085, which JSON does not escape
    argocd:cold-cache           respond with an error after 60 s to requests for manifests and trees;
                                cold-cache=SECONDS: after SECONDS
    argocd:forbidden=NAME       hide one application from the token
    github:deny=FIELD           hide a GraphQL field from the token: contexts, refUpdateRule, rules, ...;
                                deny=settings: variables and secrets, with the missing permission
    github:invalid-token        revoke the token
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Side = Literal["argocd", "github", "status"]
FaultKind = Literal[
    "latency",
    "status",
    "secondary-limit",
    "reset",
    "truncated",
    "html",
    "hang",
    "duplicate",
    "dead-stream",
    "cut-stream",
    "next-line",
    "cold-cache",
    "forbidden",
    "deny",
    "invalid-token",
]
FAULT_STATUSES = (401, 403, 404, 429, 500, 502, 503, 504)
REQUIRED_VALUES = {"latency": "a number of seconds", "status": f"one of {', '.join(map(str, FAULT_STATUSES))}"}
REQUIRED_VALUES |= {"forbidden": "the name of an application", "deny": "the name of a GraphQL field"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for requests whose path begins with `path`, for at most `times` of them."""

    side: Side
    kind: FaultKind
    value: str = ""
    times: int | None = None
    path: str = ""
    method: str = ""
    operation: str = ""

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            raise ValueError(f"{self.side!r} is not one of {', '.join(get_args(Side))}")
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"unknown fault {self.kind!r}: known are {', '.join(get_args(FaultKind))}")
        if self.kind in REQUIRED_VALUES and not self.value:
            raise ValueError(f"{self.kind} needs {REQUIRED_VALUES[self.kind]}")
        if self.kind in {"latency", "cold-cache"} and self.value and not _is_duration(self.value):
            raise ValueError(f"{self.kind} needs a number of seconds, not {self.value!r}")
        if self.kind == "status" and self.value not in map(str, FAULT_STATUSES):
            raise ValueError(f"status needs {REQUIRED_VALUES['status']}, not {self.value!r}")
        if self.kind in {"reset", "hang"} and self.value not in {"", "after"}:
            raise ValueError(f"{self.kind} accepts only the value after")

    def matches(self, method: str, path: str, operations: frozenset[str] = frozenset()) -> bool:
        """Report whether the fault applies to a request."""
        meant = not self.operation or self.operation in operations
        return path.startswith(self.path) and self.method in {"", method} and meant


def _is_duration(text: str) -> bool:
    try:
        return 0 <= float(text) < math.inf
    except ValueError:
        return False


def parse_fault(text: str) -> Fault:
    """Parse `github:status=502,times=2`. Raises ValueError with the reason."""
    side, colon, rest = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is not SIDE:KIND, such as argocd:latency=0.3")
    first, *options = rest.split(",")
    kind, _, value = first.partition("=")
    named = dict(option.partition("=")[::2] for option in options)
    if unknown := named.keys() - {"times", "path", "method", "operation"}:
        raise ValueError(f"unknown option {min(unknown)!r}: known are times, path, method, operation")
    return Fault(
        side,  # type: ignore[arg-type]  # checked there
        kind,  # type: ignore[arg-type]
        value,
        int(named["times"]) if "times" in named else None,
        named.get("path", ""),
        named.get("method", "").upper(),
        named.get("operation", ""),
    )


class FaultSwitches:
    """The faults that are on."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._remaining: list[tuple[Fault, int | None]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str) -> None:
        """Turn a fault on."""
        fault = parse_fault(fault) if isinstance(fault, str) else fault
        self._remaining.append((fault, fault.times))

    def clear(self, side: Side | None = None) -> None:
        """Turn all faults off, or those of one side."""
        self._remaining = [(fault, left) for fault, left in self._remaining if side and fault.side != side]

    def __iter__(self) -> Iterator[Fault]:
        return (fault for fault, _ in self._remaining)

    def needs_operations(self, side: Side) -> bool:
        """Report whether a fault depends on the fields of a mutation."""
        return any(fault.side == side and fault.operation for fault in self)

    def take_match(
        self, side: Side, kind: FaultKind, method: str, path: str, operations: frozenset[str] = frozenset()
    ) -> Fault | None:
        """Return the first fault of a kind that applies to a request, and count it; None if there is none."""
        for place, (fault, left) in enumerate(self._remaining):
            if (fault.side, fault.kind) == (side, kind) and fault.matches(method, path, operations):
                if left is None:
                    return fault
                if left > 1:
                    self._remaining[place] = (fault, left - 1)
                else:
                    del self._remaining[place]
                return fault
        return None

    def values_of(self, side: Side, kind: FaultKind) -> frozenset[str]:
        """Return the values of all faults of a kind."""
        return frozenset(fault.value for fault in self if (fault.side, fault.kind) == (side, kind))

    def is_active(self, side: Side, kind: FaultKind) -> bool:
        """Report whether a fault of a kind is on."""
        return any((fault.side, fault.kind) == (side, kind) for fault in self)
