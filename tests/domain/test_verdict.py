"""The table of verdicts: one test case for each row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.model import (
    AppId,
    Application,
    ApplicationCondition,
    AutoSyncPolicy,
    Environment,
    Finding,
    Level,
    Operation,
    Problem,
    PrunableResource,
    ReleasePosition,
    ResourceCounts,
    SourceFailure,
    SourceState,
    UnhealthyResource,
    Verdict,
)
from anchor_tui.domain.verdict import VerdictInputs, combine_verdicts, describe_position, is_asleep, judge_environment
from tests.values import NOW, ago, application, pull_request, replace

LIVE = SourceState("argocd", "argocd", "https://cd", state="fresh", taken_at=ago(seconds=2))
GITHUB = SourceState("github", "github", "https://gh", state="fresh", taken_at=ago(seconds=11))


def environment(*applications: Application, protected: bool = True, **changes: Any) -> Environment:
    base = Environment(
        name="prod" if protected else "dev",
        rules="prod" if protected else "dev",
        tier="always-on" if protected else "on-demand",
        protected=protected,
        source="argocd",
        verdict=Verdict(Level.UNKNOWN),
        applications=applications or (application(),),
        position=ReleasePosition("newest"),
    )
    return replace(base, **changes)


def finding(**changes: Any) -> Finding:
    base = Finding("auth.jwt-required", "JWT", "error", "pass", "git", "AUTH_MODE is jwt")
    return replace(base, **changes)


def verdict(of: Environment, **inputs: Any) -> Verdict:
    return judge_environment(of, VerdictInputs(now=NOW, sources=inputs.pop("sources", (LIVE, GITHUB)), **inputs))


def operation(phase: str, **changes: Any) -> Operation:
    return replace(Operation(phase, "because", ago(seconds=40), None, "m.ito"), **changes)


DEGRADED = application(
    health="Degraded",
    health_since=ago(minutes=12),
    unhealthy=(UnhealthyResource("apps", "Deployment", "anchor-prod", "gateway", "Degraded", "0/1\nmore"),),
)

# observation, protected, level, text that one of the reasons must contain
APPLICATIONS = [
    pytest.param(application(), True, "ok", None, id="synced and healthy"),
    pytest.param(application(sync="OutOfSync"), True, "attention", "OutOfSync", id="out of sync"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=14)), True, "attention",
                 "Progressing for 14 min", id="progressing"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=16)), True, "failing",
                 "Progressing for 16 min", id="progressing too long, protected"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=16)), False, "attention",
                 "Progressing for 16 min", id="progressing too long, unprotected"),
    pytest.param(application(health="Suspended"), True, "attention", "Suspended", id="suspended, always on"),
    pytest.param(application(health="Suspended"), False, "ok", "asleep: Suspended", id="suspended, on demand"),
    pytest.param(application(health="Missing", sync="OutOfSync"), False, "ok", "asleep: Missing",
                 id="missing, on demand"),
    pytest.param(application(health="Missing"), True, "failing", "Missing for 3 d", id="missing, always on"),
    pytest.param(application(presence="absent", sync=None, health=None), False, "ok", "asleep: absent",
                 id="absent, on demand"),
    pytest.param(application(presence="absent", sync=None, health=None), True, "failing", "absent",
                 id="absent, always on"),
    pytest.param(application(presence="forbidden", problems=(Problem("a", "forbidden", "not permitted"),)), False,
                 "failing", "not permitted", id="forbidden"),
    pytest.param(DEGRADED, False, "failing", "Degraded for 12 min, Deployment/gateway: 0/1", id="degraded"),
    pytest.param(application(sync="Unknown"), True, "unknown", "sync is Unknown", id="sync unknown"),
    pytest.param(application(sync=None), True, "unknown", "sync is not reported", id="sync not reported"),
    pytest.param(application(health=None), True, "unknown", "health is not reported", id="health not reported"),
    pytest.param(application(health="Bewildered"), True, "unknown", "health is Bewildered", id="a health added later"),
    pytest.param(application(sync="Drifting"), True, "unknown", "sync is Drifting", id="a sync status added later"),
    pytest.param(application(operation=operation("Running")), True, "attention",
                 "operation Running for 40 s by m.ito: because", id="operation running"),
    pytest.param(application(operation=operation("Running", finished_at=ago(seconds=1))), True, "attention",
                 "operation Running", id="operation between two attempts"),
    pytest.param(application(operation=operation("Terminating")), True, "attention", "operation Terminating",
                 id="operation terminating"),
    pytest.param(application(operation=operation("Pending", started_at=None)), True, "attention",
                 "operation Pending by m.ito", id="operation not started"),
    pytest.param(application(operation=operation("Failed")), True, "failing", "last operation Failed by m.ito: because",
                 id="operation failed, protected"),
    pytest.param(application(operation=operation("Error")), False, "attention", "last operation Error",
                 id="operation in error, unprotected"),
    pytest.param(application(operation=operation("Succeeded")), True, "ok", None, id="operation succeeded"),
    pytest.param(application(conditions=(ApplicationCondition("OrphanedResourceWarning", "1 orphan"),)), True, "ok",
                 "OrphanedResourceWarning: 1 orphan", id="a warning condition has no level"),
    pytest.param(application(conditions=(ApplicationCondition("ComparisonError", "no such path"),)), True, "failing",
                 "ComparisonError: no such path", id="a comparison error outranks Healthy"),
    pytest.param(application(reconciled_at=ago(minutes=22)), True, "unknown", "not reconciled for 22 min",
                 id="the controller does not reconcile"),
    pytest.param(application(problems=(Problem("a", "server", "HTTP 500"),)), True, "unknown", "HTTP 500",
                 id="an application that could not be read"),
    pytest.param(application(problems=(Problem("a", "deleting", "being deleted since"),)), True, "attention",
                 "being deleted", id="an application that is being deleted"),
]  # fmt: skip


@pytest.mark.parametrize(("observed", "protected", "level", "words"), APPLICATIONS)
def test_level_and_reason_of_an_application(
    observed: Application, protected: bool, level: str, words: str | None
) -> None:
    found = verdict(environment(observed, protected=protected))
    assert found.level == level
    if words is None:
        assert found.reasons == ()
    else:
        assert any(words in reason for reason in found.reasons)


def test_reasons_distinguish_applications_of_two_namespaces():
    reasons = verdict(environment(application(), application(namespace="team-a", health="Degraded"))).reasons
    assert [reason.split(": ")[0] for reason in reasons] == ["team-a/anchor-msp-prod"]


ENVIRONMENTS = [
    pytest.param({"position": ReleasePosition("behind", "staging", ("1.44.0",)),
                  "pull_requests": (pull_request(kind="promotion"),)}, {}, "attention",
                 "behind staging by 1 release; #232 waits", id="behind while its promotion waits"),
    pytest.param({"position": ReleasePosition("behind", "staging", ("1.44.0",))}, {}, "ok", None,
                 id="behind, nothing waits"),
    pytest.param({}, {"head_checks": "pending"}, "attention", "checks of the branch's head are pending",
                 id="required checks pending"),
    pytest.param({}, {"head_checks": "failure"}, "failing", "checks of the branch's head failed",
                 id="required checks failed"),
    pytest.param({}, {"head_checks": "unknown"}, "ok", None, id="checks that the token may not see have no level"),
    pytest.param({}, {"unreadable_files": ("release.yaml:3: malformed",)}, "failing", "release.yaml:3: malformed",
                 id="an unreadable release"),
    pytest.param({}, {"missing_applications": ("no answer about anchor-msp-prod yet",)}, "unknown",
                 "no answer about anchor-msp-prod yet", id="a missing application"),
    pytest.param({"findings": (finding(status="fail"), finding(status="fail", evidence="live"))}, {}, "failing",
                 "1 policy error: auth.jwt-required", id="a policy error in two kinds of evidence"),
    pytest.param({"findings": (finding(status="fail", level="warning"),)}, {}, "attention", "1 policy warning",
                 id="a policy warning"),
    pytest.param({"findings": (finding(status="unknown"),)}, {}, "unknown", "1 check unknown",
                 id="a check without evidence"),
    pytest.param({"findings": (finding(), finding(status="waived"), finding(status="skipped"))}, {}, "ok", None,
                 id="passing, waived and skipped"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "inputs", "level", "words"), ENVIRONMENTS)
def test_level_and_reason_without_applications(
    changes: dict[str, Any], inputs: dict[str, Any], level: str, words: str | None
) -> None:
    found = verdict(environment(**changes), **inputs)
    assert found.level == level
    assert (found.reasons == ()) if words is None else any(words in reason for reason in found.reasons)


def test_failed_checks_need_attention_if_not_protected() -> None:
    assert verdict(environment(protected=False), head_checks="failure").level == "attention"


@pytest.mark.parametrize("state", ["asking", "stale", "missing"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_verdict_is_unknown_without_fresh_sources(state: Any, which: int) -> None:
    sources = [LIVE, GITHUB]
    sources[which] = replace(sources[which], state=state, error=SourceFailure("timeout", "no answer"))
    found = verdict(environment(), sources=sources)
    assert found.level == "unknown"
    assert len(found.reasons) == 1


def test_failing_stays_failing_with_a_stale_source() -> None:
    stale = replace(
        LIVE, state="stale", taken_at=ago(minutes=4), error=SourceFailure("unauthenticated", "401: expired")
    )
    found = verdict(environment(DEGRADED), sources=(stale, GITHUB))
    assert found.level == "failing"
    assert found.reasons[1] == "Argo CD: as of 13:58Z, 4 min ago: 401: expired"


def test_out_of_sync_shows_its_duration_and_differences() -> None:
    app = application(
        sync="OutOfSync",
        resources=ResourceCounts(9, 2, 0),
        prunable=(PrunableResource("", "Service", "anchor-prod", "status-mock"),),
    )
    seen = {AppId("argocd", "argocd", "anchor-msp-prod"): ago(minutes=4)}
    found = verdict(environment(app), out_of_sync_since=seen)
    assert found.reasons == ("OutOfSync for ≥ 4 min: 1 resource differs, 1 to prune",)


def test_reasons_are_ordered_by_severity_with_application_names() -> None:
    one = application("one", sync="OutOfSync", conditions=(ApplicationCondition("SomeWarning", "meh"),))
    two = application("two", health="Degraded", health_since=None)
    found = verdict(environment(one, two))
    assert found.reasons == ("two: Degraded", "one: OutOfSync", "one: SomeWarning: meh")


def test_the_worst_and_protected_environments_come_first() -> None:
    dev = replace(environment(protected=False), verdict=Verdict(Level.FAILING, ("Degraded",)))
    prod = replace(environment(), verdict=Verdict(Level.FAILING, ("Missing",)))
    found = combine_verdicts((dev, prod))
    assert found == Verdict(Level.FAILING, ("prod: Missing", "dev: Degraded"))


def test_a_reason_of_every_environment_appears_once() -> None:
    both = [replace(environment(protected=p), verdict=Verdict(Level.UNKNOWN, ("GitHub: asking",))) for p in (0, 1)]
    assert combine_verdicts(both).reasons == ("GitHub: asking",)


def test_a_fleet_without_environments_is_ok() -> None:
    assert combine_verdicts(()) == Verdict(Level.OK)


def test_disabled_auto_sync_does_not_change_the_verdict() -> None:
    app = application(automated=AutoSyncPolicy(enabled=False, prune=False, self_heal=False))
    assert verdict(environment(app)).level == "ok"


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (ReleasePosition("newest"), "newest"),
        (ReleasePosition("newest", "dev"), "same as dev"),
        (ReleasePosition("behind", "dev", ("1", "2")), "behind dev by 2 releases"),
        (ReleasePosition("ahead", "dev", ("1",)), "ahead of dev by 1 release"),
        (ReleasePosition("diverged", "dev"), "diverged from dev"),
        (ReleasePosition("unknown", "dev"), "position relative to dev unknown"),
    ],
)
def test_positions_as_text(position: ReleasePosition, words: str) -> None:
    assert describe_position(position) == words


def test_progress_is_measured_from_the_last_transition() -> None:
    edge = application(health="Progressing", health_since=NOW - timedelta(minutes=15))
    assert verdict(environment(edge)).level == "attention"


@pytest.mark.parametrize(
    ("app", "protected", "asleep"),
    [
        (application(health="Missing"), False, True),
        (application(health="Suspended"), False, True),
        (application(presence="absent", health=None), False, True),
        (application(), False, False),
        (application(presence="forbidden", health=None), False, False),
        (application(health="Missing"), True, False),
    ],
)
def test_only_stopped_on_demand_applications_are_asleep(app: Application, protected: bool, asleep: bool) -> None:
    assert is_asleep(app, environment(protected=protected)) is asleep
