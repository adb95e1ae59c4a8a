"""`anchor-tui wait CONDITION…`: wait until conditions hold, for pipelines."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, add_scenario_option, print_short_usage
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.durations import parse_duration_s
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.services.runtime_context import RuntimeContext, start_demo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anchor_tui.config.model import Config
    from anchor_tui.domain.conditions.language import Condition, ConditionError
    from anchor_tui.services.observe.condition_watch import WaitState

TIMEOUT_S = 20 * 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("conditions", nargs="+", metavar="CONDITION", help="conditions; all must hold at the same time")
    parser.add_argument(
        "--timeout",
        type=parse_duration_s,
        default=TIMEOUT_S,
        dest="timeout_s",
        metavar="DURATION",
        help="longest wait, as 90s or 1h30m; default 20m",
    )
    parser.add_argument(
        "--for",
        type=parse_duration_s,
        default=0.0,
        dest="hold_s",
        metavar="DURATION",
        help="the conditions must hold without interruption for this time",
    )
    parser.add_argument("--quiet", action="store_true", help="print no progress on stderr, only errors")
    parser.add_argument("--demo", action="store_true", help="read the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Wait for the conditions. Raises `config.errors.ConfigErrors` and `DemoError`."""
    if not arguments.demo:
        return _wait(load_command_context(arguments, keys_by_action), arguments)
    with start_demo(arguments.scenario, read_only=True) as context:
        return _wait(context, arguments)


def _wait(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.domain.conditions.language import ConditionError, parse_conditions

    if arguments.hold_s > arguments.timeout_s:
        print_error("--for is longer than --timeout, so the wait cannot succeed; give a longer --timeout")
        print_short_usage(arguments)
        return ExitCode.USAGE
    try:
        conditions = parse_conditions(" ".join(arguments.conditions), _list_application_names(context.config))
    except ConditionError as error:
        _print_condition_error(error)
        return ExitCode.USAGE
    from anchor_tui.services.observe.event_loop import run_in_own_loop

    return run_in_own_loop(_wait_for(context, conditions, arguments))


def _list_application_names(config: Config) -> dict[str, tuple[str, ...]]:
    return {
        environment.name: tuple(map(str, environment.applications))
        if isinstance(environment.applications, tuple)
        else ()
        for environment in config.environments
    }


def _print_condition_error(error: ConditionError) -> None:
    """Print the message, the text, and a line with carets below the word."""
    from anchor_tui.domain.foreign_text import sanitize_text

    indent = len(sanitize_text(error.text[: error.start]))
    width = len(sanitize_text(error.text[error.start : error.end]))
    print_error(str(error))
    print_error(f"  {error.text}")
    print_error(f"  {' ' * indent}{'^' * max(1, width)}")


async def _wait_for(context: RuntimeContext, conditions: Sequence[Condition], arguments: argparse.Namespace) -> int:
    from anchor_tui.services.observe.condition_watch import ConditionWatch

    watch = ConditionWatch(context.config, context.environ, context.home, conditions)
    shown = ""
    code = ExitCode.SOURCE_UNAVAILABLE
    async with aclosing(watch.follow(arguments.timeout_s, arguments.hold_s)) as states:
        async for state in states:
            if state.end:
                code = _report_end(state, conditions, quiet=arguments.quiet)
            elif (line := _describe_progress(state, conditions, arguments.hold_s)) != shown:
                shown = line
                if not arguments.quiet:
                    print_error(line)
    return code


def _describe_progress(state: WaitState, conditions: Sequence[Condition], hold_s: float) -> str:
    """Return the reason for waiting: the first condition that does not hold, and the number of others."""
    if state.is_holding:
        return f"all conditions hold; they must hold for {hold_s:g} s"
    waiting = _list_unmet(state, conditions)
    more = f" (and {len(waiting) - 1:,} more)" if len(waiting) > 1 else ""
    return f"waiting for {waiting[0]}{more}"


def _list_unmet(state: WaitState, conditions: Sequence[Condition]) -> list[str]:
    """Return each condition that does not hold with its reason."""
    pairs = zip(conditions, state.results, strict=True)
    return [f"`{condition.text}`: {result.reason}" for condition, result in pairs if result.status != "true"]


def _report_end(state: WaitState, conditions: Sequence[Condition], *, quiet: bool) -> ExitCode:
    """Print how the wait has ended, and return its exit code."""
    match state.end:
        case "holds":
            if not quiet:
                print_error("the conditions hold" if len(conditions) > 1 else f"`{conditions[0].text}` holds")
            return ExitCode.OK
        case "credentials":
            print_error(state.message)
            return ExitCode.USAGE
        case "impossible":
            pairs = zip(conditions, state.results, strict=True)
            for text in (f"`{one.text}`: {found.reason}" for one, found in pairs if found.status == "impossible"):
                print_error(f"cannot become true: {text}")
            return ExitCode.IMPOSSIBLE
        case _:
            return _report_timeout(state, conditions)


def _report_timeout(state: WaitState, conditions: Sequence[Condition]) -> ExitCode:
    if state.is_holding:
        print_error("timed out: the conditions hold, but not for as long as --for demands; give a longer --timeout")
        return ExitCode.FINDINGS
    for text in _list_unmet(state, conditions):
        print_error(f"timed out waiting for {text}")
    is_known = any(result.status == "false" for result in state.results)
    return ExitCode.FINDINGS if is_known else ExitCode.SOURCE_UNAVAILABLE
