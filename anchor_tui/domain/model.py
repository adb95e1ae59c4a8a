"""The snapshot and its parts: everything known at one instant, immutable.

The classes follow the JSON contract `anchor-tui/snapshot/v1` key by key, so that the screen, the command line and
scripts that read the export use the same names. Times are in UTC and timezone-aware; collections are tuples.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from anchor_tui.config.model import RuleSet, Tier

AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]
"""A datetime with a time zone. The contract accepts no other."""
FullText: TypeAlias = str | None
"""The whole text of the field `message`, if it is too long to be displayed and `message` is only its beginning."""


class ValueObject(msgspec.Struct, frozen=True, gc=False):
    """A frozen value, equal by content. msgspec builds these classes ten times faster than dataclasses.

    The garbage collector does not track them: a frozen value cannot become part of a cycle, and there are thousands.
    """


class Level(StrEnum):
    """A degree of health, in the order of severity: ok < attention < unknown < failing."""

    OK = "ok"
    ATTENTION = "attention"
    UNKNOWN = "unknown"
    FAILING = "failing"

    @property
    def rank(self) -> int:
        """The severity as a number from 0 (ok) to 3 (failing)."""
        return _LEVEL_ORDER.index(self)

    @classmethod
    def worst(cls, levels: Iterable[Level]) -> Level:
        """Return the most severe of the levels; ok if there are none."""
        return max(levels, key=lambda level: level.rank, default=cls.OK)


_LEVEL_ORDER = tuple(Level)


class AppId(NamedTuple):
    """The full identity of an application. `server` is the name of its Argo CD, which is also the source's id."""

    server: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


_get_shared_id = lru_cache(maxsize=1 << 16)(AppId)
"""Returns one object for each identity: it is a key of a dozen indexes, and is needed thousands of times a second."""


class Problem(ValueObject, frozen=True):
    """A failure inside a source that did respond: in one application, one file or one field."""

    subject: str
    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    full_message: FullText = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return f"{place}: {self.message}" if place else f"{self.subject}: {self.message}"


class SourceFailure(ValueObject, frozen=True):
    """The reason why a source did not respond. The message includes what to do about it."""

    kind: str
    message: str


VerdictCause: TypeAlias = Literal["outage", "policy"]


VerdictWord: TypeAlias = Literal["ok", "attention", "unknown", "violation", "failing"]


class Verdict(ValueObject, frozen=True):
    """A level and its reasons. Each reason is one sentence; the most severe comes first.

    `cause` is set only if the level is failing: "outage" if an application is down, "policy" if only policy errors
    fail, None for any other failure.
    """

    level: Level
    reasons: tuple[str, ...] = ()
    cause: VerdictCause | None = None

    @property
    def word(self) -> VerdictWord:
        """The level as shown to the operator. A policy error is called a violation, because nothing is down."""
        return "violation" if self.cause == "policy" else self.level.value


# --- sources ---------------------------------------------------------------------------------------

SourceStatus: TypeAlias = Literal["asking", "fresh", "stale", "missing"]


class RateBudget(ValueObject, frozen=True):
    """GitHub's hourly rate limit, in points. `cost` is what the last reading used."""

    limit: int
    remaining: int
    cost: int
    reset_at: AwareDatetime


class SourceState(ValueObject, frozen=True):
    """The state of one source at the instant of the snapshot. `age_s` is the age of its data, in seconds."""

    id: str
    kind: Literal["argocd", "github"]
    url: str
    version: str | None = None
    state: SourceStatus = "asking"
    taken_at: AwareDatetime | None = None
    age_s: float | None = None
    error: SourceFailure | None = None
    latency_ms: float | None = None
    budget: RateBudget | None = None


# --- the ops repo ----------------------------------------------------------------------------------


class Image(ValueObject, frozen=True):
    """One image of a release. `name` is its key in the release, `repository` has no tag and no digest."""

    name: str
    repository: str
    tag: str | None = None
    digest: str | None = None


class PullRequestRef(ValueObject, frozen=True):
    """The number, title and URL of a pull request."""

    number: int
    title: str
    url: str


