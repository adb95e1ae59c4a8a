"""What one source's answer holds, before the sources are put together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

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


class ObservedApplication(ValueObject, frozen=True):
    """An application with its labels, by which a selector finds it, and its own sync options."""

    application: Application
    labels: Mapping[str, str] = {}
    sync_options: tuple[str, ...] = ()


class ManagedResources(ValueObject, frozen=True):
    """An application's manifests, as Argo CD's managed-resources gave them, or why it did not.

    `items` are its parsed JSON; `secrets` the live Secrets of its ExternalSecrets, values masked.
    """

    taken_at: datetime
    items: tuple[object, ...] = ()
    secrets: tuple[object, ...] = ()
    error: str | None = None
    permitted: bool = True

    @property
    def is_retryable(self) -> bool:
        """Whether asking again may go better."""
        return self.error is not None and self.permitted


class ArgoCDData(ValueObject, frozen=True):
    """One Argo CD's answer. `own_namespace` is where a bare application name is looked for, if known."""

    server: str
    url: str
    version: str | None = None
    own_namespace: str | None = None
    applications: tuple[ObservedApplication, ...] = ()
    managed: Mapping[AppId, ManagedResources] = {}
    latency_ms: float | None = None


def belongs_to_environment(
    environment: EnvironmentConfig,
    application: Application,
    labels: Mapping[str, str],
    own_namespace: str | None,
) -> bool:
    """Whether an application of the environment's own server is one of its applications.

    A bare name means the server's own namespace; while that is unknown, any namespace matches.
    """
    match environment.applications:
        case ApplicationSelector(labels=wanted):
            return application.presence == "found" and all(labels.get(key) == value for key, value in wanted)
        case names:
            return any(matches_application_name(name, application, own_namespace) for name in names)


def matches_application_name(name: ApplicationName, application: Application, own_namespace: str | None) -> bool:
    """Whether a configured name means this application."""
    if name.name != application.name:
        return False
    namespace = name.namespace or own_namespace
    return not namespace or namespace == application.namespace


class PastRelease(ValueObject, frozen=True):
    """A release as it stood after one commit of the ops repo's branch; None where it could not be read."""

    commit: str
    release: Release | None


class EnvironmentFiles(ValueObject, frozen=True):
    """One environment's files at the head of the branch.

    `history` are its releases newest first, the present one included; `whole` tells whether it reaches back
    to the first, and is None as long as it has not been read.
    """

    release: Release | None = None
    problems: tuple[Problem, ...] = ()
    history: tuple[PastRelease, ...] = ()
    history_complete: bool | None = None


class OpenPullRequestData(ValueObject, frozen=True):
    """A pull request with what its head would make each environment run; `releases` has only those it changes."""

    pull_request: PullRequest
    branch: str = ""
    releases: Mapping[str, Release | None] = {}


class HeadCommit(ValueObject, frozen=True):
    """The newest commit of the branch. `checks` are the required checks only; "none" where none is required."""

    oid: str
    headline: str
    committed_at: datetime | None = None
    author: str | None = None
    checks: ChecksStatus = "none"
    required_checks: tuple[str, ...] = ()
    """The names of the required checks."""


class SettingNames(ValueObject, frozen=True):
    """Variables or secrets that a repository's workflows can use, by name; a secret's value is empty.

    `found` are those of the repository and the organisation, `environments` those of each of its environments.
    `lacking` says what of them could not be listed, and why.
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
    """GitHub's answer about the ops repo."""

    name: str
    url: str
    branch: str
    head: HeadCommit | None = None
    environments: Mapping[str, EnvironmentFiles] = {}
    files: Mapping[str, str | None] = {}
    """The texts of the files that were read, by their paths; None for one that is not there."""
    blobs: Mapping[str, str] = {}
    """The oids of their blobs: GraphQL hands texts over decoded, and only the oid tells the bytes."""
    pull_requests: tuple[OpenPullRequestData, ...] = ()
    budget: RateBudget | None = None
    latency_ms: float | None = None
    viewer: str | None = None
    ops_settings: RepoSettingNames | None = None
    app_settings: RepoSettingNames | None = None
    """None as long as they have not been asked for, or where no app repo is configured."""
    changed: Mapping[str, tuple[str, ...]] = {}
    """From a revision to the paths that differ between it and the head."""
    incomparable: Mapping[str, str] = {}
    """From a revision that GitHub does not compare with the head to the reason."""
