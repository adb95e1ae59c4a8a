"""Since when something is wrong: the values that the history provides, attached to applications and findings.

The first frame needs this module, and nothing of the history itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from msgspec.structs import replace

from anchor_tui.domain.identity_cache import IdentityCache
from anchor_tui.domain.model import AppId, Application, Finding, FirstSeen, ValueObject, VerdictSpan

SeenKey: TypeAlias = tuple[str, ...]
"""A `SubjectKey` of the history: kind, environment, server, namespace, application, check and place."""


class SeenValue(ValueObject, frozen=True):
    """A value that is wrong, and when it was first seen. `pull_request` is that of the release it came with."""

    value: str
    first: FirstSeen
    pull_request: int | None = None


class RecentPast(ValueObject, frozen=True):
    """The known times, by the name of the environment. Those of the estate have an empty name."""

    seen: Mapping[str, Mapping[SeenKey, SeenValue]] = {}
    verdicts: Mapping[str, tuple[VerdictSpan, ...]] = {}


NOTHING_SEEN: Mapping[SeenKey, SeenValue] = MappingProxyType({})
"""The times of an environment in which nothing is wrong, or without a recorded history."""


class FirstSeenTimes:
    """The times of one environment. Without a change, the results are the same objects."""

    def __init__(self) -> None:
        self._by_application = IdentityCache[dict[AppId, dict[str, SeenValue]]]()
        self._attached = IdentityCache[tuple[Application, ...]]()
        self._findings = IdentityCache[tuple[Finding, ...]]()
        self._known: dict[AppId, Application] = {}

    def attach(
        self, applications: tuple[Application, ...], seen: Mapping[SeenKey, SeenValue]
    ) -> tuple[Application, ...]:
        """Return the applications, with the times of those that are wrong."""
        by_application = self._by_application.get("", (seen,), lambda: _group_by_application(seen))
        if not by_application:
            return applications
        return self._attached.get(
            "", (applications, by_application), lambda: self._attach(applications, by_application)
        )

    def _attach(
        self, applications: tuple[Application, ...], by_application: Mapping[AppId, Mapping[str, SeenValue]]
    ) -> tuple[Application, ...]:
        known, self._known = self._known, {}
        attached = []
        for app in applications:
            values = by_application.get(app.id)
            if values is not None and (dated := _attach_to_application(app, values)) is not app:
                before = known.get(app.id)
                app = self._known[app.id] = before if before is not None and before == dated else dated
            attached.append(app)
        return tuple(attached)

    def attach_to_findings(
        self, findings: tuple[Finding, ...], seen: Mapping[SeenKey, SeenValue]
    ) -> tuple[Finding, ...]:
        """Return the findings, with the times of those that fail."""
        if not seen:
            return findings
        return self._findings.get("", (findings, seen), lambda: attach_to_findings(findings, seen))


def attach_to_findings(findings: tuple[Finding, ...], seen: Mapping[SeenKey, SeenValue]) -> tuple[Finding, ...]:
    """Return the findings of an environment, with the times of those that fail."""
    by_place = {(key[5], key[6]): value for key, value in seen.items() if key[0] == "finding"}
    if not by_place:
        return findings
    return tuple(_attach_to_finding(finding, by_place) for finding in findings)


def _attach_to_finding(finding: Finding, by_place: Mapping[tuple[str, str], SeenValue]) -> Finding:
    value = by_place.get((finding.check, finding.resource or finding.file or ""))
    if value is None or finding.status != value.value:
        return finding
    return replace(finding, first_seen=value.first, since_pull_request=value.pull_request)


def _group_by_application(seen: Mapping[SeenKey, SeenValue]) -> dict[AppId, dict[str, SeenValue]]:
    grouped: dict[AppId, dict[str, SeenValue]] = {}
    for (kind, _, server, namespace, name, *_), value in seen.items():
        if name:
            grouped.setdefault(AppId(server, namespace, name), {})[kind] = value
    return grouped


def _attach_to_application(app: Application, values: Mapping[str, SeenValue]) -> Application:
    """Return the application with its times; itself if none is about a value that it has."""
    sync, health = values.get("sync"), values.get("health")
    changes = {}
    if sync is not None and sync.value == app.sync:
        changes["sync_seen"] = sync.first
    if health is not None and health.value == app.health and app.health_since is None:
        changes["health_seen"] = health.first
    return replace(app, **changes) if changes else app
