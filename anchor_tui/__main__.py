"""The command line: arguments, then configuration, then the screen or a headless command, imported on demand."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from anchor_tui import __version__
from anchor_tui.cli import application as application_command
from anchor_tui.cli import audit as audit_command
from anchor_tui.cli import check as check_command
from anchor_tui.cli import config as config_command
from anchor_tui.cli import pull_request as pull_request_command
from anchor_tui.cli import sandbox as sandbox_command
from anchor_tui.cli import snapshot as snapshot_command
from anchor_tui.cli.action_arguments import ACTION_COMMANDS, add_action_commands
from anchor_tui.cli.arguments import (
    OPTION_DEFAULTS,
    CommandParser,
    add_config_options,
    add_read_only_option,
    add_scenario_option,
    print_short_usage,
)
from anchor_tui.cli.command_help import HELP_BY_COMMAND, add_command
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import flush_streams, open_missing_streams, print_error
from anchor_tui.config.suggestions import format_unknown_name

if TYPE_CHECKING:
    from anchor_tui.services.runtime_context import RuntimeContext


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the `anchor-tui` command and end the process."""
    open_missing_streams()
    try:
        code = run_command_line(sys.argv[1:] if argv is None else argv)
    except SystemExit as ended:  # argparse has printed help or an error
        code = int(ended.code or ExitCode.OK)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = ExitCode.OK
    if not flush_streams() and code == ExitCode.OK:
        code = ExitCode.USAGE
    # Threads may hang in name resolution or in a keyring; a normal exit would wait for them.
    os._exit(code)


def run_command_line(argv: list[str]) -> int:
    """Run the command that the arguments name; return its exit code."""
    arguments = build_parser().parse_args(argv)
    from anchor_tui.config.errors import ConfigErrors
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
        case command if command in ACTION_COMMANDS:
            from anchor_tui.cli import actions

            return actions.run(arguments, _keys_by_action())
        case "app":
            return application_command.run(arguments, _keys_by_action())
        case "pr":
            return pull_request_command.run(arguments, _keys_by_action())
        case "audit":
            return audit_command.run(arguments)
        case "config":
            return config_command.run(arguments, _keys_by_action())
        case "sandbox":
            from anchor_tui.sandbox.command import run_sandbox_command

            return run_sandbox_command(arguments)
        case "demo":
            from anchor_tui.services.runtime_context import start_demo

            with start_demo(arguments.scenario, read_only=arguments.read_only) as context:
                return _show_screen(context, arguments)
        case _:
            from anchor_tui.services.runtime_context import load_context

            context = load_context(arguments.config, read_only=arguments.read_only, actions=_keys_by_action())
            return _show_screen(context, arguments)


def _keys_by_action() -> dict[str, tuple[str, ...]]:
    """Return the actions that `[keys]` may name, each with its keys in every spelling."""
    from anchor_tui.tui.keys import REGISTRY  # does not import the screen

    return {action.id: (*action.keys, *action.readable_keys.split()) for action in REGISTRY}


def _show_screen(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    names = [environment.name for environment in context.config.environments]
    if arguments.environment and arguments.environment not in names:
        print_error(format_unknown_name("environment", arguments.environment, names))
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
    from anchor_tui.tui.errors import ReaderDiedError, UnknownThemeError
    from anchor_tui.tui.launch import run_tui

    options = {"environment": arguments.environment or "", "theme": arguments.theme or ""}
    try:
        return run_tui(context, **options, no_color=arguments.no_color)
    except UnknownThemeError as error:
        print_error(str(error))
        return ExitCode.USAGE
    except ReaderDiedError as error:
        print_error(f"reading has stopped: {error}")
        return ExitCode.SOURCE_UNAVAILABLE


def build_parser() -> CommandParser:
    """Build the parser of all commands."""
    texts = HELP_BY_COMMAND[""]
    parser = CommandParser(
        prog="anchor-tui",
        description=texts.description,
        epilog=texts.epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"anchor-tui {__version__}")
    add_config_options(parser)
    _add_screen_options(parser)
    parser.set_defaults(**OPTION_DEFAULTS)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    demo = add_command(commands, "demo")
    add_scenario_option(demo)
    add_read_only_option(demo)
    _add_screen_options(demo)
    snapshot_command.add_arguments(add_command(commands, "snapshot"))
    check_command.add_arguments(add_command(commands, "check"))
    application_command.add_arguments(add_command(commands, "app"))
    pull_request_command.add_arguments(add_command(commands, "pr"))
    add_action_commands(commands)
    audit_command.add_arguments(add_command(commands, "audit"))
    config_command.add_arguments(add_command(commands, "config"))
    sandbox_command.add_arguments(add_command(commands, "sandbox"))
    return parser


def _add_screen_options(parser: argparse.ArgumentParser) -> None:
    unset = argparse.SUPPRESS
    parser.add_argument("--environment", metavar="NAME", default=unset, help="the environment to select at the start")
    parser.add_argument("--no-color", action="store_true", default=unset, help="no colour; same as NO_COLOR=1")
    parser.add_argument("--theme", metavar="NAME", default=unset, help="a theme; the palette (ctrl+p) lists them")


if __name__ == "__main__":
    main()
