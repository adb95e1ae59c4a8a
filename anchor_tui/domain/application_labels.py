"""The name by which an application is shown: with its namespace if another application has the same name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Application, Environment

_LABELS_OF_ENVIRONMENTS: dict[str, tuple[tuple[Application, ...], Mapping[AppId, str]]] = {}
_LABELS = IdentityCache[Mapping[AppId, str]]()


def label_applications(ids: Iterable[AppId]) -> dict[AppId, str]:
    """Return the names of applications, each unambiguous among the others.

    A namesake in another namespace adds the namespace, one of another Argo CD adds the name of the Argo CD.
    """
    distinct = dict.fromkeys(ids)
    names = Counter(id_.name for id_ in distinct)
    places = Counter((id_.namespace, id_.name) for id_ in distinct)
    return {id_: _label(id_, names[id_.name], places[id_.namespace, id_.name]) for id_ in distinct}


def _label(id_: AppId, namesakes: int, in_namespace: int) -> str:
    if namesakes == 1:
        return id_.name
    return f"{id_.server}:{id_}" if in_namespace > 1 else str(id_)


def label_environment(name: str, applications: tuple[Application, ...]) -> Mapping[AppId, str]:
    """Return the names of the applications of an environment. They are computed once for the same identities."""
    known = _LABELS_OF_ENVIRONMENTS.get(name)
    if known is not None and _have_same_ids(known[0], applications):
        labels = known[1]
    else:
        labels = label_applications(app.id for app in applications)
    _LABELS_OF_ENVIRONMENTS[name] = applications, labels
    return labels


def _have_same_ids(one: tuple[Application, ...], other: tuple[Application, ...]) -> bool:
    if one is other:
        return True
    return len(one) == len(other) and all(a is b or a.id == b.id for a, b in zip(one, other, strict=True))


def label_estate(environments: tuple[Environment, ...]) -> Mapping[AppId, str]:
    """Return the names of the applications of all environments. They are computed once for each tuple."""
    return _LABELS.get(
        "estate",
        (environments,),
        lambda: label_applications(app.id for environment in environments for app in environment.applications),
    )
