"""The progress of a followed operation, state by state as recorded from a real Argo CD."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from anchor_tui.domain.actions.step_base import ApplicationRef, ResourceRef
from anchor_tui.domain.actions.steps import Refresh, Sync, Terminate
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForTermination,
)
from anchor_tui.domain.model import AppId
from anchor_tui.services.execute.argocd_steps import ArgoCDSteps
from anchor_tui.services.execute.step_support import StepContext, StepFailed, Timeouts
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.credentials.argocd import ArgocdAccess
from anchor_tui.sources.credentials.secret import Secret
from tests.argocd_recordings import load_recording
from tests.plan_values import STALE
from tests.sources.argocd.fakes import error_response
from tests.values import replace

DEPLOYMENT, SERVICE = STALE
OURS = {"name": "anchor-tui request", "value": "4f1c"}
REVISION = "58c99611d007a6cc61b03fc859cecf01bfcf1e22"
NOW = datetime(2026, 11, 23, 7, 43, 12, tzinfo=UTC)
PATIENT = Timeouts(argocd_poll_s=0.0005, settle_s=5, start_s=5, refresh_s=5, operation_s=5, health_s=5, silence_s=5)
"""Where the end comes by what is read, and not by time."""


NO_REFRESH, NO_START, NO_OPERATION, NO_HEALTH, NO_SILENCE, NO_SETTLING = (
    replace(PATIENT, **{f"{what}_s": 0.005})
    for what in ("refresh", "start", "operation", "health", "silence", "settle")
)
BASES = {"staging": "get-staging", "demo": "get-demo", "qa": "get-qa", "edge": "get-edge", "migrate": "get-migrate"}


class Going:
    """An Argo CD whose application goes from state to state: one each time it is read, the last for ever."""

    def __init__(self, *states, managed="managed-resources", writes=None):
        self.states = list(states)
        self.managed = managed
        self.writes = writes or {}
        self.sent: list[httpx.Request] = []
        self.read = 0
        access = ArgocdAccess(url="http://127.0.0.1", token=Secret("a-token"), origin="test")
        self.client = ArgoClient(
            resolve_connection(access), read_only=False, transport=httpx.MockTransport(self.answer)
        )

    async def argocd_client(self, _server):
        return self.client

    def answer(self, request):
        what = request.url.path.rpartition("/")[2]
        if request.method != "GET" or "refresh" in request.url.params:
            self.sent.append(request)
            if isinstance(found := self.writes.get(what, self.writes.get(request.method)), Exception):
                raise found
            return found or httpx.Response(200, json={})
        if what == "managed-resources":
            return load_recording(self.managed).response(request) if isinstance(self.managed, str) else self.managed
        if what in {"syncwindows", "metadata"} or "can-i" in request.url.path:
            return httpx.Response(404)
        self.read += 1
        found = self.states[0]
        is_held = isinstance(found, Held) and not self.sent
        if len(self.states) > 1 and not is_held:
            self.states.pop(0)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(200, json=found, headers={"date": "Mon, 23 Nov 2026 07:43:11 GMT"})


class Held(dict):
    """A state that only a write ends."""


def documents(name, *, base=None, ours=True):
    """The recorded states as whole applications; the operation carries our id."""
    found = load_recording(name)
    app = base or BASES[found.path.rpartition("-")[2]]
    return [document(app, each, ours=ours) for each in found.raw["states"]]


def document(base, state, *, ours=True):
    body = copy.deepcopy(load_recording(base).body)
    status = body["status"]
    body.pop("operation", None)
    status.pop("operationState", None)
    if state["operation"]:
        body["operation"] = copy.deepcopy(state["operation"])
    if state["operationState"]:
        status["operationState"] = copy.deepcopy(state["operationState"])
    status["sync"]["status"], status["health"]["status"] = state["sync"], state["health"]
    status["reconciledAt"] = state["reconciledAt"]
    if "requiresPruning" in state:
        gone = [each for each in map(str, STALE) if each not in state["requiresPruning"]]
    else:
        gone = list(map(str, STALE)) if state["sync"] == "Synced" else []
    status["resources"] = [each for each in status["resources"] if f"{each['kind']}/{each['name']}" not in gone]
    return signed(body) if ours else body


def signed(body, info=OURS):
    """The same, asked for by us."""
    body = copy.deepcopy(body)
    asked = [body.get("operation"), (body["status"].get("operationState") or {}).get("operation")]
    for each in asked:
        if each is not None:
            each["info"] = [*each.get("info", ()), info]
    return body


def target(going):
    first = next(each for each in going.states if isinstance(each, dict))
    metadata = first["metadata"]
    return ApplicationRef(AppId("argocd", metadata["namespace"], metadata["name"]), first["spec"]["project"])


class Followed:
    def __init__(self, going, timeouts, now):
        self.going, self.timeouts, self.now = going, timeouts, now
        self.told: list[str] = []
        self.context = StepContext("4f1c")

    @property
    def steps(self):
        return ArgoCDSteps(self.going, self.timeouts, lambda: self.now)  # type: ignore[arg-type]

    def report(self, words):
        if not self.told or self.told[-1] != words:
            self.told.append(words)

    async def operation(self, app=None, **changes):
        step = WaitForOperation(app or target(self.going), "4f1c", changes.pop("seen_revision", REVISION), **changes)
        return await self.steps.wait_for_operation(step, self.context, self.report)


def following(*states, timeouts=PATIENT, now=NOW, **going):
    return Followed(Going(*states, **going), timeouts, now)


async def ends(awaited, kind):
    with pytest.raises(StepFailed) as caught:
        await awaited
    assert caught.value.kind == kind
    return caught.value.message


# --- an operation to its end ------------------------------------------------------------------------------


async def test_a_prune_is_over_only_when_its_victims_are_gone():
    """After success and a new comparison, the application still listed the Deployment for 1.8 s."""
    states = documents("operation-phases")
    followed = following(*states)
    said = await followed.operation(resources_to_prune=STALE)
    assert said == "synced 58c9961, 2 resources deleted"
    assert followed.going.read == len(states) == 5
    assert followed.told[-1] == "deleting Deployment/status-mock"
    assert followed.context.notes == []


@pytest.mark.parametrize(
    ("name", "victims", "said"),
    [
        ("operation-phases-delete-confirm", STALE, "synced 58c9961, 2 resources deleted"),
        ("operation-phases-sync", (), "synced 58c9961"),
        ("operation-phases-rollback", (), "synced "),
        ("operation-phases-prune-resources-beside-confirm", (), "synced 58c9961, 1 resource deleted"),
        ("operation-phases-resources-unknown", (), "synced "),
        ("operation-phases-prune-resources", (), "synced 58c9961, 1 resource deleted"),
    ],
)
async def test_a_result_names_what_was_applied(name, victims, said):
    followed = following(*documents(name))
    assert (await followed.operation(resources_to_prune=victims, seen_revision=None)).startswith(said)


@pytest.mark.parametrize("name", ["operation-phases", "operation-phases-sync", "operation-phases-rollback"])
async def test_an_operation_ends_after_the_next_comparison(name):
    states = documents(name)
    over = next(each for each in states if each["status"].get("operationState", {}).get("finishedAt"))
    finished = datetime.fromisoformat(over["status"]["operationState"]["finishedAt"])
    before = copy.deepcopy(over)
    before["status"]["reconciledAt"] = f"{finished - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    never = copy.deepcopy(over)
    del never["status"]["reconciledAt"]
    for early in (before, never):
        followed = following(early, timeouts=NO_REFRESH)
        message = await ends(followed.operation(), "unknown")
        assert message == "the operation succeeded, but it was not compared again"
        assert followed.told == ["comparing"]


async def test_a_resource_that_is_never_deleted_fails_the_prune():
    followed = following(documents("operation-phases")[-2], timeouts=NO_REFRESH)
    message = await ends(followed.operation(resources_to_prune=STALE), "unknown")
    assert message == "the operation succeeded, but these resources still exist: Deployment/status-mock"


async def test_resources_kept_by_prune_false_are_not_awaited():
    states = documents("operation-phases-prune-false")
    gone = copy.deepcopy(states[-1])
    gone["status"]["resources"] = [
        each for each in gone["status"]["resources"] if (each["kind"], each["name"]) != ("Deployment", "status-mock")
    ]
    followed = following(*states, gone)
    assert await followed.operation(resources_to_prune=(DEPLOYMENT,)) == "synced 58c9961, 1 resource deleted"


async def test_a_planned_deletion_that_was_kept_is_a_failure():
    message = await ends(
        following(*documents("operation-phases-prune-false")).operation(resources_to_prune=STALE), "failed"
    )
    assert message == "the operation succeeded, but these resources were not pruned: Service/status-mock"


async def test_another_revision_than_the_one_that_was_seen_is_noted():
    followed = following(*documents("operation-phases-sync"))
    await followed.operation(seen_revision="a" * 40)
    assert followed.context.notes == ["it synced 58c9961, not aaaaaaa as planned"]


# --- an operation that fails ------------------------------------------------------------------------------


async def test_a_retrying_operation_is_not_over_until_it_fails():
    followed = following(*documents("operation-phases-retry"))
    message = await ends(followed.operation(), "failed")
    assert message.startswith("Failed: one or more synchronization tasks completed unsuccessfully")
    assert 'Service/anchor-gateway: Service "anchor-gateway" is invalid: spec.ports[0].port' in message
    assert "Service/anchor-web: " in message
    retries = [words for words in followed.told if "waiting to retry" in words]
    assert [words.partition(" failed")[0] for words in retries] == ["attempt 1", "attempt 2"]
    assert followed.going.read == 7


@pytest.mark.parametrize("name", ["operation-phases-terminate", "operation-phases-without-prune-confirm-annotation"])
async def test_a_terminated_operation_failed(name):
    followed = following(*documents(name))
    assert await ends(followed.operation(), "failed") == "Failed: Operation terminated"


async def test_an_operation_with_an_error_failed_with_its_message():
    body = signed(load_recording("get-invalid-spec-after-sync").body)
    message = await ends(following(body).operation(), "failed")
    assert message.startswith("Error: ")
    assert len(message) > len("Error: ")


# --- an operation with an unknown end ----------------------------------------------------------------------


async def test_what_was_accepted_and_never_starts_is_unknown():
    followed = following(signed(load_recording("get-operation-not-started").body), timeouts=NO_START)
    message = await ends(followed.operation(), "unknown")
    assert "accepted, but not started for" in message
    assert "is the application controller running?" in message
    assert set(followed.told) <= {"accepted, not started yet"}


async def test_what_is_accepted_and_starts_late_is_followed_on():
    states = documents("operation-phases-sync")
    followed = following(states[0], states[0], states[0], *states[1:])
    assert await followed.operation() == "synced 58c9961"


@pytest.mark.parametrize("seen", [0, 1])
async def test_a_replaced_operation_has_an_unknown_result(seen):
    theirs = documents("operation-phases-sync", ours=False)
    ours = documents("operation-phases-sync")
    followed = following(ours[seen], *theirs)
    assert await ends(followed.operation(), "unknown") == ("another operation replaced it: its result was not recorded")


async def test_a_success_seen_before_another_operation_counts():
    theirs = documents("operation-phases-sync", ours=False)
    succeeded = documents("operation-phases-sync")[-1]
    late = copy.deepcopy(succeeded)
    late["status"]["reconciledAt"] = "2020-01-01T00:00:00Z"
    assert await following(late, theirs[0]).operation() == "synced 58c9961"
    words = await ends(following(late, theirs[0]).operation(resources_to_prune=STALE), "unknown")
    assert words == "synced 58c9961; another operation started before the pruned resources were gone"


async def test_an_operation_of_another_user_is_not_ours():
    followed = following(*documents("operation-phases-sync", ours=False), timeouts=NO_START)
    assert await ends(followed.operation(), "unknown") == "its operation was not found"


async def test_one_of_ours_from_before_is_not_this_one():
    old = signed(documents("operation-phases-sync", ours=False)[-1], OURS | {"value": "another"})
    assert await ends(following(old, timeouts=NO_START).operation(), "unknown") == "its operation was not found"


async def test_the_one_before_is_waited_past_until_ours_is_seen():
    ours = documents("operation-phases-sync")
    followed = following(documents("operation-phases-sync", ours=False)[-1], *ours)
    assert await followed.operation() == "synced 58c9961"


async def test_an_endless_operation_is_reported_as_still_running():
    running = documents("operation-phases-sync")[2]
    message = await ends(following(running, timeouts=NO_OPERATION).operation(), "unknown")
    assert message == "the operation is still running: watch it on the screen, or terminate it (x)"


# --- answers that do not come ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [error_response(503, "down"), httpx.ReadTimeout("x"), httpx.ConnectError("refused"), error_response(403, "denied")],
)
async def test_temporarily_missing_responses_are_tolerated(fault):
    states = documents("operation-phases")
    followed = following(states[0], fault, states[1], fault, fault, *states[2:])
    assert await followed.operation(target(following(*states).going), resources_to_prune=STALE) == (
        "synced 58c9961, 2 resources deleted"
    )
    assert any(words.startswith("temporarily unreadable: ") for words in followed.told)


async def test_a_server_that_stays_silent_leaves_it_unknown():
    states = documents("operation-phases")
    followed = following(states[0], error_response(503, "down"), timeouts=NO_SILENCE)
    message = await ends(followed.operation(), "unknown")
    assert message.startswith("its progress cannot be read: Argo CD answered HTTP 503")


async def test_a_token_that_ends_meanwhile_leaves_it_unknown_at_once():
    followed = following(documents("operation-phases")[0], error_response(401, "token is expired"))
    message = await ends(followed.operation(), "unknown")
    assert "its progress cannot be read: 401" in message
    assert followed.going.read == 2


# --- deletions that ask to be confirmed ----------------------------------------------------------------------

CONFIRM = "operation-phases-prune-confirm-annotation"
ASKS = "managed-resources-prune-confirm-annotation"


def asking(*, writes=None, managed=ASKS, now=NOW, timeouts=PATIENT, message=None):
    """The recorded sequence; the operation waits until it is confirmed."""
    states = documents(CONFIRM)
    held = states[1]
    if message:
        held["status"]["operationState"]["message"] = message
    return following(states[0], Held(held), *states[2:], writes=writes, managed=managed, now=now, timeouts=timeouts)


def confirmed(request):
    patch = json.loads(json.loads(request.content)["patch"])
    return patch["metadata"]["annotations"]["argocd.argoproj.io/deletion-approved"]


async def test_what_the_plan_confirmed_is_confirmed_once_and_then_goes():
    followed = asking()
    said = await followed.operation(resources_to_prune=STALE, approves=(SERVICE,))
    assert said == "synced 58c9961, 2 resources deleted"
    (request,) = followed.going.sent
    assert (request.method, request.url.path) == ("PATCH", "/api/v1/applications/anchor-msp-staging")
    assert confirmed(request) == "2026-11-23T07:43:12Z"
    assert json.loads(request.content)["appNamespace"] == "argocd"
    assert followed.context.notes == ["approved the deletion of /Service/status-mock"]
    assert "waiting for pruning confirmation of /Service/status-mock" in followed.told


@pytest.mark.parametrize(
    "message",
    [
        "Waiting for pruning confirmation of v1/Service/status-mock",
        "waiting for pruning confirmation of /Service/status-mock",
    ],
)
async def test_an_older_argo_cd_s_words_are_understood(message):
    followed = asking(message=message)
    await followed.operation(resources_to_prune=STALE, approves=(SERVICE,))
    assert len(followed.going.sent) == 1


async def test_where_our_clock_is_behind_the_server_s_time_confirms():
    """A time before the operation's beginning confirms nothing, and it would wait for ever."""
    followed = asking(now=NOW - timedelta(hours=1))
    await followed.operation(resources_to_prune=STALE, approves=(SERVICE,))
    assert confirmed(followed.going.sent[0]) == "2026-11-23T07:43:11Z"


