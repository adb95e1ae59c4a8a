"""A response of GitHub's GraphQL API: the data, and what was denied in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GraphQLError:
    """One of the `errors` of a response with data. `path` is the place in the data where something is missing."""

    type: str
    message: str
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphQLResponse:
    """The data of a query, the errors that came with it, and the duration in seconds."""

    data: Mapping[str, Any]
    errors: tuple[GraphQLError, ...] = ()
    duration_s: float = 0.0
