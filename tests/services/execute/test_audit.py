"""The audit: on the disk before anything leaves, the owner's alone, and readable whatever a crash leaves behind."""

from __future__ import annotations

import fcntl
import getpass
import json
import multiprocessing
import os
import socket
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from anchor_tui.domain.actions.plan import GroupResult, Plan, StepGroup
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.domain.actions.steps import Sync
from anchor_tui.services.execute import audit as module
from anchor_tui.services.execute.audit import (
    FILE_NAME,
    AuditEntry,
    AuditError,
    AuditLog,
    find_unfinished,
    pending_events,
    request_summary,
    result_entry,
)
from anchor_tui.services.process_identity import acting_user, is_process_alive, this_process_id
from anchor_tui.sources.api_request import ApiRequest
from tests.domain.actions.step_examples import EVERY_STEP
from tests.plan_values import expect_plan, make_app_state, order, plan_inputs, recorded_state
from tests.values import NOW, application

EVENT = {"event": "rollback.executed", "idempotency_key": "4f1c", "from": {"version": "1", "commit": None}}


def entry(kind="intended", plan="4f1c", **changes):
    return replace(AuditEntry(NOW, kind, plan, "sync"), **changes)


@pytest.fixture
def audit(tmp_path):
    return AuditLog(tmp_path / "state" / "anchor-tui")


# --- the file -------------------------------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077])
def test_only_the_owner_can_read_file_and_folder(audit, umask):
    before = os.umask(umask)
    try:
        audit.append_entry(entry())
        audit.append_entry(entry())
    finally:
        os.umask(before)
    assert (mode(audit.path), mode(audit.path.parent)) == (0o600, 0o700)
    assert audit.path.name == FILE_NAME


def test_a_line_is_on_disk_before_append_returns(audit, monkeypatch):
    happened = []
    write, sync = os.write, os.fsync

    def recorded_write(handle, content):
        happened.append(("write", stat.S_ISDIR(os.fstat(handle).st_mode)))
        return write(handle, content)

    def recorded_sync(handle):
        happened.append(("fsync", stat.S_ISDIR(os.fstat(handle).st_mode)))
        sync(handle)

    monkeypatch.setattr(os, "write", recorded_write)
    monkeypatch.setattr(os, "fsync", recorded_sync)
    audit.append_entry(entry())
    assert happened == [("write", False), ("fsync", False), ("fsync", True)]
    happened.clear()
    audit.append_entry(entry())
    assert happened == [("write", False), ("fsync", False)]


def test_what_is_written_in_pieces_is_written_whole(audit, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:7]))
    audit.append_entry(entry(message="ä" * 50))
    audit.append_entry(entry("done"))
    assert [(each.entry, each.message) for each in audit.read_entries()] == [("intended", "ä" * 50), ("done", "")]


def test_entries_survive_encoding_as_json_lines(audit):
    given = [
        entry(message="two\nlines \u2028 \x1b[31m", reason="“why”", who="a@b", process="b:1", environments=("prod",)),
        entry("done", subject="argocd/x", step=0, request={"method": "POST"}, number=7, url="https://x/7"),
        entry(event=EVENT, step=-1),
    ]
    for each in given:
        audit.append_entry(each)
    assert audit.read_entries() == tuple(given)
    lines = audit.path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["entry"] for line in lines] == ["intended", "done", "intended"]


def test_a_plan_comes_back_with_every_kind_of_step(audit):
    plan = expect_plan(make_plan(order("sync", "prod"), plan_inputs(make_app_state())))
    plan = replace(plan, step_groups=(StepGroup("all", EVERY_STEP, application().id),))
    audit.append_entry(entry(whole=plan))
    (found,) = audit.read_entries()
    assert found.whole == plan


