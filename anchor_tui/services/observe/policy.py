"""Evaluation of the policy for each observation.

Files, manifests and findings are cached as long as their input is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.model import Application, Finding
from anchor_tui.domain.policy.engine import PolicyFindings, evaluate_policy
from anchor_tui.domain.policy.evidence.cluster import ClusterEvidence
from anchor_tui.domain.policy.evidence.facts import Facts, MissingEvidence, PolicyFacts
from anchor_tui.domain.policy.evidence.facts_builder import (
    PolicyInputs,
    build_facts,
    read_environment_evidence,
    read_repo_evidence,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence
from anchor_tui.domain.snapshot_builder import SourceReadings, get_latest_value, select_applications
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData

FINDINGS_MAX_AGE = timedelta(seconds=15)
"""Waivers and grace periods end without any change of the facts: cached findings expire."""
MANIFESTS_OLD_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _CachedFindings:
    """The findings of one environment, their facts and their time."""

    facts: Facts
    evaluated_at: datetime
    findings: tuple[Finding, ...]

    def is_valid(self, facts: Facts, now: datetime) -> bool:
        """Return True for the same facts and a time within FINDINGS_MAX_AGE."""
        return timedelta() <= now - self.evaluated_at < FINDINGS_MAX_AGE and self.facts == facts


class PolicyEvaluator:
    """Evaluates the policy of one configuration, once for each observation."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._files: Mapping[str, str | None] = {}
        self._git_evidence: dict[str, GitEvidence] = {}
        self._cluster_evidence: dict[str, tuple[object, ClusterEvidence]] = {}
        self._cached_findings: dict[str, _CachedFindings] = {}

    def evaluate(self, readings: SourceReadings, now: datetime) -> PolicyFindings | None:
        """Return every finding; None until the ops repo has been read.

        An internal error becomes an unknown finding of each environment.
        """
        repo = get_latest_value(readings.github)
        data = {name: get_latest_value(reading) for name, reading in readings.argocd.items()}
        if repo is None or not repo.files:
            return None
        try:
            return self._evaluate_sources(repo, data, now)
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the reader
            return _internal_error_findings(self._config, error)

    def _evaluate_sources(
        self, repo: OpsRepoData, data: Mapping[str, ArgoCDData | None], now: datetime
    ) -> PolicyFindings:
        environments = self._config.environments
        applications = {
            environment.name: select_applications(environment, found)
            if (found := data.get(environment.server))
            else None
            for environment in environments
        }
        managed = {id_: found for server in data.values() if server for id_, found in server.managed.items()}
        inputs = PolicyInputs(applications, repo, self._read_clusters(data, applications), managed)
        findings = self._evaluate_changed(build_facts(self._config, inputs, self._read_git(repo)), now)
        times = {
            environment.name: _oldest_manifest_time(data.get(environment.server), applications[environment.name])
            for environment in environments
        }
        dated = {name: _add_manifest_time(found, times[name], now) for name, found in findings.environments.items()}
        return PolicyFindings(dated, findings.estate)

    def _evaluate_changed(self, facts: PolicyFacts, now: datetime) -> PolicyFindings:
        """Evaluate the environments without valid cached findings, and the repositories."""
        cache = self._cached_findings
        due = {
            name: known
            for name, known in facts.environments.items()
            if name not in cache or not cache[name].is_valid(known, now)
        }
        evaluated = evaluate_policy(self._config, PolicyFacts(due, facts.estate), now)
        for name, known in due.items():
            cache[name] = _CachedFindings(known, now, evaluated.environments[name])
        return PolicyFindings({name: cache[name].findings for name in facts.environments}, evaluated.estate)

    def _read_clusters(
        self, data: Mapping[str, ArgoCDData | None], applications: Mapping[str, tuple[Application, ...] | None]
    ) -> dict[str, ClusterEvidence]:
        """Return the cluster evidence by environment. It is read again only after a change of its input."""
        clusters = {}
        for environment in self._config.environments:
            server_data, own = data.get(environment.server), applications[environment.name]
            if server_data is None or own is None:
                continue
            try:
                clusters[environment.name] = self._read_cluster(environment.name, own, server_data)
            except ODD_VALUE_FAULTS as error:  # comparing objects of a thousand levels fails too
                reason = MissingEvidence(f"its manifests cannot be read ({type(error).__name__})")
                clusters[environment.name] = ClusterEvidence(reason, reason)
        return clusters

    def _read_cluster(self, name: str, own: tuple[Application, ...], data: ArgoCDData) -> ClusterEvidence:
        key = tuple((application, data.managed.get(application.id)) for application in own)
        cached = self._cluster_evidence.get(name)
        if cached is None or cached[0] != key:
            cached = key, read_environment_evidence(own, data)
            self._cluster_evidence[name] = cached
        return cached[1]

    def _read_git(self, repo: OpsRepoData) -> dict[str, GitEvidence]:
        if repo.files != self._files:
            self._files, self._git_evidence = repo.files, read_repo_evidence(self._config, repo)
        return self._git_evidence


def _oldest_manifest_time(data: ArgoCDData | None, applications: tuple[Application, ...] | None) -> datetime | None:
    """Return the request time of an environment's oldest manifests."""
    if data is None:
        return None
    times = (data.managed[app.id].taken_at for app in applications or () if app.id in data.managed)
    return min(times, default=None)


def _add_manifest_time(findings: tuple[Finding, ...], taken_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """Add the time of old manifests to the messages about them.

    Manifests are requested only after a change, so they can be older than the observation.
    """
    if taken_at is None or now - taken_at < MANIFESTS_OLD_AFTER:
        return findings
    return tuple(
        replace(finding, message=f"{finding.message} (manifests as of {taken_at:%H:%M}Z)")
        if finding.evidence in {"rendered", "live"} and finding.status in {"fail", "pass", "waived"}
        else finding
        for finding in findings
    )


def _internal_error_findings(config: Config, error: Exception) -> PolicyFindings:
    """Return one unknown finding for each environment.

    It contains only the type of the error: the text of an exception may contain secrets.
    """
    message = format_internal_error(error)
    finding = Finding("policy", "The policy can be evaluated", "error", "unknown", "git", message)
    return PolicyFindings({environment.name: (finding,) for environment in config.environments}, ())
