"""Known applications after another list."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from anchor_tui.config.model import ServerConfig
from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.application_details import merge_details
from anchor_tui.sources.argocd.application_store import ApplicationStore
from anchor_tui.sources.argocd.schema import ApplicationJson, StreamResult
from tests.sources.argocd.fakes import NOW, PROD, application_json, make_environment_configs
from tests.values import application


def test_a_list_replaces_labels_and_sync_options():
    before = ObservedApplication(application("anchor-msp-prod"), {}, ("Prune=false",))
    app = application("anchor-msp-prod", labels=(("a", "b"),))
    listed = ObservedApplication(app, {"a": "b"}, ("Prune=false", "Validate=false"))
    assert merge_details(listed, before) == listed


def test_the_labels_of_an_application_are_sorted_by_key():
    document = application_json("prod", labels={"tier": "prod", "team": "payments"})
    observed = to_observed_application(msgspec.convert(document, ApplicationJson), "argocd", "")
    assert observed.application.labels == (("team", "payments"), ("tier", "prod"))


def test_applications_share_equal_texts():
    documents = (application_json(name, labels={"team": "payments"}) for name in ("one", "other"))
    decoded = [msgspec.json.decode(json.dumps(document).encode(), type=ApplicationJson) for document in documents]
    one, other = (to_observed_application(document, "argocd", "").application for document in decoded)
    assert decoded[0].metadata.namespace is not decoded[1].metadata.namespace
    for name in ("namespace", "project", "sync", "health", "target_revision", "compared_revision"):
        assert getattr(one, name) is getattr(other, name)
    assert one.labels[0][1] is other.labels[0][1]


def test_equal_identities_are_one_object():
    assert application("prod").id is application("prod").id


def make_event(document: dict[str, Any], type_: str = "MODIFIED") -> StreamResult:
    return StreamResult(type_, msgspec.Raw(json.dumps(document).encode()))


def test_the_time_of_a_reconciliation_alone_is_not_news():
    store = ApplicationStore(ServerConfig(), make_environment_configs(PROD), lambda: NOW)
    first = application_json("prod", reconciledAt="2026-11-23T06:00:00Z")
    assert store.apply_event(make_event(first))
    later = application_json("prod", reconciledAt="2026-11-23T06:03:00Z")
    assert not store.apply_event(make_event(later))
    assert store.found_applications[0].reconciled_at.minute == 3
    degraded = application_json("prod", reconciledAt="2026-11-23T06:06:00Z", health={"status": "Degraded"})
    assert store.apply_event(make_event(degraded))


def test_an_event_of_another_environments_application_is_not_news():
    store = ApplicationStore(ServerConfig(), make_environment_configs(PROD), lambda: NOW)
    for type_ in ("ADDED", "DELETED"):
        assert not store.apply_event(make_event(application_json("elsewhere"), type_))


def test_the_deletion_of_a_known_application_is_news():
    store = ApplicationStore(ServerConfig(), make_environment_configs(PROD), lambda: NOW)
    store.apply_event(make_event(application_json("prod")))
    assert store.apply_event(make_event(application_json("prod"), "DELETED"))
    assert store.found_applications == ()
