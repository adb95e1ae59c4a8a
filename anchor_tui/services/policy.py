"""The policy of an observation: facts gathered from the latest readings, and judged. The same files are read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Application, Finding
from anchor_tui.domain.policy.facts import Facts
from anchor_tui.domain.policy.in_cluster import InCluster
from anchor_tui.domain.policy.in_git import InGit
from anchor_tui.domain.policy.judging import Findings, PolicyFacts, judge_policy
from anchor_tui.domain.policy.observed import Observed, facts_of, read_environment, read_repo
from anchor_tui.domain.snapshot_builder import SourceReadings, get_latest_value, select_applications
from anchor_tui.domain.source_data import ArgoCDData, OpsRepoData

GOOD_FOR = timedelta(seconds=15)
"""Waivers end and times of grace pass without anything else changing: findings are not believed for longer."""
AGE_WORTH_A_WORD = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One environment's findings, of what they were made, and when."""

    facts: Facts
    at: datetime
    findings: tuple[Finding, ...]


class Policy:
    """Judges observations of one configuration. The files of the branch are parsed when they have changed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._files: Mapping[str, str | None] = {}
        self._in_git: dict[str, InGit] = {}
        self._in_cluster: dict[str, tuple[object, InCluster]] = {}
        self._judged_before: dict[str, _Judged] = {}

    def findings(self, readings: SourceReadings, now: datetime) -> Findings | None:
        """Every finding; None as long as no source has said anything."""
        repo = get_latest_value(readings.github)
        answers = {name: get_latest_value(reading) for name, reading in readings.argocd.items()}
        if repo is None or not repo.files:
            return None
        try:
            return self._judged(repo, answers, now)
        except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and must not end the reader
            return _faulty(self._config, error)

    def _judged(self, repo: OpsRepoData, answers: Mapping[str, ArgoCDData | None], now: datetime) -> Findings:
        applications = {
            each.name: select_applications(each, answers[each.server]) if answers.get(each.server) else None
            for each in self._config.environments
        }
        observed = Observed(applications, repo, self._clusters(answers, applications))
        findings = self._judge(facts_of(self._config, observed, self._read(repo)), now)
        taken = {
            each.name: _taken_at(answers.get(each.server), applications[each.name])
            for each in self._config.environments
        }
        aged = {name: _aged(found, taken[name], now) for name, found in findings.environments.items()}
        return Findings(aged, findings.estate)

    def _judge(self, facts: PolicyFacts, now: datetime) -> Findings:
        """Judged anew is an environment of which something else is known, or whose findings time may have changed."""

        def is_due(name: str, known: Facts) -> bool:
            before = self._judged_before.get(name)
            return before is None or not (timedelta() <= now - before.at < GOOD_FOR) or before.facts != known

        due = {name: known for name, known in facts.environments.items() if is_due(name, known)}
        judged = judge_policy(self._config, PolicyFacts(due, facts.estate), now)
        for name, known in due.items():
            self._judged_before[name] = _Judged(known, now, judged.environments[name])
        return Findings({name: self._judged_before[name].findings for name in facts.environments}, judged.estate)

    def _clusters(
        self, answers: Mapping[str, ArgoCDData | None], applications: Mapping[str, tuple[Application, ...] | None]
    ) -> dict[str, InCluster]:
        """What is rendered and what lives, by environment; read anew where an answer or an application has changed."""
        found = {}
        for each in self._config.environments:
            answer, own = answers.get(each.server), applications[each.name]
            if answer is None or own is None:
                continue
            key = tuple((app, answer.managed.get(app.id)) for app in own)
            known = self._in_cluster.get(each.name)
            if known is None or known[0] != key:
                known = key, read_environment(own, answer)
                self._in_cluster[each.name] = known
            found[each.name] = known[1]
        return found

    def _read(self, repo: OpsRepoData) -> dict[str, InGit]:
        if repo.files != self._files:
            self._files, self._in_git = repo.files, read_repo(self._config, repo)
        return self._in_git


def _taken_at(answer: ArgoCDData | None, own: tuple[Application, ...] | None) -> datetime | None:
    """When the oldest of an environment's manifests were asked for."""
    found = [answer.managed[app.id].taken_at for app in own or () if app.id in answer.managed] if answer else []
    return min(found, default=None)


def _aged(findings: tuple[Finding, ...], taken_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """Manifests are asked for when something has changed: what was found in older ones says as of when."""
    if taken_at is None or now - taken_at < AGE_WORTH_A_WORD:
        return findings
    return tuple(
        replace(each, message=f"{each.message} (manifests as of {taken_at:%H:%M}Z)")
        if each.evidence in {"rendered", "live"} and each.status in {"fail", "pass", "waived"}
        else each
        for each in findings
    )


def _faulty(config: Config, error: Exception) -> Findings:
    """Nothing can be told of any environment; an exception's text may hold anything, so its kind must do."""
    message = f"a fault in anchor-tui: {type(error).__name__}"
    finding = Finding("policy", "Policy can be judged", "error", "unknown", "git", message)
    return Findings({each.name: (finding,) for each in config.environments}, ())
