"""The command in a process of its own: the sandbox, the demo, closed pipes and imported modules."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from anchor_tui.services.snapshot_json import snapshot_from_json
from tests.cli.process import anchor_tui, surroundings
from tests.config.config_files import MINIMAL
from tests.domain.policy.sample_repo import ROOT

PRINT_MODULES = """
import os, sys
end = os._exit
def print_modules(code):
    print(*sys.modules, file=sys.stderr, flush=True)
    end(code)
os._exit = print_modules
"""
"""Print the imported modules at the end. The process ends with `os._exit`, which skips `atexit`."""


def test_a_snapshot_of_the_sandbox_in_another_process(tmp_path):
    box = tmp_path / "box"
    servers = subprocess.Popen(
        [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--scenario", "incident", "--write", str(box)],
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        announced = json.loads(servers.stdout.readline())
        tokens = dict(
            line.removeprefix("export ").replace("'", "").split("=", 1)
            for line in (box / "env").read_text().splitlines()
        )
        done = anchor_tui(
            "snapshot", "--config", announced["config"], "--fail-on", "failing", home=tmp_path, environ=tokens
        )
        assert (done.returncode, done.stderr) == (1, b"")
        assert snapshot_from_json(done.stdout).verdict.level == "failing"
    finally:
        servers.send_signal(signal.SIGTERM)
        _, err = servers.communicate(timeout=20)
    assert (servers.returncode, err) == (0, b"")


def test_the_demo_needs_no_configuration(tmp_path):
    done = anchor_tui("snapshot", "--demo", "--format", "text", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "anchor-msp" in done.stdout.decode()


def test_a_closed_pipe_prints_no_traceback(tmp_path):
    (tmp_path / "own.toml").write_text(MINIMAL)
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        "from anchor_tui.services.observe import observer\n"
        "from tests import rich\n"
        "observer.observe_once = lambda *_, **__: rich.snapshot()\n"
    )
    try:
        done = anchor_tui("--config", "own.toml", "snapshot", home=tmp_path, code=code, stdout=writing)
    finally:
        os.close(writing)
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.returncode in {0, 3}


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_no_expensive_module(tmp_path, argument):
    done = anchor_tui(argument, home=tmp_path, code=PRINT_MODULES)
    loaded = set(done.stderr.decode().split())
    assert done.returncode == 0
    assert b"anchor-tui" in done.stdout
    assert "anchor_tui.__main__" in loaded
    heavy = {"textual", "rich", "httpx", "msgspec", "github", "ruamel", "asyncio", "requests", "starlette", "dulwich"}
    assert not loaded & heavy


def test_the_version_needs_no_parser_of_arguments(tmp_path):
    done = anchor_tui("--version", home=tmp_path, code=PRINT_MODULES)
    loaded = set(done.stderr.decode().split())
    assert done.stdout.startswith(b"anchor-tui ")
    assert not loaded & {"argparse", "anchor_tui.cli.arguments", "anchor_tui.cli.command_help"}


def test_the_version_is_the_same_beside_other_options(tmp_path):
    alone, beside = (anchor_tui(*words, home=tmp_path) for words in (["--version"], ["--read-only", "--version"]))
    assert (alone.returncode, alone.stdout) == (beside.returncode, beside.stdout)


def test_help_lists_commands_without_importing_them(tmp_path):
    done = anchor_tui("--help", home=tmp_path, code=PRINT_MODULES)
    loaded = set(done.stderr.decode().split())
    commands = {"snapshot", "check", "application", "pull_request", "audit", "config", "sandbox", "actions"}
    assert not loaded & {f"anchor_tui.cli.{name}" for name in commands}
    assert b"snapshot" in done.stdout


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_bytes_that_are_not_utf_8_do_not_fail(tmp_path, locale):
    folder = tmp_path / "caf\udce9"
    shutil.copytree(ROOT, folder)
    plain = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LOGNAME": "caf\udce9"}
    done = anchor_tui("check", str(folder), home=tmp_path, environ=plain)
    assert done.returncode == 0, done.stderr
    assert b"/caf?: 0 errors" in done.stdout
    refused = anchor_tui(
        "promote", "prod", "--reason", "caf\udce9", home=tmp_path, environ=plain | {"LC_ALL": "C.UTF-8"}
    )
    assert refused.returncode == 2
    assert b"the value of --reason is not valid UTF-8" in refused.stderr
