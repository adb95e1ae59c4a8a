"""Events for the status API: delivered at least once, each under one key, refused for good or kept."""

from __future__ import annotations

import asyncio
import re

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import SendEvent
from anchor_tui.services.clock import utc_now
from anchor_tui.services.execute import outbox as module
from anchor_tui.services.execute.audit import AuditError, pending_events
from anchor_tui.services.execute.outbox import Outbox
from anchor_tui.services.execute.step_support import StepContext
from anchor_tui.sources import status_api
from tests.services.sandbox_operator import Operator, operator_at, second_operator, wait_until_true


async def emitted(op: Operator, number: int = 77) -> tuple[Plan, StepContext, str]:
    """The last step of a rollback alone."""
    plan = await op.plan("rollback", "prod", version="1.43.1")
    step = plan.step_groups[0].steps[-1]
    assert isinstance(step, SendEvent)
    learned = StepContext(plan.id, number, f"https://github.com/anchor/anchor-msp-ops/pull/{number}")
    return plan, learned, await outbox(op).send_event(plan, step, learned)


KEY = "rollback.executed:anchor/anchor-msp-ops#77"


def outbox(op: Operator) -> Outbox:
    return Outbox(op.connections, op.audit, utc_now)


def posts(op: Operator) -> int:
    return len(op.traffic.of("status"))


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("reset", 0),
        ("reset=after", 1),
        ("hang", 0),
        ("hang=after", 1),
        ("latency=0.4", 0),
        ("html", 0),
        ("status=401", 0),
        ("status=403", 0),
        ("status=429", 0),
        ("status=500", 0),
        ("status=502", 0),
        ("status=503", 0),
    ],
)
async def test_an_undelivered_event_is_repeated_with_its_key(tmp_path, monkeypatch, fault, taken):
    if "hang" in fault or "latency" in fault:
        monkeypatch.setattr(status_api, "TIMEOUT_S", 0.2)
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add(f"status:{fault},times=1")
        _, learned, words = await emitted(op)
        assert "it is sent again at the next start" in words
        assert learned.notes == [words]
        assert len(op.box.status_api.received) == taken
        assert posts(op) == 1
        (waiting,) = pending_events(op.entries)
        assert waiting.event["idempotency_key"] == KEY
        monkeypatch.undo()
        said = await outbox(another_start(op)).deliver_pending()
        assert said == ("rollback.executed of prod: rollback.executed was delivered to the status API",)
        (came,) = op.box.status_api.received
        assert (came["idempotency_key"], came["event"]) == (KEY, waiting.event)
        assert pending_events(op.entries) == ()
        assert await outbox(op).deliver_pending() == ()
        assert posts(op) == 2


def another_start(op: Operator) -> Operator:
    """The same user's next start: the same state folder."""
    again = Operator(op.box, op.traffic, op.folder)
    assert again.audit.path == op.audit.path
    return again


