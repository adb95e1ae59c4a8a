"""`anchor-tui metrics`: it reads the history file only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anchor_tui.__main__ import run_command_line
from anchor_tui.config.load import load_config
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.domain.history.delivery_values import change
from tests.values import NOW


class Machine:
    """A configuration and a state folder, without servers."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.config = folder / "anchor-tui.toml"
        self.config.write_text('[github]\nops_repo = "anchor/anchor-msp-ops"\n')
        self._capfd = capfd
        monkeypatch.setenv("ANCHOR_TUI_STATE", str(folder / "state"))
        self.history = find_history_file(load_config(self.config, {}, cwd=folder), folder / "state")

    def record(self, *changes: object) -> None:
        store = HistoryStore(self.history, NOW)
        store.write(HistoryBatch(NOW, (change("release", 0, "1.43.1", identity="c"),)))
        store.close()

    def run(self, *argv: str, command: str = "metrics") -> tuple[int, str, str]:
        self._capfd.readouterr()
        try:
            code = run_command_line([command, *argv, "--config", str(self.config)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = self._capfd.readouterr()
        return code, printed.out, printed.err


@pytest.fixture
def machine(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, capfd, monkeypatch)


def test_without_a_history_every_environment_is_unknown(machine: Machine):
    code, out, err = machine.run()
    assert code == 0
    assert out.startswith("dev  unknown: no history is recorded\n")
    assert f"no history is recorded yet ({machine.history})" in err


def test_the_metrics_of_one_environment_are_printed(machine: Machine):
    machine.record()
    code, out, err = machine.run("prod", "--window", "7d")
    assert (code, err) == (0, "")
    assert out.startswith("prod  last 7 d; ")
    assert "deployment frequency  too few (0)" in out
    assert "staging" not in out


def test_json_contains_every_environment(machine: Machine):
    machine.record()
    code, out, _ = machine.run("--format", "json")
    document = json.loads(out)
    assert code == 0
    assert [item["name"] for item in document["environments"]] == ["dev", "staging", "prod"]
    assert document["environments"][2]["window"]["days"] == 30


def test_the_result_is_written_to_a_file(machine: Machine, tmp_path: Path):
    code, out, _ = machine.run("--format", "markdown", "-o", str(tmp_path / "m.md"))
    assert (code, out) == (0, "")
    assert (tmp_path / "m.md").read_text().startswith("# anchor")


def test_an_unknown_environment_is_a_usage_error(machine: Machine):
    code, out, err = machine.run("prd")
    assert (code, out) == (2, "")
    assert "did you mean prod?" in err


def test_an_unknown_window_is_a_usage_error(machine: Machine):
    code, _, err = machine.run("--window", "5d")
    assert code == 2
    assert "7d, 30d, 90d" in err


def test_a_damaged_history_is_an_unavailable_source(machine: Machine):
    machine.history.parent.mkdir(parents=True)
    machine.history.write_bytes(b"x" * 4096)
    code, out, err = machine.run()
    assert (code, out) == (3, "")
    assert str(machine.history) in err


def test_a_history_that_is_off_is_reported(machine: Machine):
    machine.config.write_text(f"{machine.config.read_text()}\n[history]\nkeep_days = 0\n")
    code, out, err = machine.run("prod")
    assert code == 0
    assert out.startswith("prod  unknown: no history is recorded\n")
    assert "`[history] keep_days = 0`" in err


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
def test_the_history_command_prints_the_same_metrics(machine: Machine, format_: str):
    machine.record()
    code, out, _ = machine.run("prod", "--format", format_, "--window", "90d")
    of_history = machine.run("--metrics", "prod", "--format", format_, "--window", "90d", command="history")
    assert code == of_history[0] == 0
    assert [line for line in out.splitlines() if not is_dated(line)] == [
        line for line in of_history[1].splitlines() if not is_dated(line)
    ]


def is_dated(line: str) -> bool:
    """Return True if a line contains the time of the run."""
    return any(word in line for word in ("taken_at", "since", "until", "watched"))


def test_the_metrics_have_no_csv(machine: Machine):
    code, out, err = machine.run("--metrics", "--format", "csv", command="history")
    assert (code, out) == (2, "")
    assert "--metrics has no format csv: choose from text, json, markdown" in err
