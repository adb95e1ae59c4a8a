"""`anchor-tui watch`: one line for each change, until ctrl+c."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import (
    add_config_options,
    add_scenario_option,
    make_list_parser,
    print_short_usage,
)
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.durations import parse_duration_s
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_part
from anchor_tui.config.suggestions import format_unknown_name
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.domain.changes import CHANGE_KINDS
from anchor_tui.services.runtime_context import RuntimeContext, start_demo

if TYPE_CHECKING:
    from pathlib import Path

    from anchor_tui.config.model import Config
    from anchor_tui.domain.changes import Change, ChangeKind
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.services.history.recorder import HistoryRecorder
    from anchor_tui.services.notifications import NotificationSender

FORMATS = ("text", "jsonl")
PRESENT_KINDS: tuple[ChangeKind, ...] = ("source", "verdict", "release", "pull-request")
"""The kinds of values that are printed at the start, unless `--kind` chooses others."""
FIRST_KINDS: frozenset[ChangeKind] = frozenset({"verdict", "release"})
"""The kinds of values that are printed when they become known after the start."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("environments", nargs="*", metavar="ENV", help="only these environments; sources are included")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text")
    parser.add_argument(
        "--kind",
        type=make_list_parser(CHANGE_KINDS),
        default=(),
        metavar="LIST",
        help=f"only these kinds of changes, comma-separated: {', '.join(CHANGE_KINDS)}",
    )
    parser.add_argument(
        "--for", type=parse_duration_s, dest="duration_s", metavar="DURATION", help="end after this time, as 90s or 20m"
    )
    parser.add_argument(
        "--notify", action="store_true", help="also send the notifications that [notify] of the configuration describes"
    )
    parser.add_argument("--demo", action="store_true", help="read the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Print the present state, then each change. Raises `config.errors.ConfigErrors` and `DemoError`."""
    if not arguments.demo:
        return _watch(load_command_context(arguments, keys_by_action), arguments)
    with start_demo(arguments.scenario, read_only=True) as context:
        return _watch(context, arguments)


def _watch(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    names = [environment.name for environment in context.config.environments]
    for name in arguments.environments:
        if name not in names:
            print_error(format_unknown_name("environment", name, names))
            print_short_usage(arguments)
            return ExitCode.USAGE
    if arguments.notify and (refusal := _explain_no_notifications(context)):
        print_error(refusal)
        return ExitCode.USAGE
    import asyncio  # takes 20 ms, which `--help` does without

    from anchor_tui.services.observe.event_loop import run_in_own_loop

    async def watch() -> int:
        printer = ChangePrinter(arguments)
        sender = _make_sender(context) if arguments.notify else None
        try:
            async with asyncio.timeout(arguments.duration_s):
                return await _print_changes(context, printer, sender)
        except TimeoutError:
            return printer.exit_code

    return run_in_own_loop(watch())


def _explain_no_notifications(context: RuntimeContext) -> str:
    """Return why no notification can be sent; empty if one can."""
    notify = context.config.notify
    if not notify.is_enabled:
        return "--notify sends nothing: set desktop or run in [notify] of the configuration"
    if not notify.run and not sys.stderr.isatty():
        return (
            f"--notify cannot send {notify.desktop}: stderr is not a terminal; do not redirect it, or set [notify] run"
        )
    return ""


def _make_sender(context: RuntimeContext) -> NotificationSender:
    from anchor_tui.services.notifications import NotificationSender

    def write(sequence: str) -> None:
        if sys.stderr.isatty():
            with suppress(OSError):
                sys.stderr.write(sequence)
                sys.stderr.flush()

    return NotificationSender(context.config.notify, context.environ, write, print_error)


async def _print_changes(context: RuntimeContext, printer: ChangePrinter, sender: NotificationSender | None) -> int:
    async with aclosing(_follow(context)) as snapshots:
        async for snapshot in snapshots:
            if sender is not None:
                sender.update(snapshot)
            if not printer.print_snapshot(snapshot):
                return ExitCode.USAGE
    return printer.exit_code


def _follow(context: RuntimeContext) -> AsyncGenerator[Snapshot]:
    """Return the snapshots, which are recorded in the history of the estate unless it is off."""
    from anchor_tui.services.observe.follow import follow_snapshots

    config = context.config
    if not config.history.is_on:
        return follow_snapshots(config, context.environ, context.home)
    from anchor_tui.services.history.facts_reader import needs_past_syncs
    from anchor_tui.services.history.location import find_history_file

    path = find_history_file(config, context.state_folder)
    return follow_snapshots(
        config,
        context.environ,
        context.home,
        make_recorder=partial(_make_recorder, config, path),
        with_past_syncs=needs_past_syncs(path),
    )


def _make_recorder(config: Config, path: Path) -> HistoryRecorder:
    """Return the recorder of the history, as the screen has one. Its modules are loaded after the first answer."""
    from anchor_tui.services.history.recorder import HistoryRecorder

    return HistoryRecorder(path, config)


class ChangePrinter:
    """Prints the present state when every source has answered, then what changes from one snapshot to the next."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from anchor_tui.domain.change_tracker import ChangeTracker

        self.exit_code = ExitCode.OK
        """The code for the end of the watch: a source that cannot be read at that time is reported."""
        self._arguments = arguments
        self._tracker = ChangeTracker()
        self._is_started = False
        self._begun_s = time.monotonic()

    def print_snapshot(self, snapshot: Snapshot) -> bool:
        """Print what is new. Return False if the watch has to end with an error, which has been printed."""
        from anchor_tui.services.observe.follow import find_credentials_error
        from anchor_tui.services.observe.settling import is_settled

        changes = self._tracker.update(snapshot)
        self.exit_code = ExitCode.SOURCE_UNAVAILABLE if snapshot.sources_not_fresh else ExitCode.OK
        if self._is_started:
            return self._print([change for change in changes if is_news(change)], is_present=False)
        if not is_settled(snapshot, time.monotonic() - self._begun_s):
            return True
        self._is_started = True
        if not self._print(list_present_values(snapshot, self._arguments.kind), is_present=True):
            return False
        if (message := find_credentials_error(snapshot)) is not None:
            print_error(message)
            return False
        return True

    def _print(self, changes: Iterable[Change], *, is_present: bool) -> bool:
        from anchor_tui.cli.output.changes.formats import render_change

        format_ = self._arguments.format
        content = "".join(
            render_change(change, format_, is_present=is_present) for change in changes if self._is_chosen(change)
        )
        return not content or write_part(content, is_text=format_ == "text")

    def _is_chosen(self, change: Change) -> bool:
        if self._arguments.kind and change.kind not in self._arguments.kind:
            return False
        names = self._arguments.environments
        return not names or change.environment in names or change.kind == "source"


def list_present_values(snapshot: Snapshot, kinds: tuple[str, ...]) -> list[Change]:
    """Return the values at the start. Without kinds, those of every application are left out."""
    from anchor_tui.domain.snapshot_comparison import list_snapshot_changes

    values = list_snapshot_changes(None, snapshot)
    return [
        change for change in values if change.kind in (kinds or PRESENT_KINDS) and change.after not in {"", "clear"}
    ]


def is_news(change: Change) -> bool:
    """Return True if a change is printed: a value that is known for the first time is not a change."""
    return change.before is not None or change.kind in FIRST_KINDS
