"""The release files of the sample ops repo, at any version of its history."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from anchor_tui.sandbox.git.objects import RepositoryError
from anchor_tui.sandbox.scenarios.seed_history import (
    DEV,
    FIRST_VERSION,
    HISTORY,
    LATER_VERSIONS,
    PROD,
    STAGING,
    FileEdit,
    SeedRelease,
)

OVERLAY_PATH = "infra/helm/platform/environments/{}/values.yaml"
RELEASE_PATH = "environments/{}/release.yaml"
RELEASE_SCALARS = re.compile(r"^ *(?:version|commit|released|digest): (\S+)$", re.MULTILINE)
"""The values of a release.yaml, in the order of `SeedVersion`."""
ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class SeedVersion:
    """The values of one version, as the files contain them."""

    version: str
    commit: str
    released: str
    gateway: str
    web: str

    @property
    def scalars(self) -> tuple[str, ...]:
        """All values, in a fixed order."""
        return (self.version, self.commit, self.released, self.gateway, self.web)


@cache
def load_sample_files() -> dict[str, str]:
    """Return the sample ops repo of this package: path → text."""

    def walk(folder: Traversable, prefix: str) -> Iterable[tuple[str, str]]:
        for child in sorted(folder.iterdir(), key=lambda item: item.name):
            if child.is_dir():
                yield from walk(child, f"{prefix}{child.name}/")
            else:
                yield prefix + child.name, child.read_bytes().decode()

    return dict(walk(resources.files("anchor_tui.sandbox").joinpath("ops_repo"), ""))


@cache
def build_versions() -> dict[str, SeedVersion]:
    """Return every version of the history.

    The newest are those of the sample. Older ones are generated, always the same.
    """
    known = {}
    for environment in (DEV, STAGING, PROD):
        text = load_sample_files()[RELEASE_PATH.format(environment)]
        found = RELEASE_SCALARS.findall(text)
        known[found[0]] = SeedVersion(*found)
    order = [FIRST_VERSION]
    order += [change.content.version for change in HISTORY if isinstance(change.content, SeedRelease)]
    order = list(dict.fromkeys(order))
    oldest = min(known, key=order.index)
    newest_release = datetime.fromisoformat(known[oldest].released)
    for distance, version in enumerate(reversed(order[: order.index(oldest)]), start=1):
        moment = newest_release - timedelta(days=4, hours=5, minutes=17) * distance
        known[version] = _invent_version(version, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for version, moment_text in LATER_VERSIONS.items():
        known[version] = _invent_version(version, moment_text)
    return known


def _invent_version(version: str, moment: str) -> SeedVersion:
    digests = (hashlib.sha256(f"{name}:{version}".encode()).hexdigest() for name in ("gateway", "web"))
    commit = hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()
    return SeedVersion(version, commit, moment, *(f"sha256:{digest}" for digest in digests))


def read_release(read: ReadFile, environment: str) -> SeedVersion:
    """Return the version in an environment's release.yaml."""
    path = RELEASE_PATH.format(environment)
    found = RELEASE_SCALARS.findall(read(path))
    if len(found) != 5:
        raise RepositoryError(f"{path} does not contain a release of two images")
    return SeedVersion(*found)


def read_release_version(read: ReadFile, environment: str) -> str:
    """Return the version number in an environment's release.yaml."""
    return read_release(read, environment).version


def _replace_release(read: ReadFile, environment: str, new: SeedVersion) -> dict[str, str]:
    """Return both files of an environment with another version: path → text."""
    old, files = read_release(read, environment), {}
    for path in (RELEASE_PATH.format(environment), OVERLAY_PATH.format(environment)):
        files[path] = read(path)
        for old_scalar, new_scalar in zip(old.scalars, new.scalars, strict=True):
            files[path] = files[path].replace(old_scalar, new_scalar)
    return files


def edit_release_files(read: ReadFile, release: SeedRelease) -> dict[str, str]:
    """Return both files of an environment with a version of the history."""
    return _replace_release(read, release.environment, build_versions()[release.version])


def edit_promotion_files(read: ReadFile, source: str, to: str, version: str) -> dict[str, str]:
    """Return both files of an environment with the version of `source`, or with one of the history."""
    source_release = read_release(read, source)
    if version != source_release.version and version not in build_versions():
        raise RepositoryError(f"unknown release {version}")
    release = source_release if version == source_release.version else build_versions()[version]
    return _replace_release(read, to, release)


def edit_files(content: SeedRelease | FileEdit, read: ReadFile) -> dict[str, str]:
    """Return the files that a pull request writes."""
    if isinstance(content, SeedRelease):
        return edit_release_files(read, content)
    text = read(content.path)
    if content.old not in text:
        raise RepositoryError(f"{content.path} does not contain {content.old!r}")
    return {content.path: text.replace(content.old, content.new, 1)}


def build_first_files() -> dict[str, str]:
    """Return the sample as it was before the history."""
    files = dict(load_sample_files())
    for change in reversed(HISTORY):
        if isinstance(change.content, FileEdit) and change.merged:
            files |= edit_files(
                FileEdit(change.content.path, change.content.new, change.content.old), files.__getitem__
            )
    for environment in (DEV, STAGING, PROD):
        files |= edit_release_files(files.__getitem__, SeedRelease(environment, FIRST_VERSION))
    return files
