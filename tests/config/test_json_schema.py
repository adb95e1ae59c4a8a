"""The JSON Schema of the configuration."""

from __future__ import annotations

import json
import tomllib

import jsonschema_rs
import pytest

from anchor_tui.config.json_schema import build_config_schema
from anchor_tui.config.toml_template import render_template
from anchor_tui.config.toml_text import render_effective
from tests.config.config_files import MINIMAL, VARIED, parse_text


def validator():
    found = build_config_schema()
    jsonschema_rs.meta.validate(found)
    return jsonschema_rs.validator_for(json.loads(json.dumps(found)), validate_formats=True)


def as_json(text: str) -> object:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize("text", [MINIMAL, VARIED, render_template("anchor/anchor-msp-ops")])
def test_a_configuration_that_loads_is_valid(text):
    validator().validate(as_json(text))
    validator().validate(as_json(render_effective(parse_text(text))))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[github]",
        MINIMAL + "[argocd]\ntokn_env = 'X'",
        MINIMAL + "[promotion]\nvia = 'pull'",
        MINIMAL + "poll_s = 1",
        MINIMAL + "[servers.github]",
        MINIMAL + "[[policy.waivers]]\ncheck = 'a.b'\nenvironment = 'prod'\nreason = 'x'",
        MINIMAL + "[[environments]]\nname = 'a'\napplications = 'x'",
        MINIMAL + "[chart]\npath = '../x'",
        MINIMAL + "[[environments]]\nrules = 'dev'",
    ],
)
def test_an_invalid_configuration_is_invalid_by_the_schema(text):
    assert not validator().is_valid(as_json(text))


def test_every_key_of_the_schema_has_a_description():
    def walk(node):
        for name, item in node.get("properties", {}).items():
            if name != "selector":
                assert item["description"], name
            walk(item)
        for below in ("items", "additionalProperties"):
            if isinstance(node.get(below), dict):
                walk(node[below])

    walk(build_config_schema())