async def test_an_unplanned_deletion_is_reported_and_not_approved():
    followed = asking(timeouts=replace(PATIENT, operation_s=0.3))  # long enough to read both states on a busy machine
    message = await ends(followed.operation(resources_to_prune=(DEPLOYMENT,)), "unknown")
    assert "still running" in message
    assert followed.going.sent == []
    assert followed.told[-1].endswith(": approve it in Argo CD, or terminate it (x)")


@pytest.mark.parametrize(
    ("approves", "message"),
    [
        ((DEPLOYMENT,), None),
        ((SERVICE,), "waiting for pruning confirmation of apps/Deployment/postgres"),
        ((SERVICE,), "waiting for pruning confirmation of /Service/status-mock and 1 more resources"),
        ((SERVICE, DEPLOYMENT), "waiting for pruning confirmation of /Service/status-mock and 1 more resources"),
        ((SERVICE,), "waiting for pruning confirmation of apps/Service/status-mock"),
        ((SERVICE,), "Waiting for pruning confirmation of serving.knative.dev/v1/Service/status-mock"),
        ((ResourceRef("Service", "elsewhere", "status-mock"),), None),
        ((ResourceRef("Service", "anchor-staging", "status-mock", "x"),), None),
    ],
    ids=[
        "another",
        "something else",
        "one more",
        "one more that does not ask",
        "a group more",
        "a group and a version more",
        "another namespace",
        "another group",
    ],
)
async def test_more_than_was_confirmed_is_never_confirmed(approves, message):
    followed = asking(message=message)
    said = await ends(followed.operation(resources_to_prune=STALE, approves=approves), "failed")
    assert "which is more than this plan confirmed: check it, and terminate it (x)" in said
    assert followed.going.sent == []


