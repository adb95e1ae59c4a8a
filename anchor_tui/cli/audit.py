"""`anchor-tui audit`: the actions of this machine with their outcomes, newest last."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result

if TYPE_CHECKING:
    from anchor_tui.services.execute.audit import AuditEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json prints the stored lines")
    parser.add_argument("--steps", action="store_true", help="also list every step, not only actions and outcomes")


def run(arguments: argparse.Namespace) -> int:
    """Print the audit. It does not depend on the configuration: there is one audit for each user."""
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
        print_error(f"{unreadable} line(s) of {audit.path} are unreadable, as after a crash; they are left out")
    if arguments.format == "json":
        written = write_result("".join(map(_format_json_line, entries)))
    else:
        chosen = [entry for entry in entries if arguments.steps or entry.step is None or entry.step < 0]
        text = "".join(map(_format_text_line, chosen)) or f"no actions were started on this machine ({audit.path})\n"
        written = write_result(text, is_text=True)
    return ExitCode.OK if written else ExitCode.USAGE


def _format_json_line(entry: AuditEntry) -> str:
    """Return the line as it is stored, with control characters escaped."""
    import msgspec

    from anchor_tui.services.snapshot_json import escape_control_characters

    return escape_control_characters(msgspec.json.encode(entry).decode()) + "\n"


def _format_text_line(entry: AuditEntry) -> str:
    from anchor_tui.domain.formatting import sanitize_text
    from anchor_tui.domain.status_marks import StatusMark, get_state_mark

    mark = StatusMark.PROGRESS if entry.entry == "intended" else get_state_mark(entry.entry)
    target = entry.subject or ", ".join(entry.environments)
    step = f" step {entry.step + 1}" if entry.step is not None and entry.step >= 0 else ""
    reason = f"  reason: {entry.reason}" if entry.reason and entry.entry == "intended" else ""
    text = f"{entry.at:%Y-%m-%d %H:%M:%S}Z {mark.glyph()} {entry.entry:8} {entry.action}{step}  {target}"
    return sanitize_text(f"{text}  {entry.message}  by {entry.who}{reason}") + "\n"
