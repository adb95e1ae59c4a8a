"""A closed or full stdout or stderr: no traceback, and the exit code of the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import surroundings

CASES = [
    ("--version", ">&-", 0),
    ("--help", ">&-", 0),
    ("config schema", ">&-", 0),
    ("check --list", ">&-", 0),
    ("audit", ">&-", 0),
    ("fly", "2>&-", 2),
    ("snapshot", "2>&-", 2),
    ("", "2>&-", 2),
    ("audit", "<&- >&- 2>&-", 0),
    ("sync prod", "<&- >&- 2>&-", 2),
]


def run_in_shell(tmp_path, arguments, redirection):
    line = f'exec "$0" -m anchor_tui "$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments],
        env=surroundings(tmp_path, ANCHOR_TUI_STATE=str(tmp_path / "state")),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("arguments", "redirection", "code"), CASES)
def test_a_closed_stream_changes_no_exit_code(tmp_path, arguments, redirection, code):
    done = run_in_shell(tmp_path, arguments.split(), redirection)
    assert done.returncode == code
    assert b"Traceback" not in done.stdout + done.stderr


def test_errors_are_not_written_to_stdout_if_stderr_is_closed(tmp_path):
    assert run_in_shell(tmp_path, ["snapshot"], "2>&-").stdout == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["config", "schema"]], ids=" ".join)
def test_a_full_stdout_exits_with_2_and_the_reason(tmp_path, arguments):
    done = run_in_shell(tmp_path, arguments, ">/dev/full")
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert b"No space left on device" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_stderr_changes_no_exit_code(tmp_path):
    assert run_in_shell(tmp_path, ["fly"], "2>/dev/full").returncode == 2


def test_help_into_a_closed_pipe_is_silent(tmp_path):
    done = run_in_shell(tmp_path, ["--help"], "| true")
    assert done.stderr == b""
