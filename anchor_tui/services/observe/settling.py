"""The start of a reading: the first snapshot that later ones can be compared with."""

from __future__ import annotations

from anchor_tui.domain.model import Snapshot

ANSWER_TIMEOUT_S = 15.0
"""The longest wait for the first answer of every source, in seconds."""
EVIDENCE_TIMEOUT_S = 5.0
"""The longest wait for the evidence of every check, in seconds since the start."""


def is_settled(snapshot: Snapshot, elapsed_s: float) -> bool:
    """Return True if a snapshot is a state to compare with: later ones differ by changes, not by what arrives first.

    Every source has answered and no check lacks its evidence. A source or evidence that does not arrive is waited for
    until `elapsed_s`, the time since the start, reaches a limit.
    """
    if any(source.state == "asking" for source in snapshot.sources):
        return elapsed_s >= ANSWER_TIMEOUT_S
    findings = (finding for environment in snapshot.environments for finding in environment.findings)
    is_incomplete = any(finding.status == "unknown" and not finding.pending for finding in findings)
    return not is_incomplete or elapsed_s >= EVIDENCE_TIMEOUT_S
