"""The progress of an application to a merged commit, in words."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.application_state import ApplicationResource, AppState
from anchor_tui.domain.actions.step_base import ResourceRef
from anchor_tui.domain.model import AutoSyncPolicy, Operation
from anchor_tui.services.execute.rollout_follower import is_rolled_out, rollout_progress_text
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


STALE = ApplicationResource(ResourceRef("Service", "anchor", "status-mock"), "OutOfSync", requires_pruning=True)
DIFFERENT = ApplicationResource(ResourceRef("Deployment", "anchor", "web"), "OutOfSync")
DONE = Operation("Succeeded")
PRUNE_OFF = AutoSyncPolicy(enabled=True, prune=False, self_heal=True)


@pytest.mark.parametrize(
    ("expected", "resources", "changes"),
    [
        (True, (), {"sync": "Synced", "operation": DONE}),
        (False, (), {"sync": "Synced", "operation": Operation("Running")}),
        (True, (STALE,), {"operation": DONE}),
        (False, (STALE, DIFFERENT), {"operation": DONE}),
        (False, (), {"operation": DONE}),
        (False, (STALE,), {"operation": Operation("Failed")}),
        (False, (STALE,), {"operation": DONE, "synced_revision": "b" * 40}),
        (False, (STALE,), {"operation": DONE, "automated": replace(PRUNE_OFF, prune=True)}),
    ],
)
def test_only_prunable_resources_may_be_left(expected, resources, changes):
    app = replace(PROD, **{"synced_revision": "a" * 40, "automated": PRUNE_OFF, **changes})
    assert is_rolled_out(AppState(app, NOW, resources=resources)) is expected
