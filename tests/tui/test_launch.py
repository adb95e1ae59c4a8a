"""Starting and ending the screen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from anchor_tui.__main__ import run_command_line
from anchor_tui.cli.crash_report import describe_error
from anchor_tui.tui.errors import ReaderDiedError


def test_a_dead_reader_is_reported_by_its_type_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    died = SimpleNamespace(start=lambda: None, stop=lambda: None, error=ValueError("token ghp_secret in here"))
    closed = SimpleNamespace(run=lambda: None, return_code=3, crash=None)
    monkeypatch.setattr("anchor_tui.services.observe.background.BackgroundThread", lambda *_, **__: died)
    monkeypatch.setattr("anchor_tui.tui.app.AnchorApp", lambda *_, **__: closed)
    monkeypatch.setattr("anchor_tui.tui.terminal.list_streams_without_terminal", list)
    with pytest.raises(ReaderDiedError, match="internal error in anchor-tui: ValueError") as caught:
        run_command_line(["demo"])
    assert "ghp_secret" not in describe_error(caught.value)
    assert "caused by builtins.ValueError" in describe_error(caught.value)
    assert capsys.readouterr().err == ""
