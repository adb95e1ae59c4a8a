"""Odd files and values: each becomes an error with the file, never another exception."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import load_config, parse_config
from tests.config.config_files import MINIMAL

POLL = "poll_s = "


def read_errors(text):
    with pytest.raises(ConfigErrors) as caught:
        parse_config(text, Path("/etc/a.toml"), {"HOME": "/home/op"})
    return [(error.file, error.line, error.key, error.message) for error in caught.value.errors]


@pytest.mark.parametrize("value", ["1e30", "inf", "-inf", "nan", "-1", "1" + "0" * 30, "0x" + "f" * 5000, "true"])
def test_an_odd_number_is_an_error_with_line_and_key(value):
    ((file, line, key, message),) = read_errors(MINIMAL + POLL + value)
    assert (file, line, key) == ("/etc/a.toml", 3, "github.poll_s")
    assert "accepted: a whole number from 5 to 10000000" in message
    assert len(message) < 200


@pytest.mark.parametrize("digits", ["9" * 5000, "9_" * 4999 + "9"])
def test_a_number_of_5000_digits_has_its_line(digits):
    ((_, line, _, message),) = read_errors(f"{MINIMAL}{POLL}{digits}")
    assert (line, "too many digits" in message) == (3, True)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000,
        "a = " + "[" * 5000 + "]" * 5000,
        "a = " + "[" * 100 + "]" * 100,
        "a = " + "{b = " * 5000,
        "[" + ".".join("a" * 100) + "]",
    ],
)
def test_deep_toml_is_an_error(text):
    ((_, _, _, message),) = read_errors(text)
    assert "TOML" in message or "nested too deeply" in message


def test_a_key_of_many_parts_is_an_error_at_once():
    ((_, line, _, message),) = read_errors("# a\n" + "a." * 500_000 + "a = 1")
    assert (line, "more than 200 dots" in message) == (2, True)


def test_a_file_full_of_errors_reports_the_first_hundred():
    assert len(read_errors("".join(f"key{number} = 1\n" for number in range(20_000)))) == 100


@pytest.mark.parametrize("text", ["a = '\0'", 'a = "\\ud800"', "\0", "a = \x1b", "[[a]]\n[a]\n"])
def test_text_that_toml_forbids_is_an_error(text):
    ((_, line, _, message),) = read_errors(text)
    assert line is not None
    assert "not valid TOML" in message


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "large", "loop", "locked"])
def test_a_file_that_cannot_be_read_is_an_error(folder, kind):
    file = folder / "a.toml"
    match kind:
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "device":
            file.symlink_to("/dev/zero")
        case "large":
            file.write_text("#" * (1024 * 1024 + 1))
        case "loop":
            file.symlink_to(file)
        case _:
            if os.geteuid() == 0:
                pytest.skip("root can read every file")
            file.touch(mode=0)
    with pytest.raises(ConfigErrors, match=r"a\.toml: .*file"):
        load_config(file, {}, cwd=folder)


@pytest.mark.parametrize("name", ["a\0b", "~nosuchuser/a", "a\ud800"])
def test_a_path_that_cannot_exist_is_an_error(folder, name):
    with pytest.raises(ConfigErrors):
        load_config(Path(name), {}, cwd=folder)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text(alphabet="[]{}=\".,ab1\n'#_-ex").map(lambda text: MINIMAL + text))
def test_any_text_is_a_configuration_or_an_error(text):
    with contextlib.suppress(ConfigErrors):
        assert parse_config(text, Path("/etc/a.toml"), {"HOME": "/home/op"}).github.ops_repo
