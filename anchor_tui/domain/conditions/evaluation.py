"""The state of conditions in a snapshot. A stale or unknown value satisfies no condition, not even a negated one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from anchor_tui.domain.conditions.language import (
    ApplicationClaim,
    Condition,
    EnvironmentClaim,
    PullRequestClaim,
)
from anchor_tui.domain.inspection.pull_request_details import PullRequestDetails
from anchor_tui.domain.live_release import list_live_versions
from anchor_tui.domain.model import (
    Application,
    ChecksStatus,
    Environment,
    Level,
    PullRequest,
    Snapshot,
    SourceFailure,
    ValueObject,
)
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID
from anchor_tui.domain.verdict import is_asleep, name_unread_source

ConditionStatus: TypeAlias = Literal["true", "false", "unknown", "impossible"]


class ConditionResult(ValueObject, frozen=True):
    """The state of one condition, with the reason in a few words. An impossible one cannot become true any more."""

    status: ConditionStatus
    reason: str


class ConditionEvidence(ValueObject, frozen=True):
    """Everything that conditions are evaluated from.

    `pull_requests` are those that were read because the snapshot does not list them as open: a failure is the reason
    why one could not be read. `application_counts` are the numbers of applications that the configuration names.
    """

    snapshot: Snapshot
    pull_requests: Mapping[int, PullRequestDetails | SourceFailure] = {}
    application_counts: Mapping[str, int] = {}


class _State(NamedTuple):
    """A state: None is unknown. A final state cannot change any more."""

    value: bool | None
    reason: str
    is_final: bool = False


def evaluate_condition(condition: Condition, evidence: ConditionEvidence) -> ConditionResult:
    """Return the state of one condition."""
    subject = condition.subject
    if isinstance(subject, PullRequestClaim):
        state = _evaluate_pull_request(subject, evidence)
    else:
        state = _evaluate_environment(subject, evidence)
    if state.value is None:
        return ConditionResult("impossible" if state.is_final else "unknown", state.reason)
    if state.value is not condition.is_negated:
        return ConditionResult("true", state.reason)
    return ConditionResult("impossible" if state.is_final else "false", state.reason)


def list_unlisted_pull_requests(conditions: Iterable[Condition], snapshot: Snapshot) -> tuple[int, ...]:
    """Return the pull requests that have to be read: GitHub was read, and does not list them as open."""
    if not _is_github_fresh(snapshot):
        return ()
    opened = {pull.number for pull in snapshot.all_pull_requests}
    numbers = (condition.subject.number for condition in conditions if isinstance(condition.subject, PullRequestClaim))
    return tuple(number for number in dict.fromkeys(numbers) if number not in opened)


# --- environments ------------------------------------------------------------------------------------


def _evaluate_environment(claim: EnvironmentClaim | ApplicationClaim, evidence: ConditionEvidence) -> _State:
    snapshot, name = evidence.snapshot, claim.environment
    environment = snapshot.find_environment(name)
    if environment is None:
        return _State(None, f"{name} is not in the snapshot")
    needs_github = claim.state in {"ok", "no-failures", "runs"}
    for source in snapshot.sources:
        is_needed = source.id == environment.source or (needs_github and source.kind == "github")
        if is_needed and source.state != "fresh":
            return _State(None, name_unread_source(source))
    if isinstance(claim, ApplicationClaim):
        found = [app for app in environment.applications if claim.application in {app.name, str(app.id)}]
        if not found:
            return _State(False, f"{name} has no application {claim.application}")
        return _evaluate_applications(claim.state, found, claim.application)
    if claim.state in {"ok", "no-failures"}:
        return _evaluate_verdict(claim, environment)
    if len(environment.applications) < max(1, evidence.application_counts.get(name, 0)):
        return _State(None, f"not every application of {name} was read")
    if claim.state == "runs":
        return _evaluate_release(claim.version, environment)
    awake = [app for app in environment.applications if not is_asleep(app, environment)]
    if not awake:
        return _State(False, f"every application of {name} is asleep")
    return _evaluate_applications(claim.state, awake, name)


def _evaluate_verdict(claim: EnvironmentClaim, environment: Environment) -> _State:
    verdict = environment.verdict
    text = f"{environment.name} is {verdict.word}" + (f": {verdict.reasons[0]}" if verdict.reasons else "")
    if verdict.level is Level.UNKNOWN:
        return _State(None, text)
    is_met = verdict.level is Level.OK if claim.state == "ok" else verdict.level is not Level.FAILING
    return _State(is_met, text)


def _evaluate_release(version: str, environment: Environment) -> _State:
    """Return True if git has the version, and no image of the release is another one in the cluster."""
    name, release = environment.name, environment.release
    if release is None:
        return _State(None, f"the release of {name} is unknown")
    if release.version != version:
        return _State(False, f"{name} has {release.version} in git")
    if not release.images or not any(app.images for app in environment.applications):
        place = "Argo CD" if release.images else f"the release of {name}"
        return _State(None, f"the running version of {name} is unknown: {place} lists no images")
    if live := list_live_versions(environment):
        return _State(False, f"{name} still runs {', '.join(live)}")
    if all(is_asleep(app, environment) for app in environment.applications):
        return _State(False, f"every application of {name} is asleep")
    return _State(True, f"{name} runs {version}")


def _evaluate_applications(state: str, applications: Sequence[Application], subject: str) -> _State:
    """Return the state of several applications. One that has another state decides, even if others are unknown."""
    wanted = "Healthy" if state == "healthy" else "Synced"
    unknown, other = [], []
    for app in applications:
        value = app.health if state == "healthy" else app.sync
        if app.presence == "found" and value in {None, "Unknown"}:
            unknown.append(app.name)
        elif app.presence != "found" or value != wanted:
            other.append(f"{app.name} is {value if app.presence == 'found' else app.presence}")
    if other:
        more = f" and {len(other) - 1:,} more" if len(other) > 1 else ""
        return _State(False, f"{other[0]}{more}")
    if unknown:
        return _State(None, f"{state} of {unknown[0]} is unknown")
    return _State(True, f"{subject} is {state}")


# --- pull requests -----------------------------------------------------------------------------------


def _evaluate_pull_request(claim: PullRequestClaim, evidence: ConditionEvidence) -> _State:
    snapshot, number = evidence.snapshot, claim.number
    if not _is_github_fresh(snapshot):
        source = snapshot.find_source(GITHUB_SOURCE_ID)
        return _State(None, name_unread_source(source) if source else "GitHub is not read")
    pull = next((pull for pull in snapshot.all_pull_requests if pull.number == number), None)
    if pull is not None:
        return _evaluate_open_pull_request(claim, pull)
    details = evidence.pull_requests.get(number)
    match details:
        case None:
            return _State(None, f"#{number} is being read")
        case SourceFailure(kind="not-found"):
            return _State(None, f"there is no pull request #{number}", is_final=True)
        case SourceFailure(message=message):
            return _State(None, f"#{number} cannot be read: {message}")
    if details.state == "open":  # opened again, or the list could not contain it
        return _evaluate_open_pull_request(claim, _to_pull_request(details))
    is_merged = details.state == "merged" or details.merged_at is not None
    text = f"#{number} is merged" if is_merged else f"#{number} was closed without a merge"
    match claim.state:
        case "merged":
            return _State(is_merged, text, is_final=True)
        case "closed":
            return _State(True, text, is_final=True)
        case "open" | "mergeable":
            return _State(False, text, is_final=True)
        case "checks passed":
            return _evaluate_checks(_to_pull_request(details))._replace(is_final=not is_merged)


def _evaluate_open_pull_request(claim: PullRequestClaim, pull: PullRequest) -> _State:
    match claim.state:
        case "open":
            return _State(True, f"#{pull.number} is open")
        case "merged" | "closed":
            return _State(False, f"#{pull.number} is open")
        case "checks passed":
            return _evaluate_checks(pull)
        case "mergeable":
            if pull.draft:
                return _State(False, f"#{pull.number} is a draft")
            if pull.mergeable in {None, "unknown"}:
                return _State(None, f"GitHub has not computed if #{pull.number} can be merged")
            is_met = pull.mergeable == "mergeable"
            return _State(is_met, f"#{pull.number} has {'no conflicts' if is_met else 'conflicts'}")


def _evaluate_checks(pull: PullRequest) -> _State:
    words = {"success": "passed", "failure": "failed", "pending": "are pending", "none": "were not started"}
    if pull.checks == "unknown":
        return _State(None, f"the checks of #{pull.number} are unknown")
    return _State(pull.checks == "success", f"the checks of #{pull.number} {words[pull.checks]}")


def _to_pull_request(details: PullRequestDetails) -> PullRequest:
    """Return what conditions are about, in the form of a listed pull request."""
    states = {check.state for check in details.checks}
    checks: ChecksStatus = "success" if details.checks else "none"
    if "failure" in states:
        checks = "failure"
    elif details.checks_omitted or "unknown" in states:
        checks = "unknown"
    elif "pending" in states:
        checks = "pending"
    return PullRequest(
        details.number, details.title, details.url, draft=details.draft, checks=checks, mergeable=details.mergeable
    )


def _is_github_fresh(snapshot: Snapshot) -> bool:
    return any(source.kind == "github" and source.state == "fresh" for source in snapshot.sources)
