"""What steps are made of: a request, the application or resource it is about, a file. Values."""

from __future__ import annotations

from typing import ClassVar

from anchor_tui.domain.model import AppId, ValueObject


class ApplicationRef(ValueObject, frozen=True):
    """The application that a step acts on. The project is sent along: without it unknown and forbidden look alike."""

    id: AppId
    project: str | None = None


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
