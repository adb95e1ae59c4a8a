"""Usage errors and configuration errors: exit code 2, and a message with the way out."""

from __future__ import annotations

import pytest

from anchor_tui.config.location import CONFIG_FILE_NAME
from tests.cli.process import run_in_process
from tests.config.config_files import MINIMAL


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["snapshot", "--format", "docx"], "invalid choice: 'docx'"),
        (["snapshot", "--fail-on", "failing,splendid"], "'splendid' is not one of failing, attention"),
        (["snapshot", "--timeout", "0"], "'0' is not a number of seconds"),
        (["snapshot", "--timeout", "nan"], "'nan' is not a number of seconds"),
        (["snapshot", "--timeout", "soon"], "'soon' is not a number of seconds"),
        (["snapshot", "more"], "unrecognized arguments: more"),
        (["snapshot", "--form", "json"], "unrecognized arguments: --form json"),
        (["fly"], "invalid choice: 'fly'"),
        (["--splendid"], "unrecognized arguments: --splendid"),
    ],
)
def test_wrong_usage_names_the_accepted_values(folder, capfd, argv, words):
    assert run_in_process(*argv) == 2
    printed = capfd.readouterr()
    assert words in printed.err
    assert printed.out == ""


def test_an_unknown_environment_lists_the_known_ones(folder, capfd):
    (folder / CONFIG_FILE_NAME).write_text(MINIMAL)
    assert run_in_process("--environment", "qa") == 2
    assert "there is no environment 'qa'; there are dev, staging, prod" in capfd.readouterr().err


def test_a_missing_configuration_names_the_way_out(folder, capfd):
    assert run_in_process("snapshot") == 2
    printed = capfd.readouterr()
    assert "config init" in printed.err
    assert printed.out == ""


def test_every_configuration_error_is_printed_with_its_line(folder, capfd):
    (folder / CONFIG_FILE_NAME).write_text('read_only = "yes"\n[github]\nops_repo = "anchor"\npoll_s = 1\n')
    assert run_in_process("snapshot") == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, number in zip(sorted(lines), (1, 3, 4), strict=True):
        assert f"anchor-tui.toml:{number}" in line
