"""The commented configuration file of `config init`."""

from __future__ import annotations

import re

from anchor_tui.config.fields import configurable_fields
from anchor_tui.config.model import Config
from anchor_tui.config.toml_template import render_template
from tests.config.config_files import MINIMAL, configured_values, parse_text


def test_the_template_loads_as_the_defaults():
    config = parse_text(render_template("anchor/anchor-msp-ops"))
    assert configured_values(config) == configured_values(parse_text(MINIMAL))
    assert list(config.origins) == ["github.ops_repo"]


def test_the_template_without_a_repo_sets_nothing():
    lines = [line for line in render_template().splitlines() if line and not line.startswith("#")]
    assert all(line.startswith("[") for line in lines)
    assert '#ops_repo = "OWNER/NAME"' in render_template().splitlines()


def test_the_template_contains_every_key():
    text = render_template("anchor/anchor-msp-ops")
    tables = [field.table for field in configurable_fields(Config).values() if field.table]
    for table in (Config, *tables):
        for name in configurable_fields(table):
            assert re.search(rf"^#?\[?{name}\b|\[+(policy\.)?{name}\b", text, re.MULTILINE), name


def test_every_line_of_the_template_can_be_uncommented():
    every = re.sub(r"^#(?=[\w\[])", "", render_template("anchor/anchor-msp-ops"), flags=re.MULTILINE)
    every = re.sub(r"^context = .*\n", "", every, flags=re.MULTILINE)  # either the context or the address
    config = parse_text(every)
    assert config.policy.waivers
    assert config.argocd.server == "https://cd.example.com"


def test_the_lines_of_the_template_are_short():
    assert all(len(line) <= 110 for line in render_template("anchor/anchor-msp-ops").splitlines())
