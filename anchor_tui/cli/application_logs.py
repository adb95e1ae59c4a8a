"""`anchor-tui app NAME --logs --follow`: log lines as they are written."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_part

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.logs import LogBatch, LogSelection
    from anchor_tui.services.observe.inspect import ApplicationInspector


def explain_refusal(arguments: argparse.Namespace) -> str:
    """Return why the options cannot be combined; empty if they can."""
    if not arguments.follow:
        return ""
    if not arguments.logs:
        return "--follow works with --logs only"
    if arguments.previous:
        return "--previous and --follow exclude each other: the process before has ended, its log does not grow"
    if arguments.format == "yaml":
        return "--follow prints text, or one JSON document per line with --format json"
    return ""


async def print_followed_logs(
    inspector: ApplicationInspector, selections: Sequence[LogSelection], arguments: argparse.Namespace
) -> int:
    """Print lines until all logs have ended. Raises BrokenPipeError if the reader of stdout is gone."""
    exit_code = ExitCode.OK
    several = len({selection.pod for selection in selections}) > 1
    async with aclosing(inspector.follow_logs(selections, reopens=False)) as batches:
        async for batch in batches:
            for failure in batch.failures:
                print_error(f"{failure.selection.pod}: {failure.error.message}")
                exit_code = ExitCode.SOURCE_UNAVAILABLE
            if batch.dropped:
                print_error(f"{batch.dropped:,} lines were dropped: the log is faster than its reader")
            content = _render(batch, arguments, several=several)
            if content and not write_part(content, is_text=arguments.format == "text"):
                return ExitCode.USAGE
    return exit_code


def _render(batch: LogBatch, arguments: argparse.Namespace, *, several: bool) -> str:
    from anchor_tui.cli.output.application.text import render_log_line
    from anchor_tui.domain.inspection.logs import read_line
    from anchor_tui.services.json_text import format_json_line

    wanted = [
        line for line in map(read_line, batch.lines) if arguments.grep is None or arguments.grep.search(line.text)
    ]
    if arguments.format == "json":
        return "".join(map(format_json_line, wanted))
    return "".join(f"{render_log_line(line, names_pod=several)}\n" for line in wanted)
