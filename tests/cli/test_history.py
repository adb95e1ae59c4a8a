"""`anchor-tui history`: the recorded changes, without any server."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from anchor_tui.__main__ import run_command_line
from anchor_tui.cli import history
from anchor_tui.config.load import load_config
from anchor_tui.domain.history.records import RecordedChange
from anchor_tui.services.history.history_json import history_schema
from anchor_tui.services.history.location import find_history_file
from anchor_tui.services.history.store import HistoryBatch, HistoryStore
from tests.domain.history.samples import deployment, health, recorded
from tests.domain.history.test_timeline import flood
from tests.values import NOW, ago, replace

DOCS = Path(__file__).parents[2] / "docs" / "history.md"


class Reader:
    """Runs the command on a history of its own. No server exists."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        config = folder / "anchor-tui.toml"
        config.write_text('engine_id = "box"\n[github]\nops_repo = "anchor/anchor-msp-ops"\n')
        self.path = find_history_file(load_config(config, {}, cwd=folder), folder / "state")
        self._config, self._capfd = config, capfd
        monkeypatch.setenv("ANCHOR_TUI_STATE", str(folder / "state"))
        monkeypatch.setattr(history, "utc_now", lambda: NOW)

    def write(self, *changes: RecordedChange) -> None:
        store = HistoryStore(self.path, ago(days=1), process="host:1:test")
        store.start_session(ago(minutes=90))
        ordered = sorted(changes, key=lambda change: (change.at, change.id))
        store.write(HistoryBatch(NOW, tuple(replace(change, id=0) for change in ordered)))
        store.end_session(NOW)
        store.close()

    def run(self, *argv: str) -> tuple[int, str, str]:
        self._capfd.readouterr()
        try:
            code = run_command_line(["--config", str(self._config), "history", *argv])
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = self._capfd.readouterr()
        return code, printed.out, printed.err


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Reader:
    return Reader(tmp_path, monkeypatch, capfd)


def test_without_a_history_the_reason_is_printed(reader: Reader) -> None:
    code, out, err = reader.run()
    assert (code, out) == (0, "")
    assert f"no history is recorded yet ({reader.path})" in err
    code, out, err = reader.run("--format", "json")
    assert (code, json.loads(out)["changes"]) == (0, [])
    assert "no history is recorded yet" in err
    code, out, _ = reader.run("--format", "csv")
    assert (code, len(out.splitlines())) == (0, 1)


def test_lines_are_newest_first_with_their_causes(reader: Reader) -> None:
    reader.write(*deployment())
    code, out, err = reader.run()
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert len(lines) == 6
    assert lines[0] == (
        "2026-11-23 14:01:31Z  ✗ prod  gateway  Healthy → Degraded  ← synced 58c9961 3 min before "
        "← release 1.44.0 5 min before ← #233 merged ← #233 opened by m-ito"
    )


def test_filters_and_the_limit_select_changes(reader: Reader) -> None:
    reader.write(*deployment(), health(9, "Missing", 30, environment="dev"))
    for argv, kinds in (
        (("dev",), ["health"]),
        (("dev", "prod", "--since", "5m"), ["health", "revision"]),
        (("--kind", "release,checks"), ["release", "checks"]),
        (("--until", "2026-11-23T13:10"), ["pull-request"]),
        (("--application", "argocd/gateway", "--kind", "revision"), ["revision"]),
        (("--limit", "2"), ["health", "revision"]),
    ):
        code, out, _ = reader.run(*argv, "--format", "json")
        assert (code, [change["kind"] for change in json.loads(out)["changes"]]) == (0, kinds)
    assert "older changes" in reader.run("--limit", "2")[2]
    assert json.loads(reader.run("--limit", "2", "--format", "json")[1])["complete"] is False
    code, out, err = reader.run("--since", "1s")
    assert (code, out) == (0, "")
    assert "no recorded change matches" in err


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("prd",), "did you mean prod?"),
        (("--kind", "helth"), "did you mean health?"),
        (("--since", "yesterday"), "write it as 03:12"),
        (("--limit", "0"), "is not a number from 1"),
        (("--application", "web"), "does not contain an application"),
        (("--format", "xml"), "Choose from text, json"),
    ],
)
def test_an_unknown_name_is_a_usage_error(reader: Reader, argv: tuple[str, ...], reason: str) -> None:
    reader.write(*deployment())
    code, out, err = reader.run(*argv)
    assert (code, out) == (2, "")
    assert reason in err
    assert "usage: anchor-tui history" in err


