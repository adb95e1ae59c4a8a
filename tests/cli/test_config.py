"""`anchor-tui config`: stdout contains only the result, and no file is overwritten."""

from __future__ import annotations

import json
import tomllib

import pytest

from anchor_tui.cli.arguments import CommandParser
from anchor_tui.cli.config import add_arguments, run
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.usual_keys import UsualKeys
from anchor_tui.services.snapshot_json import snapshot_schema
from tests.config.config_files import MINIMAL, write_own_config


@pytest.fixture(autouse=True)
def folder(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("xdg")))
    monkeypatch.setenv("ANCHOR_TUI_STATE", str(tmp_path_factory.mktemp("state")))
    monkeypatch.delenv("ANCHOR_TUI_CONFIG", raising=False)
    return tmp_path


def config(*argv: str) -> int:
    parser = CommandParser()
    add_arguments(parser)
    return run(parser.parse_args(argv), {"quit": UsualKeys(("q",)), "filter": UsualKeys(("slash", "/"))})


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
    with pytest.raises(ConfigErrors, match="not trusted"):
        config("show")
    assert config("trust") == 0
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
    write_own_config()
    assert config("show", "--read-only") == 0
    out = capsys.readouterr().out
    assert "read_only = true  # --read-only" in out
    assert tomllib.loads(out)["environments"][2]["protected"] is True


def test_show_checks_actions_and_check_ids_too(folder):
    text = MINIMAL + "[keys]\nqiut = 'x'\nquit = '/'\n[policy]\ndisable = ['ci.gren']\n"
    write_own_config(text)
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
    write_own_config()
    monkeypatch.setattr("anchor_tui.cli.config.write_result", lambda _: False)
    assert config(*command) == 2


def test_a_command_is_required(capsys):
    with pytest.raises(SystemExit) as caught:
        config()
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_a_file_is_used_from_trust_to_untrust(folder, capsys):
    write_own_config(MINIMAL.replace("anchor-msp-ops", "own"))
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    assert config("show") == 0
    printed = capsys.readouterr()
    assert "anchor/own" in printed.out
    assert (
        "./anchor-tui.toml is not trusted and was ignored: read it, then run `anchor-tui config trust`" in printed.err
    )
    assert config("trust") == 0
    assert "is trusted until it changes" in capsys.readouterr().err
    assert config("show") == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].endswith("anchor-tui.toml, trusted by `anchor-tui config trust`")
    assert printed.err == ""
    assert config("untrust") == 0
    assert config("show") == 0
    assert "anchor/own" in capsys.readouterr().out


def test_path_prints_the_file_and_the_reason(folder, capsys):
    assert config("path") == 2
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    assert config("path") == 2
    assert "is not trusted" in capsys.readouterr().err
    config("trust", ".")
    capsys.readouterr()
    assert config("path") == 0
    printed = capsys.readouterr()
    assert printed.out == f"{folder / CONFIG_FILE_NAME}\n"
    assert "trusted by `anchor-tui config trust`" in printed.err


def test_trust_of_a_missing_file_is_a_usage_error(capsys):
    assert config("trust", "none.toml") == 2
    assert "none.toml: the file does not exist" in capsys.readouterr().err
    assert config("untrust", "none.toml") == 0


def test_init_trusts_the_file_it_has_written(folder, capsys):
    assert config("init", "--ops-repo", "a/b") == 0
    assert config("show") == 0
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    with pytest.raises(ConfigErrors, match="not trusted"):
        config("show")


def test_path_prints_no_escape_sequence_and_no_surrogate(monkeypatch, capsys):
    monkeypatch.setenv("ANCHOR_TUI_CONFIG", "a\x1b]0;x\udcff")
    assert config("path") == 0
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert printed.out.encode()
