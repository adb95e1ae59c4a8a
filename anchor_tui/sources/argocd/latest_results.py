"""The latest result of each application, as mappings that never change once they are handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from anchor_tui.domain.model import AppId, Application

T = TypeVar("T")


class LatestResults(Generic[T]):
    """Results by application. A selection stays the same object until a result or the applications change."""

    def __init__(self) -> None:
        self._results: dict[AppId, T] = {}
        self._selected_for: Sequence[Application] | None = None
        self._selection: Mapping[AppId, T] = {}

    def get(self, id_: AppId) -> T | None:
        """Return the result of one application; None if there is none."""
        return self._results.get(id_)

    def put(self, id_: AppId, result: T) -> None:
        """Store the result of one application."""
        self._results[id_] = result
        self._selected_for = None

    def keep_only(self, applications: Sequence[Application]) -> Mapping[AppId, T]:
        """Return the results of these applications, and forget all others."""
        if self._selected_for is not applications:
            selection = {app.id: self._results[app.id] for app in applications if app.id in self._results}
            if len(selection) != len(self._selection) or any(
                self._selection.get(id_) is not result for id_, result in selection.items()
            ):
                self._selection = selection
            self._results = dict(self._selection)
            self._selected_for = applications
        return self._selection
