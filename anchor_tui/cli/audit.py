"""`anchor-tui audit`: the actions of this machine with their outcomes, newest last, and their acknowledgement."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, add_timeout_option
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.domain.foreign_text import mask_tokens

if TYPE_CHECKING:
    from anchor_tui.services.execute.audit import AuditEntry, AuditLog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json prints the stored lines")
    parser.add_argument(
        "--resolve", metavar="ID", help="acknowledge an unknown or missing outcome; the start of the id is enough"
    )
    parser.add_argument("--reason", type=mask_tokens, default="", help="with --resolve: why, or what the outcome was")
    parser.add_argument(
        "--resume", metavar="ID", help="show what an interrupted plan left to do, and do it if it is confirmed"
    )
    parser.add_argument("--yes", action="store_true", help="with --resume: confirm it")
    parser.add_argument("--confirm", default="", metavar="PHRASE", help="with --resume: confirm it with a phrase")
    add_timeout_option(parser, "with --resume: stop waiting after that many seconds", default=None, maximum=1e9)
    parser.add_argument("--steps", action="store_true", help="also list every step, not only actions and outcomes")


def run(arguments: argparse.Namespace) -> int:
    """Print the audit, or acknowledge an outcome, or resume a plan.

    There is one audit for each user, whatever the configuration is. Raises `config.errors.ConfigErrors`.
    """
    import os

    from anchor_tui.config.location import find_state_folder
    from anchor_tui.services.execute.audit import AuditError, AuditLog

    audit = AuditLog(find_state_folder(os.environ))
    if arguments.resume is not None:
        from anchor_tui.cli import actions

        return actions.resume(arguments)
    if arguments.resolve is not None:
        return _resolve(audit, arguments.resolve, arguments.reason)
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
        hints = _find_hints(entries)
        text = (
            "".join(_format_text_line(entry, hints) for entry in chosen)
            or f"no actions were started on this machine ({audit.path})\n"
        )
        written = write_result(text, is_text=True)
    return ExitCode.OK if written else ExitCode.USAGE


def _resolve(audit: AuditLog, plan_id: str, reason: str) -> int:
    """Acknowledge the open outcomes of a plan and print them."""
    from anchor_tui.cli.output.escaping import format_lines
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.execute.audit import AuditError
    from anchor_tui.services.execute.open_outcomes import ResolveError, resolve_outcomes

    try:
        resolved = resolve_outcomes(audit, plan_id, reason, utc_now())
    except ResolveError as error:
        print_error(str(error))
        return ExitCode.USAGE
    except AuditError as error:
        print_error(str(error))
        return ExitCode.SOURCE_UNAVAILABLE
    text = format_lines(f"resolved: {outcome.title} ({outcome.subject or 'the whole plan'})" for outcome in resolved)
    return ExitCode.OK if write_result(text, is_text=True) else ExitCode.USAGE


def _find_hints(entries: Sequence[AuditEntry]) -> dict[tuple[str, str], str]:
    """Return the command that acknowledges each open outcome, by plan and subject of its last line."""
    from anchor_tui.services.execute.open_outcomes import find_open_outcomes, resolve_hint

    hints = {}
    for outcome in find_open_outcomes(entries):
        if not outcome.is_running:
            hints[outcome.plan_id, outcome.subject] = resolve_hint(outcome.plan_id)
    return hints


def _format_json_line(entry: AuditEntry) -> str:
    """Return the line as it is stored, with control characters escaped and tokens masked."""
    from anchor_tui.services.json_text import format_json_line

    return format_json_line(entry)


def _format_text_line(entry: AuditEntry, hints: Mapping[tuple[str, str], str]) -> str:
    from anchor_tui.cli.output.escaping import format_lines
    from anchor_tui.domain.status_marks import StatusMark, get_state_mark

    mark = StatusMark.PROGRESS if entry.entry == "intended" else get_state_mark(entry.entry)
    target = entry.subject or ", ".join(entry.environments)
    step = f" step {entry.step + 1}" if entry.step is not None and entry.step >= 0 else ""
    reason = f"  reason: {entry.reason}" if entry.reason and entry.entry in {"intended", "resolved"} else ""
    hint = hints.get((entry.plan, entry.subject), "") if entry.entry == "unknown" and entry.step is None else ""
    if entry.whole is not None:
        subjects = [group.subject for group in entry.whole.step_groups]
        hint = next((hints[entry.plan, subject] for subject in subjects if (entry.plan, subject) in hints), "")
    hint = f"  to acknowledge it: {hint}" if hint and "--resolve" not in entry.message else ""
    text = f"{entry.at:%Y-%m-%d %H:%M:%S}Z {mark.glyph()} {entry.entry:8} {entry.action}{step}  {target}"
    return format_lines((f"{text}  {entry.message}  by {entry.who}{reason}{hint}",))
