"""`--replay FILE|DIR`: the keys of a replay."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.usual_keys import KeysByAction


def load_replay_keys(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> Mapping[str, str]:
    """Return `[keys]` of the operator's configuration. A replay needs nothing else of it, and works without one.

    Raises `config.errors.ConfigErrors` for a file that `--config` names.
    """
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
