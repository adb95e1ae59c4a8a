"""Switches for what goes wrong outside: slow, refused, cut short, or not answered at all.

As text, which is what `--fault` takes: SIDE:KIND[=VALUE][,times=N][,path=PREFIX][,method=METHOD][,operation=MUTATION].
The operation is a field of a GraphQL mutation, such as createRef: queries and other mutations pass.

    argocd:latency=0.3          answers 0.3 s later; github:latency=0.3 likewise
    github:status=401           answers 401, 403, 429, 500, 502 or 503 with the body of the real one
    github:secondary-limit      403 with retry-after: the secondary rate limit
    argocd:reset                the connection is reset; reset=after: after the request was carried out
    argocd:truncated            the body ends in the middle, with status 200
    github:html                 a proxy's login page, with status 200
    argocd:hang                 no answer, ever; hang=after: after the request was carried out
    status:duplicate            the request is carried out twice, as by a proxy that repeats it; the second answer is
                                the one that is given
    argocd:dead-stream          an event stream says nothing more after its first round
    argocd:forbidden=NAME       one application that the token may not see
    github:deny=FIELD           a GraphQL field that the token may not see: contexts, refUpdateRule, rules, ...;
                                deny=settings: variables and secrets, with the permission that they need
    github:invalid-token        the token is revoked
"""

from __future__ import annotations

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
    "forbidden",
    "deny",
    "invalid-token",
]
FAULT_STATUSES = (401, 403, 404, 429, 500, 502, 503, 504)
REQUIRED_VALUES = {"latency": "a number of seconds", "status": f"one of {', '.join(map(str, FAULT_STATUSES))}"}
REQUIRED_VALUES |= {"forbidden": "the name of an application", "deny": "the name of a GraphQL field"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch. It concerns the requests whose path begins with `path`, at most `times` of them."""

    side: Side
    kind: FaultKind
    value: str = ""
    times: int | None = None
    path: str = ""
    method: str = ""
    operation: str = ""

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            raise ValueError(f"{self.side!r} is none of {', '.join(get_args(Side))}")
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"unknown fault {self.kind!r}: known are {', '.join(get_args(FaultKind))}")
        if self.kind in REQUIRED_VALUES and not self.value:
            raise ValueError(f"{self.kind} needs {REQUIRED_VALUES[self.kind]}")
        if self.kind == "latency" and not float(self.value) >= 0:
            raise ValueError("latency needs a number of seconds")
        if self.kind == "status" and int(self.value) not in FAULT_STATUSES:
            raise ValueError(f"status needs {REQUIRED_VALUES['status']}")

        if self.kind in {"reset", "hang"} and self.value not in {"", "after"}:
            raise ValueError(f"{self.kind} takes no value but after")

    def matches(self, method: str, path: str, operations: frozenset[str] = frozenset()) -> bool:
        """Whether it strikes this request."""
        meant = not self.operation or self.operation in operations
        return path.startswith(self.path) and self.method in {"", method} and meant


def parse_fault(text: str) -> Fault:
    """`github:status=502,times=2` as a Fault; ValueError says what is wrong with it."""
    side, colon, rest = text.partition(":")
    if not colon:
        raise ValueError(f"{text!r} is no SIDE:KIND, such as argocd:latency=0.3")
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
    """The switches that are on."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._remaining: list[tuple[Fault, int | None]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str) -> None:
        """Switch one on."""
        fault = parse_fault(fault) if isinstance(fault, str) else fault
        self._remaining.append((fault, fault.times))

    def clear(self, side: Side | None = None) -> None:
        """Switch all off, or those of one side."""
        self._remaining = [(fault, left) for fault, left in self._remaining if side and fault.side != side]

    def __iter__(self) -> Iterator[Fault]:
        return (fault for fault, _ in self._remaining)

    def needs_operations(self, side: Side) -> bool:
        """Whether a mutation's fields have to be known to tell what strikes it."""
        return any(fault.side == side and fault.operation for fault in self)

    def take_match(
        self, side: Side, kind: FaultKind, method: str, path: str, operations: frozenset[str] = frozenset()
    ) -> Fault | None:
        """The first of this kind that concerns a request, counted; None if there is none."""
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
        """The values of all of this kind."""
        return frozenset(fault.value for fault in self if (fault.side, fault.kind) == (side, kind))

    def is_active(self, side: Side, kind: FaultKind) -> bool:
        """Whether any of this kind is on."""
        return any((fault.side, fault.kind) == (side, kind) for fault in self)
