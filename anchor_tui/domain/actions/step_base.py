"""The parts of steps: references to applications and resources, changed files and the base class."""

from __future__ import annotations

from typing import ClassVar

from anchor_tui.domain.model import AppId, ValueObject


class ApplicationRef(ValueObject, frozen=True):
    """The application of a step. Requests include the project: without it, Argo CD answers unknown like forbidden."""

    id: AppId
    project: str | None = None
    label: str = ""
    """The name with its namespace, if another application has the same name; else empty."""

    @property
    def title(self) -> str:
        """The name to show."""
        return self.label or self.id.name


class ResourceRef(ValueObject, frozen=True, order=True):
    """A Kubernetes resource of an application."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class FileChange(ValueObject, frozen=True):
    """A file in a commit. `was` is the oid of the blob it replaces; `content` is base64."""

    path: str
    was: str
    content: str


class BaseStep(ValueObject, frozen=True, tag_field="do", tag=True):
    """A step. `writes` is true if it sends a request that changes something."""

    writes: ClassVar[bool] = True
