"""Options that several commands share. Nothing here costs time: every start goes through it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

SCENARIOS = "steady, incident, release-day, drift, cutover or scale-N"
OPTION_DEFAULTS = {"config": None, "read_only": False, "environment": "", "no_color": False, "theme": ""}
"""Set at the top: an option may stand before the command or after it, and a command's own default never undoes it."""


class CommandParser(argparse.ArgumentParser):
    """A parser that takes options by their whole names only; the parsers of its commands are such too."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of argparse
        super().__init__(**{"allow_abbrev": False, **options})


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """`--config` and `--read-only`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="configuration file; else $ANCHOR_TUI_CONFIG, ./anchor-tui.toml, the user's configuration folder",
    )
    add_read_only_option(parser)


def add_read_only_option(parser: argparse.ArgumentParser) -> None:
    """`--read-only`."""
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS,
        help="send nothing that changes Argo CD or GitHub",
    )


def add_scenario_option(parser: argparse.ArgumentParser) -> None:
    """`--scenario` of the embedded servers."""
    parser.add_argument("--scenario", default="steady", metavar="NAME", help=f"{SCENARIOS}; default steady")


def make_list_parser(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Reads names out of `known`, comma-separated; each is kept once, in the order given."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names

    return read
