"""Snapshot documents of other versions: values that a later version added are replaced by the most careful known one.

The contract only grows. A later version may therefore add a key, which is ignored, or a value to a closed set, such as
a further kind of pull request. Without a replacement, one such value would make the whole document unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from anchor_tui.config.model import RuleSet, Tier
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import (
    ChecksStatus,
    EvidenceKind,
    FindingStatus,
    Level,
    Presence,
    PullRequestKind,
    SourceStatus,
    VerdictCause,
)

EVERY = "*"
"""Each item of a list."""
OMITTED = object()
"""The replacement that removes the part which contains the value: no known value would be true."""


class _ClosedSet(NamedTuple):
    """The place of a value below a root, the known values, and the replacement of any other value."""

    root: str
    key: str
    known: frozenset[object]
    replacement: object


_LEVELS = frozenset(level.value for level in Level)
_ROOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "verdict": (("verdict",), ("environments", EVERY, "verdict")),
    "source": (("sources", EVERY),),
    "environment": (("environments", EVERY),),
    "position": (("environments", EVERY, "position"),),
    "application": (("environments", EVERY, "applications", EVERY),),
    "prunable": (("environments", EVERY, "applications", EVERY, "prunable", EVERY),),
    "finding": (("findings", EVERY), ("environments", EVERY, "findings", EVERY)),
    "pull request": (("pull_requests", EVERY), ("environments", EVERY, "pull_requests", EVERY)),
}
_CLOSED_SETS = (
    _ClosedSet("verdict", "level", _LEVELS, Level.UNKNOWN.value),
    _ClosedSet("verdict", "cause", frozenset({None, *get_args(VerdictCause)}), None),
    _ClosedSet("source", "kind", frozenset({"argocd", "github"}), OMITTED),
    _ClosedSet("source", "state", frozenset(get_args(SourceStatus)), "missing"),
    _ClosedSet("environment", "rules", frozenset(get_args(RuleSet)), "prod"),
    _ClosedSet("environment", "tier", frozenset(get_args(Tier)), "always-on"),
    _ClosedSet("position", "state", frozenset({"newest", "behind", "ahead", "diverged", "unknown"}), "unknown"),
    _ClosedSet("application", "presence", frozenset(get_args(Presence)), "forbidden"),
    _ClosedSet("prunable", "kept", frozenset({None, "Prune=false", "Prune=confirm"}), None),
    _ClosedSet("finding", "level", frozenset({"error", "warning", "info"}), "error"),
    _ClosedSet("finding", "status", frozenset(get_args(FindingStatus)), "unknown"),
    _ClosedSet("finding", "evidence", frozenset(get_args(EvidenceKind)), OMITTED),
    _ClosedSet("pull request", "kind", frozenset(get_args(PullRequestKind)), "other"),
    _ClosedSet("pull request", "checks", frozenset(get_args(ChecksStatus)), "unknown"),
)


def replace_unknown_values(document: dict[str, Any]) -> int:
    """Replace the values that this version does not know, in place. Return their number.

    A problem in the document then names the number: the operator sees that something is missing.
    """
    number = 0
    for closed in _CLOSED_SETS:
        for path in _ROOTS[closed.root]:
            number += _replace_values(document, path, closed)
    problems = document.setdefault("problems", [])
    if number and isinstance(problems, list):
        message = f"{format_count(number, 'value')} of a later version of anchor-tui replaced or left out: upgrade it"
        problems.append({"subject": "snapshot", "kind": "later-version", "message": message})
    return number


def _replace_values(document: dict[str, Any], path: tuple[str, ...], closed: _ClosedSet) -> int:
    number = 0
    for part in list(_iterate_parts(document, path)):
        if closed.key not in part or not _is_unknown(part[closed.key], closed.known):
            continue
        number += 1
        if closed.replacement is OMITTED:
            part.clear()
        else:
            part[closed.key] = closed.replacement
    if number and closed.replacement is OMITTED:
        for owner in _iterate_parts(document, path[:-2]):
            owner[path[-2]] = [item for item in owner[path[-2]] if item != {}]
    return number


def _is_unknown(value: object, known: frozenset[object]) -> bool:
    """Return True for a text that is not known. A value of another type is an error of the document."""
    return isinstance(value, str) and value not in known


def _iterate_parts(value: object, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the objects at a path of keys."""
    if not path:
        if isinstance(value, dict):
            yield value
    elif path[0] == EVERY:
        for item in value if isinstance(value, list) else ():
            yield from _iterate_parts(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _iterate_parts(value[path[0]], path[1:])
