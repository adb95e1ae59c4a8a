"""Opens a screen for the command line: the live one, also with a recording, or a replay."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.cli.arguments import print_short_usage
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.suggestions import format_unknown_name

if TYPE_CHECKING:
    from anchor_tui.config.usual_keys import KeysByAction
    from anchor_tui.services.recording.writer import RecordingWriter
    from anchor_tui.services.runtime_context import RuntimeContext


class ScreenOptions(NamedTuple):
    """The options of every screen. Empty texts are the defaults."""

    environment: str
    theme: str
    no_color: bool


def show_live_screen(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    """Show the present, and record it if that is asked for; return the exit code."""
    if (code := _check(arguments, [environment.name for environment in context.config.environments])) is not None:
        return code
    recorder: RecordingWriter | None = None
    if arguments.record is not None:
        from anchor_tui.cli.record import open_recording
        from anchor_tui.services.recording.errors import RecordingError

        try:
            recorder = open_recording(arguments)
        except RecordingError as error:
            print_error(str(error))
            return ExitCode.USAGE
    from anchor_tui.tui.launch import run_tui

    options = _read_options(arguments)
    try:
        return _run(lambda: run_tui(context, **options._asdict(), recorder=recorder))
    finally:
        if recorder is not None:
            recorder.close()


def show_replay(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Show recorded snapshots; return the exit code. Raises `config.errors.ConfigErrors` for a file that is named."""
    from anchor_tui.cli.replay import load_replay_keys
    from anchor_tui.services.recording.errors import RecordingError
    from anchor_tui.services.recording.named_snapshots import open_series

    keys = load_replay_keys(arguments, keys_by_action)
    try:
        named = open_series(arguments.replay)
        if (code := _check(arguments, named.series.environment_names)) is not None:
            return code
        from anchor_tui.tui.launch import run_replay

        options = _read_options(arguments)
        return _run(lambda: run_replay(named, keys, **options._asdict()))
    except RecordingError as error:
        print_error(str(error))
        return ExitCode.USAGE


def _read_options(arguments: argparse.Namespace) -> ScreenOptions:
    return ScreenOptions(arguments.environment or "", arguments.theme or "", arguments.no_color)


def _check(arguments: argparse.Namespace, environments: Collection[str]) -> ExitCode | None:
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


def _run(run: Callable[[], int]) -> int:
    from anchor_tui.tui.errors import UnknownThemeError

    try:
        code = run()
    except UnknownThemeError as error:
        print_error(str(error))
        return ExitCode.USAGE
    # Textual ends with 1 after an internal error; here, 1 means a finding.
    return ExitCode.INTERNAL_ERROR if code == ExitCode.FINDINGS else code
