"""Policy evidence from a checkout of the ops repo: files, history by `git`, manifests by `helm`.

Nothing is requested from Argo CD or GitHub. Their evidence is not applicable here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import HelmSource, SourceLocation, ValueLayersError
from anchor_tui.domain.json_access import get_text
from anchor_tui.domain.kubernetes.application_manifests import find_helm_source
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, Manifests, build_manifests, read_manifests
from anchor_tui.domain.model import Release
from anchor_tui.domain.policy.evidence.facts import (
    EvidenceResult,
    Facts,
    MissingEvidence,
    NotApplicable,
    PolicyFacts,
    ReleaseFile,
    UpstreamHistory,
    missing_from_problem,
    read_release_file,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence, read_git_evidence
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.sources.checkout.base_branch import compare_config, find_base_branch
from anchor_tui.sources.checkout.git import FileHistory, GitCheckout, GitError, open_git_checkout
from anchor_tui.sources.checkout.helm import HelmError, find_helm, render_chart

ONLY_ON_SERVERS = NotApplicable("only Argo CD or GitHub has this evidence: run `anchor-tui snapshot`")
MAX_FILE_BYTES = 16 * 1024 * 1024
_HELM_MISSING = MissingEvidence("the chart was not rendered: helm is not on the PATH; install helm to render it")
_IGNORED_FOLDERS = frozenset({".git", "templates", "node_modules"})


class CheckoutError(Exception):
    """The path is not a checkout of the ops repo. The message names the paths that were searched."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The evidence of one checkout. `prefix` is its path inside the git repository, empty at the top."""

    facts: PolicyFacts
    commit: str | None
    prefix: str


def read_checkout(root: Path, config: Config, now: datetime, base_branches: Sequence[str] = ()) -> Checkout:
    """Read all evidence of a checkout. Raises CheckoutError if it is not an ops repo.

    `base_branches` are the names of the branch that it is compared with; the first one that exists is used.
    """
    if not root.is_dir():
        raise CheckoutError(f"{root} is not a folder; pass the path of a checkout")
    reader = _CheckoutReader(root.resolve(), config, base_branches)
    if not reader.has_ops_repo_files():
        paths = f"{config.chart.path}, {config.chart.applications} and each environment's release.yaml"
        raise CheckoutError(f"there is no ops repo in {root}: searched for {paths}; pass the path of a checkout")
    with ThreadPoolExecutor(max_workers=4) as pool:
        facts = pool.map(lambda environment: reader.build_facts(environment, now), config.environments)
        environments = {environment.name: known for environment, known in zip(config.environments, facts, strict=True)}
    estate = Facts(
        config,
        now,
        ops_settings=ONLY_ON_SERVERS,
        app_settings=ONLY_ON_SERVERS,
        ci=ONLY_ON_SERVERS,
        config_change=compare_config(config, reader.root, reader.git, reader.base),
    )
    git = reader.git if isinstance(reader.git, GitCheckout) else None
    facts_of_checkout = PolicyFacts(environments, estate, is_checkout=True)
    return Checkout(facts_of_checkout, git.commit if git else None, git.prefix if git else "")


