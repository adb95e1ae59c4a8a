"""Decodes single applications of a list or a stream: one that is malformed spoils no other."""

from __future__ import annotations

from typing import NamedTuple

from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.domain.text_limits import has_short_texts
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.application_filter import ApplicationFilter
from anchor_tui.sources.argocd.past_syncs import PastSyncs
from anchor_tui.sources.argocd.schema import ApplicationIdentity, ApplicationJson, ApplicationMetadata
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.json_body import decode_json


class MalformedApplication(NamedTuple):
    """An application that could be identified, and why the rest of it could not be read."""

    observed: ObservedApplication
    failure: InvalidResponse


class IdentifiedApplication(NamedTuple):
    """The identity of an application, and if an environment refers to it."""

    id: AppId
    is_wanted: bool


class ApplicationDecoder:
    """Decodes the applications of one Argo CD that the environments refer to."""

    def __init__(self, source: str, application_filter: ApplicationFilter, past_syncs: PastSyncs | None = None) -> None:
        self.web_url = ""
        """The address of Argo CD's web pages."""
        self._source = source
        self._filter = application_filter
        self._past_syncs = past_syncs

    def identify(self, item: bytes) -> IdentifiedApplication:
        """Return the identity of an application without decoding the rest. Raises InvalidResponse."""
        bare, labels = self._read_identity(decode_json(item, ApplicationIdentity).metadata)
        return IdentifiedApplication(bare.id, self._filter.is_wanted(bare, labels))

    def decode(self, item: bytes) -> ObservedApplication | MalformedApplication | AppId:
        """Return one application; only its identity if no environment refers to it.

        Raises InvalidResponse if its name or namespace cannot be read.
        """
        try:
            document = decode_json(item, ApplicationJson)
        except InvalidResponse as error:
            bare, labels = self._read_identity(decode_json(item, ApplicationIdentity).metadata)
            is_wanted = self._filter.is_wanted(bare, labels)
            return MalformedApplication(ObservedApplication(bare, labels), error) if is_wanted else bare.id
        bare, labels = self._read_identity(document.metadata)
        if not self._filter.is_wanted(bare, labels):
            return bare.id
        if self._past_syncs is not None:
            self._past_syncs.note(bare.id, document)
        try:
            return to_observed_application(document, self._source, self.web_url, is_short=has_short_texts(item))
        except InvalidResponse as error:
            return MalformedApplication(ObservedApplication(bare, labels), error)

    def _read_identity(self, metadata: ApplicationMetadata) -> tuple[Application, dict[str, str]]:
        return Application(self._source, metadata.namespace, metadata.name), metadata.labels or {}
