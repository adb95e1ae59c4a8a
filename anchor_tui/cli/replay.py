"""`--replay FILE|DIR`: recorded snapshots on the screens, without a server and without an action."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.cli.screen import ScreenOptions, check_screen, run_screen
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.named_snapshots import open_series


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Show a recording. Raises `config.errors.ConfigErrors` for a configuration that is named and wrong."""
    keys = _load_keys(arguments, keys_by_action)
    try:
        named = open_series(arguments.replay)
        if (code := check_screen(arguments, named.series.environment_names)) is not None:
            return code
        from anchor_tui.tui.launch import run_replay

        options = ScreenOptions.of(arguments)
        return run_screen(
            lambda: run_replay(
                named, keys, environment=options.environment, theme=options.theme, no_color=options.no_color
            )
        )
    except RecordingError as error:
        print_error(str(error))
        return ExitCode.USAGE


def _load_keys(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> Mapping[str, str]:
    """Return `[keys]` of the operator's configuration. A replay needs nothing else of it, and works without one."""
    from anchor_tui.config.discovery import find_config_file, find_working_folder
    from anchor_tui.config.load import load_found_config

    found = find_config_file(arguments.config, os.environ, find_working_folder())
    if found.file is None or (arguments.config is None and not found.file.exists()):
        return {}
    try:
        return load_found_config(found, os.environ, actions=keys_by_action).keys
    except ConfigErrors as errors:
        if arguments.config is not None:
            raise
        for error in errors.errors:
            print_error(f"{error}; the usual keys are used")
        return {}
