"""Writing of results to a file or stdout, and of errors to stderr."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from anchor_tui.cli.output.escaping import format_line, format_paragraph
from anchor_tui.cli.output.streams import print_error, replace_file, write_result


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch, moment):
    target = tmp_path / "out.json"
    target.write_text("old")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(*((os, "fsync", crash) if moment == "fsync" else (Path, "replace", crash)))
    with pytest.raises(KeyboardInterrupt):
        replace_file(target, b"new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_replaced_file_keeps_its_mode_and_link(tmp_path):
    target, link = tmp_path / "out.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    replace_file(link, b"new")
    assert (target.read_text(), link.is_symlink(), stat.S_IMODE(target.stat().st_mode)) == ("new", True, 0o640)


def test_foreign_text_in_an_error_is_one_plain_line(capsys):
    print_error("argocd: \x1b[2J\x1b]0;owned\x07HTTP 500: \x9b31mboom\nanchor-tui: all is well")
    assert capsys.readouterr().err == "anchor-tui: argocd: HTTP 500: boom anchor-tui: all is well\n"


def test_a_closed_stderr_is_not_an_error(monkeypatch):
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    print_error("not printed")


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("caf\udce9 \ud800", "caf\ufffd \ufffd"),
        ("the label ghp_" + "a1" * 18 + " is refused", "the label **** is refused"),
        ("x ##[add-path]/tmp", "x ## [add-path]/tmp"),
        ("\n::error::x", " ::error::x"),
    ],
)
def test_an_error_is_encodable_and_not_a_command(capsys, message, printed):
    print_error(message)
    assert capsys.readouterr().err == f"anchor-tui: {printed}\n"


def test_a_result_with_a_lone_surrogate_is_written(tmp_path):
    assert write_result("caf\udce9\n", tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "caf\ufffd\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        (" \t::set-env name=a::b", "  : :set-env name=a::b"),
        ("\x1b[31m::error::x", ": :error::x"),
        ("\u200b::error::x", ": :error::x"),
        ("a ::b", "a ::b"),
        ("###[group]", "### [group]"),
    ],
)
def test_a_line_is_never_a_workflow_command(line, shown):
    assert format_line(line) == shown


def test_each_line_of_a_paragraph_is_not_a_command():
    assert format_paragraph("a\r\n::b\r::c\n") == "a\n: :b\n: :c\n"
