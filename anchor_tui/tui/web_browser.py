"""Open addresses in the operator's browser."""

from __future__ import annotations

from textual.app import App

from anchor_tui.domain.urls import is_web_url


def open_web_address(app: App[object], address: str | None) -> bool:
    """Open an address that starts with http:// or https://; return False for any other, which is not opened."""
    if not is_web_url(address):
        return False
    app.open_url(address)
    return True
