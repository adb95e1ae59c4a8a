"""The table of verdicts: one test case for each row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.model import (
    AppId,
    Application,
    ApplicationCondition,
    AutoSyncPolicy,
    Diagnosis,
    Environment,
    Finding,
    Level,
    Operation,
    Problem,
    PrunableResource,
    PullRequestRef,
    ReleasePosition,
    ResourceCounts,
    SourceFailure,
    SourceState,
    UnhealthyResource,
    Verdict,
)
from anchor_tui.domain.reasons import VerdictInputs, describe_culprit, summarize_reason
from anchor_tui.domain.verdict import combine_verdicts, describe_position, is_asleep, judge_environment
from tests.argocd_recordings import load_recording, recording_names
from tests.values import NOW, ago, application, pull_request, release, replace

CRASH = Diagnosis("web exits with code 1", "crash", "Deployment/web", blocking=True)
TEMPORARY = replace(CRASH, blocking=False)
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
                 "Progressing 14 min", id="progressing"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=16)), True, "failing",
                 "Progressing 16 min", id="progressing too long, protected"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=16)), False, "attention",
                 "Progressing 16 min", id="progressing too long, unprotected"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=1), diagnosis=CRASH), True, "failing",
                 "Progressing 1 min: web exits with code 1", id="a blocking cause, protected"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=1), diagnosis=CRASH), False, "attention",
                 "Progressing 1 min: web exits with code 1", id="a blocking cause, unprotected"),
    pytest.param(application(health="Progressing", health_since=ago(minutes=1), diagnosis=TEMPORARY), True,
                 "attention", "Progressing 1 min: web exits with code 1", id="a cause that may end, protected"),
    pytest.param(application(health="Degraded", health_since=ago(minutes=1), diagnosis=CRASH), True, "failing",
                 "Degraded 1 min: web exits with code 1", id="degraded with a cause"),
    pytest.param(application(health="Suspended"), True, "attention", "Suspended", id="suspended, always on"),
    pytest.param(application(health="Suspended"), False, "ok", "asleep: Suspended", id="suspended, on demand"),
    pytest.param(application(health="Missing", sync="OutOfSync"), False, "ok", "asleep: Missing",
                 id="missing, on demand"),
    pytest.param(application(health="Missing"), True, "failing", "Missing 3 d", id="missing, always on"),
    pytest.param(application(presence="absent", sync=None, health=None), False, "ok", "asleep: absent",
                 id="absent, on demand"),
    pytest.param(application(presence="absent", sync=None, health=None), True, "failing", "absent",
                 id="absent, always on"),
    pytest.param(application(presence="forbidden", problems=(Problem("a", "forbidden", "not permitted"),)), False,
                 "failing", "not permitted", id="forbidden"),
    pytest.param(DEGRADED, False, "failing", "Degraded 12 min: Deployment/gateway: 0/1", id="degraded"),
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
    assert reasons == ("team-a/anchor-msp-prod Degraded 3 d",)


ENVIRONMENTS = [
    pytest.param({"position": ReleasePosition("behind", "staging", ("1.44.0",)),
                  "pull_requests": (pull_request(kind="promotion"),)}, {}, "attention",
                 "behind staging by 1 release; #232 waits", id="behind while its promotion waits"),
    pytest.param({"position": ReleasePosition("behind", "staging", ("1.44.0",))}, {}, "ok", None,
                 id="behind, nothing waits"),
    pytest.param({}, {"head_checks": "pending"}, "ok", None, id="required checks pending, on the estate only"),
    pytest.param({}, {"head_checks": "failure", "branch": "main"}, "failing", "required checks of main failed",
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
    pytest.param({"findings": (finding(status="unknown", pending=True),)}, {}, "attention",
                 "1 check pending until git and Argo CD are at the same commit: auth.jwt-required",
                 id="a pending check"),
    pytest.param({"findings": (finding(status="unknown", pending=True), finding(status="unknown", evidence="live"))},
                 {}, "unknown", "1 check unknown", id="a check both pending and without evidence"),
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
    assert found.reasons[1] == "Argo CD is stale"


def test_out_of_sync_shows_its_duration_and_differences() -> None:
    app = application(
        sync="OutOfSync",
        resources=ResourceCounts(9, 2, 0),
        prunable=(PrunableResource("", "Service", "anchor-prod", "status-mock"),),
    )
    seen = {AppId("argocd", "argocd", "anchor-msp-prod"): ago(minutes=4)}
    found = verdict(environment(app), out_of_sync_since=seen)
    assert found.reasons == ("OutOfSync ≥ 4 min: 1 resource differs, 1 to prune",)


def test_reasons_are_ordered_by_severity_with_application_names() -> None:
    one = application("one", sync="OutOfSync", conditions=(ApplicationCondition("SomeWarning", "meh"),))
    two = application("two", health="Degraded", health_since=None)
    found = verdict(environment(one, two))
    assert found.reasons == ("two Degraded", "one OutOfSync", "one: SomeWarning: meh")


def test_the_worst_and_protected_environments_come_first() -> None:
    dev = replace(environment(protected=False), verdict=Verdict(Level.FAILING, ("Degraded",)))
    prod = replace(environment(), verdict=Verdict(Level.FAILING, ("Missing",)))
    found = combine_verdicts((dev, prod))
    assert found == Verdict(Level.FAILING, ("prod Missing", "dev Degraded"))


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


CULPRIT = UnhealthyResource(
    "apps", "Deployment", "anchor-prod", "anchor-gateway", "Degraded",
    'Deployment "anchor-gateway" exceeded its progress deadline',
)  # fmt: skip
BROKEN = application(health="Degraded", health_since=ago(minutes=12), unhealthy=(CULPRIT,))
SUSPECT = release("1.43.2", changed_at=ago(minutes=15), changed_by="m-ito", pull_request=PullRequestRef(233, "t", "u"))


def test_the_headline_names_the_cause_and_each_name_once() -> None:
    prod = environment(BROKEN, release=SUSPECT)
    found = combine_verdicts((replace(prod, verdict=verdict(prod)),))
    assert found.reasons == (
        "prod Degraded 12 min: anchor-gateway exceeded its progress deadline, since 1.43.2 (#233 by m-ito)",
    )


@pytest.mark.parametrize(
    "release",
    [
        None,
        replace(SUSPECT, changed_at=None),
        replace(SUSPECT, changed_at=ago(minutes=11)),
        replace(SUSPECT, changed_at=ago(days=1)),
    ],
)
def test_only_a_release_just_before_the_trouble_is_named(release: Any) -> None:
    assert "since" not in verdict(environment(BROKEN, release=release)).reasons[0]


def test_no_release_is_named_while_the_repo_is_stale() -> None:
    stale = replace(GITHUB, state="stale", error=SourceFailure("timeout", "no answer"))
    assert "since" not in verdict(environment(BROKEN, release=SUSPECT), sources=(LIVE, stale)).reasons[0]


def test_a_release_without_a_pull_request_names_its_author() -> None:
    direct = replace(SUSPECT, pull_request=None)
    assert verdict(environment(BROKEN, release=direct)).reasons[0].endswith(", since 1.43.2 (by m-ito)")


@pytest.mark.parametrize(
    ("resource", "message", "words"),
    [
        ("gateway", 'Deployment "gateway" exceeded its progress deadline', "gateway exceeded its progress deadline"),
        ("gateway", "0/1", "Deployment/gateway: 0/1"),
        ("gateway", 'Pod "gateway-7d" crashes', 'Deployment/gateway: Pod "gateway-7d" crashes'),
        ("gateway", None, "Deployment/gateway"),
        ("shop", 'Deployment "shop" exceeded its progress deadline', "exceeded its progress deadline"),
        ("shop", None, "Deployment"),
    ],
)
def test_a_resource_and_its_application_are_named_once(resource: str, message: str | None, words: str) -> None:
    culprit = replace(CULPRIT, name=resource, message=message)
    shop = application("shop", health="Degraded", health_since=None, unhealthy=(culprit,))
    assert verdict(environment(shop, application("other"))).reasons == (f"shop Degraded: {words}",)


def find_unhealthy(document: Any) -> Iterator[tuple[str, str, str | None]]:
    """Yield kind, name and message of the unhealthy resources in a recorded response."""
    if isinstance(document, dict):
        health = document.get("health")
        if isinstance(health, dict) and health.get("status") not in {None, "Healthy"} and "kind" in document:
            yield document["kind"], document["name"], health.get("message")
        document = list(document.values())
    for item in document if isinstance(document, list) else ():
        yield from find_unhealthy(item)


def test_recorded_messages_name_their_resource_once() -> None:
    """The trees of broken workloads contain pods, which never are the resource of a reason."""
    responses = (load_recording(name) for name in recording_names("") if not name.startswith("broken-"))
    recorded = {found for response in responses for found in find_unhealthy(response.raw)}
    assert ("Deployment", "anchor-gateway", CULPRIT.message) in recorded
    for kind, name, message in recorded:
        culprit = replace(CULPRIT, kind=kind, name=name, message=message)
        assert describe_culprit(culprit, "").count(name) == 1
        assert name not in describe_culprit(culprit, name)


def test_reasons_of_many_applications_are_grouped() -> None:
    names = ("scale-0026", "scale-0068", *(f"scale-1{number:03}" for number in range(6)))
    broken = [application(name, health="Degraded", health_since=ago(minutes=12)) for name in names]
    found = verdict(environment(*broken, application("fine"), release=SUSPECT))
    assert found.reasons == ("8 Degraded: scale-0026, scale-0068 and 6 more, since 1.43.2 (#233 by m-ito)",)
    estate = combine_verdicts((replace(environment(), verdict=found),))
    assert estate.reasons[0].startswith("prod 8 Degraded: scale-0026, scale-0068 and 6 more")


def test_a_group_names_only_a_common_release() -> None:
    broken = [application(f"a{n}", health="Degraded", health_since=ago(minutes=12 * n)) for n in (1, 2, 3)]
    assert verdict(environment(*broken, release=SUSPECT)).reasons == ("3 Degraded: a1, a2 and a3",)


EVERY_REASON_OF_AN_APPLICATION = [
    ({"sync": "OutOfSync"}, "4 OutOfSync"),
    ({"sync": "Unknown"}, "4 whose sync is Unknown"),
    ({"health": None}, "4 whose health is not reported"),
    ({"presence": "absent", "sync": None, "health": None}, "4 absent"),
    ({"presence": "forbidden", "sync": None, "health": None}, "4 not permitted"),
    ({"operation": operation("Failed")}, "4 with last operation Failed"),
    ({"operation": operation("Running")}, "4 with operation Running"),
    ({"conditions": (ApplicationCondition("ComparisonError", "no such path"),)}, "4 with ComparisonError"),
    ({"reconciled_at": ago(minutes=22)}, "4 not reconciled"),
    ({"problems": (Problem("a", "server", "HTTP 500"),)}, "4 with “HTTP 500”"),
]


@pytest.mark.parametrize(("changes", "words"), EVERY_REASON_OF_AN_APPLICATION)
def test_every_kind_of_reason_is_grouped(changes: dict[str, Any], words: str) -> None:
    found = verdict(environment(*(application(f"a{number}", **changes) for number in range(4))))
    assert found.reasons == (f"{words}: a0, a1 and 2 more",)


def test_two_applications_keep_their_own_reasons() -> None:
    found = verdict(environment(application("one", sync="OutOfSync"), application("two", sync="OutOfSync")))
    assert found.reasons == ("one OutOfSync", "two OutOfSync")


def test_an_outage_ranks_before_policy_errors_of_prod() -> None:
    failed = (finding(status="fail"),)
    staging = replace(environment(DEGRADED, protected=False), name="staging", findings=failed)
    prod = environment(findings=failed)
    judged = [replace(env, verdict=verdict(env)) for env in (staging, prod)]
    assert [env.verdict.cause for env in judged] == ["outage", "policy"]
    assert [env.verdict.word for env in judged] == ["failing", "violation"]
    estate = combine_verdicts(judged)
    assert estate.reasons[0] == "staging Degraded 12 min: Deployment/gateway: 0/1"
    assert (estate.cause, estate.word) == ("outage", "failing")


def test_another_failure_is_not_called_a_violation() -> None:
    found = verdict(environment(findings=(finding(status="fail"),)), unreadable_files=("release.yaml:3: malformed",))
    assert (found.cause, found.word) == (None, "failing")


def test_a_failed_source_is_described_once_on_the_estate() -> None:
    failed = replace(GITHUB, state="missing", error=SourceFailure("unauthenticated", "401: bad credentials"))
    inputs = VerdictInputs(now=NOW, sources=(LIVE, failed))
    environments = [environment(protected=False), environment(DEGRADED)]
    judged = [replace(env, verdict=judge_environment(env, inputs)) for env in environments]
    assert judged[0].verdict == Verdict(Level.UNKNOWN, ("GitHub is unavailable",))
    reasons = combine_verdicts(judged, inputs).reasons
    assert [reason for reason in reasons if "GitHub" in reason] == ["GitHub: 401: bad credentials"]


def test_a_stale_source_keeps_the_time_of_its_data() -> None:
    stale = replace(LIVE, state="stale", taken_at=ago(minutes=4), error=SourceFailure("timeout", "no answer"))
    inputs = VerdictInputs(now=NOW, sources=(stale, GITHUB))
    judged = replace(environment(), verdict=judge_environment(environment(), inputs))
    assert combine_verdicts((judged,), inputs).reasons == ("Argo CD: as of 13:58Z, 4 min ago: no answer",)


def test_pending_checks_are_one_note_that_names_the_branch() -> None:
    inputs = VerdictInputs(now=NOW, sources=(LIVE, GITHUB), head_checks="pending", branch="main")
    judged = [replace(env, verdict=judge_environment(env, inputs)) for env in (environment(), environment())]
    assert [env.verdict.level for env in judged] == ["ok", "ok"]
    assert combine_verdicts(judged, inputs) == Verdict(Level.ATTENTION, ("required checks of main are pending",))


@pytest.mark.parametrize(
    ("reason", "summary"),
    [
        ("Degraded 12 min: anchor-gateway exceeded its progress deadline", "Degraded 12 min"),
        ("5 policy errors: a, b", "5 policy errors"),
        ("behind dev by 1 release; #232 waits", "behind dev by 1 release"),
        ("release.yaml:3: malformed", "release.yaml:3: malformed"),
    ],
)
def test_a_reason_is_summarized_for_a_card(reason: str, summary: str) -> None:
    assert summarize_reason(reason) == summary
