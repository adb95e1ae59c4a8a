"""Search of environment variables and switches in Helm values and manifests.

The search does not depend on one key path. In values, a variable is a key of that name in a mapping, an item
`{name, value}` in a list, or a name in a list of keys from a secret store. Values under `enabled: false` are not
rendered and do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation
from anchor_tui.domain.kubernetes.container_env import EnvVariable
from anchor_tui.domain.model import EvidenceKind, ValueObject
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.yaml.nodes import Json, KeyPath


class VariableOccurrence(ValueObject, frozen=True):
    """A value or a container that sets a variable.

    If the value is not visible, `text` is None and `hidden` is the reason.
    """

    text: str | None
    hidden: str
    location: SourceLocation | None = None
    resource: str | None = None


class VariableLookup(ValueObject, frozen=True):
    """All values or containers that set a variable.

    `unreadable` names sources that may set it and could not be read.
    """

    occurrences: tuple[VariableOccurrence, ...]
    unreadable: str = ""


def find_variable(facts: Facts, evidence: EvidenceKind, name: str) -> VariableLookup:
    """Find all values or containers that set a variable. Raises EvidenceUnavailable without the evidence."""
    if evidence == "git":
        found = [occurrence for values in require(facts.values) for occurrence in _find_in_values(values, name)]
        visible = [occurrence for occurrence in found if occurrence.text is not None]
        return VariableLookup(tuple(visible or found))
    manifests = facts.require_manifests(evidence)
    occurrences = tuple(
        _occurrence_in_container(container.env[name], str(workload))
        for workload in manifests.workloads
        for container in workload.containers
        if name in container.env
    )
    unreadable = [
        reason
        for workload in manifests.workloads
        for container in workload.containers
        for reason in container.unreadable_env
    ]
    reasons = dict.fromkeys((*unreadable, *manifests.missing, *manifests.unreadable))
    return VariableLookup(occurrences, "; ".join(reasons))


def _occurrence_in_container(variable: EnvVariable, resource: str) -> VariableOccurrence:
    return VariableOccurrence(variable.text, variable.hidden_reason, None, resource)


def _find_in_values(values: LayeredValues, name: str) -> Iterator[VariableOccurrence]:
    for path, value in walk_values(values.merged):
        is_item = bool(path) and isinstance(path[-1], int)
        if path and path[-1] == name:
            yield _occurrence_at(values, path, value)
        elif isinstance(value, dict) and value.get("name") == name and is_item:
            yield _occurrence_at(values, (*path, "value"), value.get("value", value))
        elif value == name and is_item:
            yield VariableOccurrence(None, "it comes from the secret store", values.locate(path))


def _occurrence_at(values: LayeredValues, path: KeyPath, value: Json) -> VariableOccurrence:
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, dict | list):
        return VariableOccurrence(None, "its value comes from another object", values.locate(path))
    return VariableOccurrence(format_template_value(value), "", values.locate(path))


def walk_values(values: Json, path: KeyPath = (), *, include_disabled: bool = False) -> Iterator[tuple[KeyPath, Json]]:
    """Yield every value with its key path; mappings with `enabled: false` only with `include_disabled`."""
    yield path, values
    if isinstance(values, dict):
        if not include_disabled and "enabled" in values and not is_template_true(values["enabled"]):
            return
        for key, value in values.items():
            yield from walk_values(value, (*path, key), include_disabled=include_disabled)
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from walk_values(value, (*path, index), include_disabled=include_disabled)


def describe_hidden(name: str, occurrence: VariableOccurrence) -> str:
    """Explain why the value of a variable is not visible."""
    return f"the value of {name} is not visible: {occurrence.hidden}"


def describe_unset(name: str, unreadable: str) -> str:
    """Report that no readable source sets a variable, with the sources that could not be read."""
    return f"{name} is not set in anything that could be read" + (f": {unreadable}" if unreadable else "")


_CREDENTIALS = re.compile(r"//[^/@\s]*@")


def redact_text(text: str) -> str:
    """Return a value for display in a finding: without user and password, at most 80 characters."""
    text = _CREDENTIALS.sub("//…@", text)
    return text if len(text) <= 80 else text[:79] + "…"


def normalize_name(name: str) -> str:
    """Return a name in lower case without punctuation: statusMock and status-mock are equal."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
