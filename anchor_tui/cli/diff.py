"""`anchor-tui diff A B`: the differences between two snapshot documents, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.diff.formats import DIFF_FORMATS, load_diff_format
from anchor_tui.cli.output.streams import print_error, write_result

STDIN = "-"
_NAMES = "a snapshot document, also compressed with gzip; DIR@TIME: a recording at a time; -: stdin"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("before", metavar="A", help=f"the first one: {_NAMES}")
    parser.add_argument("after", metavar="B", help="the second one; DIR without a time is the end of the recording")
    parser.add_argument("--format", choices=DIFF_FORMATS, default="text", help="default text")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file, completely or not at all"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the differences. Return 0 if there are none, 1 if there are some."""
    from anchor_tui.domain.snapshot_diff import compare_snapshots
    from anchor_tui.services.recording.errors import RecordingError
    from anchor_tui.services.recording.named_snapshots import read_named_snapshot

    if arguments.before == arguments.after == STDIN:
        print_error("cannot compare stdin with itself: it can be read once: name a file for A or B")
        return ExitCode.USAGE
    try:
        before, after = read_named_snapshot(arguments.before), read_named_snapshot(arguments.after)
    except RecordingError as error:
        print_error(str(error))
        return ExitCode.USAGE
    diff = compare_snapshots(before, after)
    content = load_diff_format(arguments.format)(diff)
    if not write_result(content, arguments.output, is_text=arguments.format == "text"):
        return ExitCode.USAGE
    return ExitCode.OK if diff.is_empty else ExitCode.FINDINGS
