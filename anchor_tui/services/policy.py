"""The policy of an observation: facts gathered from the latest readings, and judged. The same files are read once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from anchor_tui.config import Config
from anchor_tui.domain.assemble import Readings, applications_of, value_of
from anchor_tui.domain.policy.in_git import InGit
from anchor_tui.domain.policy.judging import Findings, judge_policy
from anchor_tui.domain.policy.observed import Observed, facts_of, read_repo
from anchor_tui.domain.readings import OpsRepo


class Policy:
    """Judges observations of one configuration. The files of the branch are parsed when they have changed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._files: Mapping[str, str | None] = {}
        self._in_git: dict[str, InGit] = {}

    def findings(self, readings: Readings, now: datetime) -> Findings | None:
        """Every finding; None as long as no source has said anything."""
        repo = value_of(readings.github)
        answers = {name: value_of(reading) for name, reading in readings.argocd.items()}
        if repo is None and not any(answers.values()):
            return None
        applications = {
            each.name: applications_of(each, answers[each.server]) if answers.get(each.server) else None
            for each in self._config.environments
        }
        observed = Observed(applications, repo)
        return judge_policy(self._config, facts_of(self._config, observed, self._read(repo)), now)

    def _read(self, repo: OpsRepo | None) -> dict[str, InGit]:
        if repo is None:
            return {}
        if repo.files != self._files:
            self._files, self._in_git = repo.files, read_repo(self._config, repo)
        return self._in_git
