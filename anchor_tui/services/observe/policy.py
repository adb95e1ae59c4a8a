"""Evaluation of the policy for each observation.

Files, manifests and findings are cached as long as their input is the same. An environment is evaluated again only
after a change of what the checks read, and so seldom that it takes a small part of the time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.application_selection import make_selections, select_by_environment
from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.domain.identity import is_same
from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Application, Finding
from anchor_tui.domain.policy.engine import PolicyFindings, evaluate_environment, evaluate_estate, skip_policy
from anchor_tui.domain.policy.evidence.cluster import ClusterEvidence
from anchor_tui.domain.policy.evidence.facts import Facts, NotApplicable
from anchor_tui.domain.policy.evidence.facts_builder import (
    PolicyInputs,
    build_facts,
    list_sync_options,
    read_repo_evidence,
)
from anchor_tui.domain.policy.evidence.git import GitEvidence
from anchor_tui.domain.snapshot_builder import SourceReadings
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData
from anchor_tui.domain.source_states import get_latest_value
from anchor_tui.services.observe.cluster_evidence import ClusterReader, PolicyApplications
from anchor_tui.services.observe.evidence_scope import EvidenceScope

FINDINGS_MAX_AGE_S = 15.0
"""Waivers and grace periods end without any change of the facts: cached findings expire after so many seconds."""
IDLE_FACTOR = 200
"""Unchanged facts are evaluated again after FINDINGS_MAX_AGE_S, or so many times the cost of the last evaluation."""
BUSY_FACTOR = 25
"""Changed facts wait so many times the cost of the last evaluation, if that was more than SHORT_S."""
SHORT_S = 0.02
"""A cost is the processor time in seconds, of the facts and of the checks."""
MANIFESTS_OLD_AFTER = timedelta(minutes=2)


class _EnvironmentPolicy:
    """The findings of one environment, and what they were derived from."""

    def __init__(self) -> None:
        self.applications = PolicyApplications()
        self.cluster = ClusterReader()
        self.findings: tuple[Finding, ...] = ()
        self._inputs: tuple[object, ...] = ()
        self._facts: Facts | None = None
        self._evaluated_at: datetime | None = None
        self._cost_s = 0.0
        self._dated = IdentityCache[tuple[Finding, ...]]()

    def is_due(self, inputs: tuple[object, ...], now: datetime) -> bool:
        """Return True if the environment has to be evaluated: its inputs have changed, or the findings are old."""
        if is_same(self._inputs, inputs):
            return self._are_findings_old(now)
        return self._cost_s <= SHORT_S or self._age_s(now) >= BUSY_FACTOR * self._cost_s

    def is_unchanged(self, inputs: tuple[object, ...], facts: Facts, now: datetime) -> bool:
        """Return True if the facts are equal to the last ones, and their findings are not old."""
        if self._facts != facts or self._are_findings_old(now):
            return False
        self._inputs = inputs
        return True

    def _are_findings_old(self, now: datetime) -> bool:
        return self._age_s(now) >= max(FINDINGS_MAX_AGE_S, IDLE_FACTOR * self._cost_s)

    def _age_s(self, now: datetime) -> float:
        """Return the age of the findings in seconds; infinite without an evaluation, or if the clock was set back."""
        age_s = (now - self._evaluated_at).total_seconds() if self._evaluated_at is not None else math.inf
        return age_s if age_s >= 0 else math.inf

    def store(
        self,
        inputs: tuple[object, ...],
        facts: Facts,
        findings: tuple[Finding, ...],
        now: datetime,
        cost_s: float,
    ) -> None:
        """Store the result of an evaluation. Equal findings stay the same object."""
        self._inputs, self._facts, self._evaluated_at, self._cost_s = inputs, facts, now, cost_s
        if findings != self.findings:
            self.findings = findings

    def date(self, taken_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
        """Return the findings, with the time of old manifests in the messages about them."""
        if taken_at is None or now - taken_at < MANIFESTS_OLD_AFTER:
            return self.findings
        return self._dated.get("", (self.findings, taken_at), lambda: _add_manifest_time(self.findings, taken_at))


class PolicyEvaluator:
    """Evaluates the policy of one configuration, once for each observation.

    `evidence` limits what is evaluated: "none" skips every check, "git" those of the clusters.
    """

    def __init__(self, config: Config, evidence: EvidenceScope = "budget") -> None:
        self._config = config
        self._evidence = evidence
        self._selections = make_selections(config.environments)
        self._files: Mapping[str, str | None] = {}
        self._git_evidence: dict[str, GitEvidence] = {}
        self._repo = OpsRepoData("", "", "")
        self._options: dict[str, dict[AppId, tuple[str, ...]]] = {}
        self._options_cache = IdentityCache[dict[AppId, tuple[str, ...]]]()
        self._environments = {environment.name: _EnvironmentPolicy() for environment in config.environments}

    def evaluate(self, readings: SourceReadings, now: datetime) -> PolicyFindings | None:
        """Return every finding; None until the ops repo has been read.

        An internal error becomes an unknown finding of each environment.
        """
        repo = get_latest_value(readings.github)
        data = {name: get_latest_value(reading) for name, reading in readings.argocd.items()}
        if repo is None or not repo.files:
            return None
        if self._evidence == "none":
            return skip_policy(self._config, "not evaluated: --evidence none")
        try:
            return self._evaluate_sources(repo, data, now)
        except Exception as error:  # noqa: BLE001 - an internal error must be visible and must not end the reader
            return _internal_error_findings(self._config, error)

    def _evaluate_sources(
        self, repo: OpsRepoData, data: Mapping[str, ArgoCDData | None], now: datetime
    ) -> PolicyFindings:
        self._keep_repo(repo)
        selected = select_by_environment(self._selections, data)
        applications: dict[str, tuple[Application, ...] | None] = {}
        clusters: dict[str, ClusterEvidence] = {}
        for environment in self._config.environments:
            name, known = environment.name, self._environments[environment.name]
            server_data = data.get(environment.server)
            applications[name] = known.applications.update(selected[name]) if server_data is not None else None
            if self._evidence == "git":
                clusters[name] = _NO_CLUSTER
            elif server_data is not None:
                options = self._list_options(environment.server, server_data)
                clusters[name] = known.cluster.read(applications[name] or (), server_data, options)
        managed = {id_: found for server in data.values() if server for id_, found in server.managed.items()}
        estate = self._evaluate_changed(PolicyInputs(applications, self._repo, clusters, managed), now)
        environments = {
            environment.name: self._environments[environment.name].date(
                _find_oldest_time(data.get(environment.server), applications[environment.name]), now
            )
            for environment in self._config.environments
        }
        return PolicyFindings(environments, estate)

    def _evaluate_changed(self, inputs: PolicyInputs, now: datetime) -> tuple[Finding, ...]:
        """Evaluate the environments whose inputs have changed or whose findings are old. Return those of the estate."""
        git = self._read_git()
        own_inputs = {
            environment.name: (self._repo, inputs.applications[environment.name], inputs.clusters.get(environment.name))
            for environment in self._config.environments
        }
        due = [
            environment
            for environment in self._config.environments
            if self._environments[environment.name].is_due(own_inputs[environment.name], now)
        ]
        started = time.thread_time()
        facts = build_facts(self._config, inputs, git, due)
        for environment in due:
            name, cached = environment.name, self._environments[environment.name]
            known = facts.environments[name]
            if not cached.is_unchanged(own_inputs[name], known, now):
                findings = evaluate_environment(self._config, environment, known, now)
                cached.store(own_inputs[name], known, findings, now, time.thread_time() - started)
            started = time.thread_time()
        return evaluate_estate(self._config, facts.estate, now)

    def _keep_repo(self, repo: OpsRepoData) -> None:
        """Take over a reading of the ops repo, unless all that the checks read is equal to the last one."""
        if any(getattr(repo, name) != getattr(self._repo, name) for name in _REPO_FIELDS):
            self._repo = repo

    def _list_options(self, server: str, data: ArgoCDData) -> Mapping[AppId, tuple[str, ...]]:
        options = self._options_cache.get(server, (data.applications,), lambda: list_sync_options(data))
        if self._options.get(server) != options:
            self._options[server] = options
        return self._options[server]

    def _read_git(self) -> dict[str, GitEvidence]:
        if self._repo.files != self._files or not self._git_evidence:
            self._files, self._git_evidence = self._repo.files, read_repo_evidence(self._config, self._repo)
        return self._git_evidence


_REPO_FIELDS = (
    "branch",
    "head",
    "environments",
    "files",
    "changed",
    "incomparable",
    "newer",
    "ops_settings",
    "app_settings",
)
"""The fields of `OpsRepoData` that the checks read."""
_NOT_REQUESTED = NotApplicable("not requested: --evidence git")
_NO_CLUSTER = ClusterEvidence(_NOT_REQUESTED, _NOT_REQUESTED)


def _find_oldest_time(data: ArgoCDData | None, applications: tuple[Application, ...] | None) -> datetime | None:
    """Return the request time of an environment's oldest manifests."""
    if data is None or not data.managed:
        return None
    times = (data.managed[app.id].taken_at for app in applications or () if app.id in data.managed)
    return min(times, default=None)


def _add_manifest_time(findings: tuple[Finding, ...], taken_at: datetime) -> tuple[Finding, ...]:
    """Add the time of old manifests to the messages about them.

    Manifests are requested only after a change, so they can be older than the observation.
    """
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
