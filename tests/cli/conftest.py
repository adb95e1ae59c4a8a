"""Fixtures of the command line: an empty folder, and commands on a sandbox."""

from __future__ import annotations

import os

import pytest

from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.sources.argocd.client import ArgoClient
from tests.cli.commander import make_commander


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the empty working folder, with no configuration and no token in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("ARGOCD", "GH_", "GITHUB_", "ANCHOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("ARGOCD_CONFIG_DIR", str(tmp_path / "argocd"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def box(folder, monkeypatch):
    """Return the servers of the scenario `incident`, configured for commands of this process."""
    with run_sandbox_in_thread("incident") as box:
        write_configuration(box, folder / "box")
        monkeypatch.setenv("ARGOCD_AUTH_TOKEN", box.argocd_token)
        monkeypatch.setenv("GITHUB_TOKEN", box.github_token)
        monkeypatch.setenv("ANCHOR_TUI_CONFIG", str(folder / "box" / CONFIG_FILE_NAME))
        yield box


@pytest.fixture
def cli(monkeypatch, capfd):
    """Return a function that takes an operator and returns its command line."""
    return lambda op: make_commander(op, monkeypatch, capfd)


@pytest.fixture
def short_requests(monkeypatch):
    """Limit each request that changes something to a second: tests that lose its answer wait for that."""
    monkeypatch.setitem(ArgoClient.send.__kwdefaults__, "timeout_s", 1.0)
