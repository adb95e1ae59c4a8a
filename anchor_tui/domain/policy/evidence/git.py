"""What git tells of each environment: its values, its release, its Application; from files, wherever they come from.

A checkout hands in a folder's files, GitHub a commit's: the same evidence comes out.
"""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import FileReader, LayeredValues, ValueLayersError
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


class GitEvidence(ValueObject, frozen=True):
    """One environment as its files have it. `applications` are those that were found for it."""

    values: EvidenceResult[tuple[LayeredValues, ...]]
    release: EvidenceResult[ReleaseFile]
    manifest: EvidenceResult[tuple[ManifestApplication, ...]]
    applications: tuple[ManifestApplication, ...]


def read_git_evidence(config: Config, files: FileReader, application_files: Iterable[str]) -> dict[str, GitEvidence]:
    """Every environment by name. `application_files` are the paths that may hold Applications."""
    texts = {path: text for path in application_files if (text := files(path)) is not None}
    applications, problems = read_application_manifests(texts)
    found = {}
    for each in config.environments:
        own = select_application_manifests(each, applications)
        found[each.name] = GitEvidence(
            _read_values(each, own, config, files),
            read_release_file(files(each.release), each.release, config),
            own or _missing_application(each, config, problems),
            own,
        )
    return found


def _read_values(
    environment: EnvironmentConfig, found: tuple[ManifestApplication, ...], config: Config, files: FileReader
) -> EvidenceResult[tuple[LayeredValues, ...]]:
    try:
        if not found:
            return (build_default_values(environment, config.chart.path, files),)
        return tuple(build_application_values(each, files) for each in found)
    except ValueLayersError as error:
        return missing_from_problem(error.problem)


def _missing_application(
    environment: EnvironmentConfig, config: Config, problems: tuple[Problem, ...]
) -> MissingEvidence:
    if problems:
        return missing_from_problem(problems[0])
    named = environment.applications
    names = ", ".join(str(each) for each in named) if isinstance(named, tuple) else f"the labels {named}"
    folder = config.chart.applications
    return MissingEvidence(f"there is no Application for {environment.name} in {folder}: looked for {names}")
