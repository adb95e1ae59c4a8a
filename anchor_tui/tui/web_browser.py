"""Open addresses in the operator's browser, or show and copy them if no browser opens."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial

from textual.app import App

from anchor_tui.domain.urls import is_web_url
from anchor_tui.tui.workers import start_worker

_OPENER_TIMEOUT_S = 3.0
"""An opener that still runs after this time has found a browser: it waits for the browser to end."""


def open_web_address(app: App[object], address: str | None) -> bool:
    """Open an address that starts with http:// or https://; return False for any other, which is not opened.

    A notification reports the result. If no browser opened, it shows the address, which is copied to the clipboard.
    """
    if not is_web_url(address):
        return False
    start_worker(app, partial(_open_and_report, app, address), group="browser", exit_on_error=False)
    return True


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
