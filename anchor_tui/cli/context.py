"""The configuration of a command. A file in the working folder that was ignored is named on stderr."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.usual_keys import KeysByAction

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.services.runtime_context import RuntimeContext


def load_command_context(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> RuntimeContext:
    """Return the context of the command's configuration. `keys_by_action` are the actions that `[keys]` may name.

    Raises `config.errors.ConfigErrors`.
    """
    from anchor_tui.services.runtime_context import load_context

    context = load_context(arguments.config, read_only=arguments.read_only, actions=keys_by_action)
    report_ignored_file(context.config)
    return context


def load_command_config(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> Config:
    """Return the configuration of a command that checks every id in it. Raises `config.errors.ConfigErrors`."""
    from anchor_tui.config.discovery import find_working_folder
    from anchor_tui.config.load import load_config
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID

    config = load_config(
        getattr(arguments, "config", None),  # the options are set only if they are given
        os.environ,
        cwd=find_working_folder(),
        read_only=getattr(arguments, "read_only", False),
        actions=keys_by_action,
        checks=CHECKS_BY_ID,
    )
    report_ignored_file(config)
    return config


def report_ignored_file(config: Config) -> None:
    """Name the file that is not trusted and was ignored, if there is one."""
    if config.ignored_path is not None:
        from anchor_tui.config.discovery import find_working_folder, format_ignored_file

        print_error(format_ignored_file(config.ignored_path, find_working_folder()))
