"""What the sources read → what the checks are handed.

Looked at are the files at the head of the branch, the Applications in git and in the cluster, the history of
the releases and the required checks. Manifests, live objects and settings are not asked for: those findings
say that they were skipped, and never that a rule holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from anchor_tui.config import Config, EnvironmentConfig
from anchor_tui.domain.layers import LayersError
from anchor_tui.domain.model import Application, Problem, Value
from anchor_tui.domain.policy.facts import Before, Evident, Facts, NotApplicable, Unavailable
from anchor_tui.domain.policy.in_git import InGit, read_git
from anchor_tui.domain.policy.judging import PolicyFacts
from anchor_tui.domain.readings import OpsRepo

_NO_TIME = datetime.fromtimestamp(0, UTC)
NOT_COMPARED = NotApplicable("what lies between the synced commit and the head is not compared here")
NOT_RENDERED = NotApplicable("rendered manifests are not looked at here")
NOT_LIVE = NotApplicable("live objects are not looked at here")
NO_SETTINGS = NotApplicable("the repositories' settings are not looked at here")
NO_FILES = Unavailable("the ops repo has not been read")


class Observed(Value, frozen=True):
    """What the readings hold: each environment's applications by its name, None where its server said nothing."""

    applications: Mapping[str, tuple[Application, ...] | None]
    repo: OpsRepo | None = None


def read_repo(config: Config, repo: OpsRepo) -> dict[str, InGit]:
    """Each environment as the files of the branch have it. Costs some milliseconds: the same files need it once."""

    def file(path: str) -> str | None:
        if path in repo.files:
            return repo.files[path]
        message = f"{path} is not among the files that are read from GitHub"
        raise LayersError(Problem(path, "not-read", message, path))

    manifests = [path for path in repo.files if path.startswith(f"{config.chart.applications}/")]
    return read_git(config, file, manifests)


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
        rendered=NOT_RENDERED,
        live=NOT_LIVE,
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
