"""The states of the sources, as far as the rows of other things show them: stale data is dim."""

from __future__ import annotations

from typing import TypeAlias

from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.domain.policy.stale_findings import GITHUB_EVIDENCE

SourceStates: TypeAlias = tuple[tuple[str, str, str], ...]
"""The id, state and address of each source: what rows of other panes show of them."""


class SourceStateMemory:
    """Keeps the states of the sources as one object until they change, although their ages do."""

    def __init__(self) -> None:
        self._states: SourceStates = ()

    def get(self, snapshot: Snapshot) -> SourceStates:
        """Return the states; the same object if they equal those of the last snapshot."""
        states = tuple((source.id, source.state, source.url) for source in snapshot.sources)
        if states != self._states:
            self._states = states
        return self._states


def is_stale(snapshot: Snapshot, source_id: str) -> bool:
    """Return True if the data of a source has expired."""
    source = snapshot.find_source(source_id)
    return source is not None and source.state == "stale"


def is_outdated(finding: Finding, argocd: str, snapshot: Snapshot) -> bool:
    """Return True if the source of a finding's evidence is not fresh: a passed check may fail by now."""
    source = snapshot.find_source("github" if finding.evidence in GITHUB_EVIDENCE else argocd)
    return source is None or source.state != "fresh"
