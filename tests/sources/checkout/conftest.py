"""The sample ops repo as a checkout, with and without helm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.domain.policy.sample_repo import ROOT


@pytest.fixture
def no_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor_tui.sources.checkout.reader.find_helm", lambda: None)


@pytest.fixture
def ops_repo(tmp_path: Path) -> Path:
    """Return a copy of the sample without git history."""
    root = tmp_path / "ops"
    shutil.copytree(ROOT, root)
    return root
