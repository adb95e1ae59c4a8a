"""The name by which an application is shown: with its namespace if another application has the same name."""

from __future__ import annotations

from collections.abc import Iterable

from anchor_tui.domain.model import AppId


def label_application(application: AppId, others: Iterable[AppId]) -> str:
    """Return the application's name, which is unambiguous among the others.

    A namesake in another namespace adds the namespace, one of another Argo CD adds the name of the Argo CD.
    """
    namesakes = {other for other in others if other.name == application.name and other != application}
    if not namesakes:
        return application.name
    if any(other.namespace == application.namespace for other in namesakes):
        return f"{application.server}:{application}"
    return str(application)
