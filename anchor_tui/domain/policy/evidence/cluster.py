"""What the cluster tells of an environment: what is rendered and what lives, out of managed-resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from anchor_tui.domain.json_access import get_mapping, get_text
from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources, read_managed_resources
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, Manifests, build_manifests, read_resource
from anchor_tui.domain.model import AppId, Application, ValueObject
from anchor_tui.domain.policy.evidence.facts import EvidenceResult, MissingEvidence


class ManagedResourcesResponse(ValueObject, frozen=True):
    """What managed-resources answered for one application.

    `sync_options` are the Application's own, `secrets` the live Secrets that its ExternalSecrets made (of
    `resource`, values masked).
    """

    items: Sequence[object]
    sync_options: Sequence[str] = ()
    secrets: Sequence[object] = ()


class ClusterEvidence(ValueObject, frozen=True):
    """The two kinds of evidence that one answer gives."""

    rendered: EvidenceResult[Manifests]
    live: EvidenceResult[Manifests]


def read_cluster_evidence(
    applications: Iterable[Application], answers: Mapping[AppId, ManagedResourcesResponse | MissingEvidence]
) -> ClusterEvidence:
    """The manifests of an environment's applications together.

    Where one of several gave no answer, the rest still counts and what is missing is named; where none did,
    there is no evidence. An application with a ComparisonError has no answer, whatever came.
    """
    target: list[KubernetesResource] = []
    live: list[KubernetesResource] = []
    odd: list[str] = []
    missing: list[str] = []
    answered = 0
    for application in applications:
        answer = answers.get(
            application.id, MissingEvidence(f"{application.name}: its resources were not asked for yet")
        )
        reason = explain_unknown_resources(application) or (
            answer.reason if isinstance(answer, MissingEvidence) else None
        )
        if reason or isinstance(answer, MissingEvidence):
            missing.append(reason or "no answer")
            continue
        answered += 1
        managed = read_managed_resources(answer.items, application.name, answer.sync_options)
        secrets = (read_resource(each, application.name) for each in answer.secrets)
        target.extend(managed.target)
        live.extend((*managed.live, *(each for each in secrets if each is not None)))
        odd.extend(managed.unreadable)
    if not answered:
        lack = MissingEvidence("; ".join(missing) or "Argo CD has none of its applications")
        return ClusterEvidence(lack, lack)
    return ClusterEvidence(
        build_manifests(target, missing=missing, unreadable=odd),
        build_manifests(live, missing=missing, unreadable=odd, live=True),
    )


def list_created_secrets(live: Iterable[KubernetesResource]) -> tuple[tuple[str, str], ...]:
    """(namespace, name) of each Secret that a live ExternalSecret makes: whose keys are worth asking for."""
    found = (
        (each.namespace, get_text(each.manifest, "spec", "target", "name") or each.name)
        for each in live
        if each.kind == "ExternalSecret" and get_mapping(each.manifest, "spec")
    )
    return tuple(dict.fromkeys(found))
