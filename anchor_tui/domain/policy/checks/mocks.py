"""The production no-mock cutover: no stand-ins, and addresses that lead to the real services."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.helm.template_values import format_template_value, is_template_true
from anchor_tui.domain.helm.value_layers import LayeredValues
from anchor_tui.domain.kubernetes.image_references import parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Manifests, Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts, require
from anchor_tui.domain.policy.evidence.lookup import find_variable, normalize_name, redact_text, walk_values
from anchor_tui.domain.urls import parse_url
from anchor_tui.domain.yaml.nodes import format_key_path

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
        for laid in require(facts.values):
            yield from _check_mock_switches(laid)
        return
    manifests = facts.manifests(evidence)
    yield from _check_objects(manifests)
    what = "live" if evidence == "live" else "rendered"
    yield passed(f"nothing {what} is a mock ({len(manifests.resources)} objects looked at)")


def _check_mock_switches(laid: LayeredValues) -> Iterator[CheckOutcome]:
    found = False
    for path, value in walk_values(laid.merged, every=True):
        mock = _MOCKS_BY_KEY.get(normalize_name(str(path[-1]))) if path and isinstance(path[-1], str) else None
        if mock is None:
            continue
        found = True
        here = (*path, "enabled")
        if not isinstance(value, dict):
            if isinstance(value, bool):
                yield _check_mock_switch(laid, path, on=value)
            else:
                yield unknown(
                    f"`{format_key_path(path)}` is no map: whether {mock} runs cannot be told", laid.locate(path)
                )
        elif "enabled" in value:
            yield _check_mock_switch(
                laid, here, on=is_template_true(value["enabled"]), text=format_template_value(value["enabled"])
            )
        else:
            yield passed(f"`{format_key_path(here)}` is not set, which Helm takes for false", laid.locate(path))
    if not found and laid.unreadable:
        yield unknown(f"no layer says statusMock.enabled, and {laid.unreadable[0]}")
    elif not found:
        yield passed("no layer of values knows a mock")


def _check_mock_switch(
    laid: LayeredValues, path: tuple[str | int, ...], *, on: bool, text: str = "true"
) -> CheckOutcome:
    if on:
        quoted = ': the text "false", which Helm takes for true' if text.lower() == "false" else ""
        return failed(
            f"`{format_key_path(path)}` is {text}{quoted}",
            laid.locate(path),
            fix=f"set `{format_key_path(path)}: false`",
        )
    return passed(f"`{format_key_path(path)}` is false", laid.locate(path))


def _check_objects(manifests: Manifests) -> Iterator[CheckOutcome]:
    workloads = {id(each.resource): each for each in manifests.workloads}
    for resource in manifests.resources:
        mock = _find_mock_name(resource.name)
        workload = workloads.get(id(resource))
        image = _find_mock_image(workload) if workload else None
        if image or (mock and (workload or resource.kind == "Service")):
            why = f"runs the image {image}" if image and not mock else f"is the {mock}"
            stale = ", which git no longer has: a sync with prune removes it" if resource.stale else ""
            yield failed(f"{resource} {why}{stale}", resource=str(resource))
        elif mock and resource.kind not in _HARMLESS_KINDS and resource.group not in _KNOWN_GROUPS:
            yield unknown(f"{resource} is named after the {mock}, and its kind is not known here", None, str(resource))


def _find_mock_name(name: str) -> str | None:
    plain = normalize_name(name)
    return next((mock for key, mock in _MOCKS_BY_KEY.items() if key in plain), None)


def _find_mock_image(workload: Workload) -> str | None:
    for container in workload.containers:
        try:
            name = parse_image_reference(container.image).repository_name
        except ValueError:
            name = container.image
        if _find_mock_name(name):
            return name
    return None


# --- addresses ---------------------------------------------------------------------------------------


def _check_control_center_url(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_url(facts, evidence, "EGI_CONTROL_CENTER_URL", "status-mock")


def _check_agentfield_url(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_url(facts, evidence, "AGENTFIELD_URL", "agentfield-mock")


def _check_url(facts: Facts, evidence: EvidenceKind, name: str, mock: str) -> Iterator[CheckOutcome]:
    found = find_variable(facts, evidence, name)
    for seen in found.occurrences:
        if seen.text is None:
            yield unknown(f"{name} cannot be seen: {seen.hidden}", seen.place, seen.resource)
        elif "$(" in seen.text or "{{" in seen.text:
            reason = f"{name} is put together where it is used: `{redact_text(seen.text)}`"
            yield unknown(reason, seen.place, seen.resource)
        elif wrong := _describe_url_faults(seen.text, mock):
            told = f"{name} is {redact_text(seen.text)}: {wrong}" if seen.text else f"{name} is empty"
            yield failed(told, seen.place, seen.resource, fix=f"set {name} to the real service's https:// address")
        else:
            yield passed(f"{name} is {redact_text(seen.text)}", seen.place, seen.resource)
    if not found.occurrences:
        yield from _check_unset_url(evidence, name, found.unreadable)


def _check_unset_url(evidence: EvidenceKind, name: str, opened: str) -> Iterator[CheckOutcome]:
    if evidence == "git":
        yield unknown(f"no layer of values says {name}; the chart's templates may")
    elif opened:
        yield unknown(f"{name} is set nowhere that can be seen: {opened}")
    else:
        yield failed(f"{name} is set nowhere", fix=f"set {name} to the real service's https:// address")


def _describe_url_faults(text: str, mock: str) -> str:
    """What is wrong with an address; empty where nothing is."""
    try:
        address = parse_url(text)
    except ValueError as error:
        return str(error)
    faults = []
    if address.scheme != "https":
        faults.append(f"must be https, not {address.scheme}")
    if address.mentions(mock):
        faults.append(f"must not name {mock}")
    return ", ".join(faults)


_CUTOVER = "Production No-Mock Cutover"
CHECKS = (
    Check(
        id="mock.workloads-absent",
        title="No mock runs",
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
        title="The control center is the real one",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section=_CUTOVER,
        why="`EGI_CONTROL_CENTER_URL` must be `https://...` and must not include `status-mock`.",
        fix="set EGI_CONTROL_CENTER_URL to the control center's https:// address",
        evaluate=_check_control_center_url,
    ),
    Check(
        id="mock.agentfield-url",
        title="AgentField is the real one",
        level="error",
        rules=("prod",),
        evidence=("git", "rendered", "live"),
        section=_CUTOVER,
        why="`AGENTFIELD_URL` must be `https://...` and must not include `agentfield-mock`.",
        fix="set AGENTFIELD_URL to AgentField's https:// address",
        evaluate=_check_agentfield_url,
    ),
)
