"""The help of every command has a description and examples that parse."""

from __future__ import annotations

import argparse
import shlex

import pytest

from anchor_tui.__main__ import build_parser
from anchor_tui.cli.command_help import HELP_BY_COMMAND


def list_parsers(parser, name=""):
    """Return the parser of each command by its name; an alias has no name of its own."""
    found = {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            shown = [choice.dest.partition(" ")[0] for choice in action._choices_actions]
            for command in shown:
                found |= list_parsers(action.choices[command], f"{name} {command}".strip())
    return found


PARSERS = list_parsers(build_parser())


def test_every_command_has_help_texts():
    assert set(PARSERS) == set(HELP_BY_COMMAND)


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_has_a_description(name):
    description = PARSERS[name].description or ""
    assert description.endswith(".")
    assert len(description.split()) >= 5
    assert description.splitlines()[0] in PARSERS[name].format_help()


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_has_two_examples_that_parse(name):
    lines = PARSERS[name].format_help().splitlines()
    examples = [line for line in lines if line.startswith("  anchor-tui ")]
    assert len(examples) >= 2
    for example in examples:
        _, *argv = shlex.split(example)
        assert " ".join(argv).startswith(name) or not name
        build_parser().parse_args(argv)


@pytest.mark.parametrize("name", PARSERS)
def test_every_line_of_examples_and_reference_is_short(name):
    assert all(len(line) <= 120 for line in (PARSERS[name].epilog or "").splitlines())
