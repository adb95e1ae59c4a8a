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
from anchor_tui.domain.policy.facts import (
    Before,
    Evident,
    Facts,
    HeadOfBranch,
    NotApplicable,
    RepositorySettings,
    Unavailable,
)
from anchor_tui.domain.policy.in_cluster import Answer, InCluster, read_cluster
from anchor_tui.domain.policy.in_git import InGit, read_git
from anchor_tui.domain.policy.judging import PolicyFacts
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData, RepoSettingNames, SettingNames

_NO_TIME = datetime.fromtimestamp(0, UTC)
NOT_ASKED = Unavailable("Argo CD has not been asked for the manifests yet")
NOT_LISTED = NotApplicable("the names of its variables and secrets have not been read yet")
NO_APP_REPO = NotApplicable("no app repo is configured: name it with github.app_repo")
NO_FILES = Unavailable("the ops repo has not been read")


class Observed(ValueObject, frozen=True):
    """What the readings hold: each environment's applications by its name, None where its server said nothing."""

    applications: Mapping[str, tuple[Application, ...] | None]
    repo: OpsRepoData | None = None
    clusters: Mapping[str, InCluster] = {}


def read_repo(config: Config, repo: OpsRepoData) -> dict[str, InGit]:
    """Each environment as the files of the branch have it. Costs some milliseconds: the same files need it once."""

    def file(path: str) -> str | None:
        if path in repo.files:
            return repo.files[path]
        message = f"{path} is not among the files that are read from GitHub"
        raise ValueLayersError(Problem(path, "not-read", message, path))

    manifests = [path for path in repo.files if path.startswith(f"{config.chart.applications}/")]
    return read_git(config, file, manifests)


def read_environment(applications: tuple[Application, ...], answer: ArgoCDData) -> InCluster:
    """What one environment's applications render and what of them lives.

    A token that may not look at them makes that evidence one that is not looked at, and names the permission.
    """
    managed = [(app, answer.managed[app.id]) for app in applications if app.id in answer.managed]
    if managed and all(not each.permitted for _, each in managed):
        lacking = NotApplicable(f"the token may not see the manifests (applications, get): {managed[0][1].error}")
        return InCluster(lacking, lacking)
    options = {each.application.id: each.sync_options for each in answer.applications}
    answers: dict[AppId, Answer | Unavailable] = {
        app.id: Unavailable(f"{app.name}: {each.error}")
        if each.error
        else Answer(each.items, options.get(app.id, ()), each.secrets)
        for app, each in managed
    }
    return read_cluster(applications, answers)


def facts_of(config: Config, observed: Observed, in_git: Mapping[str, InGit]) -> PolicyFacts:
    """What is known of each environment, and of the estate as a whole; the time is set when it is judged."""
    environments = {each.name: _facts(config, each, observed, in_git.get(each.name)) for each in config.environments}
    head = observed.repo.head if observed.repo else None
    estate = Facts(
        config,
        _NO_TIME,
        ops_settings=_settings(observed.repo.ops_settings if observed.repo else None),
        app_settings=_settings(observed.repo.app_settings if observed.repo else None)
        if config.github.app_repo
        else NO_APP_REPO,
        ci=head.checks if head else NO_FILES,
    )
    return PolicyFacts(environments, estate)


def _facts(config: Config, each: EnvironmentConfig, observed: Observed, found: InGit | None) -> Facts:
    applications = observed.applications.get(each.name)
    cluster = observed.clusters.get(each.name, InCluster(NOT_ASKED, NOT_ASKED))
    return Facts(
        config,
        _NO_TIME,
        each,
        values=found.values if found else NO_FILES,
        release=found.release if found else NO_FILES,
        manifest=found.manifest if found else NO_FILES,
        before=_before(config, each, observed.repo),
        head=_head(config, each, observed.repo, found),
        live_spec=Unavailable("Argo CD has not said anything") if applications is None else applications,
        rendered=cluster.rendered,
        live=cluster.live,
    )


def _before(config: Config, each: EnvironmentConfig, repo: OpsRepoData | None) -> Evident[Before]:
    index = config.environments.index(each)
    if index == 0:
        return NotApplicable(f"{each.name} is the first environment")
    if repo is None:
        return NO_FILES
    name = config.environments[index - 1].name
    files = repo.environments.get(name)
    if files is None or files.history_complete is None:
        return Unavailable(f"the earlier releases of {name} have not been read")
    ends = f"GitHub was asked for the last {len(files.history)} releases of {name}"
    return Before(name, files.history, whole=files.history_complete, ends=ends)


def _head(
    config: Config, environment: EnvironmentConfig, repo: OpsRepoData | None, found: InGit | None
) -> Evident[HeadOfBranch]:
    """The head, and what has changed since each synced commit; what is not compared yet is awaited.

    Other environments' overlays lie in the folder of the chart too, and are nothing that this one reads.
    """
    if repo is None or repo.head is None or found is None:
        return NO_FILES
    if isinstance(found.values, Unavailable | NotApplicable):
        return NotApplicable(f"what the applications read cannot be told: {found.values.reason}")
    files = {each.name: each.file for each in found.applications}
    own = {layer.file for values in found.values for layer in values.layers}
    foreign = {each.values for each in config.environments if each.name != environment.name} - own
    return HeadOfBranch(
        repo.branch,
        repo.head.oid,
        repo.head.committed_at,
        {base: tuple(path for path in paths if path not in foreign) for base, paths in repo.changed.items()},
        {each.application: _reads(each, files.get(each.application)) for each in found.values},
        repo.incomparable,
        awaited=True,
    )


def _reads(values: LayeredValues, file: str | None) -> tuple[str, ...]:
    return values.read_paths if file is None else (*values.read_paths, file)


def _settings(named: RepoSettingNames | None) -> Evident[RepositorySettings]:
    if named is None:
        return NOT_LISTED
    return RepositorySettings(
        named.repository,
        _listed(named.variables) or named.variables.repository_wide,
        _listed(named.secrets) or frozenset(named.secrets.repository_wide).union(*named.secrets.environments.values()),
        named.variables.environments,
        "; ".join(named.variables.unlisted),
        "; ".join(named.secrets.unlisted),
    )


def _listed(names: SettingNames) -> Unavailable | None:
    """Why nothing could be listed, where nothing could."""
    if names.unlisted and not names.repository_wide and not any(names.environments.values()):
        return Unavailable(names.unlisted[0])
    return None
