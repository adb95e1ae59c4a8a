"""The runtime context of the user, and that of the demo: isolated and temporary."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.trust import TrustStore
from anchor_tui.services import runtime_context as module
from anchor_tui.services.observe.observer import observe_once
from anchor_tui.services.runtime_context import DemoError, load_context, start_demo

ROOT = Path(__file__).parents[2]
AMBIENT = {
    "ARGOCD_SERVER": "https://production.example",
    "ARGOCD_AUTH_TOKEN": "ambient-token",
    "ARGOCD_OPTS": "--server production.example",
    "GH_TOKEN": "ambient-token",
    "GITHUB_TOKEN": "ambient-token",
    "HTTP_PROXY": "http://proxy.invalid:3128",
    "HTTPS_PROXY": "http://proxy.invalid:3128",
    "ALL_PROXY": "http://proxy.invalid:3128",
    "ANCHOR_TUI_CONFIG": "/nonexistent/anchor-tui.toml",
    "STATUS_API_URL": "https://status.example",
}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def has_ended(pid: int) -> bool:
    """Return True if the process ends within ten seconds."""
    last = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < last:
        time.sleep(0.01)
    return not is_alive(pid)


def test_the_demo_ignores_the_users_environment_and_cleans_up(monkeypatch, tmp_path):
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with start_demo("incident", read_only=True) as it:
        assert it.config.read_only
        assert it.config.argocd.server.startswith("http://127.0.0.1:")
        assert it.config.github.api_url.startswith("http://127.0.0.1:")
        assert not [value for value in it.environ.values() if value in AMBIENT.values()]
        assert it.home.is_relative_to(tmp_path)
        snapshot = observe_once(it.config, it.environ, it.home, 20)
        assert [source.state for source in snapshot.sources] == ["fresh", "fresh"]
        assert snapshot.verdict.level == "failing"
    assert list(tmp_path.iterdir()) == []


def test_the_demos_folder_is_removed_after_a_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(ZeroDivisionError), start_demo("steady", read_only=False):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_scenario_raises_demo_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(DemoError, match="unknown scenario 'nope'"), start_demo("nope", read_only=False):
        pass
    assert list(tmp_path.iterdir()) == []


PARENT = """
import os, signal, sys
from anchor_tui.services.runtime_context import start_demo
import subprocess

popen = subprocess.Popen
def noting(*a, **k):
    process = popen(*a, **k)
    print(process.pid, flush=True)
    return process
subprocess.Popen = noting
with start_demo("steady", read_only=False):
    print("up", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_demo_servers_end_when_their_parent_is_killed(tmp_path):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PARENT], env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, up = done.stdout.split()
    assert up == "up"
    assert has_ended(int(pid))


def test_the_configured_context_uses_the_users_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANCHOR_TUI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("ANCHOR_TUI_STATE", str(tmp_path / "state"))
    with pytest.raises(ConfigErrors):
        load_context(None, read_only=False)
    (tmp_path / "anchor-tui.toml").write_text('[github]\nops_repo = "a/b"\n')
    with pytest.raises(ConfigErrors, match="is not trusted and was ignored"):
        load_context(None, read_only=False)
    TrustStore(tmp_path / "state").trust(tmp_path / "anchor-tui.toml", (tmp_path / "anchor-tui.toml").read_bytes())
    it = load_context(None, read_only=True)
    assert (it.config.github.ops_repo, it.config.read_only) == ("a/b", True)
    assert it.environ is os.environ


def test_the_demo_takes_over_no_secret():
    kept = module._clean_environment({**AMBIENT, "PATH": "/bin", "HOME": "/root", "TERM": "xterm"})
    assert set(kept) == {"PATH", "HOME", "TERM", "PYTHONPATH"}
    assert json.dumps(kept).count("ambient-token") == 0
