"""Which applications belong to which environment. A change of one application concerns its own environments only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from anchor_tui.config.model import ApplicationName, ApplicationSelector, EnvironmentConfig
from anchor_tui.domain.identity import find_changes, is_same
from anchor_tui.domain.model import Application
from anchor_tui.domain.source_data import (
    ArgoCDData,
    ObservedApplication,
    belongs_to_environment,
    matches_application_name,
)


class NameIndex:
    """Configured names of applications, found by the name alone: the namespace may not be known."""

    def __init__(self, names: Iterable[ApplicationName]) -> None:
        self._by_name: dict[str, list[ApplicationName]] = {}
        for name in dict.fromkeys(names):
            self._by_name.setdefault(name.name, []).append(name)

    def find(self, application: Application, own_namespace: str | None) -> list[ApplicationName]:
        """Return the configured names that mean this application."""
        candidates = self._by_name.get(application.name, ())
        return [name for name in candidates if matches_application_name(name, application, own_namespace)]


class EnvironmentIndex:
    """Finds the environments of an application without looking at every configured name."""

    def __init__(self, environments: Sequence[EnvironmentConfig]) -> None:
        self._environments = tuple(environments)
        self._indexes: dict[str, list[int]] = {}
        self._names: dict[int, NameIndex] = {}
        self._by_first_label: dict[str, dict[str, list[int]]] = {}
        for index, environment in enumerate(self._environments):
            if isinstance(environment.applications, ApplicationSelector):
                key, value = environment.applications.labels[0]
                self._by_first_label.setdefault(key, {}).setdefault(value, []).append(index)
                continue
            self._names[index] = NameIndex(environment.applications)
            for name in dict.fromkeys(wanted.name for wanted in environment.applications):
                self._indexes.setdefault(name, []).append(index)

    def find(self, application: Application, labels: Mapping[str, str], own_namespace: str | None) -> list[int]:
        """Return the indexes of the environments that an application belongs to, in their order."""
        found = [
            index
            for index in self._indexes.get(application.name, ())
            if self._names[index].find(application, own_namespace)
        ]
        for key, by_value in self._by_first_label.items():
            found += [
                index
                for index in by_value.get(labels.get(key, ""), ())
                if belongs_to_environment(self._environments[index], application, labels, own_namespace)
            ]
        return sorted(found) if len(found) > 1 else found


class ApplicationSelection:
    """The applications of each environment of one Argo CD.

    `update` takes over the present applications. The tuple of an environment stays the same object until one of its
    own applications is another object, appears or vanishes.
    """

    def __init__(self, environments: Sequence[EnvironmentConfig]) -> None:
        self._environments = tuple(environments)
        self._index = EnvironmentIndex(environments)
        self._observed: tuple[ObservedApplication, ...] = ()
        self._own_namespace: str | None = None
        self._positions: list[dict[int, int]] = [{} for _ in self._environments]
        self._selected: list[tuple[Application, ...]] = [() for _ in self._environments]

    def update(self, data: ArgoCDData | None) -> dict[str, tuple[Application, ...]]:
        """Return the applications by the environment's name; none while the server has not answered."""
        observed = data.applications if data is not None else ()
        own_namespace = data.own_namespace if data is not None else None
        if observed is not self._observed or own_namespace != self._own_namespace:
            if own_namespace != self._own_namespace or not self._replace_changed(observed):
                self._select_all(observed, own_namespace)
            self._observed, self._own_namespace = observed, own_namespace
        names = (environment.name for environment in self._environments)
        return dict(zip(names, self._selected, strict=True))

    def _replace_changed(self, observed: tuple[ObservedApplication, ...]) -> bool:
        """Take over changed applications in their places. Return False if another one appeared or belongs elsewhere."""
        if len(observed) != len(self._observed):
            return False
        replaced: dict[int, list[int]] = {}
        for position in find_changes(self._observed, observed):
            before = [index for index, positions in enumerate(self._positions) if position in positions]
            if self._find_environments(observed[position], self._own_namespace) != before:
                return False
            for index in before:
                replaced.setdefault(index, []).append(position)
        for index, positions in replaced.items():
            applications = list(self._selected[index])
            for position in positions:
                applications[self._positions[index][position]] = observed[position].application
            if not is_same(applications, self._selected[index]):  # its labels may be all that changed
                self._selected[index] = tuple(applications)
        return True

    def _select_all(self, observed: tuple[ObservedApplication, ...], own_namespace: str | None) -> None:
        found: list[list[Application]] = [[] for _ in self._environments]
        self._positions = [{} for _ in self._environments]
        for position, item in enumerate(observed):
            for index in self._find_environments(item, own_namespace):
                self._positions[index][position] = len(found[index])
                found[index].append(item.application)
        self._selected = [
            before if is_same(before, applications) else tuple(applications)
            for before, applications in zip(self._selected, found, strict=True)
        ]

    def _find_environments(self, observed: ObservedApplication, own_namespace: str | None) -> list[int]:
        return self._index.find(observed.application, observed.labels, own_namespace)


def select_by_environment(
    selections: Mapping[str, ApplicationSelection], latest: Mapping[str, ArgoCDData | None]
) -> dict[str, tuple[Application, ...]]:
    """Return the applications of every environment by name. Both mappings are by the name of the Argo CD."""
    return {
        name: applications
        for server, selection in selections.items()
        for name, applications in selection.update(latest.get(server)).items()
    }


def make_selections(environments: Sequence[EnvironmentConfig]) -> dict[str, ApplicationSelection]:
    """Return a selection for each Argo CD that the environments use, by its name."""
    servers = dict.fromkeys(environment.server for environment in environments)
    return {
        server: ApplicationSelection([environment for environment in environments if environment.server == server])
        for server in servers
    }
