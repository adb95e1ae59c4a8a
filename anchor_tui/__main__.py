"""The command line: arguments, then configuration, then the screen or a headless command, imported on demand."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse
    from types import ModuleType

    from anchor_tui.cli.arguments import CommandParser
    from anchor_tui.config.usual_keys import KeysByAction
    from anchor_tui.services.runtime_context import RuntimeContext

INTERRUPTED = 130
"""Exit code after ctrl+c: 128 and the number of SIGINT."""
_MODULES = {"app": "application", "pr": "pull_request", "resource": "resource"}
"""The modules in `anchor_tui.cli` of commands whose module has another name, and of the action with its own module."""


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the `anchor-tui` command and end the process.

    Everything else is imported inside: an interrupt or an error during an import ends with one line, too.
    """
    code = 70
    try:
        code = _run_guarded(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # a second one, while the first was being handled
        code = INTERRUPTED
    finally:
        # Threads may hang in name resolution or in a keyring; a normal exit would wait for them.
        os._exit(code)


def _run_guarded(argv: list[str]) -> int:
    """Return the exit code of the command, whatever ends it."""
    try:
        code = _run_with_streams(argv)
    except KeyboardInterrupt as interrupt:
        return _report_interrupt(interrupt)
    except BaseException as error:  # noqa: BLE001 - exit code 1 means a finding, so no exception may end the process
        return _report_crash(error, argv)
    from anchor_tui.cli.exit_codes import ExitCode
    from anchor_tui.cli.output.streams import flush_streams

    try:
        return ExitCode.USAGE if not flush_streams() and code == ExitCode.OK else code
    except KeyboardInterrupt as interrupt:
        return _report_interrupt(interrupt)


def _run_with_streams(argv: list[str]) -> int:
    from anchor_tui.cli.output.streams import open_missing_streams, write_result

    open_missing_streams()
    if argv == ["--version"]:  # the most frequent option of scripts does not need the parser
        from anchor_tui.cli.exit_codes import ExitCode

        return ExitCode.OK if write_result(f"{_format_version()}\n") else ExitCode.USAGE
    try:
        arguments = build_parser().parse_args(argv)
        from anchor_tui.cli.crash_report import report_background_errors

        report_background_errors(argv)
        return _run_arguments(arguments)
    except SystemExit as ended:  # argparse has printed help or an error
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        raise
    except BrokenPipeError:
        return 0


def _report_interrupt(interrupt: KeyboardInterrupt) -> int:
    """Print one line. An action explains in the exception what it leaves behind."""
    from anchor_tui.cli.output.streams import print_error

    print_error(str(interrupt) or "interrupted")
    return INTERRUPTED


def _report_crash(error: BaseException, argv: list[str]) -> int:
    try:
        from anchor_tui.cli.crash_report import report_crash
        from anchor_tui.tui.errors import ScreenCrashedError

        if isinstance(error, ScreenCrashedError):  # Textual has caught the exception, and the screen described it
            return report_crash(error, argv, kind=error.kind, description=error.report)
        return report_crash(error, argv)
    except Exception:  # noqa: BLE001 - without memory, not even the report can be made
        os.write(2, b"anchor-tui: internal error; no report was written\n")
        return 70


def run_command_line(argv: list[str]) -> int:
    """Run the command that the arguments name; return its exit code."""
    return _run_arguments(build_parser().parse_args(argv))


def _run_arguments(arguments: argparse.Namespace) -> int:
    from anchor_tui.cli.exit_codes import ExitCode
    from anchor_tui.cli.output.streams import print_error
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
    if message := _find_wrong_option(arguments):
        from anchor_tui.cli.arguments import print_short_usage
        from anchor_tui.cli.exit_codes import ExitCode
        from anchor_tui.cli.output.streams import print_error

        print_error(message)
        print_short_usage(arguments)
        return ExitCode.USAGE
    match arguments.command:
        case "demo":
            from anchor_tui.services.runtime_context import start_demo

            with start_demo(arguments.scenario, read_only=arguments.read_only) as context:
                return _show_screen(context, arguments)
        case None if arguments.replay is not None:
            from anchor_tui.screen_start import show_replay

            return show_replay(arguments, _keys_by_action())
        case None:
            from anchor_tui.cli.context import load_command_context

            return _show_screen(load_command_context(arguments, _keys_by_action()), arguments)
        case "sandbox":
            from anchor_tui.sandbox.command import run_sandbox_command

            return run_sandbox_command(arguments)
        case "audit" | "check" | "diff":
            code: int = _import_command(arguments.command).run(arguments)
        case command:
            code = _import_command(command).run(arguments, _keys_by_action())
    return code


def _find_wrong_option(arguments: argparse.Namespace) -> str:
    """Return why an option of the screen does not fit the command, or an empty string."""
    if arguments.replay is not None and arguments.command is not None:
        return f"--replay shows the past, and {arguments.command} is about the present: leave one of them out"
    if arguments.record is not None and arguments.command not in {None, "demo"}:
        return f"--record belongs to the screen, not to {arguments.command}: leave it out"
    if arguments.record is not None and arguments.replay is not None:
        return "--record and --replay exclude each other: leave one of them out"
    return ""


def _import_command(command: str) -> ModuleType:
    """Return the module of a command. Each is imported only when the command is named."""
    from importlib import import_module

    from anchor_tui.cli.action_arguments import ACTION_COMMANDS

    is_action = command in ACTION_COMMANDS and command not in _MODULES
    return import_module(f"anchor_tui.cli.{'actions' if is_action else _MODULES.get(command, command)}")


def _keys_by_action() -> KeysByAction:
    """Return the actions that `[keys]` may name."""
    from anchor_tui.tui.key_config import list_usual_keys  # does not import the screen

    return list_usual_keys()


def _show_screen(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.screen_start import show_live_screen

    return show_live_screen(context, arguments)


def build_parser() -> CommandParser:
    """Build the parser. That of a command is built when the command is named."""
    import argparse
    from functools import partial

    from anchor_tui.cli.action_arguments import add_action_commands
    from anchor_tui.cli.arguments import OPTION_DEFAULTS, CommandParser, add_config_options, add_replay_option
    from anchor_tui.cli.command_help import HELP_BY_COMMAND
    from anchor_tui.cli.command_parsers import add_command_later, add_commands

    texts = HELP_BY_COMMAND[""]
    parser = CommandParser(
        prog="anchor-tui",
        description=texts.description,
        epilog=texts.epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_format_version())
    add_config_options(parser)
    _add_screen_options(parser)
    add_replay_option(parser)
    parser.set_defaults(**OPTION_DEFAULTS)
    commands = add_commands(parser)
    for name in ("demo", "snapshot", "watch", "wait", "diff", "check", "app", "pr"):
        add_command_later(commands, name, partial(_add_arguments, name))
    add_action_commands(commands)
    for name in ("history", "incident", "metrics", "audit", "config", "sandbox"):
        add_command_later(commands, name, partial(_add_arguments, name))
    return parser


def _format_version() -> str:
    from anchor_tui import __version__

    return f"anchor-tui {__version__}"


def _add_arguments(command: str, parser: CommandParser) -> None:
    """Add the arguments of a command."""
    if command != "demo":
        _import_command(command).add_arguments(parser)
        return
    from anchor_tui.cli.arguments import add_read_only_option, add_scenario_option

    add_scenario_option(parser)
    add_read_only_option(parser)
    _add_screen_options(parser)


def _add_screen_options(parser: argparse.ArgumentParser) -> None:
    from argparse import SUPPRESS

    from anchor_tui.cli.arguments import add_record_options

    parser.add_argument(
        "--environment", metavar="NAME", default=SUPPRESS, help="the environment to select at the start"
    )
    parser.add_argument("--no-color", action="store_true", default=SUPPRESS, help="no colour; same as NO_COLOR=1")
    parser.add_argument("--theme", metavar="NAME", default=SUPPRESS, help="a theme; the palette (ctrl+p) lists them")
    add_record_options(parser)


if __name__ == "__main__":
    main()