class _CheckoutReader:
    """Reads one checkout. `git` is the reason if the checkout has no git history."""

    def __init__(self, root: Path, config: Config, base_branches: Sequence[str]) -> None:
        self.root, self.config = root, config
        self.helm = find_helm()
        self.git: GitCheckout | str
        try:
            self.git = open_git_checkout(root)
        except GitError as error:
            self.git = str(error)
        self.base = find_base_branch(self.git, base_branches) if isinstance(self.git, GitCheckout) else None
        self.git_evidence = read_git_evidence(config, self.read_file, self._list_application_files())

    def has_ops_repo_files(self) -> bool:
        paths = [self.config.chart.path, self.config.chart.applications]
        for environment in self.config.environments:
            paths += [environment.release, environment.values]
        return any((self.root / path).exists() for path in paths)

    def read_file(self, path: str) -> bytes | None:
        """Return the content of a file, None if it does not exist or a link leads out of the checkout."""
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root) or not target.is_file():
            return None
        try:
            with target.open("rb") as file:
                return file.read(MAX_FILE_BYTES)  # a YAML file of this size is refused by its parser
        except OSError:
            return None

    def _list_application_files(self) -> Iterator[str]:
        """Yield the YAML files of the applications folder, or of the whole checkout without such a folder."""
        folder = self.root / self.config.chart.applications
        for path in sorted((folder if folder.is_dir() else self.root).rglob("*.y*ml")):
            relative = path.relative_to(self.root)
            if path.is_file() and not _IGNORED_FOLDERS & set(relative.parts):
                yield relative.as_posix()

    def build_facts(self, environment: EnvironmentConfig, now: datetime) -> Facts:
        """Return the facts of one environment."""
        git = self.git_evidence[environment.name]
        return Facts(
            self.config,
            now,
            environment,
            values=git.values,
            release=git.release,
            upstream=self._upstream_history(environment),
            head=ONLY_ON_SERVERS,
            manifest=git.manifest,
            live_spec=ONLY_ON_SERVERS,
            rendered=self._render_environment(environment, git),
            live=ONLY_ON_SERVERS,
            file_defects=self._find_file_defects(environment, git),
        )

    # --- required files ------------------------------------------------------------------------------

    def _find_file_defects(
        self, environment: EnvironmentConfig, git: GitEvidence
    ) -> EvidenceResult[tuple[MissingEvidence, ...]]:
        """Return the release file, overlay and Application that are missing or cannot be read."""
        if not self._is_present(environment, git):
            if self.base is None:
                reason = "the base branch is not in this clone: fetch it, or name it with --base"
                return MissingEvidence(f"unknown if {environment.name} was deleted: {reason}")
            return NotApplicable(f"neither the checkout nor the base branch contains {environment.name}")
        defects = [found for found in (git.release, git.values) if isinstance(found, MissingEvidence)]
        if isinstance(git.release, ReleaseFile) and not git.release.release.images and self.base is not None:
            before = read_release_file(self.base.read_file(environment.release), environment.release, self.config)
            if isinstance(before, ReleaseFile) and before.release.images:
                reason = f"{environment.release} contains no images; on {self.base.name} it does"
                defects.append(MissingEvidence(reason, SourceLocation(environment.release)))
        # Applications may be in another repository: without one, only a broken or a deleted file is a defect.
        if isinstance(git.manifest, MissingEvidence):
            deleted = self.base.list_deleted_files(self.config.chart.applications) if self.base else ()
            if git.manifest.location is not None or deleted:
                suffix = f"; deleted: {', '.join(deleted[:3])}" if deleted else ""
                defects.append(replace(git.manifest, reason=git.manifest.reason + suffix))
        return tuple(defects)

    def _is_present(self, environment: EnvironmentConfig, git: GitEvidence) -> bool:
        """Return True for an environment that must be complete: it is configured, or part of it exists."""
        if any(key.startswith("environments.") for key in self.config.origins) or git.applications:
            return True
        folders = [(self.root / path).parent for path in (environment.release, environment.values)]
        on_base = self.base is not None and self.base.read_file(environment.release) is not None
        return on_base or any(folder.is_dir() for folder in folders)

    # --- rendered manifests --------------------------------------------------------------------------

    def _render_environment(self, environment: EnvironmentConfig, git: GitEvidence) -> EvidenceResult[Manifests]:
        if self.helm is None:
            return _HELM_MISSING
        if not isinstance(git.values, tuple):
            return git.values
        try:
            sources = [find_helm_source(application) for application in git.applications]
        except ValueLayersError as error:
            return missing_from_problem(error.problem)
        resources: list[KubernetesResource] = []
        unreadable: list[str] = []
        for source, values in zip(sources or [self._default_source(environment)], git.values, strict=True):
            files = [layer.file for layer in values.layers if not layer.is_chart and layer.file != source.file]
            try:
                manifests = read_manifests(render_chart(self.helm, self.root, source, files), source.application)
            except HelmError as error:
                message = f"helm cannot render {source.application}: {error}"
                return MissingEvidence(message, SourceLocation(f"{source.path}/Chart.yaml"))
            resources.extend(resource for resource in manifests.resources if not _is_helm_test(resource))
            unreadable.extend(reason for reason in manifests.unreadable if "without kind" in reason)
        return build_manifests(resources, unreadable=unreadable)

    def _default_source(self, environment: EnvironmentConfig) -> HelmSource:
        return HelmSource(environment.name, self.config.chart.path, {})

    # --- release history of the previous environment ---------------------------------------------------

    def _upstream_history(self, environment: EnvironmentConfig) -> EvidenceResult[UpstreamHistory]:
        index = self.config.environments.index(environment)
        if index == 0:
            return NotApplicable(f"{environment.name} is the first environment")
        previous = self.config.environments[index - 1]
        current = PastRelease("", self._parse_release(self.read_file(previous.release), previous.release))
        if isinstance(self.git, str):
            return UpstreamHistory(
                previous.name, (current,), complete=False, incomplete_reason=f"no git history: {self.git}"
            )
        try:
            history = self.git.read_history(previous.release)
            initial = self._initial_release(self.git, environment, history)
        except GitError as error:
            return UpstreamHistory(previous.name, (current,), complete=False, incomplete_reason=f"git failed: {error}")
        releases = [
            PastRelease(commit, self._parse_release(text, previous.release)) for commit, text in history.versions
        ]
        return UpstreamHistory(
            previous.name, (current, *releases), history.complete, history.incomplete_reason, initial
        )

    def _initial_release(
        self, git: GitCheckout, environment: EnvironmentConfig, history: FileHistory
    ) -> Release | None:
        """Return the environment's own release at the start of the previous environment's history."""
        if not history.versions:
            return None
        text = git.read_file_at(history.versions[-1][0], environment.release)
        return self._parse_release(text, environment.release)

    def _parse_release(self, text: bytes | None, file: str) -> Release | None:
        found = read_release_file(text, file, self.config)
        return None if isinstance(found, MissingEvidence) else found.release


def _is_helm_test(resource: KubernetesResource) -> bool:
    """Return True for Helm's test hooks. Argo CD does not apply them."""
    return "test" in get_text(resource.manifest, "metadata", "annotations", "helm.sh/hook")
