"""`anchor-tui pr`: one pull request of the ops repo, without a screen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import READ_TIMEOUT_S, add_config_options, add_scenario_option, add_timeout_option
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.services.runtime_context import RuntimeContext, start_demo

if TYPE_CHECKING:
    from anchor_tui.cli.output.pull_request.parts import PullRequestParts

FORMATS = ("text", "json", "yaml")
MAX_TIMEOUT_S = 3600.0
MAX_JOB_LOGS = 10
"""Logs of failed jobs that are read at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("number", type=_parse_number, metavar="NUMBER", help="the number of the pull request")
    parser.add_argument("--diff", action="store_true", help="the diff of every file too")
    parser.add_argument("--checks", action="store_true", help="the last lines of the log of every failed job too")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text")
    add_timeout_option(parser, f"default {READ_TIMEOUT_S:g}", default=READ_TIMEOUT_S, maximum=MAX_TIMEOUT_S)
    parser.add_argument("--demo", action="store_true", help="read the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Print a pull request. Raises `config.errors.ConfigErrors` and `DemoError`."""
    if not arguments.demo:
        context = load_command_context(arguments, keys_by_action)
        return _print_pull_request(context, arguments)
    with start_demo(arguments.scenario, read_only=True) as context:
        return _print_pull_request(context, arguments)


def _print_pull_request(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.services.observe.event_loop import run_in_own_loop  # takes 20 ms, which `--help` does without

    parts = run_in_own_loop(_read_parts(context, arguments))
    if isinstance(parts, str):
        print_error(parts)
        return ExitCode.SOURCE_UNAVAILABLE
    from anchor_tui.cli.output.pull_request import document, text
    from anchor_tui.services.clock import utc_now

    is_text = arguments.format == "text"
    if is_text:
        content = text.render(parts, utc_now(), with_patches=arguments.diff)
    else:
        content = document.render(parts, arguments.format, with_patches=arguments.diff)
    if not write_result(content, is_text=is_text):
        return ExitCode.USAGE
    for problem in parts.problems:
        print_error(problem)
    return ExitCode.SOURCE_UNAVAILABLE if parts.problems else ExitCode.OK


async def _read_parts(context: RuntimeContext, arguments: argparse.Namespace) -> PullRequestParts | str:
    """Return the parts; a text if the pull request itself could not be read, with the reason."""
    import asyncio

    from anchor_tui.cli.output.pull_request.parts import PullRequestParts
    from anchor_tui.domain.readings import Fresh, Unavailable
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector

    connections = Connections(context.config, context.environ, context.home)
    inspector = PullRequestInspector(connections, arguments.number)
    problems, logs = [], []
    try:
        async with asyncio.timeout(arguments.timeout):
            details = await inspector.read_details()
            if not isinstance(details, Fresh):
                return details.error.message if isinstance(details, Unavailable) else "not read"
            patches = await inspector.read_patches()
            if isinstance(patches, Unavailable):
                problems.append(f"files: {patches.error.message}")
            failed = [check for check in details.value.checks if check.has_failure_log] if arguments.checks else []
            for check in failed[:MAX_JOB_LOGS]:
                assert check.job_id is not None
                log = await inspector.read_job_log(check.job_id)
                if isinstance(log, Fresh):
                    logs.append(log.value)
                elif isinstance(log, Unavailable):
                    problems.append(f"log of {check.name}: {log.error.message}")
    except TimeoutError:
        return f"#{arguments.number}: no answer within {arguments.timeout:g} s"
    finally:
        await inspector.aclose()
    read = patches.value if isinstance(patches, Fresh) else None
    return PullRequestParts(details.value, read, tuple(logs), tuple(problems))


def _parse_number(value: str) -> int:
    digits = value.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal()) or not 0 < int(digits) < 2**31:
        raise argparse.ArgumentTypeError(f"{value!r} is not the number of a pull request")
    return int(digits)
