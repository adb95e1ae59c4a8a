"""Where the values and the manifests say something: environment variables, switches, replicas.

The values are searched by meaning, not by one path: a variable is a key of that name in a map, an item
`{name, value}` in a list, or a name in a list of keys that are taken from a secret store. What lies under
`enabled: false` is not rendered and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation
from anchor_tui.domain.kubernetes.container_env import EnvVariable
from anchor_tui.domain.model import EvidenceKind, ValueObject
from anchor_tui.domain.policy.facts import Facts, take
from anchor_tui.domain.yaml.nodes import Json, KeyPath, format_key_path


class Seen(ValueObject, frozen=True):
    """One place that says a variable. `text` is None where the value cannot be seen, `hidden` then tells why."""

    text: str | None
    hidden: str
    where: str
    place: SourceLocation | None = None
    resource: str | None = None


class Lookup(ValueObject, frozen=True):
    """Every place that says a variable; `open` tells what else may say it and could not be read."""

    seen: tuple[Seen, ...]
    open: str = ""


def variable(facts: Facts, evidence: EvidenceKind, name: str) -> Lookup:
    """Where a variable is said; LackingError without the evidence."""
    if evidence == "git":
        every = [each for laid in take(facts.values) for each in _in_values(laid, name)]
        visible = [each for each in every if each.text is not None]
        return Lookup(tuple(visible or every))
    manifests = facts.manifests(evidence)
    found = tuple(
        _seen(container.env[name], str(workload))
        for workload in manifests.workloads
        for container in workload.containers
        if name in container.env
    )
    opened = [
        each
        for workload in manifests.workloads
        for container in workload.containers
        for each in container.unreadable_env
    ]
    return Lookup(found, "; ".join(dict.fromkeys((*opened, *manifests.missing, *manifests.unreadable))))


def _seen(variable: EnvVariable, resource: str) -> Seen:
    return Seen(variable.text, variable.hidden_reason, variable.origin or resource, None, resource)


def _in_values(laid: LayeredValues, name: str) -> Iterator[Seen]:
    for path, value in walk(laid.merged):
        if path and path[-1] == name:
            yield _told(laid, path, value)
        elif isinstance(value, dict) and value.get("name") == name and path and isinstance(path[-1], int):
            yield _told(laid, (*path, "value"), value.get("value", value))
        elif value == name and path and isinstance(path[-1], int):
            yield Seen(None, "it is taken from the secret store", format_key_path(path), laid.locate(path))


def _told(laid: LayeredValues, path: KeyPath, value: Json) -> Seen:
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, dict | list):
        return Seen(None, "its value is taken from elsewhere", format_key_path(path), laid.locate(path))
    return Seen(format_template_value(value), "", format_key_path(path), laid.locate(path))


def walk(values: Json, path: KeyPath = (), *, every: bool = False) -> Iterator[tuple[KeyPath, Json]]:
    """Every value with its key path, but for what is switched off; with `every` that too."""
    yield path, values
    if isinstance(values, dict):
        if not every and "enabled" in values and not is_template_true(values["enabled"]):
            return
        for key, value in values.items():
            yield from walk(value, (*path, key), every=every)
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from walk(value, (*path, index), every=every)


_USER = re.compile(r"//[^/@\s]*@")


def shown(text: str) -> str:
    """A value as a finding may repeat it: no user and password, not longer than a line."""
    text = _USER.sub("//…@", text)
    return text if len(text) <= 80 else text[:79] + "…"


def normal(name: str) -> str:
    """A name without its punctuation: statusMock and status-mock are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
