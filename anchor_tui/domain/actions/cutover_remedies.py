"""Remedies of the failed lines of the cutover checklist: an action, a command, or an edit by hand."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Literal, TypeAlias

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import fix
from anchor_tui.domain.actions.cutover import ChecklistItem, build_checklist
from anchor_tui.domain.formatting import sanitize_text
from anchor_tui.domain.model import Environment, Finding, Snapshot, ValueObject

RemedyKind: TypeAlias = Literal["pull-request", "hard-refresh", "command", "edit"]
_AUTO_SYNC_OPTIONS = {"argo.automated-prune": "--auto-prune", "argo.automated-self-heal": "--self-heal"}
_MOCK_URL_CHECKS = frozenset({"mock.control-center-url", "mock.agentfield-url"})


class Remedy(ValueObject, frozen=True):
    """The remedy of a failed line. `text` is its command, or what to change; `warning` what to do before it."""

    kind: RemedyKind
    text: str
    warning: str = ""

    @property
    def is_command(self) -> bool:
        """True if the text is a command."""
        return self.kind in {"command", "hard-refresh"}


def find_remedy(item: ChecklistItem, snapshot: Snapshot, environments: Sequence[EnvironmentConfig]) -> Remedy | None:
    """Return how a line is fixed; None if it has not failed or if nothing is known that fixes it."""
    environment = snapshot.find_environment(item.environment)
    known = next((entry for entry in environments if entry.name == item.environment), None)
    if item.state != "failed" or environment is None or known is None:
        return None
    failed = [finding for finding in environment.findings if finding.check == item.check and finding.status == "fail"]
    in_git = next((finding for finding in failed if finding.file), None)
    if in_git is not None:
        if _has_pull_request_fix(environment, item.check, known):
            return Remedy("pull-request", f"change {_location(in_git)}")
        return Remedy("edit", f"change {_location(in_git)} by hand")
    if item.check in _AUTO_SYNC_OPTIONS:
        command = _apply_command(environment, item.check, failed)
        return Remedy("command", command, _warn_about_mocks_in_use(environment.name, snapshot)) if command else None
    return Remedy("hard-refresh", shlex.join(["anchor-tui", "hard-refresh", environment.name]))


def _has_pull_request_fix(environment: Environment, check: str, known: EnvironmentConfig) -> bool:
    """Return whether a fix can be planned: git sets a boolean, in a file of this environment only."""
    found = fix.fixable_finding(environment, check)
    if check not in fix.FIXABLE_CHECKS or found is None or found.file is None:
        return False
    _, wanted = fix.FIXABLE_CHECKS[check]
    states_boolean = f" is {'false' if wanted == 'true' else 'true'}" in found.message  # “is not set” is not fixed
    return states_boolean and not fix.is_shared_file(found.file, known)


def _apply_command(environment: Environment, check: str, failed: Sequence[Finding]) -> str | None:
    """Return the command that makes the live Application equal to git. Without a manifest it sets the one field."""
    names = {finding.resource for finding in failed}
    manifests = [
        finding.file
        for finding in environment.findings
        if finding.check == check and finding.evidence == "manifest" and finding.file and finding.resource in names
    ]
    if manifests:
        files = (word for path in dict.fromkeys(manifests) for word in ("-f", path))
        return shlex.join(["kubectl", "apply", *files])
    application = next((found for found in environment.applications if found.name in names), None)
    if application is None:
        return None
    words = ["argocd", "app", "set", str(application.id), "--sync-policy", "automated", _AUTO_SYNC_OPTIONS[check]]
    return shlex.join(words)


def _warn_about_mocks_in_use(environment: str, snapshot: Snapshot) -> str:
    """Return what comes before an automated prune: it would delete mocks that the environment still calls."""
    numbers = sorted(
        {
            item.number
            for item in build_checklist(snapshot)
            if item.environment == environment and item.check in _MOCK_URL_CHECKS and item.state != "ok"
        }
    )
    if not numbers:
        return ""
    steps = "step " + " and ".join(map(str, numbers))
    return f"first finish {steps}: with prune on, Argo CD deletes the mocks that {environment} still calls"


def _location(finding: Finding) -> str:
    return sanitize_text(f"{finding.file}:{finding.line}" if finding.line else str(finding.file))
