"""The order of an action command: its arguments, with the named targets looked up."""

from __future__ import annotations

import argparse
import uuid
from typing import TYPE_CHECKING

from anchor_tui.cli.action_arguments import ACTION_COMMANDS
from anchor_tui.config.suggestions import format_unknown_name
from anchor_tui.domain.actions.plan import Order

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.domain.model import AppId, Snapshot

_ENVIRONMENT_ACTIONS = frozenset({"promote", "rollback", "mend"})
"""Actions whose target can only be an environment."""


class UnknownTargetError(Exception):
    """A target is unknown or ambiguous; the message lists the known ones."""


def build_order(arguments: argparse.Namespace, snapshot: Snapshot, config: Config) -> Order:
    """Build the order that the arguments describe. Raises UnknownTargetError."""
    action = "delete-pod" if getattr(arguments, "delete", False) else ACTION_COMMANDS[arguments.command]
    environments: list[str] = []
    applications: list[AppId] = []
    known = tuple(environment.name for environment in config.environments)
    for name in getattr(arguments, "targets", ()):
        if name in known:
            environments.append(name)
        elif action in _ENVIRONMENT_ACTIONS:
            raise UnknownTargetError(format_unknown_name("environment", name, known))
        else:
            applications.append(_find_application(name, snapshot, known))
    if (source := getattr(arguments, "source", "")) and source not in known:
        raise UnknownTargetError(format_unknown_name("environment", source, known))
    if environments and applications:
        raise UnknownTargetError("name environments or applications, not both at once")
    return Order(
        action=action,
        request_id=uuid.uuid4().hex,
        environments=tuple(dict.fromkeys(environments)),
        applications=tuple(dict.fromkeys(applications)),
        prune=getattr(arguments, "prune", False),
        dry_run=getattr(arguments, "server_dry_run", False),
        resources=tuple(getattr(arguments, "resource", ())),
        source=source,
        version=getattr(arguments, "release", ""),
        number=getattr(arguments, "number", None),
        check=getattr(arguments, "check", ""),
        reason=arguments.reason,
        without_argocd=getattr(arguments, "without_argocd", False),
        merge=getattr(arguments, "merge", False),
        resource_action=getattr(arguments, "action", ""),
        parameters=dict(getattr(arguments, "param", ())),
    )


def _find_application(name: str, snapshot: Snapshot, environments: tuple[str, ...]) -> AppId:
    """Return the application with this name, or with this namespace and name. Raises UnknownTargetError."""
    found = [app.id for app in snapshot.all_applications if name in {app.name, str(app.id)}]
    if len(found) > 1:
        choices = ", ".join(map(str, found))
        raise UnknownTargetError(f"several applications are called {name!r}: use one of {choices}")
    if not found:
        known = (*environments, *sorted({str(app.id) for app in snapshot.all_applications}))
        errors = "; ".join(source.error.message for source in snapshot.sources_not_fresh if source.error)
        unknown = format_unknown_name("environment or application", name, known)
        raise UnknownTargetError(f"{unknown} ({errors})" if errors else unknown)
    return found[0]
