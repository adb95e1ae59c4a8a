"""The YAML parser that the tests of this folder use."""

from __future__ import annotations

import pytest
import ruamel.yaml


@pytest.fixture(params=["libyaml", "pure"])
def parser(request, monkeypatch):
    """Run a test with the C parser, if it is installed, and with the pure Python one."""
    if request.param == "pure":
        original = ruamel.yaml.YAML
        monkeypatch.setattr(ruamel.yaml, "YAML", lambda typ, pure=True: original(typ=typ, pure=True))
    return request.param
