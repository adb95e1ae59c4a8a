"""Delivery metrics with exact values: each event is placed by hand on a time line of minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.history.delivery_metrics import DeliveryRecord, measure_delivery
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.time_spans import TimeSpan, join_spans
from anchor_tui.domain.model import DeliveryMetric, DeliveryWindow
from tests.domain.history.delivery_values import WEB, at, begin, deploy, fail, record, release, state
from tests.values import NOW, replace

DAY = 24 * 60
FIVE = tuple(item for day in range(1, 6) for item in deploy(day * DAY, f"1.{day}"))
"""Five deployments, one a day."""


def month(measured: DeliveryRecord) -> DeliveryWindow:
    week, result, quarter = measure_delivery(measured, NOW)
    assert (week.days, result.days, quarter.days) == (7, 30, 90)
    return result


def test_five_deployments_have_a_frequency():
    metric = month(record(*begin(), *FIVE)).deployment_frequency
    assert (metric.state, metric.count, metric.unit) == ("known", 5, "per-day")
    assert metric.value == pytest.approx(5 / 20)


def test_four_deployments_are_too_few():
    metric = month(record(*begin(), *FIVE[:-6])).deployment_frequency
    assert metric == DeliveryMetric("too-few", "per-day", 4)


def test_a_shorter_window_contains_fewer_deployments():
    windows = measure_delivery(record(*begin(), *FIVE, *deploy(19 * DAY, "2.0")), NOW)
    assert [window.deployment_frequency.count for window in windows] == [1, 6, 6]


def test_the_window_begins_where_releases_are_known():
    window = month(record(*begin(), *FIVE))
    assert window.since == at(0)
    assert window.until == NOW


def test_without_a_release_the_frequency_is_unknown():
    window = month(record())
    assert window.since is None
    assert window.deployment_frequency.state == "unknown"


def test_a_frequency_of_some_hours_is_unknown():
    hours = 19.5 * DAY
    several = [item for number in range(6) for item in deploy(hours + 10 + number * 10, f"1.{number}")]
    metric = month(record(release(hours, "1", None), *several)).deployment_frequency
    assert (metric.state, metric.count, metric.value) == ("unknown", 6, None)


def test_a_release_that_was_not_synced_is_not_a_deployment():
    metric = month(record(*begin(), *FIVE, release(6 * DAY, "1.6"), *deploy(6 * DAY + 1, "1.7")))
    assert metric.deployment_frequency.count == 6


def test_an_imported_release_with_an_imported_sync_is_a_deployment():
    imported = [
        replace(item, origin="imported", observed_at=at(12 * DAY))
        for day in range(1, 7)
        for item in (
            release(day * DAY, f"1.{day}"),
            state("revision", day * DAY + 3, str(day), server_at=at(day * DAY + 3)),
        )
    ]
    window = month(record(release(0, "1.0", None), *imported, watched=((12 * DAY, 19 * DAY),)))
    assert (window.deployment_frequency.state, window.deployment_frequency.count) == ("known", 6)
    assert (window.lead_time.state, window.lead_time.count, window.lead_time.excluded) == ("too-few", 0, 6)
    assert window.change_failure_rate.excluded == 6


def test_a_release_from_before_every_sync_counts_with_its_merge():
    imported = [release(day * DAY, f"1.{day}", origin="imported") for day in range(1, 7)]
    observed = [replace(item, observed_at=at(12 * DAY)) for item in begin()]
    measured = record(release(0, "1.0", None), *imported, *observed[1:], watched=((12 * DAY, 20 * DAY),))
    window = month(measured)
    assert (window.deployment_frequency.count, window.lead_time.excluded) == (6, 6)


def test_a_release_seen_after_a_gap_makes_a_minimum():
    late = replace(release(7 * DAY, "2.0"), observed_at=at(8 * DAY))
    metric = month(record(*begin(), *FIVE, late, watched=((0, 6 * DAY), (8 * DAY, 20 * DAY)))).deployment_frequency
    assert (metric.state, metric.count) == ("at-least", 5)
    assert metric.value is not None


# --- lead time -------------------------------------------------------------------------------------


def test_lead_time_is_measured_from_merge_to_healthy():
    metric = month(record(*begin(), *FIVE)).lead_time
    assert (metric.value, metric.percentile_90, metric.count, metric.basis) == (5 * 60, 5 * 60, 5, "ops-repo")


def test_lead_time_begins_with_the_commit_in_the_app_repo():
    named = [replace(item, commit=item.after) if item.kind == "release" else item for item in FIVE]
    commits = {f"1.{day}": at(day * DAY - 60 * day) for day in range(1, 6)}
    metric = month(replace(record(*begin(), *named), committed_at=commits)).lead_time
    assert (metric.value, metric.percentile_90, metric.basis) == (3 * 3600 + 300, 5 * 3600 + 300, "app-repo")


def test_the_lead_time_of_a_rollback_begins_with_its_merge():
    back = [replace(item, commit=item.after) if item.kind == "release" else item for item in deploy(6 * DAY, "1.1")]
    measured = replace(record(*begin(), *FIVE, *back), committed_at={"1.1": at(0)})
    assert month(measured).lead_time.percentile_90 == 5 * 60


def test_lead_times_can_begin_in_both_repositories():
    named = [replace(item, commit="c") if item.after == "1.3" else item for item in FIVE]
    metric = month(replace(record(*begin(), *named), committed_at={"c": at(0)})).lead_time
    assert (metric.value, metric.basis) == (5 * 60, "both")


def test_a_short_health_after_the_sync_does_not_count():
    delay = timedelta(seconds=20)
    late = [
        replace(item, observed_at=item.observed_at + delay) if item.after == "Progressing" else item for item in FIVE
    ]
    metric = month(record(*begin(), *late)).lead_time
    assert metric.value == 5 * 60


def test_a_deployment_that_was_not_watched_has_no_lead_time():
    watched = ((0, 2 * DAY + 1), (2 * DAY + 4, 20 * DAY))
    metric = month(record(*begin(), *FIVE, watched=watched)).lead_time
    assert (metric.state, metric.value, metric.count, metric.excluded) == ("too-few", None, 4, 1)


def test_a_deployment_replaced_before_it_was_healthy_is_left_out():
    metric = month(record(*begin(), *FIVE, *deploy(6 * DAY, "1.6")[:-1], *deploy(6 * DAY + 4, "1.7"))).lead_time
    assert (metric.count, metric.excluded) == (6, 1)


# --- change failure rate ---------------------------------------------------------------------------


def test_an_outage_within_an_hour_is_a_failed_change():
    metric = month(record(*begin(), *FIVE, *fail(2 * DAY + 30, 10), *fail(3 * DAY + 63, 10))).change_failure_rate
    assert (metric.value, metric.count) == (1 / 5, 5)


def test_a_rollback_is_a_failed_change():
    metric = month(record(*begin(), *FIVE, *deploy(5 * DAY + 300, "1.4"))).change_failure_rate
    assert (metric.value, metric.count) == (1 / 6, 6)


def test_an_outage_after_the_next_deployment_belongs_to_that_one():
    quick = deploy(5 * DAY + 20, "1.6")
    metric = month(record(*begin(), *FIVE, *quick, *fail(5 * DAY + 30, 1))).change_failure_rate
    assert (metric.value, metric.count) == (1 / 6, 6)


def test_a_deployment_of_this_hour_is_not_judged_yet():
    metric = month(record(*begin(), *FIVE, *deploy(20 * DAY - 20, "2.0"))).change_failure_rate
    assert (metric.value, metric.count, metric.excluded) == (0, 5, 1)


def test_an_hour_without_watching_is_not_counted_as_healthy():
    metric = month(record(*begin(), *FIVE, watched=((0, 5 * DAY + 30), (5 * DAY + 50, 20 * DAY)))).change_failure_rate
    assert (metric.state, metric.value, metric.count, metric.excluded) == ("too-few", None, 4, 1)


# --- time to restore -------------------------------------------------------------------------------


def test_time_to_restore_is_the_median_of_the_outages():
    outages = [item for day in range(1, 6) for item in fail(day * DAY, day * 10)]
    metric = month(record(*begin(), *outages)).time_to_restore
    assert (metric.value, metric.percentile_90, metric.count) == (30 * 60, 50 * 60, 5)


def test_an_outage_ends_when_every_failed_application_is_healthy():
    changes = [
        state("health", 1, "Degraded", "Healthy"),
        state("health", 2, "Missing", "Healthy", application=WEB),
        state("health", 5, "Progressing", "Degraded"),
        state("health", 8, "Healthy", "Missing", application=WEB),
        state("health", 9, "Healthy", "Progressing"),
    ]
    (outage,) = record(*begin(), *changes).outages
    assert (outage.started_at, outage.ended_at) == (at(1), at(9))


def test_an_outage_begins_at_the_time_of_argo_cd():
    seen_late = replace(state("health", 10, "Degraded", "Healthy"), server_at=at(4))
    (outage,) = record(*begin(), seen_late).outages
    assert (outage.started_at, outage.seen_at, outage.ended_at) == (at(4), at(10), None)


@pytest.mark.parametrize(
    ("watched", "count"),
    [
        (((0, 300),), 1),
        (((0, 104), (106, 300)), 0),
        (((0, 50), (100, 300)), 0),
        (((0, 50), (98, 300)), 1),
        (((0, 105),), 0),
    ],
)
def test_an_outage_counts_if_it_was_watched(watched: tuple[tuple[float, float], ...], count: int):
    metric = month(record(*begin(), *fail(100, 10), watched=watched)).time_to_restore
    assert (metric.count, metric.excluded) == (count, 1 - count)


def test_a_running_outage_is_left_out():
    metric = month(record(*begin(), *fail(100, 10)[:1])).time_to_restore
    assert (metric.state, metric.count, metric.excluded) == ("too-few", 0, 1)


def test_an_outage_from_before_the_record_has_no_start():
    (outage,) = record(state("health", 5, "Healthy", "Degraded")).outages
    assert (outage.started_at, outage.ended_at) == (None, at(5))


def test_without_watching_everything_but_the_frequency_is_unknown():
    window = month(record(*begin(), *FIVE, watched=()))
    assert window.watched_s == 0
    metrics = (window.lead_time, window.change_failure_rate, window.time_to_restore)
    assert {(metric.state, metric.value) for metric in metrics} == {("unknown", None)}


# --- any record ------------------------------------------------------------------------------------

_MINUTES = st.integers(0, 20 * DAY)
_EVENTS = st.one_of(
    st.builds(lambda minutes, version: [release(minutes, version)], _MINUTES, st.sampled_from(["1", "2", "3"])),
    st.builds(lambda minutes: [state("revision", minutes, "x")], _MINUTES),
    st.builds(
        lambda minutes, kind_value: [state(kind_value[0], minutes, kind_value[1])],
        _MINUTES,
        st.sampled_from(
            [
                ("sync", "Synced"),
                ("sync", "OutOfSync"),
                ("health", "Healthy"),
                ("health", "Degraded"),
                ("health", "Progressing"),
                ("application", "absent"),
                ("application", "found"),
            ]
        ),
    ),
    st.builds(lambda minutes: list(deploy(minutes, f"v{minutes}")), _MINUTES),
    st.builds(lambda minutes: list(fail(minutes, 7)), _MINUTES),
)


@given(st.lists(_EVENTS, max_size=40), st.lists(st.tuples(_MINUTES, _MINUTES), max_size=4))
def test_counts_add_up_and_rates_are_rates(events: list[list[RecordedChange]], spans: list[tuple[int, int]]):
    changes = [item for event in events for item in event]
    watched = join_spans(TimeSpan(at(one), at(other)) for one, other in spans)
    measured = replace(record(*changes), watched=watched)
    outages = len(measured.outages)
    for window in measure_delivery(measured, NOW):
        deployments = window.deployment_frequency.count
        for metric in (window.lead_time, window.change_failure_rate):
            assert metric.state == "unknown" or metric.count + metric.excluded == deployments
        assert window.time_to_restore.count + window.time_to_restore.excluded <= outages
        assert 0 <= window.watched_s <= window.days * 86_400
        rate = window.change_failure_rate
        assert rate.value is None or 0 <= rate.value <= 1
        for metric in (
            window.deployment_frequency,
            window.lead_time,
            window.change_failure_rate,
            window.time_to_restore,
        ):
            assert (metric.value is None) == (metric.state in {"too-few", "unknown"})
            assert metric.value is None or metric.value >= 0
            assert metric.percentile_90 is None or metric.value is None or metric.percentile_90 >= metric.value


@given(st.lists(_EVENTS, max_size=20))
def test_the_order_of_the_changes_does_not_matter(events: list[list[RecordedChange]]):
    changes = [replace(item, id=number) for number, item in enumerate(item for event in events for item in event)]
    assert measure_delivery(record(*changes), NOW) == measure_delivery(record(*reversed(changes)), NOW)
