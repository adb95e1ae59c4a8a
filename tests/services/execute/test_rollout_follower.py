"""The progress of an application to a merged commit, in words."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.model import Operation
from anchor_tui.services.execute.rollout_follower import rollout_progress_text
from tests.sources.argocd.fakes import NOW
from tests.values import application, replace

PROD = replace(application("anchor-msp-prod"), sync="OutOfSync", operation=None, compared_revision="a" * 40)


@pytest.mark.parametrize(
    ("there", "changes", "words"),
    [
        (False, {}, "Argo CD still compares with aaaaaaa"),
        (True, {"operation": Operation("Running")}, "operation Running"),
        (
            True,
            {"operation": Operation("Running", "waiting for hooks\nand more")},
            "operation Running: waiting for hooks",
        ),
        (True, {"automated": None}, "OutOfSync: auto-sync is off, a sync is needed (s)"),
        (True, {"automated": None, "sync": None}, "sync unknown: auto-sync is off, a sync is needed (s)"),
    ],
)
def test_progress_names_what_it_waits_for(there, changes, words):
    assert rollout_progress_text(AppState(replace(PROD, **changes), NOW), has_arrived=there) == words