async def test_taken_twice_by_a_proxy_it_is_one_event(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:duplicate,times=1")
        await emitted(op)
        assert len(op.box.status_api.received) == 1
        assert pending_events(op.entries) == ()


@pytest.mark.parametrize("status", [404])
async def test_what_is_refused_for_good_is_not_sent_again(tmp_path, status):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add(f"status:status={status},times=1")
        _, _, words = await emitted(op)
        assert "refused for good" in words
        assert pending_events(op.entries) == ()
        assert await outbox(op).deliver_pending() == ()
        assert posts(op) == 1
        assert op.entries[-1].entry == "refused"


async def test_an_event_is_audited_before_it_is_sent(tmp_path):
    with operator_at("incident", tmp_path) as op:
        there: list[int] = []
        op.traffic.on_arrival.append(
            lambda asked: there.append(len(pending_events(op.audit.read_entries()))) if asked.side == "status" else None
        )
        op.box.faults.add("status:hang,times=1")
        running = asyncio.create_task(emitted(op))
        await wait_until_true(lambda: there)
        running.cancel()
        await asyncio.wait([running])
        assert there == [1]
        assert (await outbox(op).deliver_pending())[0].endswith("delivered to the status API")
        assert len(op.box.status_api.received) == 1


async def test_without_a_token_it_waits_for_one(tmp_path):
    with operator_at("incident", tmp_path) as op:
        poor = second_operator(op, "poor", environ={"STATUS_API_TOKEN": ""})
        _, _, words = await emitted(poor)
        assert "STATUS_API_TOKEN" in words
        assert (posts(op), len(pending_events(poor.entries))) == (0, 1)


async def test_a_read_only_run_sends_and_loses_nothing(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:status=503,times=1")
        await emitted(op)
        reader = Operator(op.box, op.traffic, tmp_path, read_only=True)
        assert await reader.executor.recover() == ()
        assert posts(op) == 1
        assert len(pending_events(op.entries)) == 1


async def test_the_token_is_in_no_file_and_no_word(tmp_path):
    with operator_at("incident", tmp_path) as op:
        said = []
        for fault in ("status=401", "status=500", "reset", "html"):
            op.box.faults.add(f"status:{fault},times=1")
            said.append((await emitted(op))[2])
        written = "".join(path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file())
        assert op.box.status_token not in written + "".join(said)


async def test_several_are_sent_in_the_order_in_which_they_came(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:status=503,times=3")
        for number in (77, 78, 79):
            await emitted(op, number)
        assert len(await outbox(op).deliver_pending()) == 3
        assert [each["event"]["pull_request"]["number"] for each in op.box.status_api.received] == [77, 78, 79]


async def test_an_event_of_another_account_is_not_sent(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:status=503,times=1")
        await emitted(op)
        (waiting,) = pending_events(op.entries)
        op.audit.append_entry(replace(waiting.entry, plan="forged", who="eve@elsewhere"))
        op.audit.append_entry(
            replace(waiting.entry, plan="odd", event={**waiting.event, "idempotency_key": "a\r\nb: c"})
        )
        op.audit.append_entry(replace(waiting.entry, plan="empty", event={}))
        said = await outbox(op).deliver_pending()
        assert [words.partition(": ")[2] for words in said] == [
            "rollback.executed was delivered to the status API",
            "not sent again: it is an event of eve@elsewhere",
            "not sent again: it lacks one of event, environment, idempotency_key",
            "not sent again: it lacks one of event, environment, idempotency_key",
        ]
        assert len(op.box.status_api.received) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/absent.pem"),
        ("SSL_CERT_DIR", "/dev/null"),
        ("REQUESTS_CA_BUNDLE", "/absent.pem"),
        ("HTTPS_PROXY", "socks9://user:secret@proxy:1"),
        ("ALL_PROXY", "http://[bad"),
    ],
)
async def test_an_event_that_cannot_be_sent_prevents_no_action(tmp_path, monkeypatch, cli, variable, value):
    """The status API is not on this machine, so only its delivery needs the proxy and the authorities."""
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:status=503,times=1")
        await emitted(op)
    with operator_at("steady", tmp_path, said=with_remote_status_api) as op:
        monkeypatch.setenv(variable, value)
        code, out, err = await asyncio.to_thread(cli(op), "refresh", "dev", "--wait")
        assert code == 0, out + err
        assert "rollback.executed of prod: not delivered (" in err
        assert "it is sent again at the next start" in err
        assert "secret" not in err
        assert "Traceback" not in err
        assert op.traffic.writes == ["argocd GET refresh=normal anchor-msp-dev"]


def with_remote_status_api(text: str) -> str:
    return re.sub(r'(?m)^url = "http://127.0.0.1:\d+/events"', 'url = "https://status.invalid/events"', text)


async def test_several_events_share_the_time_of_a_start(tmp_path, monkeypatch):
    with operator_at("incident", tmp_path) as op:
        op.box.faults.add("status:status=503,times=3")
        for number in (77, 78, 79):
            await emitted(op, number)
        monkeypatch.setattr(module, "REPEAT_TIMEOUT_S", 0.05)
        op.box.faults.add("status:hang")
        op.traffic.clear()
        said = await outbox(op).deliver_pending()
        assert "did not answer in time" in said[0]
        assert said[1] == "2 more events undelivered"
        assert len(pending_events(op.entries)) == 3
        assert posts(op) == 1


async def test_a_delivery_without_a_record_is_delivered(tmp_path, monkeypatch):
    with operator_at("incident", tmp_path) as op:
        append = op.audit.append_entry

        def fail_after_the_answer(line):
            if line.entry == "done":
                raise AuditError("cannot write the audit log (No space left on device)")
            append(line)

        monkeypatch.setattr(op.audit, "append_entry", fail_after_the_answer)
        _, context, words = await emitted(op)
        assert words == "rollback.executed was delivered to the status API"
        assert "is done, but not recorded: cannot write the audit log" in context.audit_error
