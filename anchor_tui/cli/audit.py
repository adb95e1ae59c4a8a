"""`anchor-tui audit`: what was done from here, newest last."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result, write_text_result

if TYPE_CHECKING:
    from anchor_tui.services.execute.audit import AuditEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config_options(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: the lines as they are kept")
    parser.add_argument("--steps", action="store_true", help="each step too, not only what was asked for and its end")


def run(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:  # noqa: ARG001 - as every command
    """Prints the audit. Needs no configuration: it is one for the user."""
    import os

    from anchor_tui.services.execute.audit import AuditError, AuditLog
    from anchor_tui.services.runtime_context import find_state_folder

    audit = AuditLog(find_state_folder(os.environ))
    try:
        entries = audit.read_entries()
        unreadable = audit.unreadable_count
    except AuditError as error:
        print_error(str(error))
        return ExitCode.SOURCE_UNAVAILABLE
    if unreadable:
        print_error(f"{unreadable} line(s) of {audit.path} cannot be read, as after a crash in the middle of one")
    if arguments.format == "json":
        return (
            ExitCode.OK
            if write_result("".join(_format_json_line(each) for each in entries).encode(), None)
            else ExitCode.USAGE
        )
    chosen = [each for each in entries if arguments.steps or each.step is None or each.step < 0]
    text = "".join(_format_text_line(each) for each in chosen) or f"nothing was done from here yet ({audit.path})\n"
    return ExitCode.OK if write_text_result(text, None) else ExitCode.USAGE


def _format_json_line(entry: AuditEntry) -> str:
    """The line as it is kept, but for what a terminal would obey."""
    import msgspec

    from anchor_tui.services.snapshot_json import escape_control_characters

    return escape_control_characters(msgspec.json.encode(entry).decode()) + "\n"


def _format_text_line(entry: AuditEntry) -> str:
    from anchor_tui.domain.formatting import sanitize_text
    from anchor_tui.domain.status_marks import StatusMark, get_state_mark

    mark = StatusMark.PROGRESS if entry.entry == "intended" else get_state_mark(entry.entry)
    where = entry.subject or ", ".join(entry.environments)
    step = f" step {entry.step + 1}" if entry.step is not None and entry.step >= 0 else ""
    reason = f"  reason: {entry.reason}" if entry.reason and entry.entry == "intended" else ""
    words = f"{entry.at:%Y-%m-%d %H:%M:%S}Z {mark.glyph()} {entry.entry:8} {entry.action}{step}  {where}"
    return sanitize_text(f"{words}  {entry.message}  by {entry.who}{reason}") + "\n"
