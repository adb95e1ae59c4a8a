"""Since when something is wrong, and the verdicts of the last 24 hours, followed from snapshot to snapshot."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from anchor_tui.domain.first_seen import RecentPast
from anchor_tui.domain.history.recent_past import MAX_SPANS, RecentPastFollower, extend_spans
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.domain.history.verdict_spans import build_verdict_spans
from anchor_tui.domain.model import AppId, Finding, FirstSeen, Level, Snapshot, Verdict, VerdictSpan
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.recorded_facts import HistoryFacts
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, SourceReadings
from tests.domain.history.samples import GATEWAY, health, recorded, session
from tests.values import NOW, ago, application, argocd, config, fresh, readings

PROD = AppId("argocd", "argocd", "anchor-msp-prod")


def snapshot(at: datetime = NOW, level: Level = Level.OK) -> Snapshot:
    """Return a snapshot in which prod has a verdict."""
    found = SnapshotBuilder(config()).build(readings(), at)
    prod = replace(found.environments[2], verdict=Verdict(level))
    return replace(found, taken_at=at, environments=(prod,))


def out_of_sync(before: str | None = "Synced", minutes_ago: float = 0) -> RecordedChange:
    return recorded(1, "sync", "OutOfSync", minutes_ago, before=before, application=PROD)


def first_of(past: RecentPast, change: RecordedChange) -> FirstSeen | None:
    value = past.seen.get("prod", {}).get(change.key)
    return value.first if value is not None else None


# --- since -------------------------------------------------------------------------------------------


def test_the_start_of_a_wrong_value_is_kept() -> None:
    follower = RecentPastFollower()
    change = out_of_sync(minutes_ago=5)
    follower.update(snapshot(), [change])
    assert first_of(follower.past, change) == FirstSeen(ago(minutes=5), observed_start=True, continuous=True)
    before = follower.past
    follower.update(snapshot(), [])
    assert follower.past is before
    follower.update(snapshot(), [replace(change, before="OutOfSync", after="Synced")])
    assert first_of(follower.past, change) is None


def test_a_value_that_was_there_before_is_older() -> None:
    follower = RecentPastFollower()
    follower.update(snapshot(), [out_of_sync(before=None)])
    first = first_of(follower.past, out_of_sync())
    assert first is not None
    assert not first.observed_start


def test_after_a_gap_nothing_was_observed_all_the_time() -> None:
    follower = RecentPastFollower()
    follower.update(snapshot(), [out_of_sync()])
    follower.interrupt(NOW)
    first = first_of(follower.past, out_of_sync())
    assert first is not None
    assert not first.continuous


def test_a_finding_names_the_release_it_began_with() -> None:
    finding = recorded(1, "finding", "fail", before="clear", subject="release.pinned", place="a.yaml")
    release = recorded(2, "release", "1.44.0", before="1.43.2", pull_request=228)
    for changes, number in (
        ([finding, release], 228),
        ([finding], None),
        ([finding, replace(release, environment="dev")], None),
        ([finding, replace(release, before=None)], None),
        ([replace(finding, before=None), release], None),
    ):
        follower = RecentPastFollower()
        follower.update(snapshot(), changes)
        assert follower.past.seen["prod"][finding.key].pull_request == number


def test_the_file_is_taken_over_at_the_start_only() -> None:
    follower = RecentPastFollower()
    past = RecentPast(verdicts={"prod": (VerdictSpan("failing", ago(hours=3), ago(hours=1)),)})
    follower.begin(past)
    assert follower.past is past
    follower.update(snapshot(), [])
    follower.begin(past)
    assert follower.past is not past


def test_the_snapshot_contains_the_times_of_what_is_wrong() -> None:
    apps = argocd(application("anchor-msp-dev"), application("anchor-msp-prod", sync="OutOfSync", health_since=None))
    seen = RecentPastFollower()
    finding = recorded(3, "finding", "fail", subject="release.pinned", place="a.yaml")
    seen.update(snapshot(), [out_of_sync(), health(2, "Degraded", application=PROD), finding])
    builder = SnapshotBuilder(config())
    given = SourceReadings(argocd={"argocd": fresh(apps)}, history=HistoryFacts(recent=seen.past))
    first = builder.build(given, NOW)
    (app,) = first.environments[2].applications
    assert app.sync_seen == FirstSeen(NOW, observed_start=True, continuous=True)
    assert app.health_seen is None  # it is Healthy, the time is about another value
    again = builder.build(given, NOW + timedelta(seconds=1))
    assert again.environments[2].applications is first.environments[2].applications
    other = application("anchor-msp-dev", health="Missing")
    changed = replace(apps, applications=(replace(apps.applications[0], application=other), apps.applications[1]))
    third = builder.build(replace(given, argocd={"argocd": fresh(changed)}), NOW + timedelta(seconds=2))
    assert third.environments[2].applications[0] is app


def test_findings_get_their_times() -> None:
    failed = Finding("release.pinned", "t", "error", "fail", "git", "m", file="a.yaml")
    passed = replace(failed, status="pass")
    follower = RecentPastFollower()
    follower.update(
        snapshot(),
        [
            recorded(1, "finding", "fail", subject="release.pinned", place="a.yaml", environment=name)
            for name in ("prod", "")
        ],
    )
    found = PolicyFindings({"prod": (failed,), "dev": (failed,), "staging": (passed,)}, (failed,))
    built = SnapshotBuilder(config()).build(readings(history=HistoryFacts(recent=follower.past)), NOW, found)
    dev, staging, prod = (environment.findings[0].first_seen for environment in built.environments)
    assert (dev, staging) == (None, None)
    assert prod == built.findings[0].first_seen == FirstSeen(NOW, observed_start=True, continuous=True)


# --- verdicts ----------------------------------------------------------------------------------------


def test_a_verdict_is_one_span_until_it_changes() -> None:
    follower = RecentPastFollower()
    for second in range(5):
        follower.update(snapshot(NOW + timedelta(seconds=second)), [])
    one = follower.past.verdicts["prod"]
    follower.update(snapshot(NOW + timedelta(seconds=9), Level.FAILING), [])
    assert one == (VerdictSpan("ok", NOW),)
    changed_at = NOW + timedelta(seconds=9)
    assert follower.past.verdicts["prod"] == (VerdictSpan("ok", NOW, changed_at), VerdictSpan("failing", changed_at))


def test_a_gap_ends_the_span() -> None:
    follower = RecentPastFollower()
    follower.update(snapshot(ago(minutes=50)), [])
    follower.update(snapshot(ago(minutes=40)), [])
    follower.interrupt(ago(minutes=40))
    follower.update(snapshot(), [])
    assert follower.past.verdicts["prod"] == (
        VerdictSpan("ok", ago(minutes=50), ago(minutes=40)),
        VerdictSpan("ok", NOW),
    )


def test_old_and_too_many_spans_are_left_out() -> None:
    spans: tuple[VerdictSpan, ...] = (VerdictSpan("ok", ago(hours=30), ago(hours=25)),)
    for minute in range(MAX_SPANS + 20):
        verdict = "ok" if minute % 2 else "failing"
        spans = extend_spans(spans, verdict, ago(minutes=MAX_SPANS + 20 - minute))  # type: ignore[arg-type]
    assert len(spans) == MAX_SPANS
    assert spans[-1] == VerdictSpan("ok", ago(minutes=1))


def verdict(after: str, minutes_ago: float) -> RecordedChange:
    return recorded(0, "verdict", after, minutes_ago)


def test_recorded_verdicts_count_while_a_process_was_watching() -> None:
    changes = [verdict("ok", 2_000), verdict("failing", 100), verdict("ok", 80), verdict("failing", 70)]
    spans = build_verdict_spans("prod", (), changes, (session(300, 90), session(60, None)), ago(hours=4), NOW)
    assert spans == (
        VerdictSpan("ok", ago(minutes=240), ago(minutes=100)),
        VerdictSpan("failing", ago(minutes=100), ago(minutes=90)),
        VerdictSpan("failing", ago(minutes=60)),
    )


def test_while_a_source_is_lost_the_verdict_is_unknown() -> None:
    changes = [
        verdict("ok", 300),
        recorded(0, "source", "stale", 100, environment="", subject="argocd"),
        recorded(0, "source", "stale", 90, environment="", subject="other"),
        recorded(0, "source", "fresh", 60, environment="", subject="argocd"),
    ]
    spans = build_verdict_spans("prod", ("argocd", "github"), changes, (session(300, None),), ago(hours=4), NOW)
    assert [(span.verdict, span.since) for span in spans] == [
        ("ok", ago(hours=4)),
        ("unknown", ago(minutes=100)),
        ("ok", ago(minutes=60)),
    ]


def test_an_unfamiliar_verdict_is_unknown() -> None:
    (span,) = build_verdict_spans("prod", (), [verdict("splendid", 10)], (session(10, 5),), ago(hours=4), NOW)
    assert span == VerdictSpan("unknown", ago(minutes=10), ago(minutes=5))


def test_the_gateway_is_another_application_than_prod() -> None:
    follower = RecentPastFollower()
    follower.update(snapshot(), [out_of_sync(), health(2, "Degraded", application=GATEWAY)])
    assert len(follower.past.seen["prod"]) == 2
