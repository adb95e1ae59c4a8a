"""Open addresses in the operator's browser."""

from __future__ import annotations

from textual.app import App


def open_web_address(app: App[object], address: str | None) -> bool:
    """Open an address that starts with http:// or https://; return False for any other, which is not opened."""
    if not address or not address.startswith(("https://", "http://")):
        return False
    app.open_url(address)
    return True
