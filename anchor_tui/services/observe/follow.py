"""Follows the sources from a command: each new snapshot, until the caller has seen enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Snapshot
from anchor_tui.services.clock import Clock, utc_now
from anchor_tui.services.observe.evidence_scope import EvidenceScope
from anchor_tui.services.observe.observer import Observer
from anchor_tui.services.observe.source_factory import make_sources

ANSWER_TIMEOUT_S = 15.0
"""The longest wait for the first answer of every source, in seconds."""
EVIDENCE_TIMEOUT_S = 5.0
"""The longest wait for the evidence of every check, in seconds since the start."""


async def follow_snapshots(
    config: Config,
    environ: Mapping[str, str],
    home: Path,
    now: Clock = utc_now,
    evidence: EvidenceScope = "budget",
) -> AsyncGenerator[Snapshot]:
    """Yield the latest snapshot after each change and every few seconds; a slow caller misses some of them.

    Closing the generator ends the reading. An internal error of the reader is raised.
    """
    observer = Observer(config, make_sources(config, environ, home, now, evidence=evidence), now, evidence)
    latest: list[Snapshot] = []
    published = asyncio.Event()

    def publish(snapshot: Snapshot) -> None:
        latest[:] = [snapshot]
        published.set()

    reader = asyncio.create_task(observer.run(publish))
    reader.add_done_callback(lambda _: published.set())
    try:
        while True:
            await published.wait()
            published.clear()
            if latest:
                yield latest.pop()
            elif reader.done():
                await reader
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


def find_credentials_error(snapshot: Snapshot) -> str | None:
    """Return the message about a source without a token: waiting does not help."""
    for source in snapshot.sources_not_fresh:
        if source.error is not None and source.error.kind == "credentials":
            return f"{source.id}: {source.error.message}"
    return None


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
