"""From the value of a row to its shell commands. Imported when the first list of commands is opened."""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.inspection.resource_tree import ResourceNode
from anchor_tui.domain.model import Application, Environment, PullRequest, Release
from anchor_tui.domain.shell_commands import (
    ShellCommand,
    list_application_commands,
    list_environment_commands,
    list_plan_commands,
    list_pull_request_commands,
    list_release_commands,
    list_resource_commands,
)
from anchor_tui.domain.source_data import PastRelease


def list_commands(
    subject: object, environment: Environment | None, *, repository_url: str = "", files: Iterable[str] = ()
) -> tuple[ShellCommand, ...]:
    """Return the commands about a value, then those about its environment.

    A resource is a pair of its application and its node of the tree.
    """
    about_environment = (
        list_environment_commands(environment, repository_url=repository_url, files=files) if environment else ()
    )
    name = environment.name if environment else ""
    match subject:
        case Application():
            found = list_application_commands(subject)
        case (Application() as application, ResourceNode(key=key)):
            return list_resource_commands(application, key)
        case PullRequest():
            return list_pull_request_commands(subject)
        case Plan():
            return list_plan_commands(subject)
        case PastRelease() | Release():
            found = list_release_commands(name, subject)
        case _:
            found = ()
    return tuple(dict.fromkeys((*found, *about_environment)))
