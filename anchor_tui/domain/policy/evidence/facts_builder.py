"""What the sources read → what the checks are handed.

Looked at are the files at the head of the branch, the Applications in git and in the cluster, their manifests
and live objects, the history of the releases, the required checks, what lies between the synced commits and the
head, and the names of the repositories' variables and secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import LayeredValues, ValueLayersError
from anchor_tui.domain.model import AppId, Application, Problem, ValueObject
from anchor_tui.domain.policy.engine import PolicyFacts
from anchor_tui.domain.policy.evidence.cluster import ClusterEvidence, ManagedResourcesResponse, read_cluster_evidence
from anchor_tui.domain.policy.evidence.facts import (
    BranchHead,
    EvidenceResult,
    Facts,
    MissingEvidence,
    NotApplicable,
    RepositorySettings,
    UpstreamHistory,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence, read_git_evidence
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData, RepoSettingNames, SettingNames

_TIME_UNSET = datetime.fromtimestamp(0, UTC)
MANIFESTS_NOT_REQUESTED = MissingEvidence("Argo CD has not been asked for the manifests yet")
SETTINGS_NOT_READ = NotApplicable("the names of its variables and secrets have not been read yet")
APP_REPO_NOT_CONFIGURED = NotApplicable("no app repo is configured: name it with github.app_repo")
OPS_REPO_NOT_READ = MissingEvidence("the ops repo has not been read")


class PolicyInputs(ValueObject, frozen=True):
    """What the readings hold: each environment's applications by its name, None where its server said nothing."""

    applications: Mapping[str, tuple[Application, ...] | None]
    repo: OpsRepoData | None = None
    clusters: Mapping[str, ClusterEvidence] = {}


def read_repo_evidence(config: Config, repo: OpsRepoData) -> dict[str, GitEvidence]:
    """Each environment as the files of the branch have it. Costs some milliseconds: the same files need it once."""

    def file(path: str) -> str | None:
        if path in repo.files:
            return repo.files[path]
        message = f"{path} is not among the files that are read from GitHub"
        raise ValueLayersError(Problem(path, "not-read", message, path))

    manifests = [path for path in repo.files if path.startswith(f"{config.chart.applications}/")]
    return read_git_evidence(config, file, manifests)


def read_environment_evidence(applications: tuple[Application, ...], answer: ArgoCDData) -> ClusterEvidence:
    """What one environment's applications render and what of them lives.

    A token that may not look at them makes that evidence one that is not looked at, and names the permission.
    """
    managed = [(app, answer.managed[app.id]) for app in applications if app.id in answer.managed]
    if managed and all(not each.permitted for _, each in managed):
        lacking = NotApplicable(f"the token may not see the manifests (applications, get): {managed[0][1].error}")
        return ClusterEvidence(lacking, lacking)
    options = {each.application.id: each.sync_options for each in answer.applications}
    answers: dict[AppId, ManagedResourcesResponse | MissingEvidence] = {
        app.id: MissingEvidence(f"{app.name}: {each.error}")
        if each.error
        else ManagedResourcesResponse(each.items, options.get(app.id, ()), each.secrets)
        for app, each in managed
    }
    return read_cluster_evidence(applications, answers)


def build_facts(config: Config, observed: PolicyInputs, in_git: Mapping[str, GitEvidence]) -> PolicyFacts:
    """What is known of each environment, and of the estate as a whole; the time is set when it is judged."""
    environments = {
        each.name: _build_environment_facts(config, each, observed, in_git.get(each.name))
        for each in config.environments
    }
    head = observed.repo.head if observed.repo else None
    estate = Facts(
        config,
        _TIME_UNSET,
        ops_settings=_repository_settings(observed.repo.ops_settings if observed.repo else None),
        app_settings=_repository_settings(observed.repo.app_settings if observed.repo else None)
        if config.github.app_repo
        else APP_REPO_NOT_CONFIGURED,
        ci=head.checks if head else OPS_REPO_NOT_READ,
    )
    return PolicyFacts(environments, estate)


def _build_environment_facts(
    config: Config, each: EnvironmentConfig, observed: PolicyInputs, found: GitEvidence | None
) -> Facts:
    applications = observed.applications.get(each.name)
    cluster = observed.clusters.get(each.name, ClusterEvidence(MANIFESTS_NOT_REQUESTED, MANIFESTS_NOT_REQUESTED))
    return Facts(
        config,
        _TIME_UNSET,
        each,
        values=found.values if found else OPS_REPO_NOT_READ,
        release=found.release if found else OPS_REPO_NOT_READ,
        manifest=found.manifest if found else OPS_REPO_NOT_READ,
        before=_upstream_history(config, each, observed.repo),
        head=_branch_head(config, each, observed.repo, found),
        live_spec=MissingEvidence("Argo CD has not said anything") if applications is None else applications,
        rendered=cluster.rendered,
        live=cluster.live,
    )


def _upstream_history(
    config: Config, each: EnvironmentConfig, repo: OpsRepoData | None
) -> EvidenceResult[UpstreamHistory]:
    index = config.environments.index(each)
    if index == 0:
        return NotApplicable(f"{each.name} is the first environment")
    if repo is None:
        return OPS_REPO_NOT_READ
    name = config.environments[index - 1].name
    files = repo.environments.get(name)
    if files is None or files.history_complete is None:
        return MissingEvidence(f"the earlier releases of {name} have not been read")
    ends = f"GitHub was asked for the last {len(files.history)} releases of {name}"
    return UpstreamHistory(name, files.history, complete=files.history_complete, incomplete_reason=ends)


def _branch_head(
    config: Config, environment: EnvironmentConfig, repo: OpsRepoData | None, found: GitEvidence | None
) -> EvidenceResult[BranchHead]:
    """The head, and what has changed since each synced commit; what is not compared yet is awaited.

    Other environments' overlays lie in the folder of the chart too, and are nothing that this one reads.
    """
    if repo is None or repo.head is None or found is None:
        return OPS_REPO_NOT_READ
    if isinstance(found.values, MissingEvidence | NotApplicable):
        return NotApplicable(f"what the applications read cannot be told: {found.values.reason}")
    files = {each.name: each.file for each in found.applications}
    own = {layer.file for values in found.values for layer in values.layers}
    foreign = {each.values for each in config.environments if each.name != environment.name} - own
    return BranchHead(
        repo.branch,
        repo.head.oid,
        repo.head.committed_at,
        {base: tuple(path for path in paths if path not in foreign) for base, paths in repo.changed.items()},
        {each.application: _list_paths_read(each, files.get(each.application)) for each in found.values},
        repo.incomparable,
        comparison_pending=True,
    )


def _list_paths_read(values: LayeredValues, file: str | None) -> tuple[str, ...]:
    return values.read_paths if file is None else (*values.read_paths, file)


def _repository_settings(named: RepoSettingNames | None) -> EvidenceResult[RepositorySettings]:
    if named is None:
        return SETTINGS_NOT_READ
    return RepositorySettings(
        named.repository,
        _listing_failure(named.variables) or named.variables.repository_wide,
        _listing_failure(named.secrets)
        or frozenset(named.secrets.repository_wide).union(*named.secrets.environments.values()),
        named.variables.environments,
        "; ".join(named.variables.unlisted),
        "; ".join(named.secrets.unlisted),
    )


def _listing_failure(names: SettingNames) -> MissingEvidence | None:
    """Why nothing could be listed, where nothing could."""
    if names.unlisted and not names.repository_wide and not any(names.environments.values()):
        return MissingEvidence(names.unlisted[0])
    return None
