"""Steps: their titles, and their encoding in plans and audit lines."""

from __future__ import annotations

import typing

import msgspec
import pytest

from anchor_tui.domain.actions.steps import (
    MergePullRequest,
    Step,
    Sync,
)
from anchor_tui.domain.actions.wait_steps import (
    WaitForMerge,
    WaitForMergeable,
    WaitForOperation,
    WaitForRollout,
)
from tests.domain.actions.step_examples import DEPLOYMENT, EVERY_STEP, MOCK, PROD, REPO


def test_every_kind_of_step_is_an_example():
    assert [type(step) for step in EVERY_STEP] == list(typing.get_args(Step))


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: type(step).__name__)
def test_a_step_survives_encoding_to_json(step):
    assert msgspec.json.decode(msgspec.json.encode(step), type=Step) == step


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: type(step).__name__)
def test_every_step_has_a_title(step):
    assert step.title


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: type(step).__name__)
def test_every_step_writes_unless_it_waits(step):
    assert step.writes != type(step).__name__.startswith("WaitFor")


def test_every_tag_is_unique():
    tags = [step.__struct_config__.tag for step in typing.get_args(Step)]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (Sync(PROD, "1"), "sync anchor-msp-prod"),
        (
            Sync(PROD, "1", prune=True, dry_run=True, resources=(MOCK,)),
            "sync anchor-msp-prod (dry run, with prune, 1 resource)",
        ),
        (
            WaitForOperation(PROD, "1", resources_to_prune=(MOCK, DEPLOYMENT)),
            "waiting for the operation to end and delete 2 resources",
        ),
        (WaitForOperation(PROD, "1", dry_run=True, resources_to_prune=(MOCK,)), "waiting for the operation to end"),
        (MergePullRequest(REPO, None, "", "", "squash"), "merge the pull request (squash)"),
        (MergePullRequest(REPO, 7, "", "", "squash", "queue"), "add #7 to the merge queue"),
        (WaitForMergeable(REPO), "waiting for the checks of the pull request"),
        (WaitForMergeable(REPO, 7), "waiting for the checks of #7"),
        (WaitForMerge(REPO), "waiting for the pull request to be merged"),
        (WaitForRollout(PROD, auto_sync=False), "waiting for anchor-msp-prod to be compared with the merged commit"),
    ],
)
def test_a_title_names_the_particulars(step, title):
    assert step.title == title
