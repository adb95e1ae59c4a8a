"""A checkout of the ops repo as evidence: its files, its history by `git`, what it renders by `helm`.

Nothing is asked of any server: evidence that only servers have is not applicable here.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import HelmSource, SourceLocation, ValueLayersError
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.kubernetes.application_manifests import find_helm_source
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, Manifests, build_manifests, read_manifests
from anchor_tui.domain.model import Release
from anchor_tui.domain.policy.facts import (
    Before,
    Evident,
    Facts,
    NotApplicable,
    Unavailable,
    read_release_file,
    unavailable,
)
from anchor_tui.domain.policy.in_git import InGit, read_git
from anchor_tui.domain.policy.judging import PolicyFacts
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.services.checkout_git import Commits, Git, GitError, open_git
from anchor_tui.services.checkout_helm import HelmError, find_helm, render

SERVERS_ONLY = NotApplicable("only a server can tell: `anchor-tui snapshot` asks them")
MAX_FILE_BYTES = 16 * 1024 * 1024
_NO_HELM = "helm is not on the PATH, and nothing else renders the chart here"


class CheckoutError(Exception):
    """The path is no folder with an ops repo in it; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The evidence of one checkout. `prefix` is where it lies below the repository's top."""

    facts: PolicyFacts
    commit: str | None
    prefix: str


def read_checkout(root: Path, config: Config, now: datetime) -> Checkout:
    """Everything a checkout can tell; CheckoutError where there is no ops repo."""
    if not root.is_dir():
        raise CheckoutError(f"{root} is no folder")
    reader = _Reader(root.resolve(), config)
    if not reader.has_anything():
        looked = f"{config.chart.path}, {config.chart.applications} and each environment's release.yaml"
        raise CheckoutError(f"there is no ops repo in {root}: looked for {looked}")
    with ThreadPoolExecutor(max_workers=4) as pool:
        every = tuple(pool.map(lambda each: reader.facts(each, now), config.environments))
    environments = {each.name: facts for each, facts in zip(config.environments, every, strict=True)}
    estate = Facts(config, now, ops_settings=SERVERS_ONLY, app_settings=SERVERS_ONLY, ci=SERVERS_ONLY)
    git = reader.git if isinstance(reader.git, Git) else None
    return Checkout(PolicyFacts(environments, estate), git.commit if git else None, git.prefix if git else "")


class _Reader:
    """One checkout on disk."""

    def __init__(self, root: Path, config: Config) -> None:
        self.root, self.config = root, config
        self.helm = find_helm()
        self.git: Git | str
        try:
            self.git = open_git(root)
        except GitError as error:
            self.git = str(error)
        self.in_git = read_git(config, self.file, self._application_files())

    def has_anything(self) -> bool:
        places = [self.config.chart.path, self.config.chart.applications]
        places += [path for each in self.config.environments for path in (each.release, each.values)]
        return any((self.root / path).exists() for path in places)

    def file(self, path: str) -> bytes | None:
        """A file of the checkout; nothing outside of it, whatever links say."""
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root) or not target.is_file():
            return None
        try:
            return target.read_bytes() if target.stat().st_size <= MAX_FILE_BYTES else b"\xff# too large"
        except OSError:
            return None

    def _application_files(self) -> Iterator[str]:
        """The YAML files of the applications' folder; of the whole checkout where there is no such folder."""
        folder = self.root / self.config.chart.applications
        for path in sorted((folder if folder.is_dir() else self.root).rglob("*.y*ml")):
            inside = path.relative_to(self.root)
            if path.is_file() and not {".git", "templates", "node_modules"} & set(inside.parts):
                yield inside.as_posix()

    # --- one environment -----------------------------------------------------------------------------

    def facts(self, environment: EnvironmentConfig, now: datetime) -> Facts:
        found = self.in_git[environment.name]
        return Facts(
            self.config,
            now,
            environment,
            values=found.values,
            release=found.release,
            before=self._before(environment),
            head=SERVERS_ONLY,
            manifest=found.manifest,
            live_spec=SERVERS_ONLY,
            rendered=self._rendered(environment, found),
            live=SERVERS_ONLY,
        )

    # --- what it renders -----------------------------------------------------------------------------

    def _rendered(self, environment: EnvironmentConfig, found: InGit) -> Evident[Manifests]:
        if self.helm is None:
            return Unavailable(_NO_HELM)
        if not isinstance(found.values, tuple):
            return found.values
        try:
            sources = [find_helm_source(each) for each in found.applications]
        except ValueLayersError as error:
            return unavailable(error.problem)
        resources: list[KubernetesResource] = []
        odd: list[str] = []
        for source, values in zip(sources or [self._default_source(environment)], found.values, strict=True):
            own = [each.file for each in values.layers if not each.is_chart and each.file != source.file]
            try:
                manifests = read_manifests(render(self.helm, self.root, source, own), source.application)
            except HelmError as error:
                message = f"{source.application} does not render: {error}"
                return Unavailable(message, SourceLocation(f"{source.path}/Chart.yaml"))
            resources.extend(each for each in manifests.resources if not _is_test(each))
            odd.extend(each for each in manifests.unreadable if "without kind" in each)
        return build_manifests(resources, odd=odd)

    def _default_source(self, environment: EnvironmentConfig) -> HelmSource:
        return HelmSource(environment.name, self.config.chart.path, {})

    # --- what the environment before had ---------------------------------------------------------------

    def _before(self, environment: EnvironmentConfig) -> Evident[Before]:
        index = self.config.environments.index(environment)
        if index == 0:
            return NotApplicable(f"{environment.name} is the first environment")
        before = self.config.environments[index - 1]
        present = PastRelease("", self._release_in(self.file(before.release), before.release))
        if isinstance(self.git, str):
            ends = f"there is no history here ({self.git})"
            return Before(before.name, (present,), whole=False, ends=ends)
        try:
            past = self.git.history(before.release)
            began = self._own_at(environment, past)
        except GitError as error:
            return Before(before.name, (present,), whole=False, ends=f"git cannot tell: {error}")
        releases = [PastRelease(commit, self._release_in(text, before.release)) for commit, text in past.contents]
        return Before(before.name, (present, *releases), past.whole, past.ends, began)

    def _own_at(self, environment: EnvironmentConfig, past: Commits) -> Release | None:
        """What this environment ran already when the history of the one before begins."""
        if not past.contents or not isinstance(self.git, Git):
            return None
        text = self.git.file_at(past.contents[-1][0], environment.release)
        return self._release_in(text, environment.release)

    def _release_in(self, text: bytes | None, file: str) -> Release | None:
        found = read_release_file(text, file, self.config)
        return None if isinstance(found, Unavailable) else found.release


def _is_test(resource: KubernetesResource) -> bool:
    """Whether it is one of Helm's tests, which Argo CD leaves out."""
    return "test" in get_text(resource.manifest, "metadata", "annotations", "helm.sh/hook")