async def test_a_confirmation_that_is_refused_is_a_failure():
    followed = asking(writes={"PATCH": error_response(403, "permission denied")})
    message = await ends(followed.operation(resources_to_prune=STALE, approves=(SERVICE,)), "failed")
    assert "the approval failed: 403: permission denied" in message


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), error_response(502, "bad gateway")])
async def test_an_approval_with_a_lost_response_is_not_repeated(lost):
    followed = asking(writes={"PATCH": lost})
    assert (
        await followed.operation(resources_to_prune=STALE, approves=(SERVICE,)) == "synced 58c9961, 2 resources deleted"
    )
    assert len(followed.going.sent) == 1


@pytest.mark.parametrize(
    "managed", [error_response(503, "the repo-server is down"), httpx.Response(200, json={"items": []})]
)
async def test_what_asks_is_read_before_it_is_confirmed(managed):
    followed = asking(managed=managed, timeouts=NO_OPERATION)
    with pytest.raises(StepFailed):
        await followed.operation(resources_to_prune=STALE, approves=(SERVICE,))
    assert followed.going.sent == []


# --- dry runs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("get", "said"),
    [
        ("get-after-prune-dry-run", "dry run: would be deleted: Deployment/status-mock, Service/status-mock"),
        (
            "get-after-prune-false-dry-run",
            "dry run: would be deleted: Deployment/status-mock; would be kept: Service/status-mock",
        ),
        (
            "get-after-dry-run",
            "dry run: would change: Deployment/anchor-outbox-worker, Deployment/anchor-job-worker, "
            "Deployment/anchor-web, Deployment/anchor-gateway",
        ),
    ],
)
async def test_a_dry_run_lists_what_would_be_done(get, said):
    followed = following(signed(load_recording(get).body))
    assert await followed.operation(dry_run=True) == said


