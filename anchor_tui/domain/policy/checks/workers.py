"""Check that the workers run the gateway's image."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.kubernetes.image_references import ImageReference, is_same_image, parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Manifests
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts

_NAME_FIX = "set its name under [names] in the configuration"


def _check_gateway_image(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests, names = facts.require_manifests(evidence), facts.config.names
    expected = _read_main_image(names.gateway, manifests)
    if isinstance(expected, str):
        yield unknown(expected, fix=_NAME_FIX)
        return
    for name in (names.outbox_worker, names.job_worker):
        yield _compare_worker(name, manifests, expected)


def _compare_worker(name: str, manifests: Manifests, expected: ImageReference) -> CheckOutcome:
    image = _read_main_image(name, manifests)
    if isinstance(image, str):
        return unknown(image, fix=_NAME_FIX)
    resource = str(manifests.find_workload(name))
    text = f"{name} runs {image.repository_name} {image.version}"
    if is_same_image(image, expected):
        return passed(f"{text}, the gateway's image", None, resource)
    return failed(f"{text}, the gateway runs {expected.repository_name} {expected.version}", None, resource)


def _read_main_image(name: str, manifests: Manifests) -> ImageReference | str:
    """Return the image of a workload's main container, or the reason why it is unknown."""
    workload = manifests.find_workload(name)
    if workload is None:
        return f"there is no workload {name}"
    if workload.main_container is None:
        return f"{workload} has no container"
    try:
        return parse_image_reference(workload.main_container.image)
    except ValueError as error:
        return f"{workload}: {error}"


CHECKS = (
    Check(
        id="workers.gateway-image",
        title="The workers run the gateway's image",
        level="error",
        rules=("dev", "staging", "prod"),
        evidence=("rendered", "live"),
        section="Environment overlays (ops repo)",
        why="Worker deployments (`anchor-outbox-worker`, `anchor-job-worker`) run from the gateway image.",
        fix="set the workers to the gateway's repository, tag and digest",
        evaluate=_check_gateway_image,
    ),
)
