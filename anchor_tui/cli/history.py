"""`anchor-tui history`: the recorded changes of the estate, newest first. Only the history file is read."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, make_list_parser, print_short_usage
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.metrics import add_window_option, print_metrics
from anchor_tui.cli.output.history.formats import GROUPED_FORMATS, HISTORY_FORMATS, load_history_format
from anchor_tui.cli.output.history.metrics import METRICS_FORMATS
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.suggestions import format_unknown_name
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.domain.history.change_words import TIMELINE_KINDS
from anchor_tui.domain.moments import MomentError, parse_moment
from anchor_tui.services.clock import utc_now

if TYPE_CHECKING:
    from anchor_tui.cli.output.history.report import HistoryReport
    from anchor_tui.domain.history.records import HistoryFilter
    from anchor_tui.services.history.timeline_reader import TimelineReader
    from anchor_tui.services.runtime_context import RuntimeContext

DEFAULT_LIMIT = 100
MAX_LIMIT = 100_000


class UnknownNameError(ValueError):
    """The history does not contain an environment or application. The message names a similar one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument(
        "environments", nargs="*", metavar="ENV", help="only the changes of these environments; default all"
    )
    parser.add_argument(
        "--since", type=_parse_time, metavar="TIME", help="only changes from then on: 2h, 3d, 2026-11-29T02:00"
    )
    parser.add_argument("--until", type=_parse_time, metavar="TIME", help="only changes before then")
    parser.add_argument(
        "--kind",
        type=make_list_parser(TIMELINE_KINDS),
        default=(),
        metavar="LIST",
        help=f"only these kinds, comma-separated: {', '.join(TIMELINE_KINDS)}",
    )
    parser.add_argument(
        "--application", metavar="NAME", default="", help="only one application: a name, or namespace/name"
    )
    parser.add_argument(
        "--limit",
        type=_parse_limit,
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"the newest N lines, or changes in json and csv; default {DEFAULT_LIMIT}",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="in text and markdown: each change of a flood on a line of its own",
    )
    parser.add_argument(
        "--metrics", action="store_true", help="print the delivery metrics instead, as `anchor-tui metrics` does"
    )
    add_window_option(parser)
    parser.add_argument("--format", choices=HISTORY_FORMATS, default="text", help="default text")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file, completely or not at all"
    )


def _parse_time(text: str) -> datetime:
    try:
        return parse_moment(text, now := utc_now(), latest=now)
    except MomentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse_limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MAX_LIMIT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_LIMIT:,}")
    return int(text)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Print the recorded changes. No server is asked and no token is needed. Raises `config.errors.ConfigErrors`."""
    from anchor_tui.services.history.database import HistoryError

    context = load_command_context(arguments, keys_by_action)
    if arguments.metrics:
        if arguments.format not in METRICS_FORMATS:
            print_error(f"--metrics has no format {arguments.format}: choose from {', '.join(METRICS_FORMATS)}")
            print_short_usage(arguments)
            return ExitCode.USAGE
        return print_metrics(context, arguments)
    try:
        report = _read_report(context, arguments)
    except UnknownNameError as error:
        print_error(str(error))
        print_short_usage(arguments)
        return ExitCode.USAGE
    except HistoryError as error:
        print_error(str(error))
        return ExitCode.SOURCE_UNAVAILABLE
    if report.lines or arguments.format != "text":
        content = load_history_format(arguments.format)(report)
        if not write_result(content, arguments.output, is_text=arguments.format == "text"):
            return ExitCode.USAGE
    if not report.is_complete:
        print_error(f"there are older changes: print them with --until, or more than {arguments.limit:,} with --limit")
    return ExitCode.OK


def _read_report(context: RuntimeContext, arguments: argparse.Namespace) -> HistoryReport:
    """Read the history. Raises UnknownNameError and HistoryError."""
    from anchor_tui.cli.output.history.report import HistoryReport
    from anchor_tui.services.history.location import find_history_file
    from anchor_tui.services.history.timeline_reader import TimelineReader

    path = find_history_file(context.config, context.state_folder)
    configured = tuple(environment.name for environment in context.config.environments)
    if not path.exists():
        _require_known(arguments.environments, configured)
        is_on = context.config.history.is_on
        why = "the screen records one while it runs" if is_on else "`[history] keep_days = 0` turns it off"
        print_error(f"no history is recorded yet ({path}): {why}")
        return HistoryReport(context.config.engine_id)
    with TimelineReader(path) as reader:
        _require_known(arguments.environments, (*configured, *reader.list_environments()))
        wanted = _make_filter(reader, arguments)
        report = _build_report(reader, wanted, arguments, context.config.engine_id)
    if not report.lines:
        print_error("no recorded change matches")
    return report


def _require_known(names: list[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(format_unknown_name("environment", name, dict.fromkeys(known)))


def _make_filter(reader: TimelineReader, arguments: argparse.Namespace) -> HistoryFilter:
    from anchor_tui.domain.history.records import HistoryFilter

    application = None
    if arguments.application:
        found = reader.find_applications(arguments.application)
        if not found:
            raise UnknownNameError(
                f"the history does not contain an application {arguments.application!r}: "
                "write its name, or namespace/name; without --application every one is listed"
            )
        if len(found) > 1:
            names = ", ".join(f"{id_.server}:{id_}" for id_ in found)
            raise UnknownNameError(f"{arguments.application!r} is not one application: choose from {names}")
        application = found[0]
    return HistoryFilter(
        environments=tuple(arguments.environments),
        kinds=arguments.kind,
        application=application,
        since=arguments.since,
        until=arguments.until,
    )


def _build_report(
    reader: TimelineReader, wanted: HistoryFilter, arguments: argparse.Namespace, engine_id: str
) -> HistoryReport:
    from anchor_tui.cli.output.history.report import HistoryReport
    from anchor_tui.domain.history.timeline import build_timeline

    is_grouped = arguments.format in GROUPED_FORMATS and not arguments.all
    page = reader.read_timeline(utc_now(), wanted, length=arguments.limit, is_grouped=is_grouped)
    report = HistoryReport(engine_id, build_timeline(page.changes, page.gaps, page.evidence, is_grouped=is_grouped))
    if len(report.entries) <= arguments.limit:
        return HistoryReport(engine_id, report.lines, is_complete=page.next_position is None)
    last = report.entries[arguments.limit - 1]
    return HistoryReport(engine_id, report.lines[: report.lines.index(last) + 1], is_complete=False)
