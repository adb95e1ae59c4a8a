"""`anchor-tui watch`: the present state, then one line for each change."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.cli.watch import ChangePrinter
from anchor_tui.domain.history.records import HistoryFilter
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Loading, Stale, Unavailable
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.facts_reader import needs_past_syncs
from anchor_tui.services.history.queries import HistoryReader
from anchor_tui.services.observe import follow, settling
from tests.cli.process import run_in_process, surroundings
from tests.config.config_files import MINIMAL, write_own_config
from tests.services.sandbox_operator import wait_until
from tests.values import NOW, ago, application, argocd, config, fresh, readings

HEALTHY = build_snapshot(config(), readings(), NOW)
LOADING = build_snapshot(config(), readings(Loading()), NOW)
LOST = build_snapshot(
    config(), readings(Stale(argocd(), ago(minutes=1), (), SourceFailure("timeout", "no answer"))), NOW
)
DEGRADED = build_snapshot(
    config(),
    readings(
        fresh(argocd(application("anchor-msp-dev"), application("anchor-msp-staging"), application(health="Degraded")))
    ),
    NOW,
)


def print_snapshots(capfd: Any, *snapshots: Any, **options: Any) -> list[list[str]]:
    """Return the lines that are printed for each snapshot, without their times."""
    arguments = argparse.Namespace(**{"environments": [], "format": "text", "kind": (), **options})
    printer = ChangePrinter(arguments)
    lines = []
    for snapshot in snapshots:
        printer.print_snapshot(snapshot)
        lines.append([line.partition(" ")[2] for line in capfd.readouterr().out.splitlines()])
    return lines


def test_the_present_state_is_printed_when_every_source_has_answered(capfd):
    first, second, third = print_snapshots(capfd, LOADING, HEALTHY, HEALTHY)
    assert (first, third) == ([], [])
    assert "= Argo CD is read" in second
    assert "= prod: release 1.43.1 (#1431): Release 1.43.1" in second
    assert all(line.startswith("= ") for line in second)


def test_each_change_is_one_line(capfd):
    assert print_snapshots(capfd, HEALTHY, DEGRADED)[1] == [
        "~ prod: verdict ok → failing: Degraded 3 d",
        "~ prod: anchor-msp-prod Healthy → Degraded",
    ]


def test_a_lost_source_is_one_line(capfd):
    _, lost, back = print_snapshots(capfd, HEALTHY, LOST, HEALTHY)
    assert lost == ["~ Argo CD is not read any more: no answer"]
    assert back == ["~ Argo CD is read again"]


def test_a_change_behind_a_lost_source_is_printed_later(capfd):
    assert print_snapshots(capfd, HEALTHY, LOST, DEGRADED)[2] == [
        "~ Argo CD is read again",
        "~ prod: verdict ok → failing: Degraded 3 d",
        "~ prod: anchor-msp-prod Healthy → Degraded",
    ]


def test_environments_and_kinds_select_lines(capfd):
    assert print_snapshots(capfd, HEALTHY, DEGRADED, environments=["dev"])[1] == []
    assert print_snapshots(capfd, HEALTHY, DEGRADED, kind=("health",))[1] == [
        "~ prod: anchor-msp-prod Healthy → Degraded"
    ]
    assert "= GitHub is read" in print_snapshots(capfd, HEALTHY, environments=["dev"])[0]


def test_a_source_that_answers_late_is_a_change(capfd):
    unread = build_snapshot(config(), readings(repo=Unavailable(SourceFailure("timeout", "no answer"))), NOW)
    first, second = print_snapshots(capfd, unread, HEALTHY)
    assert "= GitHub cannot be read: no answer" in first
    assert "~ GitHub is read again" in second
    assert "~ prod: release 1.43.1 (#1431): Release 1.43.1" in second


def test_json_contains_every_value(capfd):
    arguments = argparse.Namespace(environments=[], format="jsonl", kind=("health",))
    printer = ChangePrinter(arguments)
    printer.print_snapshot(HEALTHY)
    present = json.loads(capfd.readouterr().out.splitlines()[-1])
    printer.print_snapshot(DEGRADED)
    (line,) = capfd.readouterr().out.splitlines()
    assert json.loads(line) == {
        "schema": "anchor-tui/change/v1",
        "at": "2026-11-23T14:02:31Z",
        "present": False,
        "kind": "health",
        "environment": "prod",
        "application": {"server": "argocd", "namespace": "argocd", "name": "anchor-msp-prod"},
        "subject": None,
        "place": None,
        "before": "Healthy",
        "after": "Degraded",
        "severity": None,
        "pull_request": None,
        "reported_at": "2026-11-20T14:02:31Z",
        "detail": "",
        "text": "prod: anchor-msp-prod Healthy → Degraded",
    }
    assert present["present"] is True


def test_a_missing_token_ends_the_watch(folder, capfd):
    write_own_config()
    assert run_in_process("watch", "--for", "20s") == 2
    printed = capfd.readouterr()
    assert "= Argo CD cannot be read" in printed.out
    assert "no address of Argo CD" in printed.err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["prd"], "there is no environment 'prd'; did you mean prod?"),
        (["--kind", "helth"], "did you mean health?"),
        (["--for", "soon"], "'soon' is not a duration up to a week"),
        (["--for", "0"], "'0' is not a duration"),
    ],
)
def test_wrong_arguments_are_named(folder, capfd, argv, message):
    write_own_config()
    assert run_in_process("watch", *argv) == 2
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "--notify sends nothing: set desktop or run in [notify]"),
        ("[notify]\ndesktop = 'osc9'\n", "--notify cannot send osc9: stderr is not a terminal"),
    ],
)
def test_notify_names_what_it_needs(folder, capfd, table, message):
    write_own_config(MINIMAL + table)
    assert run_in_process("watch", "--notify") == 2
    assert message in capfd.readouterr().err


# --- a process ---------------------------------------------------------------------------------------


@contextmanager
def watching(folder: Any, *options: str) -> Any:
    """Run the command in a process; yield it, and a function that returns the line that contains a text."""
    names = ("ARGOCD_AUTH_TOKEN", "GITHUB_TOKEN", "ANCHOR_TUI_CONFIG")
    process = subprocess.Popen(
        [sys.executable, "-m", "anchor_tui", "watch", *options],
        env=surroundings(folder, **{name: os.environ[name] for name in names}),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True)
    reader.start()

    def find(text: str) -> str:
        while text not in (line := lines.get(timeout=30)):
            pass
        return line

    try:
        yield process, find
    finally:
        process.kill()
        process.wait(timeout=20)
        reader.join(timeout=20)
        process.stdout.close()
        process.stderr.close()


def test_a_merge_is_printed_and_recorded_until_ctrl_c(box, folder):
    with watching(folder) as (process, find):
        find("= staging: release 1.43.2")
        wait_until(lambda: "open" in read_states_of_pull_request(folder, 232), within_s=30)
        box.call_in_loop(lambda: box.github_repo.merge_pull_request(232, by="a-lee", time=box.clock.now()))
        assert "1.43.2 → 1.44.0" in find("~ staging: release")
        assert "#232 merged" in find("#232")
        wait_until(lambda: "merged" in read_states_of_pull_request(folder, 232), within_s=30)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read() == "anchor-tui: interrupted\n"
    (path,) = folder.rglob("history/*.sqlite3")
    assert not needs_past_syncs(path)


def read_states_of_pull_request(folder: Path, number: int) -> set[str | None]:
    """Return the recorded states; none while there is no history that can be read."""
    states: set[str | None] = set()
    for path in folder.rglob("history/*.sqlite3"):
        with suppress(HistoryError), HistoryReader(path) as history:
            page = history.read_page(HistoryFilter(kinds=("pull-request",), pull_request=number))
            states |= {change.after for change in page.changes}
    return states


def test_a_closed_pipe_ends_the_watch_quietly(box, folder):
    read, write = os.pipe()
    names = ("ARGOCD_AUTH_TOKEN", "GITHUB_TOKEN", "ANCHOR_TUI_CONFIG")
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "anchor_tui", "watch"],
        env=surroundings(folder, **{name: os.environ[name] for name in names}),
        cwd=folder,
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("snapshot", "code"), [(HEALTHY, 0), (LOST, 3)])
def test_the_watch_ends_after_its_time(folder, capfd, monkeypatch, snapshot, code):
    async def follow_snapshots(*_, **__):
        yield snapshot
        await asyncio.Event().wait()

    monkeypatch.setattr(follow, "follow_snapshots", follow_snapshots)
    monkeypatch.setattr(settling, "EVIDENCE_TIMEOUT_S", 0.0)
    write_own_config()
    assert run_in_process("watch", "--for", "1s", "prod") == code
    out = capfd.readouterr().out
    assert "= prod: release" in out
    assert "staging" not in out