async def test_a_dry_run_ends_with_its_operation():
    states = documents("operation-phases-dry-run")
    followed = following(*states)
    assert (await followed.operation(dry_run=True)).startswith("dry run: ")
    assert followed.going.read == len(states)


async def test_a_dry_run_without_changes_reports_none():
    body = signed(load_recording("get-after-prune-dry-run").body)
    results = body["status"]["operationState"]["syncResult"]["resources"]
    body["status"]["operationState"]["syncResult"]["resources"] = [
        each for each in results if "unch" in each["message"]
    ]
    assert await following(body).operation(dry_run=True) == "dry run: nothing would change"


# --- asking ---------------------------------------------------------------------------------------------------


def well(**changes):
    body = copy.deepcopy(load_recording("get").body)
    body["status"] |= changes
    return body


PROD = ApplicationRef(AppId("argocd", "argocd", "anchor-msp-prod"), "anchor-msp")


async def test_a_refresh_ends_with_a_newer_comparison():
    old, pending, fresh = well(reconciledAt="2026-11-23T07:43:10Z"), well(), well(reconciledAt="2026-11-23T07:43:11Z")
    pending["metadata"]["annotations"] = {"argocd.argoproj.io/refresh": "hard"}
    pending["status"]["reconciledAt"] = "2026-11-23T07:43:12Z"
    followed = following(old, old, pending, fresh)
    await followed.steps.request_refresh(Refresh(PROD, hard=True), followed.context)
    assert [dict(each.url.params)["refresh"] for each in followed.going.sent] == ["hard"]
    said = await followed.steps.wait_for_refresh(WaitForRefresh(PROD), followed.context, followed.report)
    assert said == "Synced, Healthy"
    assert followed.going.read == 4