@pytest.mark.parametrize(
    "torn",
    [b'{"at": "2026-11-23T14', b'{"at": "2026-11-23T14:02:31Z", "entry": "done"}', b"\xff\xfe", b"[]", b"\x00" * 100],
)
def test_a_torn_last_line_costs_no_later_line(audit, torn):
    audit.append_entry(entry())
    with audit.path.open("ab") as file:
        file.write(torn)
    assert [each.entry for each in audit.read_entries()] == ["intended"]
    audit.append_entry(entry("done"))
    audit.append_entry(entry("failed"))
    assert [each.entry for each in audit.read_entries()] == ["intended", "done", "failed"]
    assert audit.unreadable_count == 1
    assert torn in audit.path.read_bytes(), "nothing is ever taken away"


def test_a_line_of_another_version_is_skipped(audit):
    audit.append_entry(entry())
    with audit.path.open("ab") as file:
        file.write(b'{"at":"2026-11-23T14:02:31Z","entry":"begun","plan":"1","action":"x"}\n')
        file.write(b'{"at":"2026-11-23T14:02:31Z","entry":"done","plan":"1","action":"x","new":true}\n\n')
    assert [each.entry for each in audit.read_entries()] == ["intended", "done"]
    assert audit.unreadable_count == 1


def test_without_a_file_there_is_nothing_to_read(audit):
    assert audit.read_entries() == ()
    assert audit.unreadable_count == 0
    assert not audit.path.exists()


def _append_many(folder, name):
    held = AuditLog(Path(folder))
    for number in range(20):
        held.append_entry(entry(plan=f"{name}-{number}", message="x" * 5000))


def test_lines_of_several_processes_never_mix(audit):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(str(audit.path.parent), f"p{number}")) for number in range(2)]
    workers += [threading.Thread(target=_append_many, args=(audit.path.parent, f"t{number}")) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = audit.read_entries()
    assert audit.unreadable_count == 0
    assert len(found) == 100
    assert {each.plan for each in found} == {
        f"{name}-{n}" for name in ("p0", "p1", "t0", "t1", "t2") for n in range(20)
    }
    own = [each.plan for each in found if each.plan.startswith("p0")]
    assert own == [f"p0-{number}" for number in range(20)]


def broken_folder(audit):
    audit.path.parent.parent.mkdir(parents=True)
    audit.path.parent.write_text("a file")


def broken_file(audit):
    audit.path.mkdir(parents=True)


@pytest.mark.parametrize("breaks", [broken_folder, broken_file])
def test_an_unwritable_audit_is_an_error_naming_the_file(audit, breaks):
    breaks(audit)
    with pytest.raises(AuditError, match="cannot write") as caught:
        audit.append_entry(entry())
    assert str(audit.path) in str(caught.value)
    assert "Nothing is executed without it" in str(caught.value)


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_full_or_broken_disk_is_an_error(audit, monkeypatch, call):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(AuditError, match="No space left on device"):
        audit.append_entry(entry())


def test_after_an_error_the_next_line_is_readable(audit, monkeypatch):
    write = os.write

    def half(handle, content):
        write(handle, content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(AuditError):
            audit.append_entry(entry())
    audit.append_entry(entry("done"))
    assert [each.entry for each in audit.read_entries()] == ["done"]
    assert audit.unreadable_count == 1


def test_an_unreadable_audit_is_an_error(audit):
    broken_file(audit)
    with pytest.raises(AuditError, match="cannot read"):
        audit.read_entries()


# --- files that another account can write ---------------------------------------------------------------------


def test_a_file_that_others_can_write_is_refused(audit):
    audit.append_entry(entry())
    for writable in (0o620, 0o602, 0o666):
        audit.path.chmod(writable)
        for use in (audit.read_entries, lambda: audit.append_entry(entry())):
            with pytest.raises(AuditError, match="other accounts can write it") as caught:
                use()
            assert f"chmod 600 {audit.path}" in str(caught.value)
    audit.path.chmod(0o600)
    assert len(audit.read_entries()) == 1


@pytest.mark.parametrize("use", [AuditLog.read_entries, lambda audit: audit.append_entry(entry("done"))])
def test_a_file_that_others_can_read_gets_its_mode_back(audit, use):
    audit.append_entry(entry())
    audit.path.chmod(0o644)
    use(audit)
    assert mode(audit.path) == 0o600


def test_a_folder_that_others_can_write_is_refused(audit):
    audit.append_entry(entry())
    audit.path.parent.chmod(0o770)
    for use in (audit.read_entries, lambda: audit.append_entry(entry())):
        with pytest.raises(AuditError, match=f"chmod 700 {audit.path.parent}"):
            use()


@pytest.mark.parametrize("name", ["euid", "file"])
def test_a_file_of_another_account_is_refused(audit, monkeypatch, name):
    audit.append_entry(entry())
    if name == "euid":
        monkeypatch.setattr(os, "geteuid", lambda: 4321)
    elif os.getuid():
        pytest.skip("only root can give a file away")
    else:
        os.chown(audit.path, 4321, -1)
    for use in (audit.read_entries, lambda: audit.append_entry(entry())):
        with pytest.raises(AuditError, match="belongs to another account"):
            use()


def make_fifo(audit, other):
    os.mkfifo(audit.path)


def make_symlink(audit, other):
    audit.path.symlink_to(other)


def make_dangling_symlink(audit, other):
    audit.path.symlink_to(other.with_name("absent"))


def make_hard_link(audit, other):
    os.link(other, audit.path)


def make_folder(audit, other):
    audit.path.mkdir()


def make_socket(audit, other):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(audit.path))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_fifo, "a named pipe"),
        (make_symlink, "a symbolic link"),
        (make_dangling_symlink, "a symbolic link"),
        (make_hard_link, "hard links"),
        (make_folder, "a folder"),
        (make_socket, "a socket"),
    ],
)
def test_another_kind_of_file_is_refused_and_never_waited_for(audit, tmp_path, monkeypatch, make, words):
    other = tmp_path / "other"
    other.write_text("")
    other.chmod(0o600)
    audit.path.parent.mkdir(parents=True, mode=0o700)
    monkeypatch.chdir(audit.path.parent)
    make(AuditLog(Path()) if make is make_socket else audit, other)
    for use in (audit.read_entries, lambda: audit.append_entry(entry())):
        with pytest.raises(AuditError, match=words):
            use()
    assert other.read_text() == ""
    assert not other.with_name("absent").exists()


