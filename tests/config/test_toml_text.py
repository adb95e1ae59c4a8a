"""The effective configuration as TOML, with the origin of each value."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from anchor_tui.config.toml_template import render_template
from anchor_tui.config.toml_text import render_effective
from tests.config.config_files import MINIMAL, VARIED, configured_values, parse_text


@pytest.mark.parametrize("text", [MINIMAL, VARIED, render_template("anchor/anchor-msp-ops")])
def test_the_rendered_text_loads_as_the_same_configuration(text):
    config = parse_text(text)
    assert configured_values(parse_text(render_effective(config))) == configured_values(config)


def test_each_value_has_its_origin():
    config = parse_text(VARIED)
    lines = render_effective(replace(config, origins={**config.origins, "read_only": "--read-only"})).splitlines()
    assert lines[0] == "# from /etc/anchor-tui.toml"
    assert 'engine_id = "other"  # /etc/anchor-tui.toml:1' in lines
    assert "read_only = false  # --read-only" in lines
    assert 'branch = "main"  # default' in lines
    assert 'server = "https://cd.eu.example.com"  # /etc/anchor-tui.toml:5' in lines
    assert 'applications = { selector = "a/b=c,d=" }  # /etc/anchor-tui.toml:11' in lines
    assert 'hard-refresh = "ctrl+r"  # /etc/anchor-tui.toml:23' in lines
