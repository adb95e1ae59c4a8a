"""The diagnoses of unhealthy applications, derived again only when their evidence is read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anchor_tui.domain.diagnosis.engine import diagnose
from anchor_tui.domain.model import AppId, Diagnosis
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_states import get_latest_value

if TYPE_CHECKING:
    from anchor_tui.domain.diagnosis.evidence import FailureEvidence


class DiagnosisCache:
    """The latest diagnosis of each application, with the evidence that it was derived from."""

    def __init__(self) -> None:
        self._known: dict[AppId, tuple[FailureEvidence, Diagnosis | None]] = {}
        self._found: dict[AppId, Diagnosis] = {}

    def update(self, readings: SourceReadings) -> Mapping[AppId, Diagnosis]:
        """Return the diagnoses of the applications that the readings contain evidence about.

        Without new evidence it is the same object.
        """
        failures = {
            id_: evidence
            for reading in readings.argocd.values()
            if (data := get_latest_value(reading)) is not None
            for id_, evidence in data.failures.items()
        }
        self._known = {id_: self._diagnose(id_, evidence) for id_, evidence in failures.items()}
        found = {id_: diagnosis for id_, (_, diagnosis) in self._known.items() if diagnosis is not None}
        if found.keys() != self._found.keys() or any(self._found[id_] is not found[id_] for id_ in found):
            self._found = found
        return self._found

    def _diagnose(self, id_: AppId, evidence: FailureEvidence) -> tuple[FailureEvidence, Diagnosis | None]:
        known = self._known.get(id_)
        return known if known is not None and known[0] is evidence else (evidence, diagnose(evidence))
