"""The commits that Argo CD reports, and when the last reading of the ops repo is older than they are."""

from __future__ import annotations

from typing import NamedTuple

from anchor_tui.config.model import Config
from anchor_tui.domain.application_selection import make_selections, select_by_environment
from anchor_tui.domain.identity import list_changes
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import OpsRepoData, split_revisions
from anchor_tui.domain.source_states import get_latest_value

COMMIT_ID_LENGTH = 40


class ReportedRevisions:
    """The commits that the environments' applications were compared with or synced to.

    A new commit of Argo CD that the last reading of GitHub does not contain was probably pushed since: GitHub is then
    polled at once. A second poll follows if GitHub itself reports that the commit is newer than the reading.
    """

    def __init__(self, config: Config) -> None:
        self._selections = make_selections(config.environments)
        self._applications: dict[str, tuple[Application, ...]] = {}
        self._by_environment: dict[str, dict[AppId, _ReportedCommits]] = {}
        self._reported = IdentityCache[tuple[_ReportedCommits, ...]]()
        self._seen: set[str] = set()
        self._has_polled = False
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
        if repo is None or repo.head is None:
            return False  # the first poll is still to come
        reported = {revision for revision in self._list_revisions(readings) if len(revision) == COMMIT_ID_LENGTH}
        new = reported - self._seen if self._has_polled else set[str]()
        self._has_polled = True
        self._seen |= reported
        newer = (repo.newer & reported) - self._polled_as_newer
        self._polled_as_newer |= newer
        return bool(newer or new - _list_known_commits(repo))

    def _list_revisions(self, readings: SourceReadings, head: str = "") -> tuple[str, ...]:
        """Return each reported commit once. An application that is Synced at the head has synced nothing else."""
        found: dict[str, None] = {}
        for reported in self._list_reported(readings):
            compared = split_revisions(reported.compared)
            is_at_head = reported.is_synced and head in compared
            found |= dict.fromkeys((*compared, *split_revisions(None if is_at_head else reported.synced)))
        return tuple(found)

    def _list_reported(self, readings: SourceReadings) -> tuple[_ReportedCommits, ...]:
        """Return what the applications report, each combination once.

        Only changed applications are looked at; without another commit it is the same object.
        """
        latest = {name: get_latest_value(reading) for name, reading in readings.argocd.items()}
        for environment, applications in select_by_environment(self._selections, latest).items():
            self._update_environment(environment, applications)
        managed = tuple(data.managed for data in latest.values() if data is not None)

        def collect() -> tuple[_ReportedCommits, ...]:
            own = (commits for reported in self._by_environment.values() for commits in reported.values())
            of_manifests = (
                _ReportedCommits(resources.compared_revision) for found in managed for resources in found.values()
            )
            return tuple(dict.fromkeys((*own, *of_manifests)))

        return self._reported.get("", (*self._by_environment.values(), *managed), collect)

    def _update_environment(self, environment: str, applications: tuple[Application, ...]) -> None:
        """Take over what the applications of an environment report; a new mapping only if that has changed."""
        known, reported = self._applications.get(environment, ()), self._by_environment.get(environment, {})
        if applications is known:
            return
        self._applications[environment] = applications
        changes = {
            app.id: commits
            for app in list_changes(known, applications)
            if (commits := _read_commits(app)) != reported.get(app.id)
        }
        if changes or len(applications) != len(known):
            self._by_environment[environment] = {
                app.id: changes.get(app.id) or reported[app.id] for app in applications
            }


class _ReportedCommits(NamedTuple):
    """The commits that an application was compared with and synced to last, and if it is Synced."""

    compared: str | None
    synced: str | None = None
    is_synced: bool = False


def _read_commits(application: Application) -> _ReportedCommits:
    return _ReportedCommits(application.compared_revision, application.synced_revision, application.sync == "Synced")


def _list_known_commits(repo: OpsRepoData) -> set[str]:
    """Return the commits that the last reading contains."""
    history = {past.commit for files in repo.environments.values() for past in files.history}
    return history | (set(repo.changed) - repo.newer) | ({repo.head.oid} if repo.head else set())