def test_a_linked_folder_of_this_account_is_used(audit, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    audit.path.parent.parent.mkdir()
    audit.path.parent.symlink_to(elsewhere)
    audit.append_entry(entry())
    assert len(audit.read_entries()) == 1


def test_a_locked_file_is_an_error_after_a_while(audit, monkeypatch):
    audit.append_entry(entry())
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.02)
    with audit.path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="another process has locked it"):
            audit.append_entry(entry())
    audit.append_entry(entry("done"))


# --- odd lines ------------------------------------------------------------------------------------------

GOOD = b'{"at":"2026-11-23T14:02:31Z","entry":"done","plan":"1","action":"x"'


@pytest.mark.parametrize(
    "line",
    [
        GOOD + b',"event":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        GOOD + b',"event":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"[" * 100_000,
        GOOD + b',"step":' + b"9" * 5_000 + b"}",
        GOOD + b',"message":"\\ud800"}',
        GOOD.replace(b"2026", b"99999999") + b"}",
        GOOD.replace(b"2026-11-23", b"0000-00-00") + b"}",
    ],
)
def test_an_odd_line_costs_only_itself(audit, line):
    audit.append_entry(entry())
    with audit.path.open("ab") as file:
        file.write(line + b"\n")
    audit.append_entry(entry("failed"))
    assert [found.entry for found in audit.read_entries()] == ["intended", "failed"]
    assert audit.unreadable_count == 1


def test_only_the_newest_part_of_a_large_file_is_read(audit, monkeypatch):
    monkeypatch.setattr(module, "MAX_READ_BYTES", 1_000)
    for number in range(40):
        audit.append_entry(entry(plan=str(number)))
    found = [line.plan for line in audit.read_entries()]
    assert 0 < len(found) < 20
    assert found == [str(number) for number in range(40)][-len(found) :]
    assert audit.unreadable_count == 0
    monkeypatch.setattr(module, "MAX_READ_LINES", 3)
    assert [line.plan for line in audit.read_entries()] == ["38", "39"]


