"""`anchor-tui metrics`: the delivery metrics of each environment. Only the history file is read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, print_short_usage
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.history.metrics import METRICS_FORMATS, make_metrics_report, render_metrics
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.suggestions import format_unknown_name
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.domain.history.delivery_metrics import DEFAULT_WINDOW_DAYS, WINDOW_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anchor_tui.domain.model import DeliveryWindow
    from anchor_tui.services.runtime_context import RuntimeContext

WINDOWS = {f"{days}d": days for days in WINDOW_DAYS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("environments", nargs="*", metavar="ENV", help="only these environments; default all")
    add_window_option(parser)
    parser.add_argument("--format", choices=METRICS_FORMATS, default="text", help="default text")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file, completely or not at all"
    )


def add_window_option(parser: argparse.ArgumentParser) -> None:
    """Add `--window`, one of WINDOWS."""
    default = f"{DEFAULT_WINDOW_DAYS}d"
    parser.add_argument("--window", choices=tuple(WINDOWS), default=default, help=f"of the metrics; default {default}")


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Print the metrics. No server is asked and no token is needed. Raises `config.errors.ConfigErrors`."""
    return print_metrics(load_command_context(arguments, keys_by_action), arguments)


def print_metrics(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    """Print the metrics in a window; return the exit code.

    `arguments` contain `environments`, `window`, `format` and `output`, and the parser as `usage_parser`.
    """
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.delivery import read_delivery
    from anchor_tui.services.history.location import find_history_file

    config, now = context.config, utc_now()
    configured = tuple(environment.name for environment in config.environments)
    for name in arguments.environments:
        if name not in configured:
            print_error(format_unknown_name("environment", name, configured))
            print_short_usage(arguments)
            return ExitCode.USAGE
    path = find_history_file(config, context.state_folder)
    delivery: Mapping[str, tuple[DeliveryWindow, ...]] = {}
    if not config.history.is_on:
        print_error("the history is off (`[history] keep_days = 0`), so that nothing can be measured: turn it on")
    elif not path.exists():
        print_error(f"no history is recorded yet ({path}); the screen records one while it runs")
    else:
        try:
            delivery = read_delivery(path, config.environments, now)
        except HistoryError as error:
            print_error(str(error))
            return ExitCode.SOURCE_UNAVAILABLE
    names = tuple(name for name in configured if name in (arguments.environments or configured))
    report = make_metrics_report(config.engine_id, now, WINDOWS[arguments.window], names, delivery)
    content = render_metrics(report, arguments.format)
    is_written = write_result(content, arguments.output, is_text=arguments.format == "text")
    return ExitCode.OK if is_written else ExitCode.USAGE
