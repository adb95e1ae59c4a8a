"""`anchor-tui incident`: the list, the hand-over in every format, and the commands that write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from msgspec.structs import replace

from anchor_tui.cli.output.incident import document, markdown, text
from anchor_tui.services.snapshot_json import snapshot_schema
from tests import golden
from tests.cli.process import run_in_process
from tests.cli.sample_incident import PULL_REQUEST_URL, make_report

GOLDEN = Path(__file__).parent / "golden"
VALIDATOR = jsonschema_rs.validator_for(document.incident_schema(), validate_formats=True)


@pytest.fixture
def incident(folder, capfd, monkeypatch):
    """Return a function that runs the command in an empty state folder."""
    (folder / "anchor-tui.toml").write_text('[github]\nops_repo = "anchor/ops"\n')
    monkeypatch.setenv("ANCHOR_TUI_CONFIG", str(folder / "anchor-tui.toml"))

    def run(*argv: str) -> tuple[int, str, str]:
        code = run_in_process("incident", *argv)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run


def test_an_empty_list_is_not_an_error(incident):
    code, out, err = incident()
    assert (code, err) == (0, "")
    assert out.startswith("there are no incidents in ")
    assert json.loads(incident("--format", "json")[1]) == {"schema": "anchor-tui/incident-list/v1", "incidents": []}


def test_reading_creates_no_file(incident, folder):
    incident()
    incident("last")
    assert not (folder / "xdg-state").exists()


def test_start_note_and_end_make_an_incident(incident):
    assert incident("start", "gateway", "is down") == (0, "incident 1 has started\n", "")
    code, out, _ = incident("note", "looking", "at the log")
    assert (code, out[:20]) == (0, "incident 1: noted at")
    code, out, _ = incident("end")
    assert (code, out) == (0, "incident 1 ended after 0 s\n")
    code, out, err = incident("1")
    assert (code, err) == (0, "")
    assert out.startswith("incident 1: gateway is down\n")
    assert "note: looking at the log, by " in out
    assert "incident ended, by " in out


def test_the_list_is_newest_first(incident):
    for title in ("one", "two"):
        incident("start", title)
        incident("end")
    incident("start", "three")
    lines = incident()[1].splitlines()
    assert [(line.split()[0], line.split()[-1]) for line in lines] == [("3", "three"), ("2", "two"), ("1", "one")]
    listed = json.loads(incident("--format", "json")[1])["incidents"]
    assert [(item["number"], item["state"]) for item in listed] == [(3, "running"), (2, "ended"), (1, "ended")]
    assert incident("--format", "markdown")[1].splitlines()[2].startswith("| 3 | ")


def test_last_is_the_newest_incident(incident):
    incident("start", "one")
    incident("end")
    incident("start", "two")
    assert json.loads(incident("last", "--format", "json")[1])["number"] == 2


def test_a_printed_document_matches_its_schema(incident):
    incident("start", "one")
    incident("note", "x")
    VALIDATOR.validate(json.loads(incident("1", "--format", "json")[1]))


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("7",), 2, "there is no incident 7 in "),
        (("last",), 2, "there is no incident in "),
        (("lst",), 2, "'lst' is not the number of an incident"),
        (("-3",), 2, ""),
        (("1", "more"), 2, "unexpected: more"),
        (("end", "now"), 2, "unexpected: now"),
        (("note",), 2, "a note needs a text"),
        (("note", " "), 2, "a note needs a text"),
        (("note", "x"), 4, "no incident is running"),
        (("end",), 4, "no incident is running"),
        (("1", "--format", "yaml"), 2, "yaml"),
    ],
)
def test_an_error_has_its_exit_code_and_reason(incident, argv, code, words):
    found, out, err = incident(*argv)
    assert (found, out) == (code, "")
    assert words in err


def test_a_second_start_names_the_running_incident(incident):
    incident("start", "one")
    code, out, err = incident("start", "two")
    assert (code, out) == (4, "")
    assert "incident 1 is running" in err


def test_without_history_no_incident_starts(incident, folder):
    with (folder / "anchor-tui.toml").open("a") as file:
        file.write("[history]\nkeep_days = 0\n")
    code, _, err = incident("start", "x")
    assert code == 4
    assert "keep_days" in err


def test_read_only_can_start_an_incident(incident):
    assert incident("--read-only", "start", "x")[0] == 0


def test_an_unreadable_file_is_an_error_with_its_reason(incident, folder):
    incident("start", "x")
    (file,) = (folder / "xdg-state").rglob("*.sqlite3")
    file.unlink()
    for companion in file.parent.glob("*.sqlite3-*"):
        companion.unlink()
    file.mkdir()
    code, out, err = incident()
    assert (code, out) == (3, "")
    assert "cannot read the history" in err


@pytest.mark.parametrize("name", ["text", "markdown", "json"])
def test_the_hand_over_matches_the_golden_document(name: str) -> None:
    render: Any = {"text": text.render, "markdown": markdown.render, "json": document.render}[name]
    golden.assert_matches_file(GOLDEN / f"incident.{name}", render(make_report()))


def test_the_minutes_of_an_environment_add_up() -> None:
    found = document.build_document(make_report())
    for impact in found.impact:
        parts = [getattr(impact, name) for name in impact.__struct_fields__ if name.endswith("_minutes")]
        assert sum(parts) == pytest.approx(found.duration_minutes, abs=0.01)


def test_a_link_is_made_of_a_web_address_only() -> None:
    report = make_report()
    assert f"[#233]({PULL_REQUEST_URL})" in markdown.render(report)
    (pull,) = report.facts.pull_requests
    for url in ("javascript:alert(1)", "https://x) [y](https://z", ""):
        facts = replace(report.facts, pull_requests=(replace(pull, url=url),))
        assert "- #233 " in markdown.render(replace(report, facts=facts))


def test_another_day_is_written_with_its_date() -> None:
    report = make_report()
    incident = replace(report.incident, ended_at=report.incident.started_at.replace(day=28))
    assert "  2026-11-28 " in text.render(replace(report, incident=incident))


def test_the_schema_is_printed(incident, capfd):
    assert run_in_process("config", "schema", "--incident") == 0
    assert json.loads(capfd.readouterr().out) == document.incident_schema()
    assert document.incident_schema()["$defs"].keys() & snapshot_schema()["$defs"].keys() == set()
