"""Fixtures of the executor's tests: commands on a sandbox."""

from __future__ import annotations

import pytest

from tests.cli.commander import make_commander


@pytest.fixture
def cli(monkeypatch, capfd):
    """Return a function that takes an operator and returns its command line."""
    return lambda op: make_commander(op, monkeypatch, capfd)
