"""The command line: arguments → configuration → screen or headless command, each imported when it is asked for."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from anchor_tui import __version__
from anchor_tui.cli import actions
from anchor_tui.cli import audit as audit_command
from anchor_tui.cli import check as check_command
from anchor_tui.cli import config as config_command
from anchor_tui.cli import sandbox as sandbox_command
from anchor_tui.cli import snapshot as snapshot_command
from anchor_tui.cli.arguments import (
    OPTION_DEFAULTS,
    CommandParser,
    add_config_options,
    add_read_only_option,
    add_scenario_option,
)
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error

if TYPE_CHECKING:
    from anchor_tui.services.runtime_context import RuntimeContext


def main(argv: list[str] | None = None) -> NoReturn:
    """Entry point of the `anchor-tui` command."""
    try:
        code = run_command_line(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.stdout.flush()
    sys.stderr.flush()
    # A server that hangs keeps threads busy in name resolution or in a keyring; nobody waits for them.
    os._exit(code)


def run_command_line(argv: list[str]) -> int:
    """Does what the arguments say; returns the exit code."""
    arguments = build_parser().parse_args(argv)
    from anchor_tui.config.convert import ConfigErrors
    from anchor_tui.services.runtime_context import DemoError

    try:
        return _run_command(arguments)
    except ConfigErrors as errors:
        for error in errors.errors:
            print_error(str(error))
    except DemoError as error:
        print_error(str(error))
    return ExitCode.USAGE


def _run_command(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "snapshot":
            return snapshot_command.run(arguments, _keys_by_action())
        case "check":
            return check_command.run(arguments)
        case command if command in actions.ACTION_COMMANDS:
            return actions.run(arguments, _keys_by_action())
        case "audit":
            return audit_command.run(arguments, _keys_by_action())
        case "config":
            return config_command.run(arguments, _keys_by_action())
        case "sandbox":
            from anchor_tui.sandbox.command import run_sandbox_command

            return run_sandbox_command(arguments)
        case "demo":
            from anchor_tui.services.runtime_context import start_demo

            with start_demo(arguments.scenario, read_only=arguments.read_only) as estate:
                return _show_screen(estate, arguments)
        case _:
            from anchor_tui.services.runtime_context import load_context

            estate = load_context(arguments.config, read_only=arguments.read_only, actions=_keys_by_action())
            return _show_screen(estate, arguments)


def _keys_by_action() -> dict[str, tuple[str, ...]]:
    """Every action of the screen with its keys in every spelling: what `[keys]` is held against, everywhere."""
    from anchor_tui.tui.keys import REGISTRY  # nothing of the screen itself

    return {action.id: (*action.keys, *action.readable_keys.split()) for action in REGISTRY}


def _show_screen(estate: RuntimeContext, arguments: argparse.Namespace) -> int:
    names = [each.name for each in estate.config.environments]
    if arguments.environment and arguments.environment not in names:
        print_error(f"there is no environment {arguments.environment!r}; there are {', '.join(names)}")
        return ExitCode.USAGE
    from anchor_tui.tui.errors import ReaderDiedError, UnknownThemeError
    from anchor_tui.tui.launch import run_tui

    options = {"environment": arguments.environment or "", "theme": arguments.theme or ""}
    try:
        return run_tui(estate, **options, no_color=arguments.no_color)
    except UnknownThemeError as error:
        print_error(str(error))
        return ExitCode.USAGE
    except ReaderDiedError as error:
        print_error(f"reading has stopped: {error}")
        return ExitCode.SOURCE_UNAVAILABLE


def build_parser() -> CommandParser:
    parser = CommandParser(
        prog="anchor-tui",
        description="The operator's terminal for a GitOps estate. Without a command: the screen.",
        epilog="Exit codes: 0 well; 1 --fail-on found something; 2 usage, configuration or no token; "
        "3 a source could not be read; 4 refused: read-only, not confirmed, a precondition, drifted; "
        "5 the action failed; 6 its outcome is unknown.",
    )
    parser.add_argument("--version", action="version", version=f"anchor-tui {__version__}")
    add_config_options(parser)
    _add_screen_options(parser)
    parser.set_defaults(**OPTION_DEFAULTS)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    demo = commands.add_parser("demo", help="the screen on embedded servers: nothing else is needed")
    add_scenario_option(demo)
    add_read_only_option(demo)
    _add_screen_options(demo)
    snapshot_command.add_arguments(commands.add_parser("snapshot", help="one observation, without a screen"))
    check_command.add_arguments(commands.add_parser("check", help="policy on a checkout of the ops repo, offline"))
    actions.add_action_commands(commands)
    audit_command.add_arguments(commands.add_parser("audit", help="what was done from here, and what became of it"))
    config_command.add_arguments(commands.add_parser("config", help="write, show or describe the configuration"))
    sandbox_command.add_arguments(commands.add_parser("sandbox", help="the embedded servers alone"))
    return parser


def _add_screen_options(parser: argparse.ArgumentParser) -> None:
    unset = argparse.SUPPRESS
    parser.add_argument("--environment", metavar="NAME", default=unset, help="the environment to begin with")
    parser.add_argument(
        "--no-color", action="store_true", default=unset, help="no colour; so does NO_COLOR in the environment"
    )
    parser.add_argument("--theme", metavar="NAME", default=unset, help="a theme; the palette (ctrl+p) lists them")


if __name__ == "__main__":
    main()
