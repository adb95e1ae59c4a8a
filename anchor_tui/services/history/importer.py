"""The past that git and Argo CD hold: imported once, and marked as imported, not as observed.

The times of commits in the app repo are imported in the same way: the lead time begins with them.

A commit of the branch has an entry in the table of imports, be it imported or observed. So releases that were merged
while no process was watching are imported with the next start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.history.last_known_good import identify_content
from anchor_tui.domain.history.records import APP_COMMIT, PAST_SYNCS, RecordedChange
from anchor_tui.domain.identity import is_same
from anchor_tui.domain.model import AppId, Release, Snapshot
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import EnvironmentFiles, PastSync
from anchor_tui.domain.source_states import get_latest_value


class Past(NamedTuple):
    """Changes of the past, and the subjects that are imported with them."""

    changes: tuple[RecordedChange, ...] = ()
    subjects: tuple[str, ...] = ()


class PastImporter:
    """Finds what was not imported yet. What is the same object as before is not searched again."""

    def __init__(self, imported: Collection[str]) -> None:
        self._imported = set(imported)
        self._searched: tuple[object, ...] = ()

    def list_past(self, readings: SourceReadings, snapshot: Snapshot) -> Past:
        """Return what is to be imported."""
        repo = get_latest_value(readings.github)
        servers = [data for data in map(get_latest_value, readings.argocd.values()) if data and data.past_syncs]
        sources = (*((repo.environments, repo.commit_times) if repo else ()), *(data.past_syncs for data in servers))
        if is_same(sources, self._searched):
            return Past()
        new: list[tuple[str, tuple[RecordedChange, ...]]] = []
        if repo is not None:
            for name, files in repo.environments.items():
                new += self._list_past_releases(name, files, snapshot.taken_at)
            new += self._list_commits(repo.commit_times, snapshot.taken_at)
        if servers:
            past_syncs = {id_: syncs for data in servers for id_, syncs in data.past_syncs.items()}
            new += self._list_past_syncs(snapshot, past_syncs)
        if not new:
            self._searched = sources
        return Past(tuple(change for _, changes in new for change in changes), tuple(subject for subject, _ in new))

    def confirm(self, past: Past) -> None:
        """Remember that the past was written."""
        self._imported.update(past.subjects)

    def _list_past_releases(
        self, environment: str, files: EnvironmentFiles, at: datetime
    ) -> Iterator[tuple[str, tuple[RecordedChange, ...]]]:
        """Yield each new commit of the history, oldest first. The present release is observed and has no change."""
        newest = next((past for past in files.history if past.release is not None), None)
        older: Release | None = None
        for past in reversed(files.history):
            release, before, subject = past.release, older, f"release {environment} {past.commit}"
            older = release or older
            if subject in self._imported:
                continue
            is_same_release = before is not None and release is not None and before.content_key == release.content_key
            if release is None or past is newest or is_same_release:
                yield subject, ()
            else:
                yield subject, (_make_release_change(environment, release, before, past.commit, at),)

    def _list_commits(
        self, commit_times: Mapping[str, datetime], at: datetime
    ) -> Iterator[tuple[str, tuple[RecordedChange, ...]]]:
        """Yield each new commit of the app repo."""
        for commit, committed_at in commit_times.items():
            if (subject := f"{APP_COMMIT} {commit}") not in self._imported:
                yield subject, (_make_commit_change(commit, committed_at, at),)

    def _list_past_syncs(
        self, snapshot: Snapshot, past_syncs: Mapping[AppId, tuple[PastSync, ...]]
    ) -> Iterator[tuple[str, tuple[RecordedChange, ...]]]:
        """Yield the syncs of each application that is new, oldest first."""
        for environment in snapshot.environments:
            for app in environment.applications:
                syncs, subject = past_syncs.get(app.id, ()), f"{PAST_SYNCS} {environment.name} {app.source}/{app.id}"
                if syncs and subject not in self._imported:
                    revisions = (None, *(sync.revision for sync in syncs))
                    yield (
                        subject,
                        tuple(
                            _make_sync_change(environment.name, app.id, sync, before, snapshot.taken_at)
                            for sync, before in zip(syncs, revisions, strict=False)
                        ),
                    )


def _make_commit_change(commit: str, committed_at: datetime, at: datetime) -> RecordedChange:
    return RecordedChange(
        APP_COMMIT, "merged", at, subject=commit, server_at=committed_at, commit=commit, origin="imported"
    )


def _make_sync_change(
    environment: str, application: AppId, sync: PastSync, before: str | None, at: datetime
) -> RecordedChange:
    return RecordedChange(
        "revision",
        sync.revision,
        at,
        before=before,
        environment=environment,
        application=application,
        server_at=sync.deployed_at,
        commit=sync.revision,
        origin="imported",
    )


def _make_release_change(
    environment: str, release: Release, before: Release | None, commit: str, at: datetime
) -> RecordedChange:
    pull = release.pull_request
    return RecordedChange(
        "release",
        release.version,
        at,
        before=before.version if before else None,
        environment=environment,
        server_at=release.changed_at,
        detail=pull.title if pull else "",
        pull_request=pull.number if pull else None,
        commit=release.commit or "",
        actor=release.changed_by or "",
        origin="imported",
        identity=identify_content(release),
        facts={"ops_commit": commit},
    )
