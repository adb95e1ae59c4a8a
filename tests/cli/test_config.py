"""`anchor-tui config`: stdout contains only the result, and no file is overwritten."""

from __future__ import annotations

import json
import tomllib

import pytest

from anchor_tui.cli.arguments import CommandParser
from anchor_tui.cli.config import add_arguments, run
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.services.snapshot_json import snapshot_schema
from tests.config.config_files import MINIMAL


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("ANCHOR_TUI_CONFIG", raising=False)
    return tmp_path


def config(*argv: str) -> int:
    parser = CommandParser()
    add_arguments(parser)
    return run(parser.parse_args(argv), {"quit": ("q",), "filter": ("slash", "/")})


@pytest.mark.parametrize(
    ("argument", "file"), [([], CONFIG_FILE_NAME), (["new/a.toml"], "new/a.toml"), (["."], CONFIG_FILE_NAME)]
)
def test_init_writes_a_file_that_loads(folder, capsys, argument, file):
    assert config("init", "--ops-repo", "anchor/anchor-msp-ops", *argument) == 0
    assert [path.name for path in (folder / file).parent.iterdir()] == [(folder / file).name]
    printed = capsys.readouterr()
    assert (printed.out, "wrote" in printed.err) == ("", True)
    assert config("show", "--config", file) == 0
    assert tomllib.loads(capsys.readouterr().out)["github"]["branch"] == "main"


def test_init_without_a_repo_invents_none(folder, capsys):
    assert config("init") == 0
    assert "set [github] ops_repo in it" in capsys.readouterr().err
    assert not tomllib.loads((folder / CONFIG_FILE_NAME).read_text())["github"]
    with pytest.raises(ConfigErrors, match="ops_repo"):
        config("show")


def test_init_never_overwrites(folder, capsys):
    (folder / CONFIG_FILE_NAME).write_text("mine")
    assert config("init") == 2
    assert (folder / CONFIG_FILE_NAME).read_text() == "mine"
    assert "is not changed" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == [CONFIG_FILE_NAME]


def test_init_reports_why_it_cannot_write(folder, capsys):
    (folder / "file").write_text("")
    assert config("init", "file/a.toml") == 2
    assert "cannot create the folder file" in capsys.readouterr().err


def test_show_prints_only_toml_with_origins(folder, capsys):
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    assert config("show", "--read-only") == 0
    out = capsys.readouterr().out
    assert "read_only = true  # --read-only" in out
    assert tomllib.loads(out)["environments"][2]["protected"] is True


def test_show_checks_actions_and_check_ids_too(folder):
    text = MINIMAL + "[keys]\nqiut = 'x'\nquit = '/'\n[policy]\ndisable = ['ci.gren']\n"
    (folder / CONFIG_FILE_NAME).write_text(text)
    with pytest.raises(ConfigErrors) as caught:
        config("show")
    assert [error.key for error in caught.value.errors] == ["keys.qiut", "keys.quit", "policy.disable.0"]


def test_show_without_any_configuration_is_an_error():
    with pytest.raises(ConfigErrors, match="config init"):
        config("show")


def test_schema_is_json(capsys):
    assert config("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == CONFIG_FILE_NAME


def test_schema_of_the_snapshot_is_that_of_the_contract(capsys):
    assert config("schema", "--snapshot") == 0
    assert json.loads(capsys.readouterr().out) == snapshot_schema()


@pytest.mark.parametrize("command", [("schema",), ("schema", "--snapshot"), ("show",)])
def test_a_result_that_cannot_be_written_exits_with_2(folder, monkeypatch, command):
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    monkeypatch.setattr("anchor_tui.cli.config.write_result", lambda _: False)
    assert config(*command) == 2


def test_a_command_is_required(capsys):
    with pytest.raises(SystemExit) as caught:
        config()
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
