"""The configuration written out: a file to begin with, the effective values, and the JSON Schema."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from anchor_tui.config.convert import configurable_fields
from anchor_tui.config.json_schema import build_config_schema
from anchor_tui.config.load import parse_config
from anchor_tui.config.model import Config
from anchor_tui.config.toml_text import render_effective, render_template

ONE_LINE = '[github]\nops_repo = "anchor/anchor-msp-ops"\n'
MUCH = """\
engine_id = "other"
[argocd]
context = 'a "quoted" \\ name'
[servers.eu]
server = "https://cd.eu.example.com"
[github]
ops_repo = "anchor/anchor-msp-ops"
[[environments]]
name = "prod"
server = "eu"
applications = { selector = "a/b=c,d=" }
[[environments]]
name = "qa"
applications = ["x", "team/y"]
[policy]
disable = ["ci.green"]
[[policy.waivers]]
check = "runtime.memory-budget"
environment = "qa"
until = 2026-12-31
reason = "später\\n\\u007f"
[keys]
hard-refresh = "ctrl+r"
"""


def loaded(text: str) -> Config:
    return parse_config(text, Path("/etc/anchor-tui.toml"), {"HOME": "/home/op"})


def values(config: Config) -> Config:
    return replace(config, path=None, origins={})


def test_the_file_to_begin_with_loads_and_says_nothing_but_the_defaults():
    config = loaded(render_template())
    assert values(config) == values(loaded(ONE_LINE))
    assert list(config.origins) == ["github.ops_repo"]


def test_the_file_to_begin_with_knows_every_key_and_each_line_of_it_can_be_said():
    text = render_template()
    for table in (
        Config,
        *(hint for _, hint in configurable_fields(Config).values() if hasattr(hint, "__dataclass_fields__")),
    ):
        for name in configurable_fields(table):
            assert re.search(rf"^#?\[?{name}\b|\[+(policy\.)?{name}\b", text, re.MULTILINE), name
    every = re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)
    every = re.sub(r"^context = .*\n", "", every, flags=re.MULTILINE)  # either that or the address
    config = loaded(every)
    assert config.policy.waivers
    assert config.argocd.server == "https://cd.example.com"
    assert all(len(line) <= 110 for line in text.splitlines())


@pytest.mark.parametrize("text", [ONE_LINE, MUCH, render_template()])
def test_what_is_shown_loads_as_the_same_configuration(text):
    config = loaded(text)
    assert values(loaded(render_effective(config))) == values(config)


def test_each_value_is_shown_with_where_it_came_from():
    config = loaded(MUCH)
    lines = render_effective(replace(config, origins={**config.origins, "read_only": "--read-only"})).splitlines()
    assert lines[0] == "# from /etc/anchor-tui.toml"
    assert 'engine_id = "other"  # /etc/anchor-tui.toml:1' in lines
    assert "read_only = false  # --read-only" in lines
    assert 'branch = "main"  # default' in lines
    assert 'server = "https://cd.eu.example.com"  # /etc/anchor-tui.toml:5' in lines
    assert 'applications = { selector = "a/b=c,d=" }  # /etc/anchor-tui.toml:11' in lines
    assert 'hard-refresh = "ctrl+r"  # /etc/anchor-tui.toml:23' in lines


def validator():
    found = build_config_schema()
    jsonschema_rs.meta.validate(found)
    return jsonschema_rs.validator_for(json.loads(json.dumps(found)), validate_formats=True)


def as_json(text: str) -> object:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize("text", [ONE_LINE, MUCH, render_template()])
def test_what_loads_is_valid_by_the_schema(text):
    validator().validate(as_json(text))
    validator().validate(as_json(render_effective(loaded(text))))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[github]",
        ONE_LINE + "[argocd]\ntokn_env = 'X'",
        ONE_LINE + "[promotion]\nvia = 'pull'",
        ONE_LINE + "poll_s = 1",
        ONE_LINE + "[servers.github]",
        ONE_LINE + "[[policy.waivers]]\ncheck = 'a.b'\nenvironment = 'prod'\nreason = 'x'",
        ONE_LINE + "[[environments]]\nname = 'a'\napplications = 'x'",
        ONE_LINE + "[chart]\npath = '../x'",
        ONE_LINE + "[[environments]]\nrules = 'dev'",
    ],
)
def test_what_is_wrong_is_wrong_by_the_schema_too(text):
    assert not validator().is_valid(as_json(text))


def test_every_key_of_the_schema_is_described():
    def walk(node):
        for name, item in node.get("properties", {}).items():
            if name != "selector":
                assert item["description"], name
            walk(item)
        for below in ("items", "additionalProperties"):
            if isinstance(node.get(below), dict):
                walk(node[below])

    walk(build_config_schema())