@pytest.mark.parametrize(
    "fault", [httpx.ReadTimeout("x"), error_response(503, "down"), error_response(403, "permission denied")]
)
async def test_an_unsent_refresh_is_a_failure(fault):
    followed = following(fault)
    await ends(followed.steps.request_refresh(Refresh(PROD), followed.context), "failed")
    assert followed.going.sent == []


async def test_a_refresh_without_an_answer_is_followed_all_the_same():
    followed = following(well(), writes={"GET": httpx.ReadTimeout("x")})
    assert await followed.steps.request_refresh(Refresh(PROD), followed.context) == "requested; no response yet"
    assert PROD.id in followed.context.refresh_requested_at


async def test_a_refresh_that_is_refused_is_a_failure():
    followed = following(well(), writes={"GET": error_response(403, "permission denied")})
    await ends(followed.steps.request_refresh(Refresh(PROD), followed.context), "failed")


async def test_a_comparison_that_never_comes_is_unknown():
    followed = following(well(reconciledAt="2026-11-23T07:00:00Z"), timeouts=NO_REFRESH)
    followed.context.refresh_requested_at[PROD.id] = NOW
    message = await ends(
        followed.steps.wait_for_refresh(WaitForRefresh(PROD), followed.context, followed.report), "unknown"
    )
    assert "is the application controller running?" in message