class Release(ValueObject, frozen=True):
    """The contents of an environment's release.yaml, and the change that introduced them."""

    version: str
    commit: str | None = None
    released: AwareDatetime | None = None
    images: tuple[Image, ...] = ()
    changed_at: AwareDatetime | None = None
    changed_by: str | None = None
    pull_request: PullRequestRef | None = None

    @property
    def content_key(self) -> tuple[tuple[str, str], ...] | str:
        """The key by which releases are compared: images by digest or tag; the version if there are no images."""
        if not self.images:
            return self.version
        return tuple(sorted((image.repository, image.digest or image.tag or "") for image in self.images))


PullRequestKind: TypeAlias = Literal["promotion", "rollback", "bump", "fix", "other"]
ChecksStatus: TypeAlias = Literal["success", "failure", "pending", "unknown", "none"]


class PullRequest(ValueObject, frozen=True):
    """An open pull request of the ops repo. `review` and `mergeable` are GitHub's values in lower case."""

    number: int
    title: str
    url: str
    kind: PullRequestKind = "other"
    environments: tuple[str, ...] = ()
    version: str | None = None
    draft: bool = False
    author: str | None = None
    labels: tuple[str, ...] = ()
    head_sha: str = ""
    checks: ChecksStatus = "unknown"
    review: str | None = None
    mergeable: str | None = None
    created_at: AwareDatetime | None = None

    @property
    def ref(self) -> PullRequestRef:
        """Its number, title and URL."""
        return PullRequestRef(self.number, self.title, self.url)


class ReleasePosition(ValueObject, frozen=True):
    """The position of an environment relative to `environment`, the previous one in the order of promotion.

    `versions` are the releases in between, newest first; `since` is the time of the oldest of them.
    """

    state: Literal["newest", "behind", "ahead", "diverged", "unknown"]
    environment: str | None = None
    versions: tuple[str, ...] = ()
    pull_requests: tuple[PullRequestRef, ...] = ()
    since: AwareDatetime | None = None


# --- Argo CD ---------------------------------------------------------------------------------------


class AutoSyncPolicy(ValueObject, frozen=True):
    """`spec.syncPolicy.automated`. Auto-sync is on if `enabled` is set."""

    enabled: bool
    prune: bool
    self_heal: bool


class Operation(ValueObject, frozen=True):
    """The running or last operation. A requested operation that the controller has not started has no `started_at`."""

    phase: str
    message: str | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    initiated_by: str | None = None
    revision: str | None = None
    full_message: FullText = None

    @property
    def is_running(self) -> bool:
        """True if Argo CD would refuse another operation.

        An operation that waits to retry is running and has a `finished_at`.
        """
        return self.phase in {"Pending", "Running", "Terminating"}

    @property
    def has_failed(self) -> bool:
        """True if it failed, or if an attempt failed and the next one is waiting."""
        return self.phase in {"Failed", "Error"} or (self.phase == "Running" and self.finished_at is not None)


class ApplicationCondition(ValueObject, frozen=True):
    """A condition of an application. Its type ends in Error or Warning."""

    type: str
    message: str
    full_message: FullText = None


class PrunableResource(ValueObject, frozen=True):
    """A live resource that is not in git any more. `kept` names the sync option that protects it from pruning."""

    group: str
    kind: str
    namespace: str
    name: str
    kept: Literal["Prune=false", "Prune=confirm"] | None = None


class UnhealthyResource(ValueObject, frozen=True):
    """A resource that is not healthy, with its own message."""

    group: str
    kind: str
    namespace: str
    name: str
    health: str
    message: str | None = None
    full_message: FullText = None


class ResourceCounts(ValueObject, frozen=True):
    """The number of resources, and of those that are out of sync or not healthy."""

    total: int
    out_of_sync: int
    unhealthy: int | None = None
    """None if the server does not report it: the list endpoint has no health of resources."""


class Diagnosis(ValueObject, frozen=True):
    """The cause of a failure, as one sentence, with its evidence and the next step.

    `rule` is the id of the rule that found it. It is None if no rule matched: `evidence` then names what was examined.
    """

    cause: str
    rule: str | None = None
    resource: str | None = None
    """The workload that fails, as `Kind/name`."""
    blocking: bool = False
    """True if the rollout cannot succeed without a change."""
    since: AwareDatetime | None = None
    """The time of the first sign of this failure, as the cluster reports it."""
    evidence: tuple[str, ...] = ()
    next_step: str | None = None
    also: tuple[str, ...] = ()
    """The causes of the other workloads that fail."""