def test_a_line_that_is_too_long_is_refused(audit, monkeypatch):
    audit.append_entry(entry(message="x" * 500))
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 400)
    with pytest.raises(AuditError, match="at most 400 are written"):
        audit.append_entry(entry(message="x" * 500))
    audit.append_entry(entry("done"))
    assert [found.entry for found in audit.read_entries()] == ["done"]
    assert audit.unreadable_count == 1


def test_a_reason_that_is_not_utf8_is_written(audit):
    audit.append_entry(entry(reason="caf\udce9"))
    (found,) = audit.read_entries()
    assert found.reason == "caf\ufffd"


# --- who, and what ----------------------------------------------------------------------------------------


def test_who_acts_is_the_account_and_the_machine(monkeypatch):
    assert acting_user().endswith(f"@{socket.gethostname()}")

    def nobody():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert acting_user() == f"{os.getuid()}@{socket.gethostname()}"


def test_a_message_is_recorded_without_tokens_and_surrogates(audit, monkeypatch):
    monkeypatch.setenv("LOGNAME", "caf\udce9")
    audit.append_entry(entry(who=acting_user(), message="refused: ghp_" + "a1" * 18))
    (found,) = audit.read_entries()
    assert found.who.startswith("caf\ufffd@")
    assert found.message == "refused: ****"


def test_a_reused_process_number_is_not_this_process():
    host, pid, mark = this_process_id().split(":")
    assert (host, pid) == (socket.gethostname(), str(os.getpid()))
    assert is_process_alive(this_process_id())
    assert not is_process_alive(f"{host}:{pid}:another{mark}")


@pytest.mark.parametrize(
    ("process", "alive"),
    [
        (f"{socket.gethostname()}:{os.getppid()}:x", True),
        (f"{socket.gethostname()}:1:x", True),
        ("another-machine:1:x", True),
        ("another-machine:99999999:x", True),
        (f"{socket.gethostname()}:4194305:x", False),
        (f"{socket.gethostname()}:99999999999999999999999:x", False),
        ("", False),
    ],
)
def test_a_process_is_alive_if_its_pid_is(process, alive):
    assert is_process_alive(process) == alive


@pytest.mark.parametrize("error", [PermissionError, ProcessLookupError])
def test_a_process_of_another_user_is_alive(monkeypatch, error):
    def kill(_pid, _signal):
        raise error

    monkeypatch.setattr(os, "kill", kill)
    assert is_process_alive(f"{socket.gethostname()}:{os.getppid()}:x") == (error is PermissionError)


def test_a_request_is_recorded_without_its_body():
    assert request_summary(ApiRequest("argocd", "POST", "/x/sync", {}, {"infos": ["secret"]})) == {
        "service": "argocd",
        "method": "POST",
        "path": "/x/sync",
    }
    given = ApiRequest("github", "POST", "/graphql", {}, {"mutation": "createCommitOnBranch", "input": {"x": "secret"}})
    assert request_summary(given)["mutation"] == "createCommitOnBranch"
    assert "secret" not in json.dumps(request_summary(given))


# --- what is not finished ---------------------------------------------------------------------------------


def plan_of(id_="4f1c", *names) -> Plan:
    states = [make_app_state(application(name)) for name in (names or ("a",))]
    return expect_plan(make_plan(order("sync", "prod", request_id=id_), plan_inputs(*states)))


def begun(plan, process="host:1:x"):
    return entry(plan=plan.id, whole=plan, process=process, message=plan.title)


def of_step(kind, step, subject="argocd/a", **changes):
    return entry(kind, subject=subject, step=step, **changes)


def test_what_was_begun_and_has_no_end_is_unfinished():
    plan = plan_of()
    (found,) = find_unfinished([begun(plan), of_step("intended", 0)])
    assert (found.plan, found.subject, found.process) == (plan, "argocd/a", "host:1:x")
    assert found.last_step_entry == of_step("intended", 0)
    assert found.unanswered_entry == of_step("intended", 0)


