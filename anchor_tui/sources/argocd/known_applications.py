"""The known applications of one Argo CD, in the order of their identity.

A change of one application costs the same at twelve and at twenty thousand: the order is computed again only when an
application appears or vanishes. An application that has not changed stays the same object, and without any change so
does the tuple of all: readers detect what has changed by identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.source_data import ObservedApplication


class KnownApplications:
    """The observed applications by identity."""

    def __init__(self) -> None:
        self._positions: dict[AppId, int] = {}
        self._items: list[ObservedApplication] = []
        self._appeared: dict[AppId, ObservedApplication] = {}
        self._vanished: set[AppId] = set()
        self._ordered: tuple[ObservedApplication, ...] | None = ()
        self._found: tuple[Application, ...] | None = ()

    def __iter__(self) -> Iterator[ObservedApplication]:
        return iter(self.ordered)

    def get(self, id_: AppId) -> ObservedApplication | None:
        """Return one application; None if it is not known."""
        if (appeared := self._appeared.get(id_)) is not None:
            return appeared
        position = self._positions.get(id_)
        return None if position is None or id_ in self._vanished else self._items[position]

    def put(self, observed: ObservedApplication) -> None:
        """Store an application, in the place of the one with its identity. One with equal content is kept."""
        id_ = observed.application.id
        if self.get(id_) == observed:
            return
        position = self._positions.get(id_)
        if position is None:
            self._appeared[id_] = observed
        else:
            self._items[position] = observed
            self._vanished.discard(id_)
        self._ordered = self._found = None

    def remove(self, id_: AppId) -> None:
        """Forget an application."""
        if self._appeared.pop(id_, None) is None and id_ not in self._positions:
            return
        if id_ in self._positions:
            self._vanished.add(id_)
        self._ordered = self._found = None

    def replace_all(self, known: Mapping[AppId, ObservedApplication]) -> None:
        """Store exactly these applications."""
        for id_ in [id_ for id_ in self._positions if id_ not in known]:
            self.remove(id_)
        for id_ in [id_ for id_ in self._appeared if id_ not in known]:
            self.remove(id_)
        for observed in known.values():
            self.put(observed)

    @property
    def ordered(self) -> tuple[ObservedApplication, ...]:
        """Every application, sorted by identity; the same object until one changes."""
        if self._ordered is None:
            self._restore_order()
            self._ordered = tuple(self._items)
        return self._ordered

    @property
    def found(self) -> tuple[Application, ...]:
        """The applications that exist, sorted by identity; the same object until one changes."""
        if self._found is None:
            self._found = tuple(
                observed.application for observed in self.ordered if observed.application.presence == "found"
            )
        return self._found

    def _restore_order(self) -> None:
        if not self._appeared and not self._vanished:
            return
        kept = {id_: self._items[position] for id_, position in self._positions.items() if id_ not in self._vanished}
        known = kept | self._appeared
        self._items = [known[id_] for id_ in sorted(known)]
        self._positions = {observed.application.id: position for position, observed in enumerate(self._items)}
        self._appeared, self._vanished = {}, set()
