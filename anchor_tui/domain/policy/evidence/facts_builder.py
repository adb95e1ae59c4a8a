"""Conversion of the data of the sources to the facts of the checks.

The evidence consists of the files at the head of the branch, the Applications in git and in Argo CD, their manifests
and live objects, the release history, the required checks of the head, the differences between synced commits and the
head, and the names of the repositories' variables and secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import LayeredValues, ValueLayersError
from anchor_tui.domain.model import AppId, Application, Problem, ValueObject
from anchor_tui.domain.policy.evidence.cluster import (
    ApplicationResources,
    ClusterEvidence,
    ReadObjects,
    read_application_objects,
    read_cluster_evidence,
)
from anchor_tui.domain.policy.evidence.commit_gaps import find_commit_gaps
from anchor_tui.domain.policy.evidence.facts import (
    BranchHead,
    EvidenceResult,
    Facts,
    MissingEvidence,
    NotApplicable,
    PolicyFacts,
    RepositorySettings,
    UpstreamHistory,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence, read_git_evidence
from anchor_tui.domain.source_data import (
    ArgoCDData,
    ManagedResources,
    OpsRepoData,
    RepoSettingNames,
    SettingNames,
)

_TIME_UNSET = datetime.fromtimestamp(0, UTC)
MANIFESTS_NOT_REQUESTED = MissingEvidence("the manifests have not been requested from Argo CD yet")
SETTINGS_NOT_READ = NotApplicable("the names of its variables and secrets have not been read yet")
APP_REPO_NOT_CONFIGURED = NotApplicable("no app repo is configured: set github.app_repo")
OPS_REPO_NOT_READ = MissingEvidence("the ops repo has not been read")


class PolicyInputs(ValueObject, frozen=True):
    """The data of the sources.

    `applications` are those of each environment by name; None if its server has not answered yet.
    """

    applications: Mapping[str, tuple[Application, ...] | None]
    repo: OpsRepoData | None = None
    clusters: Mapping[str, ClusterEvidence] = {}
    managed: Mapping[AppId, ManagedResources] = {}


def read_repo_evidence(config: Config, repo: OpsRepoData) -> dict[str, GitEvidence]:
    """Parse the files of the branch for each environment.

    Parsing takes several milliseconds. Callers cache the result as long as the files are the same.
    """

    def read_file(path: str) -> str | None:
        if path in repo.files:
            return repo.files[path]
        message = f"{path} is not one of the files that are read from GitHub"
        raise ValueLayersError(Problem(path, "not-read", message, path))

    manifests = [path for path in repo.files if path.startswith(f"{config.chart.applications}/")]
    return read_git_evidence(config, read_file, manifests)


def list_sync_options(data: ArgoCDData) -> dict[AppId, tuple[str, ...]]:
    """Return the sync options of the applications that have any."""
    return {observed.application.id: observed.sync_options for observed in data.applications if observed.sync_options}


def read_environment_evidence(
    applications: tuple[Application, ...],
    data: ArgoCDData,
    options: Mapping[AppId, Sequence[str]] | None = None,
    read_objects: ReadObjects = read_application_objects,
) -> ClusterEvidence:
    """Return the rendered and live manifests of one environment's applications.

    If the token lacks the permission to read them, the evidence is not applicable and names the permission. `options`
    are the sync options of the applications, if they were collected before. `read_objects` parses one application.
    """
    managed = [(app, data.managed[app.id]) for app in applications if app.id in data.managed]
    if managed and all(not resources.permitted for _, resources in managed):
        reason = NotApplicable(f"the token cannot read the manifests (applications, get): {managed[0][1].error}")
        return ClusterEvidence(reason, reason)
    options = list_sync_options(data) if options is None else options
    responses: dict[AppId, ApplicationResources | MissingEvidence] = {
        app.id: MissingEvidence(f"{app.name}: {resources.error}")
        if resources.error
        else ApplicationResources(resources.items, options.get(app.id, ()), resources.secrets)
        for app, resources in managed
    }
    return read_cluster_evidence(applications, responses, data.manifest_gap, read_objects)


def build_facts(
    config: Config,
    inputs: PolicyInputs,
    git_evidence: Mapping[str, GitEvidence],
    wanted: Sequence[EnvironmentConfig] | None = None,
) -> PolicyFacts:
    """Return the facts of the wanted environments, by default of all, and of the repositories.

    `evaluate_policy` sets the time.
    """
    environments = {
        environment.name: _build_environment_facts(config, environment, inputs, git_evidence.get(environment.name))
        for environment in (config.environments if wanted is None else wanted)
    }
    repo = inputs.repo
    estate = Facts(
        config,
        _TIME_UNSET,
        ops_settings=_repository_settings(repo.ops_settings if repo else None),
        app_settings=_repository_settings(repo.app_settings if repo else None)
        if config.github.app_repo
        else APP_REPO_NOT_CONFIGURED,
        ci=repo.head.checks if repo and repo.head else OPS_REPO_NOT_READ,
        ci_awaiting_person=repo.head.checks_awaiting_person if repo and repo.head else (),
    )
    return PolicyFacts(environments, estate)


def _build_environment_facts(
    config: Config, environment: EnvironmentConfig, inputs: PolicyInputs, git: GitEvidence | None
) -> Facts:
    applications = inputs.applications.get(environment.name)
    cluster = inputs.clusters.get(environment.name, ClusterEvidence(MANIFESTS_NOT_REQUESTED, MANIFESTS_NOT_REQUESTED))
    return Facts(
        config,
        _TIME_UNSET,
        environment,
        values=git.values if git else OPS_REPO_NOT_READ,
        release=git.release if git else OPS_REPO_NOT_READ,
        manifest=git.manifest if git else OPS_REPO_NOT_READ,
        upstream=_upstream_history(config, environment, inputs.repo),
        head=_branch_head(config, environment, inputs.repo, git),
        live_spec=MissingEvidence("Argo CD has not answered yet") if applications is None else applications,
        rendered=cluster.rendered,
        live=cluster.live,
        commit_gaps=find_commit_gaps(applications or (), inputs.managed, inputs.repo, environment.release)
        if inputs.repo
        else {},
    )


def _upstream_history(
    config: Config, environment: EnvironmentConfig, repo: OpsRepoData | None
) -> EvidenceResult[UpstreamHistory]:
    index = config.environments.index(environment)
    if index == 0:
        return NotApplicable(f"{environment.name} is the first environment")
    if repo is None:
        return OPS_REPO_NOT_READ
    name = config.environments[index - 1].name
    files = repo.environments.get(name)
    if files is None or files.history_complete is None:
        return MissingEvidence(f"the release history of {name} has not been read")
    reason = f"only the last {len(files.history)} releases of {name} were requested from GitHub"
    return UpstreamHistory(name, files.history, complete=files.history_complete, incomplete_reason=reason)


def _branch_head(
    config: Config, environment: EnvironmentConfig, repo: OpsRepoData | None, git: GitEvidence | None
) -> EvidenceResult[BranchHead]:
    """Return the head and the changes since each synced commit.

    The overlays of other environments are in the chart's folder too. They are excluded from the changes.
    """
    if repo is None or repo.head is None or git is None:
        return OPS_REPO_NOT_READ
    if isinstance(git.values, MissingEvidence | NotApplicable):
        return NotApplicable(f"the files that the applications read are unknown: {git.values.reason}")
    manifests = {application.name: application.file for application in git.applications}
    own = {layer.file for values in git.values for layer in values.layers}
    foreign = {other.values for other in config.environments if other.name != environment.name} - own
    return BranchHead(
        repo.branch,
        repo.head.oid,
        repo.head.committed_at,
        {base: tuple(path for path in paths if path not in foreign) for base, paths in repo.changed.items()},
        {values.application: _list_paths_read(values, manifests.get(values.application)) for values in git.values},
        repo.incomparable,
        repo.newer,
        comparison_pending=True,
    )


def _list_paths_read(values: LayeredValues, manifest: str | None) -> tuple[str, ...]:
    return values.read_paths if manifest is None else (*values.read_paths, manifest)


def _repository_settings(names: RepoSettingNames | None) -> EvidenceResult[RepositorySettings]:
    if names is None:
        return SETTINGS_NOT_READ
    return RepositorySettings(
        names.repository,
        _listing_failure(names.variables) or names.variables.repository_wide,
        _listing_failure(names.secrets)
        or frozenset(names.secrets.repository_wide).union(*names.secrets.environments.values()),
        names.variables.environments,
        "; ".join(names.variables.unlisted),
        "; ".join(names.secrets.unlisted),
    )


def _listing_failure(names: SettingNames) -> MissingEvidence | None:
    """Return the reason if nothing could be listed, otherwise None."""
    if names.unlisted and not names.repository_wide and not any(names.environments.values()):
        return MissingEvidence(names.unlisted[0])
    return None
