"""`anchor-tui incident`: lists incidents, prints the hand-over of one, starts, notes and ends one; without network."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from anchor_tui.config.model import Config
    from anchor_tui.domain.history.incidents import Incident

FORMATS = ("text", "markdown", "json")
_VERBS = ("start", "note", "end")
_LAST = "last"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument(
        "incident",
        nargs="?",
        default="",
        metavar="ID",
        help="the number of an incident, or `last`; or start, note, end. Without it, all incidents are listed",
    )
    parser.add_argument("words", nargs="*", metavar="TEXT", help="after start the title, after note the text")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text")


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Run the command. Raises `config.errors.ConfigErrors`."""
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.history.database import HistoryError
    from anchor_tui.services.history.location import find_history_file

    if (problem := _find_usage_problem(arguments)) is not None:
        print_error(problem)
        return ExitCode.USAGE
    context = load_command_context(arguments, keys_by_action)
    path = find_history_file(context.config, context.state_folder)
    try:
        if arguments.incident in _VERBS:
            if not context.config.history.is_on:
                print_error("incidents are part of the history, which is off: set `[history] keep_days` to 1 or more")
                return ExitCode.REFUSED
            return _write(path, arguments, context.config, utc_now())
        return _print(path, arguments, context.config, utc_now())
    except HistoryError as error:
        print_error(error.failure)
        return ExitCode.SOURCE_UNAVAILABLE


def _find_usage_problem(arguments: argparse.Namespace) -> str | None:
    """Return what is wrong with the arguments."""
    word, words = arguments.incident, arguments.words
    if word == "note" and not " ".join(words).strip():
        return "a note needs a text: `anchor-tui incident note TEXT`"
    if words and word not in {"start", "note"}:
        return f"unexpected: {' '.join(words)}; only start and note are followed by a text"
    if word in {"", _LAST, *_VERBS} or (word.isascii() and word.isdecimal() and len(word) < 10):
        return None
    return f"{word!r} is not the number of an incident: `anchor-tui incident` lists them"


def _print(path: Path, arguments: argparse.Namespace, config: Config, now: datetime) -> int:
    from anchor_tui.services.history.incident_reports import list_incidents, read_report

    incidents = list_incidents(path)
    if not arguments.incident:
        return _print_list(incidents, arguments.format, path, now)
    wanted = incidents[:1] if arguments.incident == _LAST else _select(incidents, int(arguments.incident))
    if not wanted:
        name = "incident" if arguments.incident == _LAST else f"incident {arguments.incident}"
        print_error(f"there is no {name} in {path}: `anchor-tui incident` lists them; another machine has its own")
        return ExitCode.USAGE
    report = read_report(path, wanted[0], config, now)
    from anchor_tui.cli.output.incident import document, markdown, text

    render = {"text": text.render, "markdown": markdown.render, "json": document.render}[arguments.format]
    return _finish(render(report), arguments.format)


def _select(incidents: tuple[Incident, ...], number: int) -> tuple[Incident, ...]:
    return tuple(incident for incident in incidents if incident.number == number)


def _print_list(incidents: tuple[Incident, ...], format_name: str, path: Path, now: datetime) -> int:
    from anchor_tui.cli.output.incident import document, markdown, text

    if not incidents and format_name == "text":
        return _finish(f"there are no incidents in {path}\n", format_name)
    render = {"text": text.render_list, "markdown": markdown.render_list, "json": document.render_list}[format_name]
    return _finish(render(incidents, now), format_name)


def _write(path: Path, arguments: argparse.Namespace, config: Config, now: datetime) -> int:
    """Start or end an incident, or take a note, and print what is stored."""
    from anchor_tui.cli.output.escaping import format_lines
    from anchor_tui.services.history.incident_reports import collect_facts
    from anchor_tui.services.history.incident_store import IncidentStore
    from anchor_tui.services.process_identity import acting_user

    words = " ".join(arguments.words)
    with IncidentStore(path, now) as store:
        running = store.queries.find_running()
        if arguments.incident == "start":
            incident, is_new = store.start(words, now, acting_user())
            if not is_new:
                print_error(f"incident {incident.number} is running: end it first (`anchor-tui incident end`)")
                return ExitCode.REFUSED
            line = f"incident {incident.number} has started"
        elif running is None:
            print_error("no incident is running: `anchor-tui incident start TITLE` starts one")
            return ExitCode.REFUSED
        elif arguments.incident == "note":
            note = store.add_note(running.number, words, now, acting_user())
            line = f"incident {running.number}: noted at {note.at:%H:%M:%S} UTC"
        else:
            facts = collect_facts(path, running, config, now)
            ended = store.end(running.number, now, acting_user(), facts)
            line = f"incident {ended.number} {ended.describe_state(now)}"
    return _finish(format_lines((line,)), "text")


def _finish(content: str, format_name: str) -> int:
    return ExitCode.OK if write_result(content, is_text=format_name == "text") else ExitCode.USAGE