async def test_with_a_broken_spec_no_comparison_is_waited_for():
    followed = following(load_recording("get-invalid-spec").body)
    followed.context.refresh_requested_at[PROD.id] = NOW
    said = await followed.steps.wait_for_refresh(WaitForRefresh(PROD), followed.context, followed.report)
    assert said == "Unknown, Unknown"


SYNC = Sync(PROD, "4f1c")


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), httpx.ReadError("reset"), error_response(504, "timeout")])
async def test_a_visible_sync_with_a_lost_response_was_applied(lost):
    shown = signed(load_recording("get-operation-not-started").body)
    followed = following(well(), shown, writes={"POST": lost})
    assert await followed.steps.request_sync(SYNC, followed.context) == "accepted"
    assert followed.context.notes == ["the response to the sync was lost, but the sync was applied"]
    assert len(followed.going.sent) == 1, "a sync is sent once"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ReadTimeout("x"), "unknown"),
        (httpx.ReadError("reset"), "failed"),
        (httpx.ConnectTimeout("x"), "failed"),
        (error_response(500, "it broke"), "failed"),
        (error_response(400, "another operation is already in progress"), "failed"),
        (error_response(403, "cannot sync: blocked by sync window"), "failed"),
    ],
)
async def test_an_invisible_sync_failed_or_is_unknown(fault, kind):
    followed = following(well(), writes={"POST": fault}, timeouts=NO_SETTLING)
    await ends(followed.steps.request_sync(SYNC, followed.context), kind)
    assert len(followed.going.sent) == 1, "a sync is sent once"


async def test_a_lost_response_of_an_unreadable_server_is_unknown():
    followed = following(error_response(503, "down"), writes={"POST": httpx.ReadTimeout("x")}, timeouts=NO_SETTLING)
    message = await ends(followed.steps.request_sync(SYNC, followed.context), "unknown")
    assert "the response was lost, and the application cannot be read: Argo CD answered HTTP 503" in message


async def test_that_another_operation_runs_may_be_about_our_own():
    shown = signed(documents("operation-phases-sync", ours=False)[2])
    refused = error_response(400, "another operation is already in progress")
    followed = following(shown, writes={"POST": refused})
    assert await followed.steps.request_sync(SYNC, followed.context) == "accepted"


# --- terminating, health, mocks -------------------------------------------------------------------------------