class FirstSeen(ValueObject, frozen=True):
    """The time at which anchor-tui first saw a value that no server dates. The value is the present one.

    `observed_start` is False if the value was there when the observation began: it is older then. `continuous` is False
    if there were times without observation since: it may have been another one meanwhile.
    """

    at: AwareDatetime
    observed_start: bool
    continuous: bool


Presence: TypeAlias = Literal["found", "absent", "forbidden"]


SYNC_SEEN = "Since when it is OutOfSync; null if it is not, or if no history is recorded."
HEALTH_SEEN = "Since when it is not Healthy, if `health_since` is null; null if no history is recorded."


class Application(ValueObject, frozen=True):
    """One Argo CD application. Sync, health and phases are plain text because servers add values."""

    source: str
    namespace: str
    name: str
    project: str | None = None
    url: str | None = None
    presence: Presence = "found"
    sync: str | None = None
    health: str | None = None
    health_since: AwareDatetime | None = None
    target_revision: str | None = None
    compared_revision: str | None = None
    synced_revision: str | None = None
    synced_at: AwareDatetime | None = None
    automated: AutoSyncPolicy | None = None
    operation: Operation | None = None
    conditions: tuple[ApplicationCondition, ...] = ()
    images: tuple[str, ...] = ()
    prunable: tuple[PrunableResource, ...] = ()
    unhealthy: tuple[UnhealthyResource, ...] = ()
    resources: ResourceCounts | None = None
    reconciled_at: AwareDatetime | None = None
    problems: tuple[Problem, ...] = ()
    diagnosis: Diagnosis | None = None
    sync_seen: Annotated[FirstSeen | None, msgspec.Meta(description=SYNC_SEEN)] = None
    health_seen: Annotated[FirstSeen | None, msgspec.Meta(description=HEALTH_SEEN)] = None
    labels: tuple[tuple[str, str], ...] = ()
    """The labels of the Application resource, as pairs of key and value, sorted by key."""

    @property
    def id(self) -> AppId:
        """Its full identity."""
        return _get_shared_id(self.source, self.namespace, self.name)

    @property
    def is_suspect(self) -> bool:
        """True if the application has to be examined: it is not healthy, or its last sync failed."""
        if self.presence != "found":
            return False
        has_failed = self.operation is not None and self.operation.has_failed
        return has_failed or self.health not in {"Healthy", "Suspended", None}


# --- policy ----------------------------------------------------------------------------------------

FindingStatus: TypeAlias = Literal["pass", "fail", "waived", "skipped", "unknown"]
EvidenceKind: TypeAlias = Literal["git", "manifest", "live-spec", "rendered", "live", "settings", "ci"]


FINDING_SEEN = "Since when the check fails, if it does; null if no history is recorded."
SINCE_PULL_REQUEST = "The pull request of the release that was observed together with the beginning of the failure."


class Finding(ValueObject, frozen=True):
    """The result of one check for one kind of evidence."""

    check: str
    title: str
    level: Literal["error", "warning", "info"]
    status: FindingStatus
    evidence: EvidenceKind
    message: str
    fix: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    resource: str | None = None
    since: AwareDatetime | None = None
    pending: bool = False
    """True if the status is unknown only until git and Argo CD are at the same commit."""
    full_message: FullText = None
    first_seen: Annotated[FirstSeen | None, msgspec.Meta(description=FINDING_SEEN)] = None
    since_pull_request: Annotated[int | None, msgspec.Meta(description=SINCE_PULL_REQUEST)] = None


LAST_KNOWN_GOOD = (
    "The release that was last observed Synced and Healthy for [history] soak_minutes; policy errors do not count. "
    "Null if the history contains none: imported releases do not count. `seen_at` is the last recorded time at which "
    "it was healthy."
)
"""The description of `last_known_good` in the schema."""


class LastKnownGood(ValueObject, frozen=True):
    """The newest release that was observed healthy in this environment, and the last recorded time of that.

    The time is recorded when the release qualifies and when its healthy time ends.
    """

    version: str
    seen_at: AwareDatetime


# --- delivery metrics ------------------------------------------------------------------------------

