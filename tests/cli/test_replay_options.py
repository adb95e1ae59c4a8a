"""`--record` and `--replay` on the command line: what they accept, and how they refuse."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from anchor_tui.services.recording.recording import Recording
from anchor_tui.services.recording.writer import RecordingWriter
from anchor_tui.services.snapshot_json import snapshot_to_json
from anchor_tui.tui import terminal
from tests import rich
from tests.cli.process import run_in_process, surroundings
from tests.config.config_files import write_own_config
from tests.services.recording.sample_snapshots import incident, steady

pytest.importorskip("pty")


@pytest.fixture
def has_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "list_streams_without_terminal", lambda: ())


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--replay", "x", "sync", "prod"), "--replay shows the past, and sync is about the present"),
        (("--replay", "x", "snapshot"), "--replay shows the past, and snapshot is about the present"),
        (("--record", "x", "snapshot"), "--record belongs to the screen, not to snapshot"),
        (("--record", "x", "--replay", "y"), "--record and --replay exclude each other"),
        (("--record", "x", "--record-max-mb", "1"), "'1' is not a number of MB from 10 to 1000000"),
        (("demo", "--record", "x", "--record-max-days", "0"), "'0' is not a number of days from 1 to 10000"),
        (("--replay", "absent.json"), "cannot read absent.json: the file does not exist"),
    ],
)
def test_options_that_do_not_fit_exit_with_2(folder, capfd, argv, words):
    assert run_in_process(*argv) == 2
    assert words in capfd.readouterr().err


def test_a_replay_needs_a_terminal_and_no_configuration(folder, capfd):
    Path("a.json").write_bytes(snapshot_to_json(rich.snapshot()))
    assert run_in_process("--replay", "a.json") == 2
    assert "the screen needs a terminal" in capfd.readouterr().err


def test_an_unknown_environment_of_a_replay_is_explained(folder, capfd, has_terminal):
    Path("a.json").write_bytes(snapshot_to_json(rich.snapshot()))
    assert run_in_process("--replay", "a.json", "--environment", "prd") == 2
    assert "did you mean prod?" in capfd.readouterr().err


def test_a_folder_that_is_recorded_already_exits_with_2(folder, capfd, has_terminal):
    write_own_config()
    writer = RecordingWriter(Path("recording"))
    assert run_in_process("--record", "recording") == 2
    writer.close()
    assert f"the process {os.getpid()} is recording there" in capfd.readouterr().err


def test_the_keys_of_the_own_configuration_are_used(folder, monkeypatch, has_terminal):
    from anchor_tui.tui import launch

    write_own_config('[github]\nops_repo = "a/b"\n[keys]\nreplay-next = "z"\n')
    Path("a.json").write_bytes(snapshot_to_json(rich.snapshot()))
    seen = []
    monkeypatch.setattr(launch, "run_replay", lambda named, keys, **_: seen.append(dict(keys)) or 0)
    assert run_in_process("--replay", "a.json") == 0
    assert seen == [{"replay-next": "z"}]


def test_a_broken_own_configuration_does_not_prevent_a_replay(folder, monkeypatch, capfd, has_terminal):
    from anchor_tui.tui import launch

    write_own_config("[github]\nops_repo = 7\n")
    Path("a.json").write_bytes(snapshot_to_json(rich.snapshot()))
    monkeypatch.setattr(launch, "run_replay", lambda named, keys, **_: len(keys))
    assert run_in_process("--replay", "a.json") == 0
    assert "the usual keys are used" in capfd.readouterr().err


def run_on_terminal(tmp_path: Path, *argv: str, until: bytes, then: bytes) -> bytes:
    """Run the command on a terminal of its own; write keys when it has printed a text. Return what it printed."""
    import pty

    ours, theirs = pty.openpty()
    environ = surroundings(tmp_path, TERM="xterm-256color", COLUMNS="110", LINES="32")
    screen = subprocess.Popen(
        [sys.executable, "-m", "anchor_tui", *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        cwd=tmp_path,
    )
    os.close(theirs)
    seen, is_typed = b"", False
    try:
        with contextlib.suppress(OSError):  # the end of a terminal
            while block := os.read(ours, 65536):
                seen += block
                if until in seen and not is_typed:
                    is_typed = True
                    os.write(ours, then)
        assert screen.wait(timeout=30) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            screen.kill()
        screen.wait()
        os.close(ours)
    return seen


def test_a_recording_is_shown_on_a_terminal(tmp_path):
    writer = RecordingWriter(tmp_path / "recording")
    writer.record(steady())
    writer.record(incident())
    writer.close()
    seen = run_on_terminal(tmp_path, "--replay", "recording@14:03", until=b"1 of 2", then=b"q")
    assert b"REPLAY 2026-11-23 14:02:31Z" in seen


def test_the_demo_is_recorded_on_a_terminal(tmp_path):
    run_on_terminal(tmp_path, "demo", "--scenario", "incident", "--record", "recording", until=b"FAILING", then=b"q")
    recording = Recording(tmp_path / "recording")
    snapshot = recording.load(len(recording.instants) - 1)
    assert recording.problems == ()
    assert [environment.name for environment in snapshot.environments] == ["dev", "staging", "prod"]
