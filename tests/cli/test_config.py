"""`anchor-tui config`: stdout holds the result alone, and nothing is overwritten."""

from __future__ import annotations

import argparse
import json
import tomllib

import pytest

from anchor_tui.cli.config import add_arguments, run
from anchor_tui.config.errors import ConfigErrors

ONE_LINE = '[github]\nops_repo = "anchor/anchor-msp-ops"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("ANCHOR_TUI_CONFIG", raising=False)
    return tmp_path


def config(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(argv), {"quit": ("q",), "filter": ("slash", "/")})


@pytest.mark.parametrize(
    ("argument", "file"), [([], "anchor-tui.toml"), (["new/a.toml"], "new/a.toml"), (["."], "anchor-tui.toml")]
)
def test_init_writes_a_file_that_loads(folder, capsys, argument, file):
    assert config("init", *argument) == 0
    assert [path.name for path in (folder / file).parent.iterdir()] == [(folder / file).name]
    said = capsys.readouterr()
    assert (said.out, "wrote" in said.err) == ("", True)
    assert config("show", "--config", file) == 0
    assert tomllib.loads(capsys.readouterr().out)["github"]["branch"] == "main"


def test_init_never_overwrites(folder, capsys):
    (folder / "anchor-tui.toml").write_text("mine")
    assert config("init") == 2
    assert (folder / "anchor-tui.toml").read_text() == "mine"
    assert "is left as it is" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["anchor-tui.toml"]


def test_init_says_why_it_cannot_write(folder, capsys):
    (folder / "file").write_text("")
    assert config("init", "file/a.toml") == 2
    assert "cannot make the folder file" in capsys.readouterr().err


def test_show_is_toml_with_origins_and_no_word_more(folder, capsys):
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    assert config("show", "--read-only") == 0
    out = capsys.readouterr().out
    assert "read_only = true  # --read-only" in out
    assert tomllib.loads(out)["environments"][2]["protected"] is True


def test_show_says_what_is_wrong_with_keys_and_checks_too(folder):
    text = ONE_LINE + "[keys]\nqiut = 'x'\nquit = '/'\n[policy]\ndisable = ['ci.gren']\n"
    (folder / "anchor-tui.toml").write_text(text)
    with pytest.raises(ConfigErrors) as caught:
        config("show")
    assert [error.key for error in caught.value.errors] == ["keys.qiut", "keys.quit", "policy.disable.0"]


def test_show_without_any_configuration_is_an_error():
    with pytest.raises(ConfigErrors, match="config init"):
        config("show")


def test_schema_is_json(capsys):
    assert config("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "anchor-tui.toml"


def test_schema_of_the_snapshot_is_the_contracts(capsys):
    contract = pytest.importorskip("anchor_tui.services.snapshot_json")
    assert config("schema", "--snapshot") == 0
    assert json.loads(capsys.readouterr().out) == contract.snapshot_schema()


@pytest.mark.parametrize("command", [("schema",), ("schema", "--snapshot"), ("show",)])
def test_a_result_that_cannot_be_written_is_no_success(folder, monkeypatch, command):
    (folder / "anchor-tui.toml").write_text(ONE_LINE)
    monkeypatch.setattr("anchor_tui.cli.config.write_result", lambda content, target: False)
    assert config(*command) == 2


def test_a_command_must_be_named(capsys):
    with pytest.raises(SystemExit) as caught:
        config()
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
