"""A few cases of the write campaign. `make write-campaign` runs all of them."""

from __future__ import annotations

import pytest

from tests.write_campaign.answers import run_answer
from tests.write_campaign.child import DiskFault
from tests.write_campaign.disks import run_disk
from tests.write_campaign.kills import KillPoint, Moment, run_kill
from tests.write_campaign.operators import run_operators
from tests.write_campaign.scenes import ACTIONS


@pytest.mark.parametrize(
    ("action", "moment", "index"),
    [("promote", "torn", 4), ("promote", "applied", 2), ("sync", "after", 1), ("prune", "arrived", 1)],
)
def test_after_a_kill_nothing_is_doubled_or_forgotten(tmp_path, action: str, moment: Moment, index: int):
    assert run_kill(ACTIONS[action], KillPoint(moment, index), tmp_path) == []


@pytest.mark.parametrize(("action", "write", "fault"), [("merge", 0, "reset=after"), ("fix", 2, "truncated")])
def test_an_outcome_is_true_after_a_lost_answer(tmp_path, action, write, fault):
    assert run_answer(ACTIONS[action], write, fault, tmp_path) == []


@pytest.mark.parametrize("is_shared", [True, False])
def test_two_processes_open_one_pull_request(tmp_path, is_shared):
    assert run_operators(ACTIONS["promote"], 2, tmp_path, is_shared=is_shared) == []


@pytest.mark.parametrize(("line", "fault"), [(0, "full"), (4, "read-only"), (8, "short")])
def test_a_full_disk_leaves_no_false_line(tmp_path, line, fault: DiskFault):
    assert run_disk(ACTIONS["promote"], line, fault, tmp_path, lasts=True) == []
