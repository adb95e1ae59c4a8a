"""The identity of an application in a document that is a contract."""

from __future__ import annotations

from typing import Annotated

import msgspec

from anchor_tui.domain.model import AppId, ValueObject


class DocumentedApplication(ValueObject, frozen=True):
    """The full identity of an application."""

    server: Annotated[str, msgspec.Meta(description="the name of its Argo CD")]
    namespace: str
    name: str


def document_application(id_: AppId | None) -> DocumentedApplication | None:
    """Return the identity of an application; None for a value that does not belong to one."""
    return DocumentedApplication(*id_) if id_ is not None else None
