"""The evidence of the cluster for one environment: only changed manifests are read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from anchor_tui.domain.identity import is_same
from anchor_tui.domain.json_access import ODD_VALUE_FAULTS
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects
from anchor_tui.domain.model import AppId, Application
from anchor_tui.domain.policy.evidence.cluster import (
    ApplicationResources,
    ClusterEvidence,
    read_application_objects,
)
from anchor_tui.domain.policy.evidence.facts import MissingEvidence
from anchor_tui.domain.policy.evidence.facts_builder import read_environment_evidence
from anchor_tui.domain.source_data import ArgoCDData


class PolicyApplications:
    """Applications as the checks see them: without what changes at every reconciliation.

    An application that the checks see unchanged stays the same object, and so does the tuple of all.
    """

    def __init__(self) -> None:
        self._known: tuple[Application, ...] = ()
        self._seen: tuple[Application, ...] = ()

    def update(self, applications: tuple[Application, ...]) -> tuple[Application, ...]:
        """Return the applications as the checks see them."""
        if applications is self._known:
            return self._seen
        if len(applications) == len(self._known):
            pairs = zip(applications, self._known, self._seen, strict=True)
            seen = [before if new is old else _keep_equal(before, _simplify(new)) for new, old, before in pairs]
        else:
            by_id = {app.id: app for app in self._seen}
            seen = [_keep_equal(by_id.get(app.id), _simplify(app)) for app in applications]
        self._known = applications
        if not is_same(seen, self._seen):
            self._seen = tuple(seen)
        return self._seen


def _simplify(application: Application) -> Application:
    operation = application.operation
    return replace(
        application,
        health_since=None,
        reconciled_at=None,
        operation=replace(operation, message=None, full_message=None) if operation else None,
        unhealthy=(),
        diagnosis=None,
    )


def _keep_equal(before: Application | None, after: Application) -> Application:
    return before if before is not None and before == after else after


class ClusterReader:
    """The evidence of one environment. It stays the same object until its manifests or applications change."""

    def __init__(self) -> None:
        self._inputs: tuple[object, ...] = ()
        self._gap = ""
        self._evidence: ClusterEvidence | None = None
        self._objects: dict[AppId, tuple[ApplicationResources, ApplicationObjects]] = {}

    def read(
        self, applications: tuple[Application, ...], data: ArgoCDData, options: Mapping[AppId, Sequence[str]]
    ) -> ClusterEvidence:
        """Return the evidence. `options` are the sync options of the applications that have any."""
        managed = (data.managed.get(application.id) for application in applications)
        inputs = (applications, options, *managed)
        if self._evidence is None or self._gap != data.manifest_gap or not is_same(self._inputs, inputs):
            self._evidence = self._read(applications, data, options)
            self._inputs, self._gap = inputs, data.manifest_gap
        return self._evidence

    def _read(
        self, applications: tuple[Application, ...], data: ArgoCDData, options: Mapping[AppId, Sequence[str]]
    ) -> ClusterEvidence:
        before, self._objects = self._objects, {}

        def read_objects(application: Application, resources: ApplicationResources) -> ApplicationObjects:
            known = before.get(application.id)
            if known is None or not _has_same_items(known[0], resources):
                known = resources, read_application_objects(application, resources)
            self._objects[application.id] = known
            return known[1]

        try:
            return read_environment_evidence(applications, data, options, read_objects)
        except ODD_VALUE_FAULTS as error:  # comparing objects of a thousand levels fails too
            reason = MissingEvidence(f"its manifests cannot be read ({type(error).__name__})")
            return ClusterEvidence(reason, reason)


def _has_same_items(one: ApplicationResources, other: ApplicationResources) -> bool:
    return one.items is other.items and one.secrets is other.secrets and one.sync_options == other.sync_options
