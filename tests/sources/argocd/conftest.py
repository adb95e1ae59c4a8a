"""No proxies of the surroundings, and short pauses."""

from __future__ import annotations

import pytest

from anchor_tui.sources.argocd import source
from anchor_tui.sources.backoff import Backoff


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(source, "EVENT_BATCH_S", 0.005)
    monkeypatch.setattr(source, "Backoff", lambda **_: Backoff(first=0.005, longest=0.02))
