"""What git tells of each environment: its values, its release, its Application; from files, wherever they come from.

A checkout hands in a folder's files, GitHub a commit's: the same evidence comes out.
"""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.config import Config, EnvironmentConfig
from anchor_tui.domain.applications import (
    ManifestApplication,
    applications_of,
    default_values,
    read_applications,
    values_of,
)
from anchor_tui.domain.layers import Files, LaidValues, LayersError
from anchor_tui.domain.model import Problem, Value
from anchor_tui.domain.policy.facts import Evident, ReleaseFile, Unavailable, read_release_file, unavailable


class InGit(Value, frozen=True):
    """One environment as its files have it. `applications` are those that were found for it."""

    values: Evident[tuple[LaidValues, ...]]
    release: Evident[ReleaseFile]
    manifest: Evident[tuple[ManifestApplication, ...]]
    applications: tuple[ManifestApplication, ...]


def read_git(config: Config, files: Files, application_files: Iterable[str]) -> dict[str, InGit]:
    """Every environment by name. `application_files` are the paths that may hold Applications."""
    texts = {path: text for path in application_files if (text := files(path)) is not None}
    applications, problems = read_applications(texts)
    found = {}
    for each in config.environments:
        own = applications_of(each, applications)
        found[each.name] = InGit(
            _values(each, own, config, files),
            read_release_file(files(each.release), each.release, config),
            own or _no_application(each, config, problems),
            own,
        )
    return found


def _values(
    environment: EnvironmentConfig, found: tuple[ManifestApplication, ...], config: Config, files: Files
) -> Evident[tuple[LaidValues, ...]]:
    try:
        if not found:
            return (default_values(environment, config.chart.path, files),)
        return tuple(values_of(each, files) for each in found)
    except LayersError as error:
        return unavailable(error.problem)


def _no_application(environment: EnvironmentConfig, config: Config, problems: tuple[Problem, ...]) -> Unavailable:
    if problems:
        return unavailable(problems[0])
    named = environment.applications
    names = ", ".join(str(each) for each in named) if isinstance(named, tuple) else f"the labels {named}"
    folder = config.chart.applications
    return Unavailable(f"there is no Application for {environment.name} in {folder}: looked for {names}")