def test_an_unknown_environment_is_reported_without_a_history(reader: Reader) -> None:
    assert reader.run("prd")[0] == 2


def test_an_environment_of_the_past_is_known(reader: Reader) -> None:
    reader.write(health(1, "Missing", environment="retired"))
    code, out, _ = reader.run("retired")
    assert (code, len(out.splitlines())) == (0, 1)


def test_a_flood_is_one_line_for_readers_only(reader: Reader) -> None:
    reader.write(*flood(300))
    (line,) = reader.run()[1].splitlines()
    assert line.endswith("~ prod  300 applications  Healthy → Progressing".replace("~", "◌"))
    assert len(reader.run("--all", "--limit", "1000")[1].splitlines()) == 300
    assert len(reader.run("--format", "csv", "--limit", "1000")[1].splitlines()) == 301


def test_times_without_observation_are_lines(reader: Reader) -> None:
    store = HistoryStore(reader.path, ago(days=1), process="host:1:test")
    store.start_session(ago(minutes=200))
    store.end_session(ago(minutes=150))
    store.close()
    reader.write(*deployment())
    assert reader.run()[1].splitlines()[-1].endswith("not observed 11:32–12:32Z")
    assert json.loads(reader.run("--format", "json")[1])["gaps"] == [
        {"since": "2026-11-23T11:32:31Z", "until": "2026-11-23T12:32:31Z"}
    ]
    rows = list(csv.DictReader(reader.run("--format", "csv")[1].splitlines()))
    assert (rows[-1]["kind"], rows[-1]["after"]) == ("not-observed", "2026-11-23T12:32:31Z")


def test_imported_and_local_changes_are_marked(reader: Reader) -> None:
    action = recorded(2, "action", "done", 1, subject="sync gateway", origin="local")
    reader.write(recorded(1, "release", "1.44.0", 2, origin="imported"), action)
    lines = reader.run()[1].splitlines()
    assert [line.rpartition("  ")[2] for line in lines] == ["(local)", "(imported)"]


def test_csv_is_quoted_and_never_a_formula(reader: Reader) -> None:
    reader.write(recorded(1, "release", '=HYPERLINK("x,y")', detail='+1 "a", b\nc', pull_request=7))
    (row,) = csv.DictReader(reader.run("--format", "csv")[1].splitlines())
    assert row["after"] == '\'=HYPERLINK("x,y")'
    assert row["detail"] == '\'+1 "a", b c'
    assert row["text"].startswith("release before → =")
    assert row["pull_request"] == "7"


def test_a_document_has_exactly_the_keys_of_its_schema(reader: Reader) -> None:
    reader.write(*deployment())
    document = json.loads(reader.run("--format", "json")[1])
    definitions = history_schema()["$defs"]
    assert document["schema"] == "anchor-tui/history/v1"
    assert list(document) == definitions["HistoryDocument"]["required"]
    (first, *_) = document["changes"]
    assert list(first) == definitions["HistoryChange"]["required"]
    assert list(first["application"]) == definitions["DocumentedApplication"]["required"]
    assert list(first["causes"][0]) == definitions["HistoryCause"]["required"]


def test_every_key_of_a_change_is_documented() -> None:
    text = DOCS.read_text()
    definitions = history_schema()["$defs"]
    keys = [key for name in ("HistoryDocument", "HistoryChange") for key in definitions[name]["properties"]]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_the_schema_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["config", "schema", "--history"]) == 0
    assert json.loads(capfd.readouterr().out)["title"] == "anchor-tui/history/v1"


def test_a_result_can_be_written_to_a_file(reader: Reader, tmp_path: Path) -> None:
    reader.write(*deployment())
    target = tmp_path / "report.md"
    assert reader.run("--format", "markdown", "-o", str(target)) == (0, "", "")
    assert target.read_text().startswith("# History of box\n\n| time (UTC) |")


def test_a_file_that_is_not_a_history_exits_with_3(reader: Reader) -> None:
    reader.path.parent.mkdir(parents=True)
    reader.path.write_text("not a database, and long enough to be read as one" * 100)
    code, out, err = reader.run()
    assert (code, out) == (3, "")
    assert "cannot read the history" in err
