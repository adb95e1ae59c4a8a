"""Known applications after another list."""

from __future__ import annotations

from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.sources.argocd.application_details import merge_details
from tests.values import application


def test_a_list_replaces_labels_and_sync_options():
    before = ObservedApplication(application("anchor-msp-prod"), {}, ("Prune=false",))
    listed = ObservedApplication(application("anchor-msp-prod"), {"a": "b"}, ("Prune=false", "Validate=false"))
    assert merge_details(listed, before) == listed
