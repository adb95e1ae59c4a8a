"""Known applications after another list."""

from __future__ import annotations

import msgspec

from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.application_details import merge_details
from anchor_tui.sources.argocd.schema import ApplicationJson
from tests.sources.argocd.fakes import application_json
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
