"""The input of the checks: a value for each kind of evidence, or the reason why it is missing.

Evidence is its value, `MissingEvidence` if it could not be read, or `NotApplicable` if it is not collected here.
Nothing in this module reads from a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.kubernetes.application_manifests import ManifestApplication
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import Application, ChecksStatus, EvidenceKind, Problem, Release, ValueObject
from anchor_tui.domain.releases import locate_release, read_release
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.domain.yaml.document import YamlDocument, parse_document
from anchor_tui.domain.yaml.nodes import YamlDocumentError

T = TypeVar("T")


class MissingEvidence(ValueObject, frozen=True):
    """Evidence that should exist and could not be read. `reason` explains why and, if known, what to do."""

    reason: str
    location: SourceLocation | None = None


class NotApplicable(ValueObject, frozen=True):
    """Evidence that is not collected in this run, with the reason."""

    reason: str


class PendingEvidence(ValueObject, frozen=True):
    """Evidence of two sources that are not at the same commit yet. `reason` names the two commits."""

    reason: str
    location: SourceLocation | None = None


EvidenceResult: TypeAlias = T | MissingEvidence | NotApplicable


class EvidenceUnavailable(Exception):
    """The evidence that a check requires has no value. `cause` contains the reason."""

    def __init__(self, cause: MissingEvidence | PendingEvidence | NotApplicable) -> None:
        super().__init__(cause.reason)
        self.cause = cause


def require(evidence: T | MissingEvidence | NotApplicable) -> T:
    """Return the value of the evidence. Raises EvidenceUnavailable if it is missing."""
    if isinstance(evidence, MissingEvidence | NotApplicable):
        raise EvidenceUnavailable(evidence)
    return evidence


def missing_from_problem(problem: Problem) -> MissingEvidence:
    """Return missing evidence with the message and the location of a problem."""
    location = SourceLocation(problem.file, problem.line, problem.column) if problem.file else None
    return MissingEvidence(problem.message, location)


_NOT_COLLECTED = NotApplicable("not collected here")


class ReleaseFile(ValueObject, frozen=True):
    """A release.yaml. `locations` are the locations of its images, by image name."""

    file: str
    release: Release
    locations: Mapping[str, SourceLocation]


class UpstreamHistory(ValueObject, frozen=True):
    """The releases of the previous environment in the promotion order, including its current one.

    `complete` is true if the history contains its first release; otherwise `incomplete_reason` explains why and what
    to do. `initial_release` is the release that the environment itself ran at the start of this history: the previous
    environment may have had it earlier.
    """

    environment: str
    history: tuple[PastRelease, ...]
    complete: bool
    incomplete_reason: str = ""
    initial_release: Release | None = None


class BranchHead(ValueObject, frozen=True):
    """The newest commit of the branch.

    `changed` contains the paths that differ between a revision and the head, by revision; an absent revision has not
    been compared.
    """

    branch: str
    oid: str
    committed_at: datetime | None = None
    changed: Mapping[str, tuple[str, ...]] = {}
    paths_read: Mapping[str, tuple[str, ...]] = {}
    """The files and folders that each application reads, by application name."""
    incomparable: Mapping[str, str] = {}
    """The reasons why revisions cannot be compared with the head, by revision."""
    newer: frozenset[str] = frozenset()
    """The revisions that contain the head: they were pushed after it was read."""
    comparison_pending: bool = False
    """True while revisions in neither mapping are still being compared."""


class RepositorySettings(ValueObject, frozen=True):
    """The variables, with values, and the names of the secrets that the workflows of one repository can use.

    They include those of the organisation. `environment_variables` are the variables of the repository's GitHub
    environments, by environment. If a listing is incomplete, `variables_incomplete` and `secrets_incomplete` name what
    is missing and why.
    """

    repository: str
    variables: EvidenceResult[Mapping[str, str]]
    secrets: EvidenceResult[frozenset[str]]
    environment_variables: Mapping[str, Mapping[str, str]] = {}
    variables_incomplete: str = ""
    secrets_incomplete: str = ""


class ConfigChange(ValueObject, frozen=True):
    """The configuration file of the checks, compared with the base branch.

    `file` is its path in the repository, `base` the name of the branch. `relaxations` are the changes that may hide a
    failure.
    """

    file: str
    base: str
    is_changed: bool
    relaxations: tuple[str, ...] = ()


class Facts(ValueObject, frozen=True):
    """The evidence of one environment; of the repositories if `environment` is None."""

    config: Config
    now: datetime
    environment: EnvironmentConfig | None = None
    values: EvidenceResult[tuple[LayeredValues, ...]] = _NOT_COLLECTED
    """The layered Helm values in git, one for each application."""
    release: EvidenceResult[ReleaseFile] = _NOT_COLLECTED
    upstream: EvidenceResult[UpstreamHistory] = _NOT_COLLECTED
    head: EvidenceResult[BranchHead] = _NOT_COLLECTED
    manifest: EvidenceResult[tuple[ManifestApplication, ...]] = _NOT_COLLECTED
    live_spec: EvidenceResult[tuple[Application, ...]] = _NOT_COLLECTED
    rendered: EvidenceResult[Manifests] = _NOT_COLLECTED
    live: EvidenceResult[Manifests] = _NOT_COLLECTED
    ops_settings: EvidenceResult[RepositorySettings] = _NOT_COLLECTED
    app_settings: EvidenceResult[RepositorySettings] = _NOT_COLLECTED
    ci: EvidenceResult[ChecksStatus] = _NOT_COLLECTED
    file_defects: EvidenceResult[tuple[MissingEvidence, ...]] = _NOT_COLLECTED
    """The required files of a checkout that are missing or cannot be read."""
    config_change: EvidenceResult[ConfigChange] = _NOT_COLLECTED
    """The configuration of a checkout, compared with the base branch."""
    ci_awaiting_person: tuple[str, ...] = ()
    """The failed checks of the branch's head that need a person to act on GitHub."""
    commit_gaps: Mapping[EvidenceKind, PendingEvidence | MissingEvidence] = {}
    """For evidence of the cluster, the reason why it cannot be compared with the release file in git."""

    def require_manifests(self, evidence: EvidenceKind) -> Manifests:
        """Return the `rendered` or `live` manifests. Raises EvidenceUnavailable without them."""
        return require(self.live if evidence == "live" else self.rendered)

    def require_same_commit(self, evidence: EvidenceKind) -> None:
        """Raise EvidenceUnavailable if evidence of the cluster and the release file are of different commits."""
        if gap := self.commit_gaps.get(evidence):
            raise EvidenceUnavailable(gap)


class PolicyFacts(ValueObject, frozen=True):
    """The facts of each environment by name, and `estate`: those of the repositories."""

    environments: Mapping[str, Facts]
    estate: Facts
    is_checkout: bool = False
    """True for the facts of a checkout, to which the checks of checkouts apply."""


def read_release_file(text: str | bytes | None, file: str, config: Config) -> ReleaseFile | MissingEvidence:
    """Parse a release.yaml; `text` is None if the file does not exist."""
    if text is None:
        return MissingEvidence(f"{file} does not exist", SourceLocation(file))
    try:
        document = parse_document(text, file)
        release, _ = read_release(document, config.release)
        locations = {
            located.image.name: _locate_node(document, located.path)
            for located in locate_release(document, config.release).images
        }
    except YamlDocumentError as error:
        return missing_from_problem(error.problem)
    except ODD_VALUE_FAULTS as error:
        return MissingEvidence(f"a value of {file} cannot be read ({type(error).__name__})", SourceLocation(file))
    return ReleaseFile(file, release, locations)


def _locate_node(document: YamlDocument, path: tuple[str | int, ...]) -> SourceLocation:
    node = document.find(path) or document.root
    return SourceLocation(document.file, node.line, node.column)
