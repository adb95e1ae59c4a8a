"""The JSON of tenants, encoded once for each `fields` value, so that a list of 20,000 applications is served quickly.

Only tenants are kept: nothing but a notified change modifies them. The applications of the ops repo are encoded each
time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from anchor_tui.sandbox.argocd.applications import ClusterApplication
from anchor_tui.sandbox.argocd.manifests import serialize_managed_resources
from anchor_tui.sandbox.argocd.responses import compress_body
from anchor_tui.sandbox.argocd.serializers import serialize_application
from anchor_tui.sandbox.json_types import JsonObject

Project = Callable[[JsonObject], JsonObject]
EncodedForms = dict[tuple[str, str], bytes]
"""The encoded forms of one application: "list" or the type of an event, and the value of `fields`."""
NAME_PLACEHOLDER = "name-of-the-application"


@dataclass(frozen=True)
class EncodedList:
    """The body of a list. `key` is the version, and a hash of the items."""

    key: tuple[int, int]
    body: bytes

    @cached_property
    def compressed(self) -> bytes:
        """The body compressed with gzip."""
        return compress_body(self.body)


class EncodedApplications:
    """The encoded forms of each tenant since its last change."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, str], tuple[int, EncodedForms]] = {}
        self._manifests: dict[tuple[object, ...], tuple[object, bytes]] = {}
        self._list: EncodedList | None = None

    def encode_list_item(self, app: ClusterApplication, fields: str, project: Project | None) -> bytes:
        """Return an item of a list. Without `project`, the item is complete and is not kept."""

        def encode() -> bytes:
            document = serialize_application(app, with_health=False)
            return msgspec.json.encode(project(document) if project else document)

        return self._keep(app, ("list", fields), encode) if project else encode()

    def encode_event(self, app: ClusterApplication, event: str, fields: str, project: Project) -> bytes:
        """Return the line of an event. Lines that contain versions are not kept."""

        def encode() -> bytes:
            return msgspec.json.encode(project({"result": {"type": event, "application": serialize_application(app)}}))

        return self._keep(app, (event, fields), encode) if fields and not _selects_versions(fields) else encode()

    def encode_list(
        self, version: int, apps: Iterable[ClusterApplication], item: Callable[[ClusterApplication], bytes]
    ) -> EncodedList:
        """Return a list of applications at a version. It is joined and compressed again when an item has changed."""
        items = [item(app) for app in apps]
        key = (version, hash(tuple(items)))
        if self._list is None or self._list.key != key:
            joined = b"[" + b",".join(items) + b"]" if items else b"null"
            body = b'{"metadata":{"resourceVersion":"%d"},"items":%s}' % (version, joined)
            self._list = EncodedList(key, body)
        return self._list

    def encode_managed_resources(self, app: ClusterApplication) -> bytes:
        """Return the body of managed-resources. Tenants with the same resources differ in the name only."""
        if not app.foreign or app.conditions:
            return msgspec.json.encode(serialize_managed_resources(app))
        live = tuple(app.live.values())
        states = ((one.version, one.generation, one.deleting, one.created_at or app.created_at) for one in live)
        sources = (app.target, *(one.resource for one in live), *(one.last_applied for one in live))
        key = (*map(id, sources), *states)
        if key not in self._manifests:
            sample = replace(app, name=NAME_PLACEHOLDER)
            # The sources are kept, because an id is unique only while its object exists.
            self._manifests[key] = (sources, msgspec.json.encode(serialize_managed_resources(sample)))
        return self._manifests[key][1].replace(NAME_PLACEHOLDER.encode(), app.name.encode())

    def take_forms(self, app: ClusterApplication) -> EncodedForms:
        """Return the encoded forms of a tenant as it is now; forms that are encoded later are added to them."""
        version, forms = self._forms.get(app.key, (-1, {}))
        if version != app.resource_version:
            forms = {}
            self._forms[app.key] = (app.resource_version, forms)
        return forms

    def restore_forms(self, app: ClusterApplication, version: int, forms: EncodedForms) -> None:
        """Use earlier forms at its next version, because the tenant is then as it was, except for its versions."""
        self._forms[app.key] = (version, forms)

    def _keep(self, app: ClusterApplication, form: tuple[str, str], encode: Callable[[], bytes]) -> bytes:
        if not app.foreign:
            return encode()
        forms = self.take_forms(app)
        if form not in forms:
            forms[form] = encode()
        return forms[form]


def _selects_versions(fields: str) -> bool:
    """Report whether a watch contains the version of the application, which every change increases."""
    metadata = "result.application.metadata"
    unversioned = {f"{metadata}.{name}" for name in ("name", "namespace", "labels", "deletionTimestamp")}
    names = (name.strip() for name in fields.split(","))
    return any(
        metadata.startswith(name) or (name.startswith(metadata) and name not in unversioned) for name in names if name
    )
