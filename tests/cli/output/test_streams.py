"""Writing of results to a file or stdout, and of errors to stderr."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from anchor_tui.cli.output.streams import print_error, replace_file


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
