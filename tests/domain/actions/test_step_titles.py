"""The title of a step names the activity while it runs, and the result only when it is done."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForMergeable,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForResource,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
    WaitStep,
)
from anchor_tui.domain.model import AppId

APP = ApplicationRef(AppId("argocd", "argocd", "app"))
STEPS = (
    WaitForRefresh(APP),
    WaitForOperation(APP, "1"),
    WaitForOperation(APP, "1", resources_to_prune=(ResourceRef("Service", "x", "y"),)),
    WaitForTermination(APP),
    WaitForHealth(APP),
    WaitForWorkflowRun("anchor/ops", "promote.yaml", "prod", "1.44.0"),
    WaitForMerge("anchor/ops", 232),
    WaitForMerge("anchor/ops"),
    WaitForMergeable("anchor/ops", 232),
    WaitForRollout(APP),
    WaitForRollout(APP, auto_sync=False),
    WaitForNoMocks(APP),
    WaitForResource(APP, ResourceRef("Deployment", "x", "y", "apps"), "1"),
    WaitForResource(APP, ResourceRef("Pod", "x", "y"), "1"),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_wait_names_the_activity_then_the_result(step):
    assert step.title.split()[0] in {"waiting", "checking"}
    assert step.done_title.split()[0] not in {"waiting", "checking"}


def test_every_kind_of_wait_is_among_the_examples():
    assert {type(step) for step in STEPS} == set(WaitStep.__subclasses__())


def test_a_merge_is_named_as_done_only_when_it_is():
    step = WaitForMerge("anchor/ops", 232)
    assert (step.title, step.done_title) == ("waiting for #232 to be merged", "#232 merged")
