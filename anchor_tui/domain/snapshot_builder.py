"""Builds one Snapshot from the latest readings.

The same readings and the same time give the same snapshot. A builder also remembers its last snapshot: what has not
changed since stays the same object, so that readers detect changes by identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anchor_tui.config.model import Config
from anchor_tui.domain.application_selection import make_selections, select_by_environment
from anchor_tui.domain.environment_builder import EnvironmentBuilder, EnvironmentInputs
from anchor_tui.domain.first_seen import NOTHING_SEEN, FirstSeenTimes
from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.identity import is_same
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import (
    AppId,
    Diagnosis,
    Environment,
    Finding,
    Problem,
    PullRequest,
    Snapshot,
    SourceState,
    ValueObject,
)
from anchor_tui.domain.policy.stale_findings import mark_stale_findings
from anchor_tui.domain.policy.waivers import list_waiver_expiries
from anchor_tui.domain.pull_requests import classify_pull_request
from anchor_tui.domain.readings import Loading, Reading
from anchor_tui.domain.reasons import VerdictInputs
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.source_data import ArgoCDData, EnvironmentFiles, OpsRepoData
from anchor_tui.domain.source_states import (
    build_argocd_state,
    build_github_state,
    expire_reading,
    get_latest_value,
    get_reading_problems,
)
from anchor_tui.domain.verdict import combine_verdicts

if TYPE_CHECKING:
    from anchor_tui.domain.policy.engine import PolicyFindings

WAIVER_WARNING_DAYS = 14


class SourceReadings(ValueObject, frozen=True):
    """The latest reading of each source. An Argo CD that is missing from `argocd` is still loading."""

    argocd: Mapping[str, Reading[ArgoCDData]] = {}
    github: Reading[OpsRepoData] = Loading()
    out_of_sync_since: Mapping[AppId, datetime] = {}
    diagnoses: Mapping[AppId, Diagnosis] = {}
    history: HistoryFacts = HistoryFacts()
    problems: tuple[Problem, ...] = ()
    """Those of anchor-tui's own files."""


def build_snapshot(
    config: Config, readings: SourceReadings, now: datetime, findings: PolicyFindings | None = None
) -> Snapshot:
    """Return the snapshot at `now`. `findings` are the results of the policy checks for the same readings."""
    return SnapshotBuilder(config).build(readings, now, findings)


