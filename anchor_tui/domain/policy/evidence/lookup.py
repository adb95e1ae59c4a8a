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
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.yaml.nodes import Json, KeyPath, format_key_path


class VariableOccurrence(ValueObject, frozen=True):
    """One place that says a variable. `text` is None where the value cannot be seen, `hidden` then tells why."""

    text: str | None
    hidden: str
    location: str
    place: SourceLocation | None = None
    resource: str | None = None


class VariableLookup(ValueObject, frozen=True):
    """Every place that says a variable; `open` tells what else may say it and could not be read."""

    occurrences: tuple[VariableOccurrence, ...]
    unreadable: str = ""


def find_variable(facts: Facts, evidence: EvidenceKind, name: str) -> VariableLookup:
    """Where a variable is said; LackingError without the evidence."""
    if evidence == "git":
        every = [each for laid in require(facts.values) for each in _find_in_values(laid, name)]
        visible = [each for each in every if each.text is not None]
        return VariableLookup(tuple(visible or every))
    manifests = facts.manifests(evidence)
    found = tuple(
        _occurrence_in_container(container.env[name], str(workload))
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
    return VariableLookup(found, "; ".join(dict.fromkeys((*opened, *manifests.missing, *manifests.unreadable))))


def _occurrence_in_container(variable: EnvVariable, resource: str) -> VariableOccurrence:
    return VariableOccurrence(variable.text, variable.hidden_reason, variable.origin or resource, None, resource)


def _find_in_values(laid: LayeredValues, name: str) -> Iterator[VariableOccurrence]:
    for path, value in walk_values(laid.merged):
        if path and path[-1] == name:
            yield _occurrence_at(laid, path, value)
        elif isinstance(value, dict) and value.get("name") == name and path and isinstance(path[-1], int):
            yield _occurrence_at(laid, (*path, "value"), value.get("value", value))
        elif value == name and path and isinstance(path[-1], int):
            yield VariableOccurrence(
                None, "it is taken from the secret store", format_key_path(path), laid.locate(path)
            )


def _occurrence_at(laid: LayeredValues, path: KeyPath, value: Json) -> VariableOccurrence:
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, dict | list):
        return VariableOccurrence(None, "its value is taken from elsewhere", format_key_path(path), laid.locate(path))
    return VariableOccurrence(format_template_value(value), "", format_key_path(path), laid.locate(path))


def walk_values(values: Json, path: KeyPath = (), *, every: bool = False) -> Iterator[tuple[KeyPath, Json]]:
    """Every value with its key path, but for what is switched off; with `every` that too."""
    yield path, values
    if isinstance(values, dict):
        if not every and "enabled" in values and not is_template_true(values["enabled"]):
            return
        for key, value in values.items():
            yield from walk_values(value, (*path, key), every=every)
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from walk_values(value, (*path, index), every=every)


_CREDENTIALS = re.compile(r"//[^/@\s]*@")


def redact_text(text: str) -> str:
    """A value as a finding may repeat it: no user and password, not longer than a line."""
    text = _CREDENTIALS.sub("//…@", text)
    return text if len(text) <= 80 else text[:79] + "…"


def normalize_name(name: str) -> str:
    """A name without its punctuation: statusMock and status-mock are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
