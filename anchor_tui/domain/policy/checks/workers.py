"""The workers run from the gateway's image."""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.domain.kubernetes.image_references import ImageReference, is_same_image, parse_image_reference
from anchor_tui.domain.kubernetes.workloads import Workload
from anchor_tui.domain.model import EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import Facts


def _check_gateway_image(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    manifests, names = facts.manifests(evidence), facts.config.names
    gateway = manifests.find_workload(names.gateway)
    wanted = _read_main_image(gateway)
    if gateway is None or isinstance(wanted, str):
        there = wanted if gateway is not None and isinstance(wanted, str) else f"there is no workload {names.gateway}"
        yield unknown(there, fix="say under [names] in the configuration what it is called")
        return
    for name in (names.outbox_worker, names.job_worker):
        yield _compare_worker(name, manifests.find_workload(name), wanted)


def _compare_worker(name: str, worker: Workload | None, wanted: ImageReference) -> CheckOutcome:
    found = _read_main_image(worker)
    if worker is None or isinstance(found, str):
        reason = found if worker is not None and isinstance(found, str) else f"there is no workload {name}"
        return unknown(reason, fix="say under [names] in the configuration what it is called")
    if is_same_image(found, wanted):
        return passed(f"{name} runs {found.repository_name} {found.version}, the gateway's image", None, str(worker))
    message = f"{name} runs {found.repository_name} {found.version}, the gateway runs {wanted.repository_name} {wanted.version}"
    return failed(message, None, str(worker))


def _read_main_image(workload: Workload | None) -> ImageReference | str:
    """The image of a workload's own container, or why it cannot be told."""
    if workload is None or workload.main_container is None:
        return f"{workload} has no container" if workload else "there is no such workload"
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
        fix="give the workers the gateway's repository, tag and digest",
        evaluate=_check_gateway_image,
    ),
)
