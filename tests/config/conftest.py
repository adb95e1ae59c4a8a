"""The fixture of all configuration tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a working folder with certificates, and a home without any configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "home").mkdir()
    for name in ("home/ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("PEM")
    return tmp_path
