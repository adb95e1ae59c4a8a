"""A builder remembers its last snapshot: the result is that of a new one, and unchanged parts are the same objects."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from anchor_tui.config.model import ApplicationSelector
from anchor_tui.domain import environment_builder
from anchor_tui.domain.model import Diagnosis, Finding, Operation, Problem, SourceFailure
from anchor_tui.domain.policy.engine import PolicyFindings
from anchor_tui.domain.readings import Stale
from anchor_tui.domain.snapshot_builder import SnapshotBuilder, build_snapshot
from anchor_tui.domain.source_data import ObservedApplication
from tests.values import (
    NOW,
    ago,
    application,
    argocd,
    config,
    environment_config,
    files,
    fresh,
    opened,
    ops_repo,
    readings,
    replace,
)

MANY = config(environment_config("prod", applications=ApplicationSelector((("env", "prod"),))), environment_config("x"))


def many_observed(number: int) -> list[ObservedApplication]:
    return [ObservedApplication(application(f"app-{index:04}"), {"env": "prod"}) for index in range(number)]


def read_many(observed: list[ObservedApplication]) -> Any:
    return readings(fresh(argocd(applications=tuple(observed))))


def with_change(observed: list[ObservedApplication], index: int, **changes: Any) -> list[ObservedApplication]:
    item = observed[index]
    return [*observed[:index], replace(item, application=replace(item.application, **changes)), *observed[index + 1 :]]


# --- identity ------------------------------------------------------------------------------------------


def test_without_a_change_every_environment_is_the_same_object() -> None:
    builder, read = SnapshotBuilder(config()), readings()
    before = builder.build(read, NOW)
    after = builder.build(read, NOW + timedelta(seconds=20))
    assert after.environments is before.environments
    assert after.sources[0].age_s == 22.0


def test_a_change_leaves_the_other_environments_alone() -> None:
    builder = SnapshotBuilder(config())
    apps = [application(f"anchor-msp-{name}") for name in ("dev", "staging", "prod")]
    data, repo = argocd(*apps), fresh(ops_repo())
    before = builder.build(readings(fresh(data), repo), NOW)
    degraded = replace(data.applications[2], application=replace(apps[2], health="Degraded"))
    changed = replace(data, applications=(*data.applications[:2], degraded))
    after = builder.build(readings(fresh(changed), repo), NOW)
    same = [old is new for old, new in zip(before.environments, after.environments, strict=True)]
    assert same == [True, True, False]
    assert after.environments[2].findings is before.environments[2].findings


def test_an_equal_poll_of_github_changes_no_environment() -> None:
    builder, repo = SnapshotBuilder(config()), ops_repo(pull_requests=(opened(prod="1.44.0"),))
    data = fresh(argocd())
    before = builder.build(readings(data, fresh(repo)), NOW)
    after = builder.build(readings(data, fresh(replace(repo, latency_ms=7.0))), NOW)
    assert after.environments is before.environments


def test_unchanged_applications_are_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = count_judged(monkeypatch)
    builder = SnapshotBuilder(MANY)
    observed = with_change(many_observed(500), 7, health="Degraded", health_since=ago(minutes=5))
    builder.build(read_many(observed), NOW)
    judged.clear()
    snapshot = builder.build(read_many(observed), NOW + timedelta(minutes=2))
    assert judged == []
    assert snapshot.environments[0].verdict.reasons[0].startswith("app-0007 Degraded 7 min")


def test_an_application_without_reconciliation_is_noticed() -> None:
    builder = SnapshotBuilder(MANY)
    observed = with_change(many_observed(3), 1, reconciled_at=ago(minutes=10))
    assert builder.build(read_many(observed), NOW).environments[0].verdict.level == "ok"
    late = builder.build(read_many(observed), NOW + timedelta(minutes=6))
    assert any("app-0001: not reconciled for 16 min" in reason for reason in late.environments[0].verdict.reasons)


# --- the number of operations --------------------------------------------------------------------------


def count_judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    judged: list[str] = []
    real = environment_builder.list_application_reasons
    monkeypatch.setattr(
        environment_builder,
        "list_application_reasons",
        lambda app, *rest, **options: judged.append(app.name) or real(app, *rest, **options),
    )
    return judged


def count_calls(number: int) -> int:
    """Return the number of Python calls that a first snapshot of so many applications takes."""
    return _count(lambda: SnapshotBuilder(MANY).build(read_many(many_observed(number)), NOW))


def _count(call: Callable[[], object]) -> int:
    import sys

    calls = 0

    def trace(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(trace)
    try:
        call()
    finally:
        sys.setprofile(None)
    return calls


def test_a_first_snapshot_is_linear_in_the_applications() -> None:
    assert count_calls(800) <= 2.2 * count_calls(400)


@pytest.mark.parametrize("health", ["Healthy", "Degraded"])
def test_one_change_costs_the_same_among_many(monkeypatch: pytest.MonkeyPatch, health: str) -> None:
    judged = count_judged(monkeypatch)
    builder, observed = SnapshotBuilder(MANY), many_observed(1_000)
    builder.build(read_many(observed), NOW)
    judged.clear()
    builder.build(read_many(with_change(observed, 500, health=health)), NOW)
    assert set(judged) <= {"app-0500"}


# --- any sequence of changes ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_any_sequence_of_changes_equals_a_new_snapshot(seed: int) -> None:
    chance = random.Random(seed)
    configured = config(
        environment_config("dev", applications=ApplicationSelector((("env", "dev"),))),
        environment_config("staging"),
        environment_config("prod", applications=ApplicationSelector((("env", "prod"),))),
    )
    builder = SnapshotBuilder(configured)
    world = _World(chance)
    now = NOW
    for _ in range(25):
        world.change()
        now += timedelta(seconds=chance.choice([0, 1, 30, 400]))
        read, findings = world.read(now)
        assert builder.build(read, now, findings) == build_snapshot(configured, read, now, findings)


class _World:
    """Sources whose contents change at random."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.observed = {name: self._observe(name) for name in "abcdef"}
        self.repo = ops_repo()
        self.findings: tuple[Finding, ...] = ()
        self.diagnoses: dict[Any, Diagnosis] = {}
        self.is_stale = False

    def _observe(self, name: str) -> ObservedApplication:
        pick = self.chance.choice
        app = application(
            pick([name, "anchor-msp-staging"]) if name == "a" else name,
            health=pick(["Healthy", "Healthy", "Degraded", "Progressing", "Missing"]),
            sync=pick(["Synced", "Synced", "OutOfSync"]),
            health_since=ago(minutes=pick([1, 14, 300])),
            reconciled_at=pick([None, ago(minutes=1), ago(minutes=14)]),
            operation=pick([None, None, Operation("Failed", "no"), Operation("Running", started_at=ago(minutes=1))]),
            problems=pick([(), (), (Problem(name, "details", "unread"),)]),
        )
        return ObservedApplication(app, {"env": pick(["dev", "prod"])})

    def change(self) -> None:
        pick = self.chance.choice
        match pick(["app", "app", "app", "remove", "repo", "pull", "findings", "diagnosis", "stale", "nothing"]):
            case "app":
                name = pick("abcdefgh")
                self.observed[name] = self._observe(name)
            case "remove":
                self.observed.pop(pick("abcdefgh"), None)
            case "repo":
                environments = {**self.repo.environments, "prod": files(pick(["1.44.0", "1.43.1"]), "1.43.1")}
                self.repo = replace(self.repo, environments=environments)
            case "pull":
                self.repo = replace(
                    self.repo, pull_requests=tuple(opened(n, prod="1.44.0") for n in pick([(), (7, 9)]))
                )
            case "findings":
                status = pick(["pass", "fail", "unknown"])
                self.findings = (Finding("auth.jwt", "JWT", "error", status, "live", status),)
            case "diagnosis":
                ids = [item.application.id for item in self.observed.values()]
                self.diagnoses = {id_: Diagnosis(f"{id_.name} broke", "rule") for id_ in ids if pick([0, 1])}
            case "stale":
                self.is_stale = not self.is_stale

    def read(self, now: datetime) -> tuple[Any, PolicyFindings]:
        known = {item.application.id: item for item in self.observed.values()}
        data = argocd(applications=tuple(known[id_] for id_ in sorted(known)))
        fresh_reading = fresh(data, taken_at=now, fresh_until=now + timedelta(seconds=40))
        stale = Stale(data, ago(minutes=3), (), SourceFailure("timeout", "no answer"))
        github = fresh(self.repo, taken_at=now, fresh_until=now + timedelta(seconds=90))
        findings = PolicyFindings({"prod": self.findings, "dev": ()}, ())
        return readings(stale if self.is_stale else fresh_reading, github, diagnoses=self.diagnoses), findings


def test_pull_requests_are_classified_once_for_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from anchor_tui.domain import snapshot_builder

    classified: list[int] = []
    real = snapshot_builder.classify_pull_request
    monkeypatch.setattr(
        snapshot_builder,
        "classify_pull_request",
        lambda pull, *rest: classified.append(pull.pull_request.number) or real(pull, *rest),
    )
    builder = SnapshotBuilder(config())
    repo = ops_repo(pull_requests=(opened(1), opened(2)))
    for _ in range(3):
        builder.build(readings(None, fresh(repo)), NOW)
    assert classified == [1, 2]
