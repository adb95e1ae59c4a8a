"""Usage errors and configuration errors: exit code 2, and a message with the way out."""

from __future__ import annotations

import json
import shutil
import socket

import pytest

from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.suggestions import format_unknown_name
from tests.cli.process import run_in_process
from tests.config.config_files import MINIMAL, write_own_config
from tests.domain.policy.sample_repo import ROOT


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["snapshot", "--format", "docx"], "invalid choice: 'docx'"),
        (["snapshot", "--fail-on", "failing,splendid"], "'splendid' is not one of failing, attention"),
        (["snapshot", "--timeout", "0"], "'0' is not a number of seconds"),
        (["snapshot", "--timeout", "nan"], "'nan' is not a number of seconds"),
        (["snapshot", "--timeout", "soon"], "'soon' is not a number of seconds"),
        (["sandbox", "serve", "--storm", "soon"], "'soon' is not a number of changes per second up to 10000"),
        (["sandbox", "serve", "--storm", "-1"], "'-1' is not a number of changes per second up to 10000"),
        (["snapshot", "more"], "unrecognized arguments: more"),
        (["snapshot", "--form", "json"], "unrecognized arguments: --form json"),
        (["fly"], "there is no command 'fly'; there are demo, snapshot, watch"),
        (["--splendid"], "unrecognized arguments: --splendid"),
        (["snapshto"], "there is no command 'snapshto'; did you mean snapshot?"),
        (["config", "intit"], "there is no command 'intit'; did you mean init?"),
        (["snapshot", "--format", "jason"], "did you mean json?"),
        (["snapshot", "--fail-on", "atention"], "did you mean attention?"),
        (["snapshot", "--outptu", "x"], "did you mean --output?"),
        (["--enviroment", "prod"], "unrecognized arguments: --enviroment; did you mean --environment?"),
        (["check", "--explain", "release.pined"], "did you mean release.pinned?"),
        (["snapshot", "--demo", "--scenario", "incidnt"], "unknown scenario 'incidnt': did you mean incident?"),
        (["config", "init", "--ops-repo", "anchor"], "'anchor' is not a repository on GitHub: write OWNER/NAME"),
    ],
)
def test_wrong_usage_names_the_accepted_values(folder, capfd, argv, words):
    assert run_in_process(*argv) == 2
    printed = capfd.readouterr()
    assert words in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["promote", "prod", "--reason", "caf\udce9"], "--reason"),
        (["promote", "prod", "--version", "1.\udce9"], "--version"),
        (["promote", "\udce9"], "TO"),
        (["sync", "anchor", "\udce9"], "APP_OR_ENV..."),
        (["sync", "anchor", "--resource", "Service/\udce9"], "--resource"),
        (["--environment", "\udce9"], "--environment"),
        (["check", "--explain", "\udce9"], "--explain"),
        (["audit", "--resolve", "\udce9"], "--resolve"),
        (["demo", "--theme", "\udce9"], "--theme"),
    ],
)
def test_a_value_that_is_not_utf_8_is_refused(capfd, argv, name):
    assert run_in_process(*argv) == 2
    printed = capfd.readouterr()
    assert f"the value of {name} is not valid UTF-8" in printed.err
    assert "Traceback" not in printed.err


def test_a_path_may_have_any_bytes(folder, capfd):
    shutil.copytree(ROOT, folder / "caf\udce9")
    assert run_in_process("check", "caf\udce9", "--format", "json") == 0
    assert json.loads(capfd.readouterr().out)["path"] == "caf\ufffd"


def test_an_unknown_environment_lists_the_known_ones(folder, capfd):
    write_own_config()
    assert run_in_process("--environment", "qa") == 2
    assert "there is no environment 'qa'; there are dev, staging, prod" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("argv", "usage"),
    [
        (["snapshto"], "usage: anchor-tui [OPTIONS] COMMAND; see `anchor-tui --help`"),
        (["sync"], "usage: anchor-tui sync [OPTIONS] APP_OR_ENV...; see `anchor-tui sync --help`"),
        (["config", "intit"], "usage: anchor-tui config [OPTIONS] COMMAND; see `anchor-tui config --help`"),
        (["config", "init", "a", "b"], "usage: anchor-tui config init [OPTIONS] [PATH]; see"),
        (["promote", "dev", "--via", "mail"], "usage: anchor-tui promote [OPTIONS] TO; see"),
    ],
)
def test_wrong_usage_ends_with_a_short_usage(folder, capfd, argv, usage):
    assert run_in_process(*argv) == 2
    first, last = capfd.readouterr().err.splitlines()
    assert first.startswith("anchor-tui: ")
    assert usage in last


@pytest.mark.parametrize(
    ("argv", "near", "usage"),
    [
        (["--environment", "stagin"], "staging", "usage: anchor-tui [OPTIONS] COMMAND"),
        (["--environment", "Production"], "prod", "usage: anchor-tui [OPTIONS] COMMAND"),
        (["promote", "prdo", "--without-argocd"], "prod", "usage: anchor-tui promote [OPTIONS] TO"),
        (["promote", "prod", "--from", "stging", "--without-argocd"], "staging", "usage: anchor-tui promote"),
        (["rollback", "production", "--without-argocd"], "prod", "usage: anchor-tui rollback [OPTIONS] ENV"),
    ],
)
def test_an_unknown_environment_suggests_the_nearest_name(folder, capfd, argv, near, usage):
    write_own_config()
    assert run_in_process(*argv) == 2
    error, last = capfd.readouterr().err.splitlines()
    assert f"did you mean {near}? There are dev, staging, prod" in error
    assert usage in last


def test_a_long_list_of_names_is_cut():
    names = [f"scale-{number:04}" for number in range(80)]
    assert format_unknown_name("application", "x", names).endswith("scale-0023 and 56 more")


def test_a_missing_configuration_names_the_way_out(folder, capfd):
    assert run_in_process("snapshot") == 2
    printed = capfd.readouterr()
    assert "config init" in printed.err
    assert printed.out == ""


def test_every_configuration_error_is_printed_with_its_line(folder, capfd):
    write_own_config('read_only = "yes"\n[github]\nops_repo = "anchor"\npoll_s = 1\n')
    assert run_in_process("snapshot") == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, number in zip(sorted(lines), (1, 3, 4), strict=True):
        assert f"anchor-tui.toml:{number}" in line


def test_a_configuration_of_a_cloned_folder_sends_no_secret(folder, monkeypatch, capfd):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        text = f'[argocd]\nserver = "http://127.0.0.1:{port}"\ntoken_env = "AWS_SECRET_ACCESS_KEY"\n{MINIMAL}'
        (folder / CONFIG_FILE_NAME).write_text(text)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert run_in_process("snapshot") == 2
        assert "./anchor-tui.toml is not trusted and was ignored" in capfd.readouterr().err
        with pytest.raises(BlockingIOError):
            server.accept()
