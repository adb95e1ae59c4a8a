"""The parsers of the commands, with their help. That of a command of the main parser is built when it is named."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import cache
from typing import Any

from anchor_tui.cli.arguments import CommandParser
from anchor_tui.cli.command_help import HELP_BY_COMMAND


class CommandParsers(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001 - argparse does not export it
    """The commands of a parser. The parser of a command is built when the command is named: a start needs one."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the options of argparse
        super().__init__(*args, **options)
        self._parsers = _ParsersByName()
        self._name_parser_map = self.choices = self._parsers

    @property
    def prog_prefix(self) -> str:
        """The words before the name of a command."""
        return str(self._prog_prefix)

    def add_later(self, name: str, build: Callable[[], CommandParser], summary: str, aliases: tuple[str, ...]) -> None:
        """Add a command whose parser `build` returns. It is called once."""
        self._choices_actions.append(self._ChoicesPseudoAction(name, aliases, summary))
        self._parsers.update(dict.fromkeys((name, *aliases), cache(build)))


class _ParsersByName(dict[str, Any]):
    """The functions that build the parsers of commands. A lookup returns the parser."""

    def __getitem__(self, name: str) -> CommandParser:
        build: Callable[[], CommandParser] = super().__getitem__(name)
        return build()


def add_commands(parser: CommandParser) -> CommandParsers:
    """Add the commands of the main parser."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", action=CommandParsers)
    assert isinstance(commands, CommandParsers)
    return commands


def add_command(
    commands: argparse._SubParsersAction[CommandParser], name: str, *, aliases: tuple[str, ...] = ()
) -> CommandParser:
    """Add the parser of a command, with its help. `name` includes the parent command, as in "config init"."""
    return commands.add_parser(
        name.rsplit(" ", 1)[-1], aliases=aliases, help=HELP_BY_COMMAND[name].summary, **_format_texts(name)
    )


def add_command_later(
    commands: CommandParsers,
    name: str,
    add_arguments: Callable[[CommandParser], None],
    *,
    aliases: tuple[str, ...] = (),
) -> None:
    """Add a command with its help. Its parser is built, and `add_arguments` is called, when the command is named."""

    def build() -> CommandParser:
        parser = CommandParser(prog=f"{commands.prog_prefix} {name}", **_format_texts(name))
        add_arguments(parser)
        return parser

    commands.add_later(name, build, HELP_BY_COMMAND[name].summary, aliases)


def _format_texts(name: str) -> dict[str, Any]:
    texts = HELP_BY_COMMAND[name]
    return {
        "description": texts.description,
        "epilog": texts.epilog,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
