"""The arguments of `anchor-tui sandbox serve`. `anchor_tui.sandbox.command` runs it and is imported only then."""

from __future__ import annotations

import argparse
from pathlib import Path

from anchor_tui.cli.arguments import CommandParser, add_scenario_option
from anchor_tui.cli.command_parsers import add_command
from anchor_tui.config.location import CONFIG_FILE_NAME

MAX_STORM_PER_S = 10_000


def add_arguments(parser: CommandParser) -> None:
    """Add the commands below `sandbox`."""
    commands = parser.add_subparsers(dest="sandbox_command", metavar="COMMAND", required=True)
    serve = add_command(commands, "sandbox serve")
    add_scenario_option(serve)
    serve.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help=f"write DIR/{CONFIG_FILE_NAME}, DIR/env with the tokens, and DIR/argocd-config for ARGOCD_CONFIG_DIR",
    )
    serve.add_argument("--fault", action="append", default=[], metavar="FAULT", help="inject a fault; may be repeated")
    serve.add_argument(
        "--storm", type=_parse_rate, default=0.0, metavar="N", help="change N applications of scale-N per second"
    )
    serve.add_argument("--port-argocd", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-github", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-status", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when stdin closes, as at the end of the parent process, and remove the --write folder",
    )


def _parse_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= MAX_STORM_PER_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number up to {MAX_STORM_PER_S}")
    return rate
