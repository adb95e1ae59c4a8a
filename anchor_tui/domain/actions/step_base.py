"""What steps are made of: a request, the application or resource it is about, a file. Values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from anchor_tui.domain.model import AppId, ValueObject


class ApiRequest(ValueObject, frozen=True):
    """One request as it leaves. `path` is below the server's root; GraphQL's body names the mutation and its input.

    `{number}` in a path is the pull request that the step before opened.
    """

    service: Literal["argocd", "github", "status-api"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None


class ApplicationRef(ValueObject, frozen=True):
    """The application that a step acts on. The project is sent along: without it unknown and forbidden look alike."""

    id: AppId
    project: str | None = None

    @property
    def query(self) -> dict[str, str]:
        """The parameters that say which one is meant."""
        found = {"appNamespace": self.id.namespace, "project": self.project or ""}
        return {name: value for name, value in found.items() if value}

    @property
    def path(self) -> str:
        """Its path below the server's root."""
        return f"/api/v1/applications/{quote(self.id.name, safe='')}"


class ResourceRef(ValueObject, frozen=True, order=True):
    """One object of an application."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class FileChange(ValueObject, frozen=True):
    """One file as it is committed. `was` is the blob that it replaces; `content` is base64, as it travels."""

    path: str
    was: str
    content: str


class BaseStep(ValueObject, frozen=True, tag_field="do", tag=True):
    """What the steps have in common."""

    writes: ClassVar[bool] = True
