"""`anchor-tui app NAME --logs --follow`: new lines, Ctrl-C, a closed pipe, and refused combinations."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.process import surroundings
from tests.services.sandbox_operator import Operator, operator_at


@contextmanager
def start_following(op: Operator, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "anchor_tui", "app", "prod", "--logs", "--follow", *options],
        env=surroundings(op.folder, **op.environ, ANCHOR_TUI_CONFIG=str(op.folder / "anchor-tui.toml")),
        cwd=op.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def op(tmp_path, monkeypatch):
    from anchor_tui.sandbox.argocd.workloads import api

    monkeypatch.setattr(api, "FOLLOW_INTERVAL_S", 0.05)
    with operator_at("steady", tmp_path) as found:
        yield found


def test_new_lines_are_printed_until_ctrl_c(op):
    with start_following(op, "--tail", "1", "--resource", "Deployment/anchor-gateway") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(6)]
        assert all("healthz" in line or "Z " in line for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read() == "anchor-tui: interrupted\n"


def test_a_closed_pipe_ends_the_command(op):
    with start_following(op, "--format", "json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["text"]
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_the_command_ends_with_the_logs(cli, tmp_path):
    with operator_at("incident-crash", tmp_path) as op:
        code, out, _ = cli(op)("app", "prod", "--logs", "--follow", "--resource", "anchor-gateway", "--grep", "Error")
    assert code == 0
    assert out.count("KeyError") == len(out.splitlines()) > 0


def test_a_refused_log_exits_with_3(cli, tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.environ["ARGOCD_AUTH_TOKEN"] = op.box.argocd.sessions.issue_token("viewer:apiKey")
        code, out, err = cli(op)("app", "prod", "--logs", "--follow")
    assert (code, out) == (3, "")
    assert "logs, get" in err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--logs", "--previous"), "exclude each other"),
        (("--logs", "--format", "yaml"), "one JSON document per line"),
        (("--tree",), "works with --logs only"),
    ],
)
def test_a_useless_combination_is_refused(cli, tmp_path, options, reason):
    with operator_at("steady", tmp_path) as op:
        code, _, err = cli(op)("app", "prod", "--follow", *options)
    assert code == 2
    assert reason in err
