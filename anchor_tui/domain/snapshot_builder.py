"""Build one Snapshot from the latest readings. Pure: the same readings and the same time give the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from msgspec.structs import replace

from anchor_tui.config.model import ApplicationName, Config, EnvironmentConfig
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.model import (
    AppId,
    Application,
    Diagnosis,
    Environment,
    Finding,
    Fresh,
    Level,
    Loading,
    Problem,
    PullRequest,
    Reading,
    Snapshot,
    SourceFailure,
    SourceState,
    Stale,
    Unavailable,
    ValueObject,
    Verdict,
)
from anchor_tui.domain.policy.stale_findings import mark_stale_findings
from anchor_tui.domain.policy.waivers import list_waiver_expiries
from anchor_tui.domain.pull_requests import classify_pull_request
from anchor_tui.domain.reasons import GROUP_FROM, VerdictInputs, join_names
from anchor_tui.domain.release_lag import compare_releases
from anchor_tui.domain.source_data import (
    ArgoCDData,
    EnvironmentFiles,
    OpsRepoData,
    belongs_to_environment,
    matches_application_name,
)
from anchor_tui.domain.verdict import combine_verdicts, judge_environment

if TYPE_CHECKING:
    from anchor_tui.domain.policy.engine import PolicyFindings

T = TypeVar("T")
GITHUB_SOURCE_ID = "github"
CLOCK_TOLERANCE = timedelta(seconds=2)
"""A clock may be corrected by so much without an effect on the readings."""
WAIVER_WARNING_DAYS = 14
NON_FATAL_RELEASE_PROBLEMS = frozenset({"image-without-digest", "no-images", "bad-time"})
"""Kinds of problems that do not make a release unreadable."""


class SourceReadings(ValueObject, frozen=True):
    """The latest reading of each source. An Argo CD that is missing from `argocd` is still loading."""

    argocd: Mapping[str, Reading[ArgoCDData]] = {}
    github: Reading[OpsRepoData] = Loading()
    out_of_sync_since: Mapping[AppId, datetime] = {}
    diagnoses: Mapping[AppId, Diagnosis] = {}


def build_snapshot(
    config: Config, readings: SourceReadings, now: datetime, findings: PolicyFindings | None = None
) -> Snapshot:
    """Return the snapshot at `now`. `findings` are the results of the policy checks for the same readings."""
    judged = findings.environments if findings else {}
    argocd = {
        server.name: _expire_reading(readings.argocd.get(server.name, Loading()), now)
        for server in config.servers_in_use
    }
    github = _expire_reading(readings.github, now)
    states = {name: _build_argocd_state(name, reading, config, now) for name, reading in argocd.items()}
    github_state = _build_github_state(github, config, now)
    repo = get_latest_value(github)
    pulls = _classify_pull_requests(config, repo)
    environments = tuple(
        _build_environment(
            environment,
            config,
            get_latest_value(argocd[environment.server]),
            repo,
            pulls,
            (states[environment.server], github_state),
            readings,
            now,
            judged.get(environment.name, ()),
        )
        for environment in config.environments
    )
    return Snapshot(
        taken_at=now,
        engine_id=config.engine_id,
        read_only=config.read_only,
        verdict=combine_verdicts(
            environments, _collect_estate_inputs(config, (*states.values(), github_state), repo, now)
        ),
        sources=(*states.values(), github_state),
        environments=environments,
        findings=mark_stale_findings(findings.estate, (github_state,)) if findings else (),
        problems=(
            *(problem for reading in (*argocd.values(), github) for problem in _get_reading_problems(reading)),
            *_list_ending_waivers(config, now),
        ),
        pull_requests=tuple(pull for pull in pulls if not pull.environments),
    )


def _collect_estate_inputs(
    config: Config, sources: Sequence[SourceState], repo: OpsRepoData | None, now: datetime
) -> VerdictInputs:
    checks = repo.head.checks if repo and repo.head else "none"
    return VerdictInputs(now=now, sources=sources, head_checks=checks, branch=config.github.branch)


def _list_ending_waivers(config: Config, now: datetime) -> Iterator[Problem]:
    """Yield the waivers that have expired or expire soon, as a warning before they change a verdict."""
    for waiver in list_waiver_expiries(config, now):
        if waiver.days <= WAIVER_WARNING_DAYS:
            days = format_count(waiver.days, "day")
            when = f"expired on {waiver.until}" if waiver.expired else f"ends on {waiver.until}, in {days}"
            message = f"the waiver of {waiver.check} on {waiver.environment} {when}: {waiver.reason}"
            yield Problem(f"waiver of {waiver.check}", "waiver-ends", message)


def _build_environment(
    environment_config: EnvironmentConfig,
    config: Config,
    data: ArgoCDData | None,
    repo: OpsRepoData | None,
    pulls: Sequence[PullRequest],
    sources: Sequence[SourceState],
    readings: SourceReadings,
    now: datetime,
    findings: tuple[Finding, ...],
) -> Environment:
    files = repo.environments.get(environment_config.name, EnvironmentFiles()) if repo else EnvironmentFiles()
    index = config.environments.index(environment_config)
    upstream = config.environments[index - 1].name if index else None
    found = tuple(_attach_diagnosis(app, readings) for app in select_applications(environment_config, data))
    environment = Environment(
        name=environment_config.name,
        rules=environment_config.rules,
        tier=environment_config.tier,
        protected=environment_config.protected,
        source=environment_config.server,
        verdict=Verdict(Level.UNKNOWN),
        problems=files.problems,
        release=files.release,
        applications=found,
        findings=findings,
        position=compare_releases(files, upstream, repo.environments.get(upstream or "")) if repo else None,
        pull_requests=tuple(pull for pull in pulls if environment_config.name in pull.environments),
    )
    inputs = VerdictInputs(
        now=now,
        sources=sources,
        head_checks=repo.head.checks if repo and repo.head else "none",
        branch=config.github.branch,
        out_of_sync_since=readings.out_of_sync_since,
        missing_applications=_list_missing_applications(environment_config, data, found),
        unreadable_files=_list_unreadable_files(files, config, readings),
    )
    # A stale source is one reason of the verdict. Its findings are not repeated there as unknown checks.
    verdict = judge_environment(environment, inputs)
    return replace(environment, verdict=verdict, findings=mark_stale_findings(findings, sources))


def select_applications(environment_config: EnvironmentConfig, data: ArgoCDData | None) -> tuple[Application, ...]:
    """Return the applications that an environment is configured to have; none while its server has not responded."""
    if data is None:
        return ()
    own = data.own_namespace
    return tuple(
        observed.application
        for observed in data.applications
        if belongs_to_environment(environment_config, observed.application, observed.labels, own)
    )


def _attach_diagnosis(application: Application, readings: SourceReadings) -> Application:
    """Return the application with its diagnosis; the same object if there is none."""
    diagnosis = readings.diagnoses.get(application.id)
    return replace(application, diagnosis=diagnosis) if diagnosis is not None else application


def _list_missing_applications(
    environment_config: EnvironmentConfig, data: ArgoCDData | None, found: Sequence[Application]
) -> tuple[str, ...]:
    """Return one sentence for each configured application, or label selector, that matches nothing that was read."""
    if data is None:
        return ()
    if not isinstance(environment_config.applications, tuple):
        return () if found else (f"no application has the labels {environment_config.applications}",)
    own = data.own_namespace

    def is_found(name: ApplicationName) -> bool:
        return any(matches_application_name(name, application, own) for application in found)

    missing = [str(name) for name in environment_config.applications if not is_found(name)]
    if len(missing) >= GROUP_FROM:
        return (f"no answer about {format_count(len(missing), 'application')} yet: {join_names(missing)}",)
    return tuple(f"no answer about {name} yet" for name in missing)


def _list_unreadable_files(files: EnvironmentFiles, config: Config, readings: SourceReadings) -> tuple[str, ...]:
    """Return why the release or a layer of values is unreadable. Every environment uses the chart's own values."""
    chart = f"{config.chart.path}/values.yaml"
    shared = (problem for problem in _get_reading_problems(readings.github) if problem.file == chart)
    problems = (*files.problems, *shared)
    return tuple(str(problem) for problem in problems if problem.kind not in NON_FATAL_RELEASE_PROBLEMS)


