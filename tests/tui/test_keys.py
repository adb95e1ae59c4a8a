"""The registry of keys and the `[keys]` table."""

from __future__ import annotations

import pytest

from anchor_tui.config.convert import ConfigErrors
from anchor_tui.config.load import parse_config
from anchor_tui.tui.keys import REGISTRY


def test_the_environment_keys_cannot_be_configured(tmp_path):
    text = '[github]\nops_repo = "a/b"\n[keys]\nenvironment = "e"\n'
    actions = {action.id: (*action.keys, *action.readable_keys.split()) for action in REGISTRY}
    with pytest.raises(ConfigErrors, match=r"keys\.environment: its keys are fixed"):
        parse_config(text, tmp_path / "anchor-tui.toml", {}, actions=actions)
