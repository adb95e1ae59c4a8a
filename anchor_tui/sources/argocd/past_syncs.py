"""The past syncs of applications, from `status.history`: for the first import into the history only."""

from __future__ import annotations

from collections.abc import Mapping

from anchor_tui.domain.model import AppId
from anchor_tui.domain.source_data import PastSync
from anchor_tui.domain.text_limits import limit_text
from anchor_tui.sources.argocd.application_conversion import join_revisions
from anchor_tui.sources.argocd.schema import ApplicationJson
from anchor_tui.sources.json_body import to_utc


class PastSyncs:
    """The past syncs in the first answer about each application."""

    def __init__(self) -> None:
        self._found: dict[AppId, tuple[PastSync, ...]] = {}
        self._published: Mapping[AppId, tuple[PastSync, ...]] = {}

    @property
    def published(self) -> Mapping[AppId, tuple[PastSync, ...]]:
        """The syncs by application; the same object until there are more."""
        if len(self._published) != len(self._found):
            self._published = dict(self._found)
        return self._published

    def note(self, id_: AppId, document: ApplicationJson) -> None:
        """Keep the history of an application, oldest sync first. Later answers about it are ignored."""
        if id_ in self._found or not document.status.history:
            return
        syncs = (
            PastSync(limit_text(join_revisions(entry.revision, entry.revisions) or ""), to_utc(entry.deployed_at))
            for entry in document.status.history
        )
        self._found[id_] = tuple(sync for sync in syncs if sync.revision)
