"""The states of the sources, as far as other texts show them.

Data of a source that is loading, stale or missing never looks current: it is replaced by `… loading` or dimmed.
"""

from __future__ import annotations

from typing import TypeAlias

from textual.content import Content

from anchor_tui.domain.model import Finding, Snapshot
from anchor_tui.domain.policy.stale_findings import GITHUB_EVIDENCE
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.tui.style import marked_text, muted_text

LOADING = "… loading"
"""The text in place of data that is not read yet."""
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


def is_loading(snapshot: Snapshot, source_id: str) -> bool:
    """Return True if a source has not responded yet."""
    source = snapshot.find_source(source_id)
    return source is None or source.state == "asking"


def is_unread(snapshot: Snapshot, source_id: str) -> bool:
    """Return True if a source has never been read."""
    source = snapshot.find_source(source_id)
    return source is None or source.state in {"asking", "missing"}


def describe_unread_source(snapshot: Snapshot, source_id: str) -> Content | None:
    """Return the text in place of data that has never been read."""
    if not is_unread(snapshot, source_id):
        return None
    return muted_text(LOADING) if is_loading(snapshot, source_id) else marked_text(StatusMark.UNKNOWN, "unknown")


def dim_if_stale(content: Content, snapshot: Snapshot, source_id: str) -> Content:
    """Return stale data dim and without status colours."""
    return Content.styled(content.plain, "dim") if is_stale(snapshot, source_id) else content
