"""The application that a name on the command line means."""

from __future__ import annotations

from anchor_tui.config.suggestions import find_nearest_name
from anchor_tui.domain.model import Application, Environment, Snapshot


def find_application(snapshot: Snapshot, name: str) -> tuple[Environment, Application] | str:
    """Return an application with its environment, or an error text.

    The name is that of an application, with its namespace if it is not unique, or of an environment with only one.
    """
    every = [(environment, app) for environment in snapshot.environments for app in environment.applications]
    found = [pair for pair in every if name in {pair[1].name, str(pair[1].id)}]
    if not found:
        found = [pair for pair in every if pair[0].name == name]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(sorted(str(app.id) for _, app in found))
        return f"{name} means several applications: {listed}. Name one of them"
    names = {app.name for _, app in every} | {environment.name for environment in snapshot.environments}
    near = find_nearest_name(name, names)
    hint = f"; did you mean {near}?" if near else f". Known are {', '.join(sorted(names))}" if names else ""
    return f"there is no application {name}{hint}"
