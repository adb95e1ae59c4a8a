"""Opening addresses in a browser."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.snapshot_builder import build_snapshot
from anchor_tui.tui.web_browser import explain_refused_address, start_browser
from tests.tui.harness import open_app
from tests.tui.sample_readings import INCIDENT
from tests.values import NOW, config, replace

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


REFUSED = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "--help",
    "-https://cd.example.com",
    " https://cd.example.com",
    "https://cd.example.com/\x1b]0;x\x07",
    "https://cd.example.com/a\n--b",
    "https://user:password@cd.example.com",
    "https://user@cd.example.com",
    "https:///path",
    "ftp://cd.example.com",
    "cd.example.com",
]


@pytest.mark.parametrize("address", REFUSED)
def test_only_plain_web_addresses_are_opened(address):
    assert explain_refused_address(address)


@pytest.mark.parametrize("address", [URL, "http://localhost:8080/a?b=c#d", "HTTPS://CD.example.com"])
def test_web_addresses_are_opened(address):
    assert explain_refused_address(address) == ""


def _name_everywhere(address: str) -> Snapshot:
    """Return a snapshot whose applications and pull requests have this address."""
    snapshot = build_snapshot(config(), INCIDENT, NOW)
    environments = tuple(
        replace(
            environment,
            applications=tuple(replace(application, url=address) for application in environment.applications),
            pull_requests=tuple(replace(pull, url=address) for pull in environment.pull_requests),
        )
        for environment in snapshot.environments
    )
    pulls = tuple(replace(pull, url=address) for pull in snapshot.pull_requests)
    return replace(snapshot, environments=environments, pull_requests=pulls)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "--help", "https://me:secret@cd.example.com"])
@pytest.mark.parametrize("keys", ["o", "enter o"])
async def test_a_refused_address_is_shown_as_text(monkeypatch, address, keys):
    monkeypatch.setattr("anchor_tui.tui.web_browser.start_browser", lambda *_: pytest.fail("nothing may be opened"))
    async with open_app(environment="prod") as ui:
        await ui.publish(_name_everywhere(address))
        await ui.press(*keys.split())
        await ui.wait_until(lambda: "Not opened: " in ui.notifications)
        assert address.replace("me:secret", "****") in ui.notifications
        assert ui.app.clipboard == ""