async def test_a_termination_is_followed_to_the_operation_s_end():
    followed = following(*documents("operation-phases-terminate", ours=False))
    said = await followed.steps.wait_for_termination(WaitForTermination(PROD), followed.report)
    assert said == "Failed: Operation terminated"
    assert followed.told == ["Terminating: waiting for completion of hook batch/Job/anchor-migrate"]


async def test_a_termination_that_a_window_holds_up_is_unknown():
    followed = following(load_recording("get-dr-after-terminate").body, timeouts=NO_REFRESH)
    message = await ends(followed.steps.wait_for_termination(WaitForTermination(PROD), followed.report), "unknown")
    assert "a sync window may block it" in message


async def test_a_termination_whose_answer_was_lost_shows_in_the_phase():
    followed = following(load_recording("get-dr-after-terminate").body, writes={"operation": httpx.ReadTimeout("x")})
    assert await followed.steps.terminate_operation(Terminate(PROD), followed.context) == "requested"
    assert followed.context.notes
    running = following(
        load_recording("get-migrate").body, writes={"operation": error_response(403, "permission denied")}
    )
    await ends(running.steps.terminate_operation(Terminate(PROD), running.context), "failed")


async def test_a_forbidden_termination_is_a_failure():
    over = following(
        load_recording("get-after-terminate").body, writes={"operation": error_response(403, "permission denied")}
    )
    assert "permission denied" in await ends(over.steps.terminate_operation(Terminate(PROD), over.context), "failed")


async def test_an_ended_operation_needs_no_termination():
    none = load_recording("terminate-none").body["message"]
    over = following(load_recording("get-after-terminate").body, writes={"operation": error_response(400, none)})
    assert await over.steps.terminate_operation(Terminate(PROD), over.context) == "the operation has already ended"


def health(status, **more):
    return well(health={"status": status} | more)


async def test_health_is_waited_for_and_its_moment_is_kept():
    followed = following(health("Progressing"), health("Healthy"))
    said = await followed.steps.wait_for_health(WaitForHealth(PROD), followed.context, followed.report)
    assert (said, followed.context.healthy_at) == ("Healthy", NOW)
    assert followed.told == ["Progressing", "Healthy"]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (health("Degraded"), "failed", "the operation succeeded, but the application is Degraded"),
        (load_recording("get-qa").body, "failed", "Degraded, "),
        (health("Missing"), "failed", "the operation succeeded, but the application is Missing"),
        (health("Progressing"), "unknown", "is not Healthy yet"),
        (health("Unknown"), "unknown", "is not Healthy yet"),
    ],
)
async def test_an_application_that_stays_unhealthy_fails(body, kind, words):
    followed = following(body, timeouts=replace(NO_HEALTH, degraded_s=0.0))
    message = await ends(followed.steps.wait_for_health(WaitForHealth(PROD), followed.context, followed.report), kind)
    assert words in message


async def test_an_old_bad_health_gets_time_to_change():
    followed = following(health("Degraded"), health("Degraded"), health("Progressing"), health("Healthy"))
    assert await followed.steps.wait_for_health(WaitForHealth(PROD), followed.context, followed.report) == "Healthy"


async def test_a_suspended_application_is_not_waited_for():
    followed = following(load_recording("get-suspended").body)
    said = await followed.steps.wait_for_health(WaitForHealth(PROD), followed.context, followed.report)
    assert said.startswith("Suspended")


async def test_that_no_mock_is_left_is_proved_from_fresh_manifests():
    followed = following(well(), managed="managed-resources-prod")
    said = await followed.steps.wait_for_no_mocks(WaitForNoMocks(PROD), followed.report)
    assert said.startswith("none among ")


@pytest.mark.parametrize(
    ("managed", "kind", "words"),
    [
        ("managed-resources", "failed", "a mock is left: "),
        (error_response(503, "the repo-server is down"), "unknown", "the repo-server is down"),
    ],
)
async def test_a_remaining_or_unknown_mock_is_not_a_success(managed, kind, words):
    followed = following(well(), managed=managed, timeouts=NO_SETTLING)
    message = await ends(followed.steps.wait_for_no_mocks(WaitForNoMocks(PROD), followed.report), kind)
    assert words in message
