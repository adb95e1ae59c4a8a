"""The commits that Argo CD reports, and when the last reading of the ops repo is older than they are."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.config.model import Config
from anchor_tui.domain.snapshot_builder import SourceReadings, get_latest_value, select_applications
from anchor_tui.domain.source_data import ManagedResources, ObservedApplication, OpsRepoData, split_revisions

COMMIT_ID_LENGTH = 40


class ReportedRevisions:
    """The commits that the environments' applications were compared with or synced to.

    A new commit of Argo CD that the last reading of GitHub does not contain was probably pushed since: GitHub is then
    polled at once. A second poll follows if GitHub itself reports that the commit is newer than the reading.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen: set[str] = set()
        self._polled_as_newer: set[str] = set()

    def list_for_comparison(self, readings: SourceReadings) -> tuple[str, ...]:
        """Return the commits whose difference from the head is required; none before the head is known."""
        repo = get_latest_value(readings.github)
        head = repo.head.oid if repo is not None and repo.head else None
        if head is None:
            return ()
        return tuple(revision for revision in self._list_revisions(readings, head) if revision != head)

    def is_poll_due(self, readings: SourceReadings) -> bool:
        """Return True if a commit is newer than the last reading of the ops repo; once for each commit."""
        repo = get_latest_value(readings.github)
        reported = {revision for revision in self._list_revisions(readings) if len(revision) == COMMIT_ID_LENGTH}
        new = reported - self._seen
        self._seen |= reported
        if repo is None or repo.head is None:
            return False  # the first poll is still to come
        newer = (repo.newer & reported) - self._polled_as_newer
        self._polled_as_newer |= newer
        return bool(newer or new - _list_known_commits(repo))

    def _list_revisions(self, readings: SourceReadings, head: str = "") -> tuple[str, ...]:
        """Return each reported commit once. An application that is Synced at the head has synced nothing else."""
        found: dict[str, None] = {}
        for observed, managed in self._list_applications(readings):
            application = observed.application
            compared = split_revisions(application.compared_revision)
            is_at_head = application.sync == "Synced" and head in compared
            texts = (
                None if is_at_head else application.synced_revision,
                managed.compared_revision if managed else None,
            )
            found |= dict.fromkeys((*compared, *(revision for text in texts for revision in split_revisions(text))))
        return tuple(found)

    def _list_applications(
        self, readings: SourceReadings
    ) -> Iterator[tuple[ObservedApplication, ManagedResources | None]]:
        for environment in self._config.environments:
            data = get_latest_value(reading) if (reading := readings.argocd.get(environment.server)) else None
            if data is None:
                continue
            wanted = {application.id for application in select_applications(environment, data)}
            for observed in data.applications:
                if (id_ := observed.application.id) in wanted:
                    yield observed, data.managed.get(id_)


def _list_known_commits(repo: OpsRepoData) -> set[str]:
    """Return the commits that the last reading contains."""
    history = {past.commit for files in repo.environments.values() for past in files.history}
    return history | (set(repo.changed) - repo.newer) | ({repo.head.oid} if repo.head else set())