def _classify_pull_requests(config: Config, repo: OpsRepoData | None) -> tuple[PullRequest, ...]:
    if repo is None:
        return ()
    order = tuple(environment.name for environment in config.environments)
    found = (classify_pull_request(opened, order, repo.environments) for opened in repo.pull_requests)
    return tuple(sorted(found, key=lambda pull: -pull.number))


# --- source states -----------------------------------------------------------------------------------


def _expire_reading(reading: Reading[T], now: datetime) -> Reading[T]:
    """Turn a fresh reading past its `fresh_until` into a stale one: its source may have stopped without an error.

    A reading from the future has no age: the local clock was set back, so it is stale until its source responds.
    """
    if isinstance(reading, Fresh) and reading.taken_at - now > CLOCK_TOLERANCE:
        jump = SourceFailure("clock", "the local clock was set back since the source responded; its age is unknown")
        return Stale(reading.value, reading.taken_at, reading.problems, jump)
    if not isinstance(reading, Fresh) or now <= reading.fresh_until:
        return reading
    silence = SourceFailure("silent", "the source has not responded since then")
    return Stale(reading.value, reading.taken_at, reading.problems, silence)


def get_latest_value(reading: Reading[T]) -> T | None:
    """Return the latest good value, fresh or stale; None if there is none."""
    match reading:
        case Fresh(value=value) | Stale(last_good=value):
            return value
        case Loading() | Unavailable():
            return None
        case _:
            assert_never(reading)


def _get_reading_problems(reading: Reading[Any]) -> tuple[Problem, ...]:
    return reading.problems if isinstance(reading, Fresh | Stale) else ()


def _build_argocd_state(name: str, reading: Reading[ArgoCDData], config: Config, now: datetime) -> SourceState:
    server = next(server for server in config.servers_in_use if server.name == name)
    value = get_latest_value(reading)
    state = SourceState(id=name, kind="argocd", url=value.url if value else server.server)
    if value:
        state = replace(state, version=value.version, latency_ms=value.latency_ms)
    return _apply_reading(state, reading, now)


def _build_github_state(reading: Reading[OpsRepoData], config: Config, now: datetime) -> SourceState:
    value = get_latest_value(reading)
    state = SourceState(id=GITHUB_SOURCE_ID, kind="github", url=value.url if value else config.github.api_url)
    if value:
        state = replace(state, latency_ms=value.latency_ms, budget=value.budget)
    return _apply_reading(state, reading, now)


def _apply_reading(state: SourceState, reading: Reading[T], now: datetime) -> SourceState:
    match reading:
        case Loading():
            return state
        case Unavailable(error=error):
            return replace(state, state="missing", error=error)
        case Fresh(taken_at=taken_at):
            return replace(state, state="fresh", taken_at=taken_at, age_s=_measure_age_s(taken_at, now))
        case Stale(taken_at=taken_at, error=error):
            return replace(state, state="stale", taken_at=taken_at, age_s=_measure_age_s(taken_at, now), error=error)
        case _:
            assert_never(reading)


def _measure_age_s(taken_at: datetime, now: datetime) -> float:
    return round(max(0.0, (now - taken_at).total_seconds()), 1)
