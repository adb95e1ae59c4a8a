"""What the checks are handed: for each kind of evidence what it says, or why it says nothing.

An evidence is its value, `Unavailable` where it should be there and did not come, or `NotApplicable` where
it is not looked at. Nothing here fetches anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation
from anchor_tui.domain.kubernetes.application_manifests import ManifestApplication
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import Application, ChecksStatus, Problem, Release, ValueObject
from anchor_tui.domain.releases import locate_release, read_release
from anchor_tui.domain.source_data import PastRelease
from anchor_tui.domain.yaml.document import YamlDocument, parse_document
from anchor_tui.domain.yaml.nodes import YamlDocumentError

T = TypeVar("T")


class MissingEvidence(ValueObject, frozen=True):
    """Evidence that did not come. `reason` says why, and the way out where there is one."""

    reason: str
    place: SourceLocation | None = None


class NotApplicable(ValueObject, frozen=True):
    """Evidence that is not looked at here, and why."""

    reason: str


EvidenceResult: TypeAlias = T | MissingEvidence | NotApplicable


class EvidenceUnavailable(Exception):
    """The evidence that a check asked for is not there."""

    def __init__(self, lack: MissingEvidence | NotApplicable) -> None:
        super().__init__(lack.reason)
        self.cause = lack


def require(evident: T | MissingEvidence | NotApplicable) -> T:
    """The value of an evidence; LackingError where it has none."""
    if isinstance(evident, MissingEvidence | NotApplicable):
        raise EvidenceUnavailable(evident)
    return evident


def missing_from_problem(problem: Problem) -> MissingEvidence:
    """A problem as the reason why an evidence did not come."""
    place = SourceLocation(problem.file, problem.line, problem.column) if problem.file else None
    return MissingEvidence(problem.message, place)


_NOT_COLLECTED = NotApplicable("this is not looked at here")


class ReleaseFile(ValueObject, frozen=True):
    """A release.yaml and where each of its images stands in it, by the image's name."""

    file: str
    release: Release
    places: Mapping[str, SourceLocation]


class UpstreamHistory(ValueObject, frozen=True):
    """The releases that the environment before had, the present one included.

    `whole` tells whether they reach back to the first; where not, `ends` says why and what to do. `began` is
    what the environment itself ran already at the first of them: what came before that is not known.
    """

    environment: str
    history: tuple[PastRelease, ...]
    complete: bool
    incomplete_reason: str = ""
    initial_release: Release | None = None


class BranchHead(ValueObject, frozen=True):
    """The newest commit of the branch. `changed` are the paths that differ from a revision to it; absent: not known."""

    branch: str
    oid: str
    committed_at: datetime | None = None
    changed: Mapping[str, tuple[str, ...]] = {}
    paths_read: Mapping[str, tuple[str, ...]] = {}
    """What each application reads, by name: files and folders."""
    incomparable: Mapping[str, str] = {}
    """Why what lies between a revision and the head cannot be told."""
    comparison_pending: bool = False
    """Whether what is in neither is still being asked for."""


class RepositorySettings(ValueObject, frozen=True):
    """The names that one repository's workflows can use, whoever set them; the values of variables too.

    `in_environments` are variables that one of its environments has for the jobs that name it. Where not
    everything could be listed, `variables_beyond` and `secrets_beyond` say what, and why.
    """

    repository: str
    variables: EvidenceResult[Mapping[str, str]]
    secrets: EvidenceResult[frozenset[str]]
    environment_variables: Mapping[str, Mapping[str, str]] = {}
    variables_incomplete: str = ""
    secrets_incomplete: str = ""


class Facts(ValueObject, frozen=True):
    """What is known of one environment, or, where `environment` is None, of the estate as a whole."""

    config: Config
    now: datetime
    environment: EnvironmentConfig | None = None
    values: EvidenceResult[tuple[LayeredValues, ...]] = _NOT_COLLECTED
    """git: the layers as Helm lays them, one for each application."""
    release: EvidenceResult[ReleaseFile] = _NOT_COLLECTED
    before: EvidenceResult[UpstreamHistory] = _NOT_COLLECTED
    head: EvidenceResult[BranchHead] = _NOT_COLLECTED
    manifest: EvidenceResult[tuple[ManifestApplication, ...]] = _NOT_COLLECTED
    live_spec: EvidenceResult[tuple[Application, ...]] = _NOT_COLLECTED
    rendered: EvidenceResult[Manifests] = _NOT_COLLECTED
    live: EvidenceResult[Manifests] = _NOT_COLLECTED
    ops_settings: EvidenceResult[RepositorySettings] = _NOT_COLLECTED
    app_settings: EvidenceResult[RepositorySettings] = _NOT_COLLECTED
    ci: EvidenceResult[ChecksStatus] = _NOT_COLLECTED

    @property
    def of(self) -> EnvironmentConfig:
        """The environment; for checks that are about one."""
        assert self.environment is not None
        return self.environment

    def manifests(self, evidence: str) -> Manifests:
        """The manifests of `rendered` or `live`; LackingError where there are none."""
        return require(self.live if evidence == "live" else self.rendered)


def read_release_file(text: str | bytes | None, file: str, config: Config) -> ReleaseFile | MissingEvidence:
    """A release.yaml as evidence."""
    if text is None:
        return MissingEvidence(f"{file} is not there", SourceLocation(file))
    try:
        document = parse_document(text, file)
        release, _ = read_release(document, config.release)
        places = {
            each.image.name: _locate_node(document, each.path)
            for each in locate_release(document, config.release).images
        }
    except YamlDocumentError as error:
        return missing_from_problem(error.problem)
    return ReleaseFile(file, release, places)


def _locate_node(document: YamlDocument, path: tuple[str | int, ...]) -> SourceLocation:
    node = document.find(path) or document.root
    return SourceLocation(document.file, node.line, node.column)
