"""Which changes are notified: by rule, limited, and harmless for a terminal."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.config.model import NotificationRule
from anchor_tui.domain.changes import Change
from anchor_tui.domain.notifications import (
    INTERVAL_S,
    MAX_TEXT_LENGTH,
    MAX_TITLE_LENGTH,
    NotificationDecider,
    OutsideNotification,
    encode_desktop_notification,
)
from anchor_tui.tui.terminal_filter import filter_output
from tests.cli.output.hostile_values import TOKEN, hostile_texts
from tests.values import NOW

FAILING = NotificationRule()


def verdict(before: str | None, after: str, environment: str = "prod", detail: str = "") -> Change:
    return Change("verdict", before, after, NOW, environment, detail=detail)


def source(before: str, after: str) -> Change:
    return Change("source", before, after, NOW, subject="argocd", detail="no answer")


def decide(decider: NotificationDecider, *changes: Change, at: float = 0.0) -> list[str]:
    return [notification.title for notification in decider.decide(changes, at)]


def test_a_failing_verdict_is_notified_with_its_reason():
    (sent,) = NotificationDecider([FAILING]).decide([verdict("ok", "failing", detail="api is Degraded")], 0.0)
    assert sent == OutsideNotification("anchor-tui: prod is failing", "prod: api is Degraded", "failing", "prod")


@pytest.mark.parametrize(
    ("rule", "change", "is_sent"),
    [
        (FAILING, verdict("ok", "violation"), False),
        (FAILING, verdict("failing", "ok"), False),
        (NotificationRule(level="violation"), verdict("ok", "violation"), True),
        (NotificationRule(level="attention"), verdict("ok", "unknown"), True),
        (NotificationRule(environment="dev"), verdict("ok", "failing"), False),
        (NotificationRule(environment="prod"), verdict("ok", "failing"), True),
        (FAILING, source("fresh", "stale"), False),
        (NotificationRule(level="unknown"), source("fresh", "stale"), True),
        (NotificationRule(level="unknown", environment="prod"), source("fresh", "stale"), False),
        (FAILING, verdict(None, "failing"), False),
    ],
)
def test_a_rule_selects_environment_and_level(rule: NotificationRule, change: Change, is_sent: bool):
    assert bool(decide(NotificationDecider([rule]), change)) is is_sent


def test_the_state_at_the_start_is_not_notified():
    decider = NotificationDecider([NotificationRule(recovery=True)])
    decider.begin([verdict(None, "failing")])
    assert decide(decider) == []
    assert decide(decider, verdict("failing", "ok"), at=1.0) == ["anchor-tui: prod is ok"]


def test_a_recovery_needs_its_option():
    for recovery, expected in ((True, ["anchor-tui: prod is attention"]), (False, [])):
        decider = NotificationDecider([NotificationRule(recovery=recovery)])
        decide(decider, verdict("ok", "failing"))
        assert decide(decider, verdict("failing", "attention"), at=INTERVAL_S) == expected


def test_a_lost_source_comes_back():
    decider = NotificationDecider([NotificationRule(level="unknown", recovery=True)])
    assert decide(decider, source("fresh", "stale")) == ["anchor-tui: Argo CD is not read any more"]
    assert decide(decider, source("stale", "fresh"), at=INTERVAL_S) == ["anchor-tui: Argo CD is read again"]


def test_what_is_held_back_is_in_the_next_notification():
    decider = NotificationDecider([FAILING])
    assert len(decide(decider, verdict("ok", "failing"))) == 1
    assert decide(decider, verdict("ok", "failing", "dev"), verdict("ok", "failing", "staging"), at=5.0) == []
    assert decide(decider, at=INTERVAL_S - 1) == []
    (sent,) = decider.decide([], INTERVAL_S)
    assert sent.title == "anchor-tui: 2 changes: dev is failing"
    assert sent.text == "dev is failing; staging is failing"
    assert decide(decider, at=INTERVAL_S * 2) == []


def test_a_failure_that_ends_while_held_back_is_dropped():
    decider = NotificationDecider([FAILING])
    decide(decider, verdict("ok", "failing"))
    decide(decider, verdict("ok", "failing", "dev"), at=5.0)
    decide(decider, verdict("failing", "ok", "dev"), at=6.0)
    assert decide(decider, at=INTERVAL_S) == []


def test_two_rules_have_their_own_limits():
    decider = NotificationDecider([NotificationRule(environment="dev"), NotificationRule(environment="prod")])
    assert len(decide(decider, verdict("ok", "failing"))) == 1
    assert len(decide(decider, verdict("ok", "failing", "dev"), at=1.0)) == 1


def test_many_changes_are_counted():
    changes = [verdict("ok", "failing", f"env{index}") for index in range(9)]
    (sent,) = NotificationDecider([FAILING]).decide(changes, 0.0)
    assert sent.text.endswith("; 6 more")
    assert sent.environment == ""


LEVELS = st.sampled_from(["ok", "attention", "unknown", "violation", "failing"])


@given(st.lists(st.tuples(st.floats(0, 30), LEVELS)), st.booleans())
def test_a_flapping_level_sends_one_notification_a_minute(steps: list[Any], recovery: bool):
    decider = NotificationDecider([NotificationRule(level="attention", recovery=recovery)])
    now, before, sent = 0.0, "ok", []
    for pause, after in steps:
        now += pause
        if decider.decide([verdict(before, after)] if before != after else [], now):
            sent.append(now)
        before = after
    assert all(later - earlier >= INTERVAL_S for earlier, later in itertools.pairwise(sent))


SEQUENCES = {
    "bell": r"\x07",
    "osc9": r"\x1b\]9;anchor-tui: [^\x00-\x1f\x7f-\x9f;]*\x07",
    "osc99": r"\x1b\]99;;anchor-tui: [^\x00-\x1f\x7f-\x9f;]*\x1b\\",
    "osc777": r"\x1b\]777;notify;anchor-tui: [^\x00-\x1f\x7f-\x9f;]*;[^\x00-\x1f\x7f-\x9f;]*\x07",
    "": "",
}


@pytest.mark.parametrize("protocol", SEQUENCES)
@given(text=hostile_texts)
def test_foreign_text_never_ends_a_sequence(protocol: str, text: str):
    changes = [verdict("ok", "failing", f"{text}1", text), verdict("ok", "failing", f"{text}2", text)]
    for taken in (changes, changes[:1]):
        (sent,) = NotificationDecider([FAILING]).decide(taken, 0.0)
        assert len(sent.title) <= MAX_TITLE_LENGTH
        assert len(sent.text) <= MAX_TEXT_LENGTH
        sequence = encode_desktop_notification(protocol, sent)
        sequence.encode()
        assert re.fullmatch(SEQUENCES[protocol], sequence)
        assert TOKEN not in sequence
        assert filter_output(sequence) == sequence
