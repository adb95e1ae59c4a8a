"""Which release is known good: the condition of an environment, and the time for which it was good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.config.model import HistoryConfig
from anchor_tui.domain.history.last_known_good import identify_content, judge_condition, select_last_known_good
from anchor_tui.domain.history.observed_changes import ObservedConditions
from anchor_tui.domain.history.records import GoodRelease
from anchor_tui.domain.model import Environment, Finding, LastKnownGood, Level, Snapshot, SourceState, Verdict
from tests.values import NOW, application, config, environment_config, release, replace

SOURCES = tuple(
    SourceState(id_, kind, "https://x", state="fresh")  # type: ignore[arg-type]
    for id_, kind in (("argocd", "argocd"), ("github", "github"))
)
PENDING = Finding("release.live", "Live", "error", "unknown", "live", "waits", pending=True)
VIOLATION = Finding("release.digest", "Digests", "error", "fail", "git", "no digest")


def environment(version: str = "1.43.1", **changes: Any) -> Environment:
    app = replace(application(), images=(f"ghcr.io/anchor/anchor-gateway:{version}",))
    verdict = Verdict(Level.OK)
    base = Environment("prod", "prod", "always-on", True, "argocd", verdict, applications=(app,))
    return replace(replace(base, release=release(version)), **changes)


def with_app(**changes: Any) -> Environment:
    base = environment()
    return replace(base, applications=(replace(base.applications[0], **changes),))


def snapshot(minute: float, *environments: Environment, sources: Any = SOURCES) -> Snapshot:
    at = NOW + timedelta(minutes=minute)
    return Snapshot(at, "anchor", False, Verdict(Level.OK), sources, environments or (environment(),))


@pytest.mark.parametrize(
    ("shown", "condition"),
    [
        (environment(), "good"),
        (environment(findings=(VIOLATION,), verdict=Verdict(Level.FAILING, cause="policy")), "good"),
        (with_app(health="Degraded"), "bad"),
        (with_app(health="Progressing"), "bad"),
        (with_app(sync="OutOfSync"), "bad"),
        (with_app(presence="absent"), "bad"),
        (with_app(health="Missing"), "bad"),
        (with_app(images=("ghcr.io/anchor/anchor-gateway:1.42.0",)), "bad"),
        (with_app(health=None), "unknown"),
        (with_app(sync="Unknown"), "unknown"),
        (environment(applications=()), "unknown"),
        (environment(release=None), "unknown"),
        (replace(with_app(health="Missing"), tier="on-demand"), "asleep"),
        (replace(with_app(health="Suspended"), tier="on-demand"), "asleep"),
    ],
)
def test_the_condition_ignores_everything_but_sync_and_health(shown: Environment, condition: str) -> None:
    assert judge_condition(shown, SOURCES, environment_config("prod")) == condition


@pytest.mark.parametrize("index", [0, 1])
def test_without_a_source_the_condition_is_unknown(index: int) -> None:
    sources = list(SOURCES)
    sources[index] = replace(sources[index], state="stale")
    assert judge_condition(environment(), sources, environment_config("prod")) == "unknown"


def test_an_application_not_read_yet_makes_it_unknown() -> None:
    names = environment_config("prod").applications
    configured = environment_config("prod", applications=(*names, *names))  # type: ignore[misc]
    assert judge_condition(environment(), SOURCES, configured) == "unknown"


def follow(*snapshots: Snapshot, soak_minutes: int = 10) -> tuple[list[tuple[str, float]], list[str]]:
    """Return the good releases with the minute in which they were last seen, and the recorded conditions."""
    conditions = ObservedConditions(config(history=HistoryConfig(soak_minutes=soak_minutes)))
    good: list[tuple[str, float]] = []
    recorded: list[str] = []
    for item in snapshots:
        changes, releases = conditions.update(item)
        good += [(found.version, (found.last_seen_at - NOW) / timedelta(minutes=1)) for found in releases]
        recorded += [change.after or "" for change in changes]
    return good, recorded


def test_a_release_qualifies_after_the_soak_time() -> None:
    same = environment()
    assert follow(*(snapshot(minute, same) for minute in (0, 5, 9.9, 10, 11, 30))) == ([("1.43.1", 10)], ["good"])


def test_an_interruption_begins_the_soak_again() -> None:
    bad = with_app(health="Degraded")
    shots = [snapshot(0), snapshot(9), snapshot(9.5, bad), snapshot(10), snapshot(19), snapshot(20)]
    assert follow(*shots) == ([("1.43.1", 20)], ["good", "bad", "good"])


def test_a_lost_source_begins_the_soak_again() -> None:
    lost = (replace(SOURCES[0], state="stale"), SOURCES[1])
    shots = [snapshot(0), snapshot(5, sources=lost), snapshot(6), snapshot(15), snapshot(16)]
    assert follow(*shots) == ([("1.43.1", 16)], ["good", "unknown", "good"])


def test_the_last_healthy_time_is_recorded_when_it_ends() -> None:
    shots = [snapshot(0), snapshot(10), snapshot(50), snapshot(51, with_app(health="Degraded"))]
    assert follow(*shots)[0] == [("1.43.1", 10), ("1.43.1", 50)]


def test_a_new_release_waits_until_argocd_has_compared_it() -> None:
    new = environment("1.44.0", findings=(PENDING,))
    done = environment("1.44.0")
    shots = [snapshot(0, new), snapshot(3, new), snapshot(4, done), snapshot(13, done), snapshot(14, done)]
    assert follow(*shots) == ([("1.44.0", 14)], ["unknown", "good"])


def test_an_unrelated_commit_does_not_interrupt_the_soak() -> None:
    pending = environment(findings=(PENDING,))
    assert follow(snapshot(0), snapshot(5, pending), snapshot(10)) == ([("1.43.1", 10)], ["good"])


def test_sleep_is_neither_good_nor_bad() -> None:
    asleep = replace(with_app(health="Missing"), tier="on-demand")
    assert follow(snapshot(0, asleep), snapshot(60, asleep)) == ([], ["asleep"])


def test_nothing_is_recorded_before_the_sources_have_answered() -> None:
    asking = tuple(replace(source, state="asking") for source in SOURCES)
    assert follow(snapshot(0, sources=asking)) == ([], [])


def test_an_unchanged_environment_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from anchor_tui.domain.history import observed_changes as module

    judged: list[str] = []
    judge = module.judge_condition
    monkeypatch.setattr(module, "judge_condition", lambda *of: judged.append(of[0].name) or judge(*of))
    same = environment()
    follow(*(snapshot(minute, same) for minute in range(5)))
    assert judged == ["prod"]


def test_the_release_that_qualified_last_is_the_last_known_good() -> None:
    def good(version: str, minute: int, name: str = "prod") -> GoodRelease:
        at = NOW + timedelta(minutes=minute)
        return GoodRelease(name, version, version, "", at, at, at + timedelta(minutes=1))

    found = select_last_known_good([good("1", 5), good("2", 9), good("3", 7), good("4", 1, "dev")])
    assert found["prod"] == LastKnownGood("2", NOW + timedelta(minutes=10))
    assert found["dev"].version == "4"


def test_the_content_identifies_a_release() -> None:
    one, other = release("1.43.1"), release("1.44.0")
    assert identify_content(one) == identify_content(replace(one, commit="other", changed_by="kim"))
    assert identify_content(one) != identify_content(other)
    assert identify_content(replace(one, images=())) != identify_content(one)
    assert identify_content(replace(one, images=(), version="\ud800"))
