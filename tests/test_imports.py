"""The packages that a snapshot and the first frame import. Each further one is paid for at every start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.server import run_sandbox_in_thread
from tests.cli.process import anchor_tui

PRINT_MODULES = """
import os, sys
sys.modules["click"] = None
def print_modules(*_):
    sys.__stderr__.write("\\n" + " ".join(name for name, module in sys.modules.items() if module is not None))
    sys.__stderr__.flush()
    end(0)
end, os._exit = os._exit, print_modules
"""
"""Print the imported modules at the end. click is installed with the demo extra only, and httpx would import it."""
STOP_AT_FIRST_FRAME = f"""
{PRINT_MODULES}
from anchor_tui.tui import terminal
from textual.app import App
terminal.list_streams_without_terminal = lambda: ()
run = App.run
async def stop(pilot):
    print_modules()
App.run = lambda self: run(self, headless=True, size=(180, 50), auto_pilot=stop)
"""
"""Run the screen without a terminal, and end it after its first frame."""
SNAPSHOT_PACKAGES = {
    "_ruamel_yaml",
    "anyio",
    "certifi",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "msgspec",
    "platformdirs",
    "ruamel",
    "sniffio",
    "typing_extensions",
}
FIRST_FRAME_PACKAGES = {"msgspec", "platformdirs", "rich", "textual", "typing_extensions"}
UNCOUNTED = {"anchor_tui", "_distutils_hack", "sitecustomize", "usercustomize", "cython_runtime"}


def read_modules(tmp_path: Path, code: str, *arguments: str, faults: tuple[str, ...] = ()) -> set[str]:
    """Return the modules that a command imports that reads the sandbox."""
    with run_sandbox_in_thread("steady", faults=faults) as box:
        config = str(write_configuration(box, tmp_path / "box") / CONFIG_FILE_NAME)
        tokens = {"ARGOCD_AUTH_TOKEN": box.argocd_token, "GITHUB_TOKEN": box.github_token}
        done = anchor_tui("--config", config, *arguments, home=tmp_path, code=code, environ=tokens)
    return set(done.stderr.decode().splitlines()[-1].split())


@pytest.fixture(scope="module")
def snapshot_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return read_modules(tmp_path_factory.mktemp("snapshot"), PRINT_MODULES, "snapshot")


@pytest.fixture(scope="module")
def first_frame_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules at the first frame, before any server has answered."""
    faults = ("argocd:latency=60", "github:latency=60")
    return read_modules(tmp_path_factory.mktemp("frame"), STOP_AT_FIRST_FRAME, faults=faults)


def list_packages(modules: set[str]) -> set[str]:
    """Return the top-level packages of others."""
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - UNCOUNTED
    return {name for name in packages if not name.startswith(("__", "_cython"))}


def list_own(modules: set[str], *prefixes: str) -> list[str]:
    """Return our own modules below these packages."""
    return sorted(name for name in modules if name.startswith(tuple(f"anchor_tui.{prefix}" for prefix in prefixes)))


def test_a_snapshot_imports_only_the_packages_it_needs(snapshot_modules: set[str]) -> None:
    assert "httpx" in snapshot_modules
    assert list_packages(snapshot_modules) <= SNAPSHOT_PACKAGES


def test_a_snapshot_imports_nothing_that_acts(snapshot_modules: set[str]) -> None:
    assert "anchor_tui.services.observe.observer" in snapshot_modules
    assert list_own(snapshot_modules, "services.execute", "domain.actions", "cli.actions", "sandbox") == []


def test_a_snapshot_imports_the_keys_of_the_screen_only(snapshot_modules: set[str]) -> None:
    assert list_own(snapshot_modules, "tui.") == [
        "anchor_tui.tui.key_actions",
        "anchor_tui.tui.key_config",
        "anchor_tui.tui.keys",
    ]


def test_the_first_frame_imports_only_packages_it_needs(first_frame_modules: set[str]) -> None:
    assert "anchor_tui.tui.screens.fleet" in first_frame_modules
    assert list_packages(first_frame_modules) <= FIRST_FRAME_PACKAGES


def test_the_first_frame_imports_neither_files_nor_checks(first_frame_modules: set[str]) -> None:
    unneeded = ("domain.yaml", "domain.helm", "domain.policy.checks", "services.execute.executor", "sources.checkout")
    unneeded += ("sources.github", "services.recording", "tui.replay", "domain.snapshot_diff")
    assert list_own(first_frame_modules, *unneeded, "sandbox") == []


def test_the_first_frame_imports_nothing_of_the_history(first_frame_modules: set[str]) -> None:
    assert list_own(first_frame_modules, "services.history", "domain.history") == []
    assert "sqlite3" not in first_frame_modules


def test_a_snapshot_without_a_history_imports_no_sqlite(snapshot_modules: set[str]) -> None:
    assert "sqlite3" not in snapshot_modules


def test_the_first_frame_imports_no_other_screen(first_frame_modules: set[str]) -> None:
    dialogs = ("plan", "progress", "pull_request", "application", "environment", "help", "commands", "cutover")
    assert list_own(first_frame_modules, *(f"tui.screens.{name}" for name in dialogs)) == []
