"""A scenario: the state in which the embedded servers start."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from anchor_tui.sandbox.argocd.failing_deployments import FailingDeployment
from anchor_tui.sandbox.argocd.kubectl import Kubectl
from anchor_tui.sandbox.argocd.sync_windows import ProjectSyncWindow
from anchor_tui.sandbox.scenarios.seed_history import HISTORY, SeedPullRequest


@dataclass(frozen=True, slots=True)
class SpecOverride:
    """A field of an application's live spec that differs from git: `value` at the dotted `path`."""

    application: str
    path: str
    value: Any

    def apply(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return the spec with the field replaced."""
        changed: dict[str, Any] = copy.deepcopy(dict(spec))
        *folders, name = self.path.split(".")
        place = changed
        for folder in folders:
            place = place.setdefault(folder, {})
        if self.value is None:
            place.pop(name, None)
        else:
            place[name] = self.value
        return changed


@dataclass(frozen=True, slots=True)
class ManualChange:
    """A manual change in the cluster, `ago` before now."""

    ago: timedelta
    apply: Callable[[Kubectl], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """The additions to the usual history, and the problems in the cluster."""

    name: str
    summary: str
    pull_requests: tuple[SeedPullRequest, ...] = ()
    spec_overrides: tuple[SpecOverride, ...] = ()
    failing_deployments: tuple[FailingDeployment, ...] = ()
    manual_changes: tuple[ManualChange, ...] = ()
    windows: tuple[ProjectSyncWindow, ...] = ()
    tenant_count: int = 0
    """Further applications. With them, the written configuration selects those of an environment by a label."""

    @property
    def history(self) -> tuple[SeedPullRequest, ...]:
        """All pull requests. One of the scenario replaces the usual one with the same number."""
        numbers = {change.number for change in self.pull_requests}
        return tuple(change for change in HISTORY if change.number not in numbers) + self.pull_requests
