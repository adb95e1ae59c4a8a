"""Status marks, and their replacement on a terminal that has ASCII only."""

from __future__ import annotations

from typing import get_args

import pytest

from anchor_tui.domain.actions.jobs import StepPhase
from anchor_tui.domain.actions.plan import LineKind, OutcomeKind
from anchor_tui.domain.model import ApplicationCondition, FindingStatus, Operation, Problem
from anchor_tui.domain.status_marks import (
    StatusMark,
    convert_to_ascii,
    get_application_mark,
    get_check_mark,
    get_operation_mark,
    get_state_mark,
)
from tests.values import application


@pytest.mark.parametrize("kinds", [OutcomeKind, StepPhase, LineKind, FindingStatus])
def test_every_state_has_a_mark(kinds: object) -> None:
    assert all(get_state_mark(state) for state in get_args(kinds))


@pytest.mark.parametrize(
    ("status", "level", "mark"),
    [
        ("fail", "error", StatusMark.FAILING),
        ("fail", "warning", StatusMark.ATTENTION),
        ("unknown", "warning", StatusMark.UNKNOWN),
        ("waived", "error", StatusMark.NONE),
        ("pass", "error", StatusMark.OK),
    ],
)
def test_a_failing_warning_only_asks_for_attention(status: str, level: str, mark: StatusMark) -> None:
    assert get_check_mark(status, level) is mark


@pytest.mark.parametrize(
    ("phase", "mark"),
    [
        ("Running", StatusMark.PROGRESS),
        ("Succeeded", StatusMark.OK),
        ("Error", StatusMark.FAILING),
        ("Dreaming", StatusMark.UNKNOWN),
    ],
)
def test_an_unfamiliar_operation_phase_is_unknown(phase: str, mark: StatusMark) -> None:
    assert get_operation_mark(Operation(phase)) is mark


def test_typographic_quotes_become_ascii_quotes() -> None:
    assert convert_to_ascii("to 8331022 “Promote prod’s …” → 1.44.0") == 'to 8331022 "Promote prod\'s ..." -> 1.44.0'


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({}, StatusMark.OK),
        ({"health": "Degraded", "sync": "OutOfSync"}, StatusMark.FAILING),
        ({"health": None}, StatusMark.UNKNOWN),
        ({"sync": "OutOfSync"}, StatusMark.ATTENTION),
        ({"health": "Progressing"}, StatusMark.PROGRESS),
        ({"operation": Operation("Running")}, StatusMark.PROGRESS),
        ({"operation": Operation("Failed")}, StatusMark.FAILING),
        ({"operation": Operation("Succeeded")}, StatusMark.OK),
        ({"conditions": (ApplicationCondition("ComparisonError", "no"),)}, StatusMark.FAILING),
        ({"conditions": (ApplicationCondition("OrphanedResourceWarning", "one"),)}, StatusMark.OK),
        ({"problems": (Problem("app", "details", "not read"),)}, StatusMark.UNKNOWN),
        ({"problems": (Problem("app", "deleting", "in deletion"),)}, StatusMark.ATTENTION),
        ({"presence": "absent"}, StatusMark.FAILING),
    ],
)
def test_the_mark_of_an_application_is_its_worst(changes: dict[str, object], mark: StatusMark) -> None:
    assert get_application_mark(application("anchor-msp-prod", **changes)) is mark
