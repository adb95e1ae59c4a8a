"""Opening addresses in a browser."""

from __future__ import annotations

import pytest

from anchor_tui.tui.web_browser import start_browser
from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT

URL = "https://cd.example.com/applications/argocd/anchor-msp-prod"


@pytest.mark.parametrize("keys", ["o", "enter o"])
async def test_the_address_is_copied_if_no_browser_opens(monkeypatch, keys):
    monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda *_: False)
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press(*keys.split())
        await ui.wait_until(lambda: ui.app.clipboard == URL)
        await ui.pilot.pause()
        assert f"No browser opened: address copied: {URL}" in ui.notifications
        assert "Opened" not in ui.notifications


async def test_opened_is_shown_if_a_browser_opens(monkeypatch):
    monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda *_: True)
    async with open_app() as ui:
        await ui.show(INCIDENT)
        await ui.press("o")
        await ui.wait_until(lambda: f"Opened: {URL}" in ui.notifications)
        assert ui.app.clipboard == ""


def test_without_a_display_no_browser_opens(monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("a text browser would replace the screen"))
    assert not start_browser(URL, {}, "linux")


@pytest.mark.parametrize(("exit_code", "is_open"), [(0, True), (3, False)])
def test_the_exit_code_of_the_opener_counts(tmp_path, monkeypatch, exit_code, is_open):
    opener = tmp_path / "xdg-open"
    opener.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start_browser(URL, {"DISPLAY": ":0"}, "linux") is is_open


def test_a_missing_opener_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not start_browser(URL, {"WAYLAND_DISPLAY": "wayland-0"}, "linux")


def test_the_configured_browser_is_used(monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: not opened.append(url))
    assert start_browser(URL, {"BROWSER": "helper"}, "linux")
    assert opened == [URL]
