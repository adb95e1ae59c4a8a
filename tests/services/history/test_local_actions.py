"""Actions of the operator in the history."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchor_tui.config.model import HistoryConfig
from anchor_tui.domain.actions.jobs import Job
from anchor_tui.domain.actions.plan import GroupResult, Order, Outcome
from anchor_tui.services.history.local_actions import FinishedActions, record_local_changes
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.queries import HistoryReader
from tests.tui.sample_plans import make_job, sync_plan
from tests.values import NOW, config, replace

TOKEN = "ghp_" + "a1" * 18
DONE = GroupResult("anchor-msp-prod", "done", f"synced with {TOKEN}", url="https://github.com/a/b/pull/7", number=7)


def finished_job(*results: GroupResult) -> Job:
    plan = sync_plan(Order("sync", "1", ("staging",), reason="the gateway is down"))
    return replace(make_job(plan), outcome=Outcome(plan.id, results))


def test_a_finished_job_is_one_change_for_each_group() -> None:
    finished = FinishedActions(lambda: NOW)
    job = finished_job(DONE, replace(DONE, subject="other", kind="failed"))
    assert finished.list_new([replace(job, outcome=None)]) == ()
    changes = finished.list_new([job])
    assert [(change.after, change.place) for change in changes] == [("done", "anchor-msp-prod"), ("failed", "other")]
    assert changes[0].origin == "local"
    assert changes[0].facts["reason"] == "the gateway is down"
    assert changes[0].facts["url"] == DONE.url
    assert changes[0].pull_request == 7
    assert finished.list_new([job]) == ()


def test_a_refused_plan_is_not_an_action() -> None:
    assert FinishedActions(lambda: NOW).list_new([finished_job(replace(DONE, kind="refused"))]) == ()


def test_a_command_writes_its_action_without_tokens(tmp_path: Path) -> None:
    changes = FinishedActions(lambda: NOW).list_new([finished_job(DONE)])
    assert record_local_changes(changes, config(), tmp_path) == ""
    with HistoryReader(find_history_file(config(), tmp_path)) as reader:
        (change,) = reader.read_changes()
    assert change.detail == "synced with ****"


@pytest.mark.parametrize("changes", [(), None])
def test_nothing_is_written_without_an_action_or_history(tmp_path: Path, changes: tuple | None) -> None:
    off = config(history=HistoryConfig(keep_days=0)) if changes is None else config()
    found = FinishedActions(lambda: NOW).list_new([finished_job(DONE)]) if changes is None else changes
    assert record_local_changes(found, off, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_an_action_that_cannot_be_recorded_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "history").touch()
    changes = FinishedActions(lambda: NOW).list_new([finished_job(DONE)])
    assert "the action is not in the history" in record_local_changes(changes, config(), tmp_path)
