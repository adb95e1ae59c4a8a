"""The evidence of the cluster: rendered and live manifests from Argo CD's managed-resources endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from anchor_tui.domain.formatting import format_count
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS, get_mapping, get_text
from anchor_tui.domain.kubernetes.managed_resources import (
    ApplicationObjects,
    explain_unknown_resources,
    read_managed_resources,
)
from anchor_tui.domain.kubernetes.workloads import KubernetesResource, Manifests, build_manifests, read_resource
from anchor_tui.domain.model import AppId, Application, ValueObject
from anchor_tui.domain.policy.evidence.facts import EvidenceResult, MissingEvidence


class ApplicationResources(ValueObject, frozen=True):
    """The managed resources of one application.

    `sync_options` are those of the Application. `secrets` are the live Secrets that its ExternalSecrets created, with
    masked values.
    """

    items: Sequence[object]
    sync_options: Sequence[str] = ()
    secrets: Sequence[object] = ()


class ClusterEvidence(ValueObject, frozen=True):
    """The manifests that Argo CD renders, and the live objects."""

    rendered: EvidenceResult[Manifests]
    live: EvidenceResult[Manifests]


def read_application_objects(application: Application, resources: ApplicationResources) -> ApplicationObjects:
    """Return the objects of one application, with the Secrets that its ExternalSecrets created among the live ones."""
    found = read_managed_resources(resources.items, application.name, resources.sync_options)
    secrets = (read_resource(secret, application.name) for secret in resources.secrets)
    return replace(found, live=(*found.live, *(secret for secret in secrets if secret is not None)))


ReadObjects: TypeAlias = Callable[[Application, ApplicationResources], ApplicationObjects]


def read_cluster_evidence(
    applications: Iterable[Application],
    responses: Mapping[AppId, ApplicationResources | MissingEvidence],
    gap: str = "",
    read_objects: ReadObjects = read_application_objects,
) -> ClusterEvidence:
    """Combine the manifests of an environment's applications.

    An application without resources is reported as missing. If no application has resources, the evidence is missing.
    An application with a ComparisonError counts as missing, whatever its resources are. `gap` is why an application
    without a response will not get one; those of many applications are one sentence.
    """
    applications = tuple(applications)
    target: list[KubernetesResource] = []
    live: list[KubernetesResource] = []
    unreadable: list[str] = []
    missing: list[str] = []
    complete = 0
    without_response = [application for application in applications if application.id not in responses]
    if gap and without_response:
        every = format_count(len(applications), "application")
        missing.append(f"manifests of {len(without_response):,} of {every} {gap}")
    for application in applications:
        response = responses.get(
            application.id, MissingEvidence(f"{application.name}: its resources have not been requested yet")
        )
        reason = explain_unknown_resources(application)
        if reason is None and gap and application.id not in responses:
            continue
        if reason is None and isinstance(response, MissingEvidence):
            reason = response.reason
        if reason or isinstance(response, MissingEvidence):
            missing.append(reason or "no answer")
            continue
        try:
            found = read_objects(application, response)
        except ODD_VALUE_FAULTS as error:
            missing.append(f"{application.name}: its resources cannot be read ({type(error).__name__})")
            continue
        complete += 1
        target.extend(found.target)
        live.extend(found.live)
        unreadable.extend(found.unreadable)
    if not complete:
        reasons = MissingEvidence("; ".join(missing) or "its applications are not in Argo CD")
        return ClusterEvidence(reasons, reasons)
    return ClusterEvidence(
        build_manifests(target, missing=missing, unreadable=unreadable),
        build_manifests(live, missing=missing, unreadable=unreadable, live=True),
    )


def list_created_secrets(live: Iterable[KubernetesResource]) -> tuple[tuple[str, str], ...]:
    """Return (namespace, name) of each Secret that a live ExternalSecret creates."""
    names = (
        (resource.namespace, get_text(resource.manifest, "spec", "target", "name") or resource.name)
        for resource in live
        if resource.kind == "ExternalSecret" and get_mapping(resource.manifest, "spec")
    )
    return tuple(dict.fromkeys(names))
