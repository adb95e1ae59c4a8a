"""The most important applications of many: those about which evidence is read first.

Protected environments come first, then unhealthy applications, then those that are out of sync, then those that were
synced last.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import NamedTuple

from anchor_tui.domain.identity import is_same, list_changes
from anchor_tui.domain.model import AppId, Application

SORTED_AGAIN_FROM = 0.1
"""The share of new ranks from which all are sorted again, instead of inserting each in its place."""


class _Rank(NamedTuple):
    """The place of an application in the order: the smallest comes first."""

    is_unprotected: bool
    is_healthy: bool
    is_synced: bool
    synced_before: float
    id: AppId


class MostImportant:
    """The most important of the applications that `includes` accepts, at most `limit`.

    A change of one application is the work of one, however many there are.
    """

    def __init__(
        self,
        limit: int,
        is_protected: Callable[[Application], bool],
        includes: Callable[[Application], bool] = lambda _: True,
    ) -> None:
        self._limit = limit
        self._is_protected = is_protected
        self._includes = includes
        self._every: tuple[Application, ...] = ()
        self._chosen: tuple[Application, ...] = ()
        self._included: dict[AppId, Application] = {}
        self._ranks: dict[AppId, _Rank] = {}
        self._order: list[_Rank] = []

    def choose(self, applications: tuple[Application, ...]) -> tuple[Application, ...]:
        """Return the most important of the applications; the same object until one of those has changed."""
        if applications is self._every:
            return self._chosen
        gone = {app.id for app in list_changes(applications, self._every)}
        ranks: list[_Rank] = []
        for application in list_changes(self._every, applications):
            if not self._includes(application):
                continue
            rank = self._rank(application)
            self._included[rank.id] = application
            if self._ranks.get(rank.id) == rank:
                gone.discard(rank.id)
            else:
                ranks.append(rank)
        self._every = applications
        self._reorder(gone, ranks)
        chosen = tuple(self._included[rank.id] for rank in self._order[: self._limit])
        if not is_same(chosen, self._chosen):
            self._chosen = chosen
        return self._chosen

    def _reorder(self, gone: set[AppId], ranks: list[_Rank]) -> None:
        """Remove the ranks that are no longer true, and add new ones."""
        for id_ in gone:
            rank = self._ranks.pop(id_, None)
            if rank is not None:
                del self._order[bisect_left(self._order, rank)]
        for rank in ranks:
            self._ranks[rank.id] = rank
        for id_ in gone - self._ranks.keys():
            self._included.pop(id_, None)
        if len(ranks) > SORTED_AGAIN_FROM * len(self._order):
            self._order = sorted(self._ranks.values())
        else:
            for rank in ranks:
                insort(self._order, rank)

    def _rank(self, application: Application) -> _Rank:
        return _Rank(
            is_unprotected=not self._is_protected(application),
            is_healthy=not application.is_suspect,
            is_synced=application.sync == "Synced",
            synced_before=-application.synced_at.timestamp() if application.synced_at else 0.0,
            id=application.id,
        )
