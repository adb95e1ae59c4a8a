"""The evidence of git: Helm values, release.yaml and Application of each environment.

The files come from a checkout or from a commit on GitHub. The evidence is the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import FileReader, LayeredValues, ValueLayersError
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.kubernetes.application_manifests import (
    ManifestApplication,
    build_application_values,
    build_default_values,
    read_application_manifests,
    select_application_manifests,
)
from anchor_tui.domain.model import Problem, ValueObject
from anchor_tui.domain.policy.evidence.facts import (
    EvidenceResult,
    MissingEvidence,
    ReleaseFile,
    missing_from_problem,
    read_release_file,
)

MAX_APPLICATIONS = 200
"""The Applications of one environment. The values of each are merged, so thousands in one file would take minutes."""


class GitEvidence(ValueObject, frozen=True):
    """The files of one environment. `applications` are its Applications, empty if none was found."""

    values: EvidenceResult[tuple[LayeredValues, ...]]
    release: EvidenceResult[ReleaseFile]
    manifest: EvidenceResult[tuple[ManifestApplication, ...]]
    applications: tuple[ManifestApplication, ...]


def read_git_evidence(
    config: Config, read_file: FileReader, application_files: Iterable[str]
) -> dict[str, GitEvidence]:
    """Return the evidence of every environment by name. `application_files` are paths that may contain Applications."""
    texts = {path: text for path in application_files if (text := read_file(path)) is not None}
    applications, problems = read_application_manifests(texts)
    evidence = {}
    for environment in config.environments:
        own = select_application_manifests(environment, applications)
        evidence[environment.name] = GitEvidence(
            _read_values(environment, own, config, read_file),
            read_release_file(read_file(environment.release), environment.release, config),
            own or _missing_application(environment, config, problems),
            own,
        )
    return evidence


def _read_values(
    environment: EnvironmentConfig,
    applications: tuple[ManifestApplication, ...],
    config: Config,
    read_file: FileReader,
) -> EvidenceResult[tuple[LayeredValues, ...]]:
    if len(applications) > MAX_APPLICATIONS:
        return MissingEvidence(f"{environment.name} has more than {MAX_APPLICATIONS} Applications in git")
    try:
        if not applications:
            return (build_default_values(environment, config.chart.path, read_file),)
        return tuple(build_application_values(application, read_file) for application in applications)
    except ValueLayersError as error:
        return missing_from_problem(error.problem)
    except ODD_VALUE_FAULTS as error:
        return MissingEvidence(f"the values of {environment.name} cannot be determined ({type(error).__name__})")


def _missing_application(
    environment: EnvironmentConfig, config: Config, problems: tuple[Problem, ...]
) -> MissingEvidence:
    if problems:
        return missing_from_problem(problems[0])
    selector = environment.applications
    names = ", ".join(map(str, selector)) if isinstance(selector, tuple) else f"the labels {selector}"
    folder = config.chart.applications
    return MissingEvidence(f"found no Application for {environment.name} in {folder}: searched for {names}")
