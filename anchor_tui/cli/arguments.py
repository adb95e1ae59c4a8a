"""Options that several commands share. Importing this module is cheap, because every start needs it."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from anchor_tui.config.location import CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE

SCENARIOS = "steady, incident, release-day, drift, cutover or scale-N"
OPTION_DEFAULTS = {"config": None, "read_only": False, "environment": "", "no_color": False, "theme": ""}
"""Defaults of options that are accepted before and after the command. They are set once, on the main parser, so that
the default of a command never overwrites a given value."""

READ_TIMEOUT_S = 15.0
"""Seconds that a headless command waits for all sources, unless `--timeout` of `snapshot` is given."""


class CommandParser(argparse.ArgumentParser):
    """A parser that does not accept abbreviated options. The parsers of its commands are of the same class."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the options of argparse
        super().__init__(**{"allow_abbrev": False, **options})

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ANN401 - any stream
        """Print help or an error. A stderr that accepts nothing does not change the exit code."""
        with contextlib.suppress(OSError) if file is sys.stderr else contextlib.nullcontext():
            super()._print_message(message, file)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--read-only`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"configuration file; default ${CONFIG_FILE_VARIABLE}, ./{CONFIG_FILE_NAME}, "
        "or the one in the user's configuration folder",
    )
    add_read_only_option(parser)


def add_read_only_option(parser: argparse.ArgumentParser) -> None:
    """Add `--read-only`."""
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS,
        help="send nothing that changes Argo CD or GitHub",
    )


def add_scenario_option(parser: argparse.ArgumentParser) -> None:
    """Add `--scenario` of the embedded servers."""
    parser.add_argument("--scenario", default="steady", metavar="NAME", help=f"{SCENARIOS}; default steady")


def add_timeout_option(
    parser: argparse.ArgumentParser, description: str, *, default: float | None, maximum: float
) -> None:
    """Add `--timeout`. `default` and `maximum` are in seconds."""

    def parse_seconds(text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= maximum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to {maximum:.0f}")
        return seconds

    parser.add_argument("--timeout", type=parse_seconds, default=default, metavar="SECONDS", help=description)


def make_list_parser(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of comma-separated names. Each name must be in `known`; duplicates are removed."""

    def parse_list(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
        return names

    return parse_list
