"""`anchor-tui snapshot`: one observation to stdout or a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, add_scenario_option, make_list_parser
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.snapshot.formats import SNAPSHOT_FORMATS, load_snapshot_format
from anchor_tui.cli.output.streams import print_error, write_result, write_text_result
from anchor_tui.services.runtime_context import RuntimeContext, load_context, start_demo

if TYPE_CHECKING:
    from anchor_tui.domain.model import Application, Snapshot

READ_TIMEOUT_S = 15.0


def _has_level(*levels: str) -> Callable[[Snapshot], bool]:
    return lambda snapshot: any(each.verdict.level in levels for each in snapshot.environments)


def _awake_applications(snapshot: Snapshot) -> Iterator[Application]:
    """The applications that ought to run: what is asleep on demand is neither unhealthy nor out of sync."""
    from anchor_tui.domain.verdict import is_asleep

    return (app for env in snapshot.environments for app in env.applications if not is_asleep(app, env))


FAIL_ON_CONDITIONS: dict[str, Callable[[Snapshot], bool]] = {
    "failing": _has_level("failing"),
    "attention": _has_level("attention"),
    "unknown": _has_level("unknown"),
    "unhealthy": lambda snapshot: any(each.health != "Healthy" for each in _awake_applications(snapshot)),
    "out-of-sync": lambda snapshot: any(each.sync != "Synced" for each in _awake_applications(snapshot)),
    "policy": lambda snapshot: any(
        finding.status == "fail"
        for finding in (*snapshot.findings, *(each for env in snapshot.environments for each in env.findings))
    ),
}
"""What `--fail-on` can name, and when it is found."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_config_options(parser)
    parser.add_argument("--format", choices=SNAPSHOT_FORMATS, default="json", help="default json")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there, whole or not at all")
    parser.add_argument(
        "--fail-on",
        type=make_list_parser(FAIL_ON_CONDITIONS),
        default=(),
        metavar="LIST",
        help=f"exit 1 where one of these is found, comma-separated: {', '.join(FAIL_ON_CONDITIONS)}",
    )
    parser.add_argument(
        "--timeout", type=_parse_seconds, default=READ_TIMEOUT_S, metavar="SECONDS", help=f"default {READ_TIMEOUT_S:g}"
    )
    parser.add_argument("--demo", action="store_true", help="of the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    """Reads every source once and prints; the document is printed whatever could not be read.

    `actions` are what the configuration's `[keys]` may name.

    Raises `config.load.ConfigErrors` and `services.estate.DemoError`.
    """
    if not arguments.demo:
        return _print_snapshot(
            load_context(arguments.config, read_only=arguments.read_only, actions=actions), arguments
        )
    with start_demo(arguments.scenario, read_only=arguments.read_only) as estate:
        return _print_snapshot(estate, arguments)


def _print_snapshot(estate: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.services.observe.observer import observe_once

    snapshot = observe_once(estate.config, estate.environ, estate.home, arguments.timeout)
    content = load_snapshot_format(arguments.format)(snapshot)
    written = (
        write_text_result(content, arguments.output)
        if arguments.format == "text"
        else write_result(content.encode(), arguments.output)
    )
    if not written:
        return ExitCode.USAGE
    for source in snapshot.sources_not_fresh:
        print_error(f"{source.id}: {source.error.message if source.error else source.state}")
    return find_exit_code(snapshot, arguments.fail_on)


def find_exit_code(snapshot: Snapshot, fail_on: tuple[str, ...]) -> ExitCode:
    """2 where there is no token at all, 3 where a source could not be read, 1 where something named was found."""
    errors = [source.error for source in snapshot.sources_not_fresh]
    if any(error is not None and error.kind == "credentials" for error in errors):
        return ExitCode.USAGE
    if errors:
        return ExitCode.SOURCE_UNAVAILABLE
    return ExitCode.FINDINGS if any(FAIL_ON_CONDITIONS[name](snapshot) for name in fail_on) else ExitCode.OK


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds between 0 and 3600")
    return seconds
