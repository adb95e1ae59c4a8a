"""`anchor-tui diff`: files, recordings and stdin; three formats; exit codes."""

from __future__ import annotations

import gzip
import io
import json
import sys
from datetime import timedelta
from pathlib import Path

import jsonschema_rs
import pytest
from msgspec.structs import replace

from anchor_tui.services.diff_json import diff_schema
from anchor_tui.services.recording.writer import RecordingWriter
from anchor_tui.services.snapshot_json import snapshot_to_json
from tests import rich
from tests.cli.process import run_in_process
from tests.golden import assert_matches_file
from tests.services.recording.sample_snapshots import incident, later, steady
from tests.values import NOW

VALIDATOR = jsonschema_rs.validator_for(diff_schema())


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with documents and a recording, as the working folder."""
    (tmp_path / "steady.json").write_bytes(snapshot_to_json(steady()))
    (tmp_path / "later.json").write_bytes(snapshot_to_json(later(steady(), 300)))
    (tmp_path / "incident.json.gz").write_bytes(gzip.compress(snapshot_to_json(incident())))
    (tmp_path / "rich.json").write_bytes(snapshot_to_json(replace(rich.snapshot(), taken_at=NOW + timedelta(hours=1))))
    recorder = RecordingWriter(tmp_path / "recording")
    for snapshot in (steady(), incident(), later(steady(), 3600)):
        recorder.record(snapshot)
    recorder.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_equal_snapshots_exit_with_0(documents, capfd):
    assert run_in_process("diff", "steady.json", "later.json") == 0
    printed = capfd.readouterr()
    assert "no difference" in printed.out
    assert printed.err == ""


def test_different_snapshots_exit_with_1(documents, capfd):
    assert run_in_process("diff", "steady.json", "incident.json.gz") == 1
    printed = capfd.readouterr().out
    assert "anchor-msp-prod Healthy → Degraded" in printed
    assert "verdict ok → failing" in printed
    assert printed.splitlines()[1].startswith("2 changes: 1 verdict, 1 health")


@pytest.mark.parametrize("name", ["text", "json", "markdown"])
def test_the_formats_match_the_golden_documents(documents, capfd, name):
    assert run_in_process("diff", "steady.json", "rich.json", "--format", name) == 1
    assert_matches_file(Path(__file__).parent / "golden" / f"diff.{name}", capfd.readouterr().out)


@pytest.mark.parametrize("names", [("steady.json", "rich.json"), ("rich.json", "steady.json"), ("rich.json",) * 2])
def test_the_json_matches_its_schema(documents, capfd, names):
    run_in_process("diff", *names, "--format", "json")
    document = json.loads(capfd.readouterr().out)
    VALIDATOR.validate(document)
    assert document["schema"] == "anchor-tui/diff/v1"
    assert document["equal"] is (names[0] == names[1])
    assert document["summary"]["changes"] == len(document["changes"])


def test_the_schema_is_printed(capsys):
    assert run_in_process("config", "schema", "--diff") == 0
    assert json.loads(capsys.readouterr().out) == diff_schema()


def test_stdin_is_one_of_the_two(documents, capfd, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(snapshot_to_json(incident()))))
    assert run_in_process("diff", "steady.json", "-") == 1
    assert run_in_process("diff", "-", "-") == 2
    assert "cannot compare stdin with itself" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("steady.json", "recording@2026-11-23T14:03", 0),
        ("steady.json", "recording@2026-11-23 14:08", 1),
        ("steady.json", "recording", 0),
        ("recording@-55m", "recording@14:30", 0),
        ("recording@-50m", "incident.json.gz", 0),
    ],
)
def test_a_recording_is_compared_at_a_time(documents, capfd, before, after, code):
    assert run_in_process("diff", before, after) == code


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.json", "absent.json: the file does not exist"),
        ("recording@13:00", "the recording begins at 2026-11-23 14:02:31Z: name a later time"),
        ("recording@noon", "'noon' is not a time: write it as 03:12"),
        ("steady.json@13:00", "steady.json is not a recording"),
        (".", "is not a recording: it has no recording.json"),
    ],
)
def test_an_unreadable_name_exits_with_2(documents, capfd, name, words):
    assert run_in_process("diff", "steady.json", name) == 2
    printed = capfd.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_file_is_written_and_stdout_stays_empty(documents, capfd):
    assert run_in_process("diff", "steady.json", "rich.json", "-o", "out.md", "--format", "markdown") == 1
    assert capfd.readouterr().out == ""
    assert (documents / "out.md").read_text().startswith("# anchor-msp")
