"""The words for a change: the same for an observed and a recorded one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.change_text import describe_change, describe_inside
from anchor_tui.domain.changes import CHANGE_KINDS, Change, ChangeKind
from anchor_tui.domain.history.change_words import describe_recorded_change
from anchor_tui.domain.history.observed_changes import to_recorded_change
from anchor_tui.domain.model import AppId
from tests.domain.history.samples import GATEWAY
from tests.rich import snapshot
from tests.values import NOW

SNAPSHOT = snapshot()


def change(kind: ChangeKind, before: str | None, after: str | None, **values: object) -> Change:
    return Change(kind, before, after, NOW, **{"environment": "prod", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (change("health", "Healthy", "Degraded", application=GATEWAY), "prod: gateway Healthy → Degraded"),
        (change("health", "Healthy", None, application=GATEWAY), "prod: gateway Healthy → unknown"),
        (change("verdict", "ok", "failing", detail="Degraded"), "prod: verdict ok → failing: Degraded"),
        (change("verdict", "failing", "ok", detail="all is well"), "prod: verdict failing → ok"),
        (change("release", None, "1.44.0", pull_request=7), "prod: release 1.44.0 (#7)"),
        (change("revision", "a" * 40, "b" * 40, application=GATEWAY), "prod: gateway synced bbbbbbb, before aaaaaaa"),
        (change("application", "absent", "found", application=GATEWAY), "prod: gateway appeared"),
        (change("application", "found", "absent", application=GATEWAY), "prod: gateway is gone"),
        (change("diagnosis", "", "crash", application=GATEWAY, detail="exit 1"), "prod: gateway cause: exit 1"),
        (
            change("finding", "clear", "fail", subject="a.b", place="x.yaml", severity="warning", detail="bad"),
            "prod: check a.b fails (warning, x.yaml): bad",
        ),
        (change("finding", "fail", "clear", subject="a.b", detail="bad"), "prod: check a.b passes"),
        (change("pull-request", None, "open", subject="7", environment=None), "#7 is open"),
        (change("pull-request", "absent", "open", subject="7", environment=None, detail="T"), "#7 opened: T"),
        (change("checks", "pending", "failure", subject="7", environment=None), "#7 checks pending → failure"),
        (
            change("source", "fresh", "stale", subject="argocd", environment=None, detail="timeout"),
            "Argo CD is not read any more: timeout",
        ),
        (change("source", None, "missing", subject="github", environment=None), "GitHub cannot be read"),
        (change("source", "stale", "fresh", subject="github", environment=None, detail="x"), "GitHub is read again"),
    ],
)
def test_a_change_is_one_line(given: Change, line: str) -> None:
    assert describe_change(given) == line


@given(
    kind=st.sampled_from(CHANGE_KINDS),
    before=st.sampled_from(["absent", "fresh", "clear", "Healthy"]),
    after=st.none() | st.sampled_from(["", "open", "fail", "found", "fresh", "ok", "1.44.0", "c" * 40]),
    application=st.none() | st.just(GATEWAY),
    detail=st.sampled_from(["", "two\nlines"]),
)
def test_a_recorded_change_has_the_words_of_the_observed_one(
    kind: ChangeKind, before: str, after: str | None, application: AppId | None, detail: str
) -> None:
    observed = change(kind, before, after, application=application, detail=detail, subject="7", severity="error")
    recorded = to_recorded_change(observed, SNAPSHOT)
    words = describe_recorded_change(recorded, {GATEWAY: "gateway"})
    text = f"{words.subject} {words.sentence}"
    assert describe_inside(observed) == (f"{text}: {words.detail}" if words.detail else text)
