"""Open addresses in the operator's browser, or show and copy them if no browser opens."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from textual.app import App

from anchor_tui.domain.urls import parse_url
from anchor_tui.tui.workers import start_worker

_OPENER_TIMEOUT_S = 3.0
"""An opener that still runs after this time has found a browser: it waits for the browser to end."""


def open_web_address(app: App[object], address: str | None) -> bool:
    """Open an http or https address in the browser; return False if there is no address.

    A notification reports the result. If no browser opened, it shows the address, which is copied to the clipboard.
    Any other address is not opened: the notification shows it as text.
    """
    if not address:
        return False
    if refusal := explain_refused_address(address):
        app.notify(f"{refusal}: {address}", title="Not opened", severity="warning", timeout=15)
        return True
    start_worker(app, partial(_open_and_report, app, address), group="browser")
    return True


def explain_refused_address(address: str) -> str:
    """Return why an address is not opened, or an empty string.

    Addresses come from foreign data, which could name any scheme, such as `javascript:`, or an option of the opener.
    """
    try:
        scheme, has_user = parse_url(address).scheme, "@" in urlsplit(address).netloc
    except ValueError as error:
        return str(error)
    if scheme not in {"http", "https"}:
        return "only http and https addresses are opened"
    return "it contains a user name or password" if has_user else ""


async def _open_and_report(app: App[object], address: str) -> None:
    if app.is_web:
        app.open_url(address)  # the operator's own browser shows the screen and opens the address
        is_open = True
    else:
        is_open = await asyncio.to_thread(start_browser, address, os.environ)
    if is_open:
        app.notify(address, title="Opened", timeout=4)
    else:
        app.copy_to_clipboard(address)
        app.notify(address, title="No browser opened: address copied", severity="warning", timeout=15)


def start_browser(address: str, environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Start a browser; return False if none opened. A text browser is not started: it would replace the screen."""
    if platform not in {"darwin", "win32"} and not environ.get("BROWSER"):
        has_display = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
        return bool(has_display) and _run_opener("xdg-open", address)
    if platform == "darwin" and not environ.get("BROWSER"):
        return _run_opener("open", address)
    import webbrowser

    return webbrowser.open(address)


def _run_opener(command: str, address: str) -> bool:
    try:
        opener = subprocess.Popen(  # noqa: S603 - the address is an http or https URL, and no shell is used
            [command, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return opener.wait(_OPENER_TIMEOUT_S) == 0
    except subprocess.TimeoutExpired:
        return True
