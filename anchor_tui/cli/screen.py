"""Common parts of the commands that open a screen: the live one, a recording one, and a replay."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import NamedTuple

from anchor_tui.cli.arguments import print_short_usage
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.suggestions import format_unknown_name


class ScreenOptions(NamedTuple):
    """The options of every screen. Empty texts are the defaults."""

    environment: str
    theme: str
    no_color: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> ScreenOptions:
        """Return the options that were given."""
        return cls(arguments.environment or "", arguments.theme or "", arguments.no_color)


def check_screen(arguments: argparse.Namespace, environments: Collection[str]) -> ExitCode | None:
    """Return the exit code if a screen cannot be opened, after printing the reason; None if it can."""
    if arguments.environment and arguments.environment not in environments:
        print_error(format_unknown_name("environment", arguments.environment, environments))
        print_short_usage(arguments)
        return ExitCode.USAGE
    from anchor_tui.tui.terminal import list_streams_without_terminal

    if streams := list_streams_without_terminal():
        from anchor_tui.domain.reasons import join_names

        verb = "is" if len(streams) == 1 else "are"
        print_error(
            f"the screen needs a terminal, and {join_names(streams)} {verb} not one: "
            "start it in a terminal, or use `anchor-tui snapshot`"
        )
        return ExitCode.USAGE
    return None


def run_screen(run: Callable[[], int]) -> int:
    """Run a screen, and return the exit code."""
    from anchor_tui.tui.errors import UnknownThemeError

    try:
        code = run()
    except UnknownThemeError as error:
        print_error(str(error))
        return ExitCode.USAGE
    # Textual ends with 1 after an internal error; here, 1 means a finding.
    return ExitCode.INTERNAL_ERROR if code == ExitCode.FINDINGS else code
