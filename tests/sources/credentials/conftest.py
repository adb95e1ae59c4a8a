"""Fixtures of all credential tests: an empty home, and a keyring in memory."""

from __future__ import annotations

import sys
import types

import pytest


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture(autouse=True)
def keyring(monkeypatch):
    """Replace the keyring by a dict. `asked` lists the entries that were read."""
    module = types.ModuleType("keyring")
    module.entries, module.asked = {}, []

    def get_password(service, user):
        module.asked.append((service, user))
        return module.entries.get((service, user))

    module.get_password = get_password
    module.set_password = lambda service, user, text: module.entries.update({(service, user): text})
    module.delete_password = lambda service, user: module.entries.pop((service, user))
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module
