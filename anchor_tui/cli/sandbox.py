"""The arguments of `anchor-tui sandbox serve`. `anchor_tui.sandbox.command` runs it and is imported only then."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.cli.arguments import CommandParser, add_scenario_option, make_number_parser
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
        "--storm",
        type=make_number_parser(MAX_STORM_PER_S, "changes per second", allows_zero=True),
        default=0.0,
        metavar="RATE",
        help="change so many applications of scale-N per second",
    )
    serve.add_argument("--port-argocd", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-github", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-status", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when stdin closes, as at the end of the parent process, and remove the --write folder",
    )
