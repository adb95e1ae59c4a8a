"""Remedies of the failed lines of the cutover checklist: an action, a command, or an edit by hand."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Literal, TypeAlias

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions import fix
from anchor_tui.domain.actions.cutover import ChecklistItem, build_checklist, prune_warnings
from anchor_tui.domain.actions.restored_url import RESTORABLE_URLS
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.model import Environment, Finding, Snapshot, ValueObject

RemedyKind: TypeAlias = Literal["pull-request", "hard-refresh", "command", "edit"]
_AUTO_SYNC_OPTIONS = {"argo.automated-prune": "--auto-prune", "argo.automated-self-heal": "--self-heal"}


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
    if item.check not in _AUTO_SYNC_OPTIONS:
        return Remedy("hard-refresh", item.command) if item.command else None
    command = item.command or _set_command(environment, item.check, failed)
    open_items = [other for other in build_checklist(snapshot) if other.state != "ok"]
    warnings = prune_warnings([other for other in open_items if other.environment == item.environment])
    return Remedy("command", command, next(warnings, "")) if command else None


def _has_pull_request_fix(environment: Environment, check: str, known: EnvironmentConfig) -> bool:
    """Return whether a fix can be planned: git sets a boolean or an address, in a file of this environment only."""
    found = fix.fixable_finding(environment, check)
    if found is None or found.file is None or fix.is_shared_file(found.file, known):
        return False
    if check in RESTORABLE_URLS:
        return found.file == known.values
    if check not in fix.FIXABLE_CHECKS:
        return False
    _, wanted = fix.FIXABLE_CHECKS[check]
    return f" is {'false' if wanted == 'true' else 'true'}" in found.message  # “is not set” is not fixed


def _set_command(environment: Environment, check: str, failed: Sequence[Finding]) -> str:
    """Return the command that sets one field of a live Application whose manifest is not in git."""
    names = {finding.resource for finding in failed}
    application = next((found for found in environment.applications if found.name in names), None)
    if application is None:
        return ""
    words = ["argocd", "app", "set", str(application.id), "--sync-policy", "automated", _AUTO_SYNC_OPTIONS[check]]
    return shlex.join(words)


def _location(finding: Finding) -> str:
    return sanitize_text(f"{finding.file}:{finding.line}" if finding.line else str(finding.file))
