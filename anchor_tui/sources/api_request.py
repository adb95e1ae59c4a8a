"""The exact HTTP request of a step, as a value: plans show it, the audit summarises it, a client sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from anchor_tui.domain.model import ValueObject


class ApiRequest(ValueObject, frozen=True):
    """One request. `path` starts at the server's root; a GraphQL body names the mutation and its input.

    `{number}` in a path is the number of the pull request that an earlier step opens.
    """

    service: Literal["argocd", "github", "status-api"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