DeliveryMetricState: TypeAlias = Literal["known", "at-least", "too-few", "unknown"]
LeadTimeBasis: TypeAlias = Literal["app-repo", "ops-repo", "both"]
DeliveryUnit: TypeAlias = Literal["per-day", "s", "ratio"]


class DeliveryMetric(ValueObject, frozen=True):
    """One delivery metric of an environment in one window. `docs/metrics.md` defines each.

    `value` is None unless the state is `known` or `at-least`; `at-least` means that further events may be missing.
    `percentile_90` belongs to a median.
    """

    state: DeliveryMetricState
    unit: DeliveryUnit
    count: int
    """The number of events that the value is computed from."""
    value: float | None = None
    percentile_90: float | None = None
    excluded: int = 0
    """The number of events that are left out: not watched from start to end, or not over yet."""
    reason: str = ""
    """Why the value is unknown or incomplete, or why events are left out."""
    basis: LeadTimeBasis | None = None
    """The repository in which the lead times begin; None for other metrics."""


class DeliveryWindow(ValueObject, frozen=True):
    """The delivery metrics of an environment in the `days` before `until`.

    `since` is where the window begins; later than `days` ago if releases are known only from then. None if no release
    is recorded. `watched_s` are the seconds of the window in which anchor-tui was watching with fresh sources.
    """

    days: int
    since: AwareDatetime | None
    until: AwareDatetime
    watched_s: float
    deployment_frequency: DeliveryMetric
    lead_time: DeliveryMetric
    change_failure_rate: DeliveryMetric
    time_to_restore: DeliveryMetric


# --- snapshot --------------------------------------------------------------------------------------


class VerdictSpan(ValueObject, frozen=True):
    """A time in which an environment was observed with one verdict. `until` is None while it lasts."""

    verdict: VerdictWord
    since: AwareDatetime
    until: AwareDatetime | None = None


VERDICTS = "The verdicts of the last 24 hours, oldest first. A time between two of them was not observed."


class Environment(ValueObject, frozen=True):
    """One environment, in the order of promotion. `source` is the id of the Argo CD that serves it."""

    name: str
    rules: RuleSet
    tier: Tier
    protected: bool
    source: str
    verdict: Verdict
    problems: tuple[Problem, ...] = ()
    release: Release | None = None
    applications: tuple[Application, ...] = ()
    position: ReleasePosition | None = None
    last_known_good: Annotated[LastKnownGood | None, msgspec.Meta(description=LAST_KNOWN_GOOD)] = None
    findings: tuple[Finding, ...] = ()
    pull_requests: tuple[PullRequest, ...] = ()
    delivery: tuple[DeliveryWindow, ...] = ()
    """The delivery metrics of the last 7, 30 and 90 days; empty without a history."""
    verdicts: Annotated[tuple[VerdictSpan, ...], msgspec.Meta(description=VERDICTS)] = ()


class Snapshot(ValueObject, frozen=True):
    """Everything known at `taken_at`. Items that belong to no single environment are at the top level."""

    taken_at: AwareDatetime
    engine_id: str
    read_only: bool
    verdict: Verdict
    sources: tuple[SourceState, ...] = ()
    environments: tuple[Environment, ...] = ()
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()
    pull_requests: tuple[PullRequest, ...] = ()

    def find_source(self, source_id: str) -> SourceState | None:
        """Return the state of one source; None if there is no such source."""
        return next((source for source in self.sources if source.id == source_id), None)

    def find_environment(self, name: str) -> Environment | None:
        """Return one environment by name; None if there is no such environment."""
        return next((environment for environment in self.environments if environment.name == name), None)

    @property
    def all_applications(self) -> tuple[Application, ...]:
        """Every application, in the order of the environments."""
        return tuple(app for environment in self.environments for app in environment.applications)

    @property
    def all_pull_requests(self) -> tuple[PullRequest, ...]:
        """Every open pull request once, highest number first."""
        found = {pr.number: pr for env in self.environments for pr in env.pull_requests}
        found |= {pr.number: pr for pr in self.pull_requests}
        return tuple(found[number] for number in sorted(found, reverse=True))

    @property
    def sources_not_fresh(self) -> tuple[SourceState, ...]:
        """The sources whose data is missing or has expired."""
        return tuple(source for source in self.sources if source.state != "fresh")
