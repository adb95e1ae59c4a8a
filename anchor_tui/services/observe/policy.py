"""The policy of an observation: facts gathered from the latest readings, and judged. The same files are read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.model import Application, Finding
from anchor_tui.domain.policy.engine import PolicyFacts, PolicyFindings, evaluate_policy
from anchor_tui.domain.policy.evidence.cluster import ClusterEvidence
from anchor_tui.domain.policy.evidence.facts import Facts
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
"""Waivers end and times of grace pass without anything else changing: findings are not believed for longer."""
MANIFESTS_OLD_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _CachedFindings:
    """One environment's findings, of what they were made, and when."""

    facts: Facts
    at: datetime
    findings: tuple[Finding, ...]


class PolicyEvaluator:
    """Judges observations of one configuration. The files of the branch are parsed when they have changed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._files: Mapping[str, str | None] = {}
        self._git_evidence: dict[str, GitEvidence] = {}
        self._cluster_evidence: dict[str, tuple[object, ClusterEvidence]] = {}
        self._cached_findings: dict[str, _CachedFindings] = {}

    def evaluate(self, readings: SourceReadings, now: datetime) -> PolicyFindings | None:
        """Every finding; None as long as no source has said anything."""
        repo = get_latest_value(readings.github)
        answers = {name: get_latest_value(reading) for name, reading in readings.argocd.items()}
        if repo is None or not repo.files:
            return None
        try:
            return self._evaluate_sources(repo, answers, now)
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and must not end the reader
            return _internal_error_findings(self._config, error)

    def _evaluate_sources(
        self, repo: OpsRepoData, answers: Mapping[str, ArgoCDData | None], now: datetime
    ) -> PolicyFindings:
        applications = {
            each.name: select_applications(each, answers[each.server]) if answers.get(each.server) else None
            for each in self._config.environments
        }
        observed = PolicyInputs(applications, repo, self._read_clusters(answers, applications))
        findings = self._evaluate_changed(build_facts(self._config, observed, self._read_git(repo)), now)
        taken = {
            each.name: _oldest_manifest_time(answers.get(each.server), applications[each.name])
            for each in self._config.environments
        }
        aged = {name: _add_manifest_time(found, taken[name], now) for name, found in findings.environments.items()}
        return PolicyFindings(aged, findings.estate)

    def _evaluate_changed(self, facts: PolicyFacts, now: datetime) -> PolicyFindings:
        """Judged anew is an environment of which something else is known, or whose findings time may have changed."""

        def is_due(name: str, known: Facts) -> bool:
            before = self._cached_findings.get(name)
            return before is None or not (timedelta() <= now - before.at < FINDINGS_MAX_AGE) or before.facts != known

        due = {name: known for name, known in facts.environments.items() if is_due(name, known)}
        judged = evaluate_policy(self._config, PolicyFacts(due, facts.estate), now)
        for name, known in due.items():
            self._cached_findings[name] = _CachedFindings(known, now, judged.environments[name])
        return PolicyFindings(
            {name: self._cached_findings[name].findings for name in facts.environments}, judged.estate
        )

    def _read_clusters(
        self, answers: Mapping[str, ArgoCDData | None], applications: Mapping[str, tuple[Application, ...] | None]
    ) -> dict[str, ClusterEvidence]:
        """What is rendered and what lives, by environment; read anew where an answer or an application has changed."""
        found = {}
        for each in self._config.environments:
            answer, own = answers.get(each.server), applications[each.name]
            if answer is None or own is None:
                continue
            key = tuple((app, answer.managed.get(app.id)) for app in own)
            known = self._cluster_evidence.get(each.name)
            if known is None or known[0] != key:
                known = key, read_environment_evidence(own, answer)
                self._cluster_evidence[each.name] = known
            found[each.name] = known[1]
        return found

    def _read_git(self, repo: OpsRepoData) -> dict[str, GitEvidence]:
        if repo.files != self._files:
            self._files, self._git_evidence = repo.files, read_repo_evidence(self._config, repo)
        return self._git_evidence


def _oldest_manifest_time(answer: ArgoCDData | None, own: tuple[Application, ...] | None) -> datetime | None:
    """When the oldest of an environment's manifests were asked for."""
    found = [answer.managed[app.id].taken_at for app in own or () if app.id in answer.managed] if answer else []
    return min(found, default=None)


def _add_manifest_time(findings: tuple[Finding, ...], taken_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """Manifests are asked for when something has changed: what was found in older ones says as of when."""
    if taken_at is None or now - taken_at < MANIFESTS_OLD_AFTER:
        return findings
    return tuple(
        replace(each, message=f"{each.message} (manifests as of {taken_at:%H:%M}Z)")
        if each.evidence in {"rendered", "live"} and each.status in {"fail", "pass", "waived"}
        else each
        for each in findings
    )


def _internal_error_findings(config: Config, error: Exception) -> PolicyFindings:
    """Nothing can be told of any environment; an exception's text may hold anything, so its kind must do."""
    message = format_internal_error(error)
    finding = Finding("policy", "Policy can be judged", "error", "unknown", "git", message)
    return PolicyFindings({each.name: (finding,) for each in config.environments}, ())
