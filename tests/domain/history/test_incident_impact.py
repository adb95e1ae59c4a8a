"""The impact of an incident: the times of every level add up, and nothing unobserved looks ok."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.incident_impact import measure_impact
from anchor_tui.domain.history.incident_words import describe_impact, format_minutes
from anchor_tui.domain.history.incidents import IMPACT_LEVELS, EnvironmentImpact
from anchor_tui.domain.history.records import RecordedChange
from tests.values import NOW

HOUR = 60


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def verdict(minutes: float, value: str | None, environment: str = "prod") -> RecordedChange:
    return RecordedChange("verdict", value, at(minutes), environment=environment)


def source(minutes: float, value: str, name: str = "argocd") -> RecordedChange:
    return RecordedChange("source", value, at(minutes), subject=name)


def measure(
    *changes: RecordedChange, observed: tuple[tuple[float, float], ...] = ((-HOUR, 2 * HOUR),)
) -> EnvironmentImpact:
    """Return the impact on prod in the hour after NOW."""
    spans = tuple((at(start), at(end)) for start, end in observed)
    return measure_impact("prod", "argocd", changes, spans, at(0), at(HOUR))


def minutes(impact: EnvironmentImpact) -> dict[str, float]:
    spans = {level: impact.get_span(level).total_seconds() / 60 for level in IMPACT_LEVELS}
    return {level: span for level, span in spans.items() if span}


def test_each_level_gets_its_minutes() -> None:
    impact = measure(verdict(-5, "ok"), verdict(10, "failing"), verdict(40, "attention"), verdict(50, "ok"))
    assert minutes(impact) == {"ok": 20, "failing": 30, "attention": 10}
    assert impact.worst == "failing"


def test_time_without_a_process_is_not_observed() -> None:
    impact = measure(verdict(-5, "failing"), observed=((-5, 10), (50, 70)))
    assert minutes(impact) == {"failing": 20, "not observed": 40}


def test_time_before_the_first_verdict_is_not_observed() -> None:
    assert minutes(measure(verdict(20, "ok"))) == {"not observed": 20, "ok": 40}


def test_nothing_recorded_is_not_observed() -> None:
    impact = measure()
    assert minutes(impact) == {"not observed": HOUR}
    assert impact.worst == "not observed"


@pytest.mark.parametrize("value", ["ok", "failing", "attention", "violation"])
def test_a_lost_argocd_makes_every_level_unknown(value: str) -> None:
    impact = measure(verdict(-5, value), source(-5, "fresh"), source(30, "stale"))
    assert minutes(impact) == {value: 30, "unknown": 30}


@pytest.mark.parametrize(("value", "counted"), [("ok", "unknown"), ("violation", "unknown"), ("failing", "failing")])
def test_without_github_only_an_outage_is_known(value: str, counted: str) -> None:
    impact = measure(verdict(-5, value), source(0, "missing", "github"))
    assert minutes(impact) == {counted: HOUR}


def test_the_argocd_of_another_environment_does_not_count() -> None:
    assert minutes(measure(verdict(-5, "ok"), source(0, "stale", "other"))) == {"ok": HOUR}


def test_the_verdict_of_another_environment_does_not_count() -> None:
    assert minutes(measure(verdict(-5, "ok"), verdict(5, "failing", "dev"))) == {"ok": HOUR}


def test_an_unfamiliar_verdict_is_unknown() -> None:
    assert minutes(measure(verdict(-5, "splendid"))) == {"unknown": HOUR}


offsets = st.floats(-2 * HOUR, 3 * HOUR, allow_nan=False)
verdicts = st.builds(
    verdict, offsets, st.sampled_from([None, "ok", "attention", "unknown", "violation", "failing", "x"])
)
sources = st.builds(
    source, offsets, st.sampled_from(["fresh", "stale", "missing"]), st.sampled_from(["argocd", "github"])
)
spans = st.tuples(offsets, offsets).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(verdicts | sources, max_size=12), st.lists(spans, max_size=4))
def test_the_parts_add_up_to_the_duration(changes: list[RecordedChange], observed: list[tuple[float, float]]) -> None:
    impact = measure(*changes, observed=tuple(observed))
    assert sum((impact.get_span(level) for level in IMPACT_LEVELS), timedelta()) == timedelta(minutes=HOUR)
    assert all(impact.get_span(level) >= timedelta() for level in IMPACT_LEVELS)


@given(st.lists(verdicts, max_size=6), st.lists(spans, max_size=3))
def test_observed_time_is_never_longer_than_the_sessions(
    changes: list[RecordedChange], observed: list[tuple[float, float]]
) -> None:
    impact = measure(*changes, observed=tuple(observed))
    watched = sum((max(0.0, min(end, HOUR) - max(start, 0)) for start, end in observed), 0.0)
    seen = timedelta(minutes=HOUR) - impact.not_observed
    assert seen <= timedelta(minutes=watched) + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 min"), (1, "< 1 min"), (60, "1 min"), (4_979, "82 min"), (3_600_000, "60,000 min")]
)
def test_minutes_are_never_rounded_to_nothing(seconds: int, words: str) -> None:
    assert format_minutes(timedelta(seconds=seconds)) == words


def test_an_impact_is_described_worst_first() -> None:
    impact = EnvironmentImpact("prod", ok=timedelta(minutes=3), failing=timedelta(minutes=14))
    assert describe_impact(impact) == "failing 14 min, ok 3 min"
    assert describe_impact(EnvironmentImpact("prod")) == "no time has passed"
