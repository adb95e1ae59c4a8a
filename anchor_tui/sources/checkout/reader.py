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
from anchor_tui.domain.policy.engine import PolicyFacts
from anchor_tui.domain.policy.evidence.facts import (
    EvidenceResult,
    Facts,
    MissingEvidence,
    NotApplicable,
    UpstreamHistory,
    missing_from_problem,
    read_release_file,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence, read_git_evidence
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.sources.checkout.git import FileHistory, GitCheckout, GitError, open_git_checkout
from anchor_tui.sources.checkout.helm import HelmError, find_helm, render_chart

ONLY_ON_SERVERS = NotApplicable("only a server can tell: `anchor-tui snapshot` asks them")
MAX_FILE_BYTES = 16 * 1024 * 1024
_HELM_MISSING = "helm is not on the PATH, and nothing else renders the chart here"


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
    reader = _CheckoutReader(root.resolve(), config)
    if not reader.has_ops_repo_files():
        looked = f"{config.chart.path}, {config.chart.applications} and each environment's release.yaml"
        raise CheckoutError(f"there is no ops repo in {root}: looked for {looked}")
    with ThreadPoolExecutor(max_workers=4) as pool:
        every = tuple(pool.map(lambda each: reader.build_facts(each, now), config.environments))
    environments = {each.name: facts for each, facts in zip(config.environments, every, strict=True)}
    estate = Facts(config, now, ops_settings=ONLY_ON_SERVERS, app_settings=ONLY_ON_SERVERS, ci=ONLY_ON_SERVERS)
    git = reader.git if isinstance(reader.git, GitCheckout) else None
    return Checkout(PolicyFacts(environments, estate), git.commit if git else None, git.prefix if git else "")


class _CheckoutReader:
    """One checkout on disk."""

    def __init__(self, root: Path, config: Config) -> None:
        self.root, self.config = root, config
        self.helm = find_helm()
        self.git: GitCheckout | str
        try:
            self.git = open_git_checkout(root)
        except GitError as error:
            self.git = str(error)
        self.git_evidence = read_git_evidence(config, self.read_file, self._list_application_files())

    def has_ops_repo_files(self) -> bool:
        places = [self.config.chart.path, self.config.chart.applications]
        places += [path for each in self.config.environments for path in (each.release, each.values)]
        return any((self.root / path).exists() for path in places)

    def read_file(self, path: str) -> bytes | None:
        """A file of the checkout; nothing outside of it, whatever links say."""
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root) or not target.is_file():
            return None
        try:
            return target.read_bytes() if target.stat().st_size <= MAX_FILE_BYTES else b"\xff# too large"
        except OSError:
            return None

    def _list_application_files(self) -> Iterator[str]:
        """The YAML files of the applications' folder; of the whole checkout where there is no such folder."""
        folder = self.root / self.config.chart.applications
        for path in sorted((folder if folder.is_dir() else self.root).rglob("*.y*ml")):
            inside = path.relative_to(self.root)
            if path.is_file() and not {".git", "templates", "node_modules"} & set(inside.parts):
                yield inside.as_posix()

    # --- one environment -----------------------------------------------------------------------------

    def build_facts(self, environment: EnvironmentConfig, now: datetime) -> Facts:
        found = self.git_evidence[environment.name]
        return Facts(
            self.config,
            now,
            environment,
            values=found.values,
            release=found.release,
            before=self._upstream_history(environment),
            head=ONLY_ON_SERVERS,
            manifest=found.manifest,
            live_spec=ONLY_ON_SERVERS,
            rendered=self._render_environment(environment, found),
            live=ONLY_ON_SERVERS,
        )

    # --- what it renders -----------------------------------------------------------------------------

    def _render_environment(self, environment: EnvironmentConfig, found: GitEvidence) -> EvidenceResult[Manifests]:
        if self.helm is None:
            return MissingEvidence(_HELM_MISSING)
        if not isinstance(found.values, tuple):
            return found.values
        try:
            sources = [find_helm_source(each) for each in found.applications]
        except ValueLayersError as error:
            return missing_from_problem(error.problem)
        resources: list[KubernetesResource] = []
        odd: list[str] = []
        for source, values in zip(sources or [self._default_source(environment)], found.values, strict=True):
            own = [each.file for each in values.layers if not each.is_chart and each.file != source.file]
            try:
                manifests = read_manifests(render_chart(self.helm, self.root, source, own), source.application)
            except HelmError as error:
                message = f"{source.application} does not render: {error}"
                return MissingEvidence(message, SourceLocation(f"{source.path}/Chart.yaml"))
            resources.extend(each for each in manifests.resources if not _is_helm_test(each))
            odd.extend(each for each in manifests.unreadable if "without kind" in each)
        return build_manifests(resources, unreadable=odd)

    def _default_source(self, environment: EnvironmentConfig) -> HelmSource:
        return HelmSource(environment.name, self.config.chart.path, {})

    # --- what the environment before had ---------------------------------------------------------------

    def _upstream_history(self, environment: EnvironmentConfig) -> EvidenceResult[UpstreamHistory]:
        index = self.config.environments.index(environment)
        if index == 0:
            return NotApplicable(f"{environment.name} is the first environment")
        before = self.config.environments[index - 1]
        present = PastRelease("", self._parse_release(self.read_file(before.release), before.release))
        if isinstance(self.git, str):
            ends = f"there is no history here ({self.git})"
            return UpstreamHistory(before.name, (present,), complete=False, incomplete_reason=ends)
        try:
            past = self.git.read_history(before.release)
            began = self._release_at_start(environment, past)
        except GitError as error:
            return UpstreamHistory(
                before.name, (present,), complete=False, incomplete_reason=f"git cannot tell: {error}"
            )
        releases = [PastRelease(commit, self._parse_release(text, before.release)) for commit, text in past.versions]
        return UpstreamHistory(before.name, (present, *releases), past.complete, past.incomplete_reason, began)

    def _release_at_start(self, environment: EnvironmentConfig, past: FileHistory) -> Release | None:
        """What this environment ran already when the history of the one before begins."""
        if not past.versions or not isinstance(self.git, GitCheckout):
            return None
        text = self.git.read_file_at(past.versions[-1][0], environment.release)
        return self._parse_release(text, environment.release)

    def _parse_release(self, text: bytes | None, file: str) -> Release | None:
        found = read_release_file(text, file, self.config)
        return None if isinstance(found, MissingEvidence) else found.release


def _is_helm_test(resource: KubernetesResource) -> bool:
    """Whether it is one of Helm's tests, which Argo CD leaves out."""
    return "test" in get_text(resource.manifest, "metadata", "annotations", "helm.sh/hook")
