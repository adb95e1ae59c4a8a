"""`anchor-tui snapshot`: one observation to stdout or a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import (
    READ_TIMEOUT_S,
    add_config_options,
    add_scenario_option,
    add_timeout_option,
    make_list_parser,
    print_short_usage,
)
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.snapshot.formats import SNAPSHOT_FORMATS, load_snapshot_format
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.services.observe.evidence_scope import EVIDENCE_SCOPES
from anchor_tui.services.runtime_context import RuntimeContext, start_demo

if TYPE_CHECKING:
    from anchor_tui.domain.model import Application, Snapshot

MAX_TIMEOUT_S = 3600.0


def _reaches_level(level: str) -> Callable[[Snapshot], bool]:
    """Return a condition: the estate has this level or a worse one."""

    def is_reached(snapshot: Snapshot) -> bool:
        from anchor_tui.domain.model import Level

        return snapshot.verdict.level.rank >= Level(level).rank

    return is_reached


def _has_failed_check(snapshot: Snapshot) -> bool:
    by_environment = (finding for environment in snapshot.environments for finding in environment.findings)
    return any(finding.status == "fail" for finding in (*snapshot.findings, *by_environment))


def _awake_applications(snapshot: Snapshot) -> Iterator[Application]:
    """Return the applications that should be running. An on-demand application that is asleep is not one of them."""
    from anchor_tui.domain.verdict import is_asleep

    return (app for env in snapshot.environments for app in env.applications if not is_asleep(app, env))


FAIL_ON_CONDITIONS: dict[str, Callable[[Snapshot], bool]] = {
    "failing": _reaches_level("failing"),
    "attention": _reaches_level("attention"),
    "unknown": _reaches_level("unknown"),
    "unhealthy": lambda snapshot: any(app.health != "Healthy" for app in _awake_applications(snapshot)),
    "out-of-sync": lambda snapshot: any(app.sync != "Synced" for app in _awake_applications(snapshot)),
    "policy": _has_failed_check,
}
"""The names that `--fail-on` accepts, each with its condition."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("--format", choices=SNAPSHOT_FORMATS, default="json", help="default json")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file, completely or not at all"
    )
    parser.add_argument(
        "--fail-on",
        type=make_list_parser(FAIL_ON_CONDITIONS),
        default=(),
        metavar="LIST",
        help=f"exit with 1 if one of these is found, comma-separated: {', '.join(FAIL_ON_CONDITIONS)}; "
        "a level includes the worse ones: attention, unknown, failing",
    )
    parser.add_argument(
        "--evidence",
        choices=EVIDENCE_SCOPES,
        default="budget",
        help="what is read for checks and causes: none (no check, no cause), git (checks of files, no cause), budget "
        "(also the manifests of the policy.evidence_budget most important applications, and the causes of 50 unhealthy "
        "ones; the default), all (of every application)",
    )
    add_timeout_option(
        parser,
        f"seconds for each source, default {READ_TIMEOUT_S:g}; then what was read is printed, the rest is unknown, and "
        "stderr names the sources that were cut",
        default=READ_TIMEOUT_S,
        maximum=MAX_TIMEOUT_S,
    )
    parser.add_argument("--demo", action="store_true", help="read the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Read every source once and print the snapshot, even if some sources could not be read.

    `keys_by_action` contains the actions that `[keys]` may name. Raises `config.errors.ConfigErrors` and
    `services.runtime_context.DemoError`.
    """
    if arguments.evidence == "none" and "policy" in arguments.fail_on:
        print_error("--fail-on policy needs checks, and --evidence none evaluates none: use git, budget or all")
        print_short_usage(arguments)
        return ExitCode.USAGE
    if not arguments.demo:
        context = load_command_context(arguments, keys_by_action)
        return _print_snapshot(context, arguments)
    with start_demo(arguments.scenario, read_only=arguments.read_only) as context:
        return _print_snapshot(context, arguments)


def _print_snapshot(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.history.facts_reader import read_history_facts
    from anchor_tui.services.observe.observer import PARTIAL_READING, observe_once

    snapshot = observe_once(
        context.config,
        context.environ,
        context.home,
        arguments.timeout,
        evidence=arguments.evidence,
        history=read_history_facts(context.config, context.state_folder, utc_now()),
    )
    content = load_snapshot_format(arguments.format)(snapshot)
    if not write_result(content, arguments.output, is_text=arguments.format == "text"):
        return ExitCode.USAGE
    for source in snapshot.sources_not_fresh:
        print_error(f"{source.id}: {source.error.message if source.error else source.state}")
    for problem in snapshot.problems:
        if problem.kind == PARTIAL_READING:
            print_error(f"{problem.subject}: {problem.message}: use a longer --timeout to read it")
    return find_exit_code(snapshot, arguments.fail_on)


def find_exit_code(snapshot: Snapshot, fail_on: tuple[str, ...]) -> ExitCode:
    """Return 2 if there is no token, else 3 if a source could not be read, else 1 if a condition is met, else 0."""
    errors = [source.error for source in snapshot.sources_not_fresh]
    if any(error is not None and error.kind == "credentials" for error in errors):
        return ExitCode.USAGE
    if errors:
        return ExitCode.SOURCE_UNAVAILABLE
    return ExitCode.FINDINGS if any(FAIL_ON_CONDITIONS[name](snapshot) for name in fail_on) else ExitCode.OK
