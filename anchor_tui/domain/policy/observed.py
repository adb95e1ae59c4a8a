"""What the sources read → what the checks are handed.

Looked at are the files at the head of the branch, the Applications in git and in the cluster, their manifests
and live objects, the history of the releases and the required checks. The repositories' settings are not asked
for: those findings say that they were skipped, and never that a rule holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from anchor_tui.config import Config, EnvironmentConfig
from anchor_tui.domain.layers import LayersError
from anchor_tui.domain.model import AppId, Application, Problem, Value
from anchor_tui.domain.policy.facts import Before, Evident, Facts, NotApplicable, Unavailable
from anchor_tui.domain.policy.in_cluster import Answer, InCluster, read_cluster
from anchor_tui.domain.policy.in_git import InGit, read_git
from anchor_tui.domain.policy.judging import PolicyFacts
from anchor_tui.domain.readings import Applications, OpsRepo

_NO_TIME = datetime.fromtimestamp(0, UTC)
NOT_COMPARED = NotApplicable("what lies between the synced commit and the head is not compared here")
NOT_ASKED = Unavailable("Argo CD has not been asked for the manifests yet")
NO_SETTINGS = NotApplicable("the repositories' settings are not looked at here")
NO_FILES = Unavailable("the ops repo has not been read")


class Observed(Value, frozen=True):
    """What the readings hold: each environment's applications by its name, None where its server said nothing."""

    applications: Mapping[str, tuple[Application, ...] | None]
    repo: OpsRepo | None = None
    clusters: Mapping[str, InCluster] = {}


def read_repo(config: Config, repo: OpsRepo) -> dict[str, InGit]:
    """Each environment as the files of the branch have it. Costs some milliseconds: the same files need it once."""

    def file(path: str) -> str | None:
        if path in repo.files:
            return repo.files[path]
        message = f"{path} is not among the files that are read from GitHub"
        raise LayersError(Problem(path, "not-read", message, path))

    manifests = [path for path in repo.files if path.startswith(f"{config.chart.applications}/")]
    return read_git(config, file, manifests)


def read_environment(applications: tuple[Application, ...], answer: Applications) -> InCluster:
    """What one environment's applications render and what of them lives.

    A token that may not look at them makes that evidence one that is not looked at, and names the permission.
    """
    managed = [(app, answer.managed[app.id]) for app in applications if app.id in answer.managed]
    if managed and all(not each.permitted for _, each in managed):
        lacking = NotApplicable(f"the token may not see the manifests (applications, get): {managed[0][1].error}")
        return InCluster(lacking, lacking)
    options = {each.application.id: each.sync_options for each in answer.observed}
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
        ops_settings=NO_SETTINGS,
        app_settings=NO_SETTINGS,
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
        head=NOT_COMPARED,
        live_spec=Unavailable("Argo CD has not said anything") if applications is None else applications,
        rendered=cluster.rendered,
        live=cluster.live,
    )


def _before(config: Config, each: EnvironmentConfig, repo: OpsRepo | None) -> Evident[Before]:
    index = config.environments.index(each)
    if index == 0:
        return NotApplicable(f"{each.name} is the first environment")
    if repo is None:
        return NO_FILES
    name = config.environments[index - 1].name
    files = repo.environments.get(name)
    if files is None or files.whole is None:
        return Unavailable(f"the earlier releases of {name} have not been read")
    ends = f"GitHub was asked for the last {len(files.history)} releases of {name}"
    return Before(name, files.history, whole=files.whole, ends=ends)
