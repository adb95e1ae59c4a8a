"""Texts of configurations; write, parse or load one, or list its errors."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import load_config, parse_config
from anchor_tui.config.location import CONFIG_FILE_NAME, user_config_file
from anchor_tui.config.trust import TrustStore

MINIMAL = '[github]\nops_repo = "anchor/anchor-msp-ops"\n'

VARIED = """\
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


def parse_text(text):
    """Parse a configuration as if it were in /etc."""
    return parse_config(text, Path("/etc/anchor-tui.toml"), {"HOME": "/home/op"})


def configured_values(config):
    """Return a configuration without the origins of its values."""
    return msgspec.structs.replace(config, path=None, origins={})


def load_text(folder, text, **options):
    """Load a configuration from the folder of the fixture."""
    file = folder / CONFIG_FILE_NAME
    file.write_text(dedent(text))
    return load_config(file, {"HOME": str(folder / "home")}, cwd=folder, **options)


def write_own_config(text=MINIMAL):
    """Write the configuration of the user, which is trusted by its place."""
    file = user_config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def trust_file(file, state):
    """Trust the present content of a file, in the state folder `state`."""
    TrustStore(state).trust(file, file.read_bytes())


def list_errors(folder, text, **options):
    """Return the errors of a configuration, as (line, key path, message)."""
    with pytest.raises(ConfigErrors) as caught:
        load_text(folder, text, **options)
    return [(error.line, error.key, error.message) for error in caught.value.errors]


def check_one_error(folder, text, key, words):
    """Check that a configuration has one error, at a line of the file and at this key."""
    whole = text + "\n" + MINIMAL if "=" in text.splitlines()[0] else MINIMAL + text
    ((line, found_key, message),) = list_errors(folder, whole)
    assert (found_key, words in message) == (key, True), message
    assert 1 <= line <= len(whole.splitlines())
