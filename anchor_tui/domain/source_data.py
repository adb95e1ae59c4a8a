"""The data of each source, before the sources are combined into a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.model import (
    AppId,
    Application,
    ChecksStatus,
    Problem,
    PullRequest,
    RateBudget,
    Release,
    ValueObject,
)

if TYPE_CHECKING:
    from anchor_tui.domain.diagnosis.evidence import FailureEvidence  # not needed for the first frame


class ObservedApplication(ValueObject, frozen=True):
    """An application with its labels, which selectors match, and its own sync options."""

    application: Application
    labels: Mapping[str, str] = {}
    sync_options: tuple[str, ...] = ()


class ManagedResources(ValueObject, frozen=True):
    """The manifests of an application, as Argo CD's managed-resources endpoint returned them, or its error.

    `items` are the parsed JSON; `secrets` are the live Secrets of its ExternalSecrets, with masked values.
    """

    taken_at: datetime
    items: tuple[object, ...] = ()
    secrets: tuple[object, ...] = ()
    error: str | None = None
    permitted: bool = True
    compared_revision: str | None = None
    """The commit that Argo CD had compared when the manifests were requested."""
    synced_at: datetime | None = None
    """The end of the last sync before they were requested."""

    @property
    def is_retryable(self) -> bool:
        """True if the same request may succeed later."""
        return self.error is not None and self.permitted


class PastSync(ValueObject, frozen=True):
    """A sync that succeeded, from the history of an application."""

    revision: str
    deployed_at: datetime | None = None


class ArgoCDData(ValueObject, frozen=True):
    """The data of one Argo CD. `own_namespace` is the namespace of applications configured without one, if known."""

    server: str
    url: str
    version: str | None = None
    own_namespace: str | None = None
    applications: tuple[ObservedApplication, ...] = ()
    managed: Mapping[AppId, ManagedResources] = {}
    manifest_gap: str = ""
    """Why the manifests of found applications that `managed` lacks will not be read; empty if they will be."""
    failures: Mapping[AppId, FailureEvidence] = {}
    """The evidence about applications that are not healthy."""
    latency_ms: float | None = None
    past_syncs: Mapping[AppId, tuple[PastSync, ...]] = {}
    """The syncs of each application, oldest first, for the first start of the history; otherwise empty."""


def split_revisions(text: str | None) -> tuple[str, ...]:
    """Return the revisions of an application with several sources; one for a single source."""
    return tuple(revision for revision in (text or "").split(", ") if revision)


def belongs_to_environment(
    environment: EnvironmentConfig,
    application: Application,
    labels: Mapping[str, str],
    own_namespace: str | None,
) -> bool:
    """Return True if an application of the environment's own server is one of its applications.

    A name without a namespace means the server's own namespace; while that is unknown, any namespace matches.
    """
    match environment.applications:
        case ApplicationSelector(labels=wanted):
            return application.presence == "found" and all(labels.get(key) == value for key, value in wanted)
        case names:
            return any(matches_application_name(name, application, own_namespace) for name in names)


def matches_application_name(name: ApplicationName, application: Application, own_namespace: str | None) -> bool:
    """Return True if a configured name means this application."""
    if name.name != application.name:
        return False
    namespace = name.namespace or own_namespace
    return not namespace or namespace == application.namespace


class PastRelease(ValueObject, frozen=True):
    """A release as it was after one commit of the ops repo's branch; None if it was unreadable."""

    commit: str
    release: Release | None


class EnvironmentFiles(ValueObject, frozen=True):
    """The files of one environment at the head of the branch.

    `history` are its releases, newest first, including the present one. `history_complete` is True if the history goes
    back to the first release, and None before the history was read.
    """

    release: Release | None = None
    problems: tuple[Problem, ...] = ()
    history: tuple[PastRelease, ...] = ()
    history_complete: bool | None = None


class OpenPullRequestData(ValueObject, frozen=True):
    """A pull request with the releases at its head.

    `releases` has only the environments whose release it changes; None for a release that is unreadable.
    """

    pull_request: PullRequest
    branch: str = ""
    releases: Mapping[str, Release | None] = {}
    from_fork: bool = False
    """The branch is one of a fork, whatever its name is."""


class HeadCommit(ValueObject, frozen=True):
    """The newest commit of the branch. `checks` covers the required checks only; "none" if none is required."""

    oid: str
    headline: str
    committed_at: datetime | None = None
    author: str | None = None
    checks: ChecksStatus = "none"
    required_checks: tuple[str, ...] = ()
    """The names of the required checks."""
    checks_awaiting_person: tuple[str, ...] = ()
    """The names of the failed checks that need a person to act on GitHub."""


class SettingNames(ValueObject, frozen=True):
    """The variables or the secrets that a repository's workflows can use, by name. The value of a secret is empty.

    `repository_wide` are those of the repository and the organisation, `environments` those of each GitHub environment.
    `unlisted` are sentences about what could not be listed, and why.
    """

    repository_wide: Mapping[str, str] = {}
    environments: Mapping[str, Mapping[str, str]] = {}
    unlisted: tuple[str, ...] = ()


class RepoSettingNames(ValueObject, frozen=True):
    """The variables and secrets of one repository."""

    repository: str
    variables: SettingNames
    secrets: SettingNames


class OpsRepoData(ValueObject, frozen=True):
    """The data of the ops repo on GitHub."""

    name: str
    url: str
    branch: str
    head: HeadCommit | None = None
    environments: Mapping[str, EnvironmentFiles] = {}
    files: Mapping[str, str | None] = {}
    """The texts of the files that were read, by path; None for a file that does not exist."""
    blobs: Mapping[str, str] = {}
    """The blob oids of the files. GraphQL returns decoded texts, and only the oid identifies the bytes."""
    pull_requests: tuple[OpenPullRequestData, ...] = ()
    budget: RateBudget | None = None
    latency_ms: float | None = None
    viewer: str | None = None
    ops_settings: RepoSettingNames | None = None
    app_settings: RepoSettingNames | None = None
    """None before they were read, or if no app repo is configured."""
    changed: Mapping[str, tuple[str, ...]] = {}
    """For each revision, the paths that differ between it and the head."""
    incomparable: Mapping[str, str] = {}
    """For each revision that GitHub cannot compare with the head, the reason."""
    newer: frozenset[str] = frozenset()
    """The revisions that contain the head: they were pushed after this reading."""
    commit_times: Mapping[str, datetime] = {}
    """The times of the commits in the app repo that the present releases name, as far as that is visible."""
