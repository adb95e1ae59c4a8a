"""The past that git and Argo CD hold: imported once, and marked as imported, not as observed.

A commit of the branch has an entry in the table of imports, be it imported or observed. So releases that were merged
while no process was watching are imported with the next start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.history.last_known_good import identify_content
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.model import Release
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import EnvironmentFiles, OpsRepoData
from anchor_tui.domain.source_states import get_latest_value


class Past(NamedTuple):
    """Changes of the past, and the subjects that are imported with them."""

    changes: tuple[RecordedChange, ...] = ()
    subjects: tuple[str, ...] = ()


class PastImporter:
    """Finds what was not imported yet. What is the same object as before is not searched again."""

    def __init__(self, imported: Collection[str]) -> None:
        self._imported = set(imported)
        self._repo: OpsRepoData | None = None

    def list_past(self, readings: SourceReadings, at: datetime) -> Past:
        """Return what is to be imported."""
        repo = get_latest_value(readings.github)
        if repo is None or repo is self._repo:
            return Past()
        changes: list[RecordedChange] = []
        subjects: list[str] = []
        for name, files in repo.environments.items():
            for subject, change in _list_past_releases(name, files, at):
                if subject not in self._imported:
                    subjects.append(subject)
                    changes += [change] if change is not None else []
        if not subjects:
            self._repo = repo
        return Past(tuple(changes), tuple(subjects))

    def confirm(self, past: Past) -> None:
        """Remember that the past was written."""
        self._imported.update(past.subjects)


def _list_past_releases(
    environment: str, files: EnvironmentFiles, at: datetime
) -> Iterator[tuple[str, RecordedChange | None]]:
    """Yield each commit of the history, oldest first. The present release is observed and has no change."""
    older: Release | None = None
    for past in reversed(files.history):
        release, before, subject = past.release, older, f"release {environment} {past.commit}"
        if release is None:
            yield subject, None
            continue
        older = release
        is_present = files.release is not None and release.content_key == files.release.content_key
        if is_present and past is _find_newest(files):
            yield subject, None
        elif before is None or before.content_key != release.content_key:
            yield subject, _make_release_change(environment, release, before, past.commit, at)
        else:
            yield subject, None


def _find_newest(files: EnvironmentFiles) -> object:
    return next((past for past in files.history if past.release is not None), None)


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
