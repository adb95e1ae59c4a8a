"""The specification of an application: where it comes from, where it goes, and how it is synced.

Source: `spec` of `GET …/applications/{name}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from anchor_tui.domain.json_access import get_int, get_list, get_mapping, get_mappings, get_text
from anchor_tui.domain.model import AutoSyncPolicy, ValueObject


class ManifestSource(ValueObject, frozen=True):
    """One source. `path` or `chart` is set, unless it only provides value files under `name`."""

    repository: str
    revision: str = ""
    path: str = ""
    chart: str = ""
    name: str = ""
    value_files: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    """The parameters that the application sets itself, as `name=value`."""


class RetryPolicy(ValueObject, frozen=True):
    """Retries of a failed sync. A negative limit means without end; durations are as Argo CD writes them."""

    limit: int
    first_pause: str = ""
    factor: int | None = None
    longest_pause: str = ""


class IgnoredFields(ValueObject, frozen=True):
    """One of `ignoreDifferences`: the fields of some resources that are not compared."""

    kind: str
    group: str = ""
    name: str = ""
    namespace: str = ""
    fields: tuple[str, ...] = ()


class DesiredState(ValueObject, frozen=True):
    """The specification. `automated` is None if every sync is started by an operator."""

    project: str = ""
    sources: tuple[ManifestSource, ...] = ()
    destination: str = ""
    """The name or the URL of the cluster."""
    namespace: str = ""
    automated: AutoSyncPolicy | None = None
    sync_options: tuple[str, ...] = ()
    retry: RetryPolicy | None = None
    ignored: tuple[IgnoredFields, ...] = ()


def read_application_spec(manifest: Mapping[str, Any]) -> DesiredState:
    """Return the specification in an application's manifest. Fields of another type than expected are left out."""
    spec = get_mapping(manifest, "spec")
    sources = get_mappings(spec, "sources") or ((source,) if (source := get_mapping(spec, "source")) else ())
    policy, destination = get_mapping(spec, "syncPolicy"), get_mapping(spec, "destination")
    return DesiredState(
        get_text(spec, "project"),
        tuple(map(_read_source, sources)),
        get_text(destination, "name") or get_text(destination, "server"),
        get_text(destination, "namespace"),
        _read_automated(policy),
        _read_texts(policy, "syncOptions"),
        _read_retry(policy),
        tuple(map(_read_ignored, get_mappings(spec, "ignoreDifferences"))),
    )


def _read_source(source: Mapping[str, Any]) -> ManifestSource:
    helm = get_mapping(source, "helm")
    return ManifestSource(
        get_text(source, "repoURL"),
        get_text(source, "targetRevision"),
        get_text(source, "path"),
        get_text(source, "chart"),
        get_text(source, "ref"),
        _read_texts(helm, "valueFiles"),
        tuple(f"{get_text(one, 'name')}={get_text(one, 'value')}" for one in get_mappings(helm, "parameters")),
    )


def _read_automated(policy: Mapping[str, Any]) -> AutoSyncPolicy | None:
    automated = policy.get("automated")
    if not isinstance(automated, Mapping):
        return None
    is_enabled = automated.get("enabled", True) is not False
    return AutoSyncPolicy(is_enabled, automated.get("prune") is True, automated.get("selfHeal") is True)


def _read_retry(policy: Mapping[str, Any]) -> RetryPolicy | None:
    retry, backoff = get_mapping(policy, "retry"), get_mapping(policy, "retry", "backoff")
    if not retry:
        return None
    return RetryPolicy(
        get_int(retry, "limit") or 0,
        get_text(backoff, "duration"),
        get_int(backoff, "factor"),
        get_text(backoff, "maxDuration"),
    )


def _read_ignored(rule: Mapping[str, Any]) -> IgnoredFields:
    return IgnoredFields(
        get_text(rule, "kind"),
        get_text(rule, "group"),
        get_text(rule, "name"),
        get_text(rule, "namespace"),
        tuple(_list_fields(rule)),
    )


def _list_fields(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from _read_texts(rule, "jsonPointers")
    yield from _read_texts(rule, "jqPathExpressions")
    yield from (f"set by {manager}" for manager in _read_texts(rule, "managedFieldsManagers"))


def _read_texts(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(text for text in get_list(value, key) if isinstance(text, str))
