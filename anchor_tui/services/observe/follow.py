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
from anchor_tui.services.observe.recording import MakeRecorder
from anchor_tui.services.observe.source_factory import make_sources


async def follow_snapshots(
    config: Config,
    environ: Mapping[str, str],
    home: Path,
    now: Clock = utc_now,
    evidence: EvidenceScope = "budget",
    make_recorder: MakeRecorder | None = None,
    *,
    with_past_syncs: bool = False,
) -> AsyncGenerator[Snapshot]:
    """Yield the latest snapshot after each change and every few seconds; a slow caller misses some of them.

    Closing the generator ends the reading. An internal error of the reader is raised. `make_recorder` makes the
    recorder of the history; with `with_past_syncs`, it gets the past syncs of the applications.
    """
    sources = make_sources(config, environ, home, now, evidence=evidence, with_past_syncs=with_past_syncs)
    observer = Observer(config, sources, now, evidence, make_recorder)
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
