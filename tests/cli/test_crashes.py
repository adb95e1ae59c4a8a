"""Internal errors and interrupts: exit code 70 or 130, one line, and a report without any value."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from unittest.mock import Mock

import pytest

from anchor_tui import __main__ as entry
from anchor_tui.cli import crash_report
from anchor_tui.cli.crash_report import describe_error, mask_values, report_crash
from anchor_tui.tui.errors import ScreenCrashedError
from tests.cli.process import ROOT, anchor_tui, surroundings

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
CRASH = f"""
import anchor_tui.cli.audit as audit
def run(arguments):
    token = "{SECRET}"
    raise ERROR("{SECRET} is wrong")
audit.run = run
"""
IMPORT_ERROR = "import sys; sys.modules['anchor_tui.services.execute.audit'] = None"
THREAD_ERROR = f"""
import threading
import anchor_tui.cli.audit as audit
def fail():
    raise ValueError("{SECRET}")
def run(arguments):
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    return 0
audit.run = run
"""


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("ANCHOR_TUI_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def crash(tmp_path, code):
    done = anchor_tui(
        "audit", "--reason", SECRET, home=tmp_path, code=code, environ={"ANCHOR_TUI_STATE": str(tmp_path / "state")}
    )
    (report,) = (tmp_path / "state" / "crashes").iterdir()
    return done.returncode, done.stderr.decode(), report


@pytest.mark.parametrize("error", ["ValueError", "MemoryError", "RecursionError", "GeneratorExit", "SystemExit"])
def test_an_internal_error_is_one_line_and_a_report(tmp_path, error):
    code, err, report = crash(tmp_path, CRASH.replace("ERROR", error))
    assert code == 70
    assert err == f"anchor-tui: internal error ({error}); report: {report}\n"
    text = report.read_text()
    assert f"builtins.{error}\n" in text
    assert "in run\n" in text
    assert "command: anchor-tui audit --reason …" in text
    assert SECRET not in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("code", "status"), [(IMPORT_ERROR, 70), (THREAD_ERROR, 0)])
def test_other_errors_print_no_traceback(tmp_path, code, status):
    found, err, report = crash(tmp_path, code)
    assert (found, err.count("\n")) == (status, 1)
    assert SECRET not in err + report.read_text()


def test_an_error_while_parsing_arguments_is_reported(monkeypatch, state, capfd):
    monkeypatch.setattr(entry, "build_parser", Mock(side_effect=RuntimeError(SECRET)))
    assert entry._run_guarded(["audit"]) == 70
    assert capfd.readouterr().err.startswith("anchor-tui: internal error (RuntimeError); report: ")


@pytest.mark.parametrize("exception", [OSError(28, "full"), MemoryError()])
def test_a_report_that_cannot_be_written_is_one_line(monkeypatch, state, capfd, exception):
    def refuse(*_):
        raise exception

    monkeypatch.setattr(crash_report, "_write_new_file", refuse)
    assert report_crash(ValueError(), []) == 70
    assert capfd.readouterr().err == "anchor-tui: internal error (ValueError); no report could be written\n"


def test_a_report_falls_back_to_a_temporary_file(tmp_path, monkeypatch, state, capfd):
    state.write_text("a file instead of the folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert report_crash(ValueError(), []) == 70
    (report,) = tmp_path.glob("anchor-tui-crash-*.txt")
    assert str(report) in capfd.readouterr().err
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_only_the_newest_reports_are_kept(state, capfd):
    for _ in range(crash_report.MAX_REPORTS + 3):
        report_crash(ValueError(), [])
    kept = sorted(str(path) for path in (state / "crashes").iterdir())
    assert len(kept) == crash_report.MAX_REPORTS
    assert capfd.readouterr().err.rstrip().endswith(kept[-1])


def test_the_report_of_the_screen_is_used(state, monkeypatch):
    error = ScreenCrashedError(ValueError(SECRET))
    error.report = "the screen's own report"
    monkeypatch.setattr(entry, "build_parser", Mock(side_effect=error))
    assert entry._run_guarded([]) == 70
    (report,) = (state / "crashes").iterdir()
    assert "the screen's own report" in report.read_text()


def test_a_deep_stack_is_shortened():
    def recurse():
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()
    assert len(describe_error(caught.value).splitlines()) < 100


def test_causes_are_described_without_their_messages():
    error = ValueError(SECRET)
    error.__cause__ = KeyError(SECRET)
    text = describe_error(error)
    assert "caused by builtins.KeyError" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["sync", "prod", "--reason", "secret"], "sync … --reason …"),
        (["sync", "--reason=secret", "-x", SECRET], "sync --reason=… … …"),
        (["config", "show", f"--{SECRET}"], "config show …"),
    ],
)
def test_values_of_arguments_are_masked(argv, shown):
    assert mask_values(argv) == shown


@pytest.mark.parametrize(
    "moment",
    [
        "import builtins, os, signal\nreal = builtins.__import__\n"
        "def slow(name, *rest, **more):\n"
        "    if name == 'argparse': os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = slow\n",
        "import os, signal\nimport anchor_tui.cli.audit as audit\n"
        "audit.run = lambda _: os.kill(os.getpid(), signal.SIGINT)\n",
    ],
)
def test_an_interrupt_is_one_line(tmp_path, moment):
    done = anchor_tui("audit", home=tmp_path, code=moment)
    assert (done.returncode, done.stderr, done.stdout) == (130, b"anchor-tui: interrupted\n", b"")


def test_an_interrupt_of_a_running_command_is_one_line(tmp_path):
    (tmp_path / "own.toml").write_text(
        '[argocd]\nserver = "http://127.0.0.1:9"\ntoken_env = "TOKEN"\n[github]\nops_repo = "a/b"\n'
    )
    code = (
        "import asyncio, sys\n"
        "from anchor_tui.services.observe import observer\n"
        "async def hang(*_, **__):\n"
        "    asyncio.ensure_future(asyncio.sleep(60))\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "observer.Observer.read_once = hang\n"
        "from anchor_tui.__main__ import main\n"
        "main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--config", "own.toml", "snapshot"],
        env=surroundings(tmp_path, TOKEN="x"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"anchor-tui: interrupted\n")


def test_the_entry_point_imports_nothing_before_its_guard():
    program = "import sys; import anchor_tui.__main__; print(*[n for n in sys.modules if n.startswith('anchor_tui')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT, env=os.environ)
    assert set(done.stdout.decode().split()) == {"anchor_tui", "anchor_tui.__main__"}