def test_an_answered_step_is_not_unresolved():
    (found,) = find_unfinished([begun(plan_of()), of_step("intended", 0), of_step("done", 0)])
    assert found.unanswered_entry is None
    assert found.last_step_entry == of_step("done", 0)


def test_before_any_step_nothing_was_sent():
    (found,) = find_unfinished([begun(plan_of())])
    assert (found.last_step_entry, found.unanswered_entry) == (None, None)


@pytest.mark.parametrize("kind", ["done", "failed", "unknown", "refused", "drifted"])
def test_a_result_is_an_end_whatever_it_was(kind):
    plan = plan_of()
    result = result_entry(
        plan, GroupResult("argocd/a", kind, "words", 7, "https://x/7"), NOW + timedelta(seconds=1), "a@b"
    )
    assert (result.entry, result.step, result.number, result.url, result.who) == (kind, None, 7, "https://x/7", "a@b")
    assert find_unfinished([begun(plan), of_step("intended", 0), result]) == ()


def test_a_step_result_does_not_end_the_group():
    assert len(find_unfinished([begun(plan_of()), of_step("intended", 0), of_step("failed", 0)])) == 1


def test_of_several_changes_each_has_its_own_end():
    plan = plan_of("4f1c", "a", "b")
    lines = [begun(plan), of_step("intended", 0), of_step("intended", 0, "argocd/b"), of_step("done", None)]
    (found,) = find_unfinished(lines)
    assert found.subject == "argocd/b"
    assert {each.subject for each in found.entries} == {"", "argocd/b"}


def test_an_end_of_the_whole_is_one_of_every_change():
    plan = plan_of("4f1c", "a", "b")
    assert find_unfinished([begun(plan), entry("drifted")]) == ()


def test_plans_do_not_end_each_other():
    first, second = plan_of("1"), plan_of("2")
    done = entry("done", plan="2", subject="argocd/a")
    assert [each.plan.id for each in find_unfinished([begun(first), begun(second), done])] == ["1"]


def test_lines_without_a_beginning_are_nothing_unfinished():
    assert find_unfinished([of_step("intended", 0), of_step("done", None)]) == ()


def test_an_event_neither_begins_nor_ends_a_change():
    plan = plan_of()
    sent = entry("done", step=-1, subject="status API", event=EVENT)
    (found,) = find_unfinished([begun(plan), of_step("done", 0), sent])
    assert found.last_step_entry == of_step("done", 0)


# --- events that are still to be delivered ------------------------------------------------------------------


def event(kind, plan="4f1c"):
    return entry(kind, plan=plan, event=EVENT, step=-1)


@pytest.mark.parametrize(
    ("kinds", "waits"),
    [
        (["intended"], True),
        (["intended", "failed"], True),
        (["intended", "unknown"], True),
        (["intended", "failed", "failed", "done"], False),
        (["intended", "refused"], False),
        (["intended", "done", "intended"], True),
        (["done"], False),
    ],
)
def test_an_event_waits_until_it_was_taken_or_refused(kinds, waits):
    found = pending_events([event(kind) for kind in kinds])
    assert [each.event for each in found] == ([EVENT] if waits else [])


def test_the_end_of_a_plan_does_not_end_its_event():
    lines = [event("intended"), event("failed"), entry("done", subject="release of prod")]
    assert [each.entry.plan for each in pending_events(lines)] == ["4f1c"]


def test_events_wait_in_the_order_in_which_they_came():
    lines = [event("intended", "2"), event("intended", "1"), event("done", "3")]
    assert [each.entry.plan for each in pending_events(lines)] == ["2", "1"]


def test_a_plan_from_recorded_resources_is_unfinished_with_its_steps(audit):
    found = plan_inputs(environments={"staging": (recorded_state("get-staging", "managed-resources"),)})
    plan = expect_plan(make_plan(order("hard-refresh-prune", "staging"), found))
    audit.append_entry(begun(plan))
    (left,) = find_unfinished(audit.read_entries())
    assert left.plan == plan
    assert isinstance(left.plan.step_groups[0].steps[0], Sync)
