"""The applications that the configured environments refer to, by name or by labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.application_selection import EnvironmentIndex, NameIndex
from anchor_tui.domain.model import Application


class ApplicationFilter:
    """Decides which applications of one Argo CD the environments refer to.

    `own_namespace` is the server's own namespace, in which a bare name is looked up. While it is None, a bare name
    matches in any namespace.
    """

    def __init__(self, environments: tuple[EnvironmentConfig, ...]) -> None:
        self.own_namespace: str | None = None
        self._environments = environments
        configured = (environment.applications for environment in environments)
        names = (name for applications in configured if isinstance(applications, tuple) for name in applications)
        self.names: tuple[ApplicationName, ...] = tuple(dict.fromkeys(names))
        self._name_index = NameIndex(self.names)
        self._environment_index = EnvironmentIndex(environments)

    @property
    def uses_selectors(self) -> bool:
        """True if an environment selects applications by labels: only a list can find those."""
        return any(isinstance(environment.applications, ApplicationSelector) for environment in self._environments)

    def is_protected(self, application: Application, labels: Mapping[str, str]) -> bool:
        """Return True if a protected environment refers to the application."""
        return any(self._environments[index].protected for index in self._find_environments(application, labels))

    def is_wanted(self, application: Application, labels: Mapping[str, str]) -> bool:
        """Return True if an environment refers to the application."""
        return bool(self._find_environments(application, labels))

    def names_of(self, application: Application) -> list[ApplicationName]:
        """Return the configured names that match the application."""
        return self._name_index.find(application, self.own_namespace)

    def names_without(self, applications: Iterable[Application]) -> list[ApplicationName]:
        """Return the configured names that match none of the applications."""
        matched = {name for application in applications for name in self.names_of(application)}
        return [name for name in self.names if name not in matched]

    def _find_environments(self, application: Application, labels: Mapping[str, str]) -> list[int]:
        return self._environment_index.find(application, labels, self.own_namespace)