class SnapshotBuilder:
    """Builds the snapshots of one configuration, one after the other."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._selections = make_selections(config.environments)
        self._builders = [EnvironmentBuilder(config, index) for index in range(len(config.environments))]
        self._environments: tuple[Environment, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self._dated = FirstSeenTimes()
        self._pulls = IdentityCache[tuple[PullRequest, ...]]()
        self._pulls_by_environment = IdentityCache[Mapping[str, tuple[PullRequest, ...]]]()
        self._chart_problems = IdentityCache[tuple[Problem, ...]]()
        self._other_pulls = IdentityCache[tuple[PullRequest, ...]]()

    def build(self, readings: SourceReadings, now: datetime, findings: PolicyFindings | None = None) -> Snapshot:
        """Return the snapshot at `now`. `findings` are the results of the policy checks for the same readings."""
        config = self._config
        argocd = {
            server.name: expire_reading(readings.argocd.get(server.name, Loading()), now)
            for server in config.servers_in_use
        }
        github = expire_reading(readings.github, now)
        states = {name: build_argocd_state(name, reading, config, now) for name, reading in argocd.items()}
        github_state = build_github_state(github, config, now)
        repo = get_latest_value(github)
        pulls = self._pulls.get(
            "",
            (repo.pull_requests, repo.environments) if repo else (),
            lambda: _classify_pull_requests(config, repo),
        )
        environments = self._build_environments(
            {name: get_latest_value(reading) for name, reading in argocd.items()},
            repo,
            pulls,
            self._chart_problems.get("", (get_reading_problems(github),), lambda: self._find_chart_problems(github)),
            states,
            github_state,
            readings,
            now,
            findings.environments if findings else {},
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
            findings=mark_stale_findings(self._date_findings(findings.estate, readings), (github_state,))
            if findings
            else (),
            problems=self._list_problems((*argocd.values(), github), readings.problems, now),
            pull_requests=self._other_pulls.get(
                "", (pulls,), lambda: tuple(pull for pull in pulls if not pull.environments)
            ),
        )

    def _build_environments(
        self,
        latest: Mapping[str, ArgoCDData | None],
        repo: OpsRepoData | None,
        pulls: tuple[PullRequest, ...],
        chart_problems: tuple[Problem, ...],
        states: Mapping[str, SourceState],
        github_state: SourceState,
        readings: SourceReadings,
        now: datetime,
        findings: Mapping[str, tuple[Finding, ...]],
    ) -> tuple[Environment, ...]:
        selected = select_by_environment(self._selections, latest)
        pulls_by_environment = self._pulls_by_environment.get("", (pulls,), lambda: self._group_pull_requests(pulls))
        files = repo.environments if repo else {}
        built = []
        upstream = ""
        for environment, builder in zip(self._config.environments, self._builders, strict=True):
            data = latest[environment.server]
            inputs = EnvironmentInputs(
                applications=selected[environment.name] if data is not None else None,
                own_namespace=data.own_namespace if data is not None else None,
                diagnoses=readings.diagnoses,
                out_of_sync_since=readings.out_of_sync_since,
                files=files.get(environment.name, _NO_FILES) if repo else None,
                upstream_files=files.get(upstream),
                shared_problems=chart_problems,
                pull_requests=pulls_by_environment[environment.name],
                head_checks=repo.head.checks if repo and repo.head else "none",
                findings=findings.get(environment.name, ()),
                last_known_good=readings.history.last_known_good.get(environment.name),
                delivery=readings.history.delivery.get(environment.name, ()),
                seen=readings.history.recent.seen.get(environment.name, NOTHING_SEEN),
                verdicts=readings.history.recent.verdicts.get(environment.name, ()),
                sources=(states[environment.server], github_state),
            )
            built.append(builder.build(inputs, now))
            upstream = environment.name
        if not is_same(built, self._environments):
            self._environments = tuple(built)
        return self._environments

    def _date_findings(self, findings: tuple[Finding, ...], readings: SourceReadings) -> tuple[Finding, ...]:
        return self._dated.attach_to_findings(findings, readings.history.recent.seen.get("", NOTHING_SEEN))

    def _list_problems(
        self, readings: Sequence[Reading[Any]], own: tuple[Problem, ...], now: datetime
    ) -> tuple[Problem, ...]:
        problems = (
            *own,
            *(problem for reading in readings for problem in get_reading_problems(reading)),
            *_list_ending_waivers(self._config, now),
        )
        if problems != self._problems:
            self._problems = problems
        return self._problems

    def _find_chart_problems(self, github: Reading[OpsRepoData]) -> tuple[Problem, ...]:
        """Return the problems of the chart's own values, which every environment uses."""
        chart = f"{self._config.chart.path}/values.yaml"
        return tuple(problem for problem in get_reading_problems(github) if problem.file == chart)

    def _group_pull_requests(self, pulls: Sequence[PullRequest]) -> Mapping[str, tuple[PullRequest, ...]]:
        grouped: dict[str, list[PullRequest]] = {environment.name: [] for environment in self._config.environments}
        for pull in pulls:
            for name in pull.environments:
                grouped[name].append(pull)
        return {name: tuple(found) for name, found in grouped.items()}


_NO_FILES = EnvironmentFiles()


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


def _classify_pull_requests(config: Config, repo: OpsRepoData | None) -> tuple[PullRequest, ...]:
    if repo is None:
        return ()
    order = tuple(environment.name for environment in config.environments)
    found = (classify_pull_request(opened, order, repo.environments) for opened in repo.pull_requests)
    return tuple(sorted(found, key=lambda pull: -pull.number))
