"""Checks of the production no-mock cutover: no mock services, and URLs of the real services."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues
from anchor_tui.domain.kubernetes.image_references import parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Manifests, Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.variable_lookup import (
    describe_hidden,
    describe_unset,
    find_variable,
    normalize_name,
    redact_text,
    walk_values,
)
from anchor_tui.domain.urls import parse_url
from anchor_tui.domain.yaml.nodes import KeyPath, format_key_path

MOCKS = ("status-mock", "agentfield-mock")
_MOCKS_BY_KEY = {normalize_name(mock): mock for mock in MOCKS}
_HARMLESS_KINDS = frozenset(
    {"ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "ExternalSecret"}
)
_KNOWN_GROUPS = frozenset(
    {"", "apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io", "policy", "autoscaling"}
)


def _check_mock_workloads(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if evidence == "git":
        for values in require(facts.values):
            yield from _check_mock_switches(values)
        return
    manifests = facts.require_manifests(evidence)
    yield from _check_objects(manifests)
    kind = "live" if evidence == "live" else "rendered"
    yield passed(f"none of {len(manifests.resources)} {kind} objects is a mock")


def _check_mock_switches(values: LayeredValues) -> Iterator[CheckOutcome]:
    has_mock = False
    for path, value in walk_values(values.merged, include_disabled=True):
        mock = _MOCKS_BY_KEY.get(normalize_name(path[-1])) if path and isinstance(path[-1], str) else None
        if mock is None:
            continue
        has_mock = True
        switch = (*path, "enabled")
        if isinstance(value, bool):
            yield _check_mock_switch(values, path, on=value)
        elif not isinstance(value, dict):
            message = f"`{format_key_path(path)}` is not a mapping: unknown if {mock} runs"
            yield unknown(message, values.locate(path))
        elif "enabled" in value:
            text = format_template_value(value["enabled"])
            yield _check_mock_switch(values, switch, on=is_template_true(value["enabled"]), text=text)
        else:
            message = f"`{format_key_path(switch)}` is not set, which is false in Helm"
            yield passed(message, values.locate(path))
    if not has_mock and values.unreadable:
        yield unknown(f"no layer sets statusMock.enabled, and not all could be read: {values.unreadable[0]}")
    elif not has_mock:
        yield passed("no layer of the values mentions a mock")


def _check_mock_switch(values: LayeredValues, path: KeyPath, *, on: bool, text: str = "true") -> CheckOutcome:
    key, location = format_key_path(path), values.locate(path)
    if not on:
        return passed(f"`{key}` is false", location)
    hint = ': the text "false" is true in Helm' if text.lower() == "false" else ""
    return failed(f"`{key}` is {text}{hint}", location, fix=f"set `{key}: false`")


def _check_objects(manifests: Manifests) -> Iterator[CheckOutcome]:
    workloads = {id(workload.resource): workload for workload in manifests.workloads}
    for resource in manifests.resources:
        mock = _find_mock_name(resource.name)
        workload = workloads.get(id(resource))
        image = _find_mock_image(workload) if workload else None
        if image or (mock and (workload or resource.kind == "Service")):
            violation = f"runs the image {image}" if image and not mock else f"is the {mock}"
            stale = "; it is not in git: a sync with prune removes it" if resource.stale else ""
            yield failed(f"{resource} {violation}{stale}", resource=str(resource))
        elif mock and resource.kind not in _HARMLESS_KINDS and resource.group not in _KNOWN_GROUPS:
            message = f"{resource} is named after the {mock}, but anchor-tui does not know its kind"
            yield unknown(message, None, str(resource))


def _find_mock_name(name: str) -> str | None:
    normalized = normalize_name(name)
    return next((mock for key, mock in _MOCKS_BY_KEY.items() if key in normalized), None)


def _find_mock_image(workload: Workload) -> str | None:
    for container in workload.containers:
        try:
            name = parse_image_reference(container.image).repository_name
        except ValueError:
            name = container.image
        if _find_mock_name(name):
            return name
    return None


# --- URLs ----------------------------------------------------------------------------------------------


def _check_control_center_url(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_url(facts, evidence, "EGI_CONTROL_CENTER_URL", "status-mock")


def _check_agentfield_url(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_url(facts, evidence, "AGENTFIELD_URL", "agentfield-mock")


def _check_url(facts: Facts, evidence: EvidenceKind, name: str, mock: str) -> Iterator[CheckOutcome]:
    fix = f"set {name} to the https:// URL of the real service"
    lookup = find_variable(facts, evidence, name)
    for occurrence in lookup.occurrences:
        text, location, resource = occurrence.text, occurrence.location, occurrence.resource
        if text is None:
            yield unknown(describe_hidden(name, occurrence), location, resource)
        elif "$(" in text or "{{" in text:
            yield unknown(f"{name} is composed at run time: `{redact_text(text)}`", location, resource)
        elif faults := describe_url_faults(text, mock):
            message = f"{name} is {redact_text(text)}: {faults}" if text else f"{name} is empty"
            yield failed(message, location, resource, fix=fix)
        else:
            yield passed(f"{name} is {redact_text(text)}", location, resource)
    if lookup.occurrences:
        return
    if evidence == "git":
        yield unknown(f"no layer of the values sets {name}; the chart's templates may set it")
    elif lookup.unreadable:
        yield unknown(describe_unset(name, lookup.unreadable))
    else:
        yield failed(f"{name} is not set", fix=fix)


def describe_url_faults(text: str, mock: str) -> str:
    """Return the faults of a URL; empty if the URL is correct."""
    try:
        url = parse_url(text)
    except ValueError as error:
        return str(error)
    faults = []
    if url.scheme != "https":
        faults.append(f"must be https, not {url.scheme}")
    if url.mentions(mock):
        faults.append(f"must not name {mock}")
    return ", ".join(faults)


_CUTOVER = "Production No-Mock Cutover"
CHECKS = (
    Check(
        id="mock.workloads-absent",
        title="No mock is running",
        level="error",
        rules=("staging", "prod"),
        evidence=("git", "rendered", "live"),
        section=_CUTOVER,
        why="Ensure `statusMock.enabled=false` in `environments/staging/values.yaml` and "
        "`environments/prod/values.yaml`. … Run a hard refresh + prune sync on staging and prod Argo applications "
        "to remove stale mock resources.",
        fix="set statusMock.enabled to false in the overlay, then hard refresh and sync with prune",
        evaluate=_check_mock_workloads,
    ),
    Check(
        id="mock.control-center-url",
        title="The control center is not a mock",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section=_CUTOVER,
        why="`EGI_CONTROL_CENTER_URL` must be `https://...` and must not include `status-mock`.",
        fix="set EGI_CONTROL_CENTER_URL to the https:// URL of the control center",
        evaluate=_check_control_center_url,
    ),
    Check(
        id="mock.agentfield-url",
        title="AgentField is not a mock",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section=_CUTOVER,
        why="`AGENTFIELD_URL` must be `https://...` and must not include `agentfield-mock`.",
        fix="set AGENTFIELD_URL to the https:// URL of AgentField",
        evaluate=_check_agentfield_url,
    ),
)
