"""Status marks, and their replacement on a terminal that has ASCII only."""

from __future__ import annotations

from typing import get_args

import pytest

from anchor_tui.domain.actions.jobs import StepPhase
from anchor_tui.domain.actions.plan import LineKind, OutcomeKind
from anchor_tui.domain.model import FindingStatus, Operation
from anchor_tui.domain.status_marks import (
    StatusMark,
    convert_to_ascii,
    get_check_mark,
    get_operation_mark,
    get_state_mark,
)


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
