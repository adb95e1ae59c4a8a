"""`anchor-tui app`: the inside of one application, without a screen."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from anchor_tui.cli.application_logs import explain_refusal, print_followed_logs
from anchor_tui.cli.arguments import (
    READ_TIMEOUT_S,
    add_config_options,
    add_scenario_option,
    add_timeout_option,
    print_short_usage,
)
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.durations import parse_age_s
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.services.runtime_context import RuntimeContext, start_demo

if TYPE_CHECKING:
    from anchor_tui.domain.inspection.logs import LogSelection
    from anchor_tui.domain.inspection.resource_tree import ResourceNode, ResourceTree
    from anchor_tui.domain.model import Application
    from anchor_tui.domain.readings import Reading, Unavailable
    from anchor_tui.services.observe.inspect import ApplicationInspector

VIEWS = ("why", "tree", "events", "logs", "diff", "history")
FORMATS = ("text", "json", "yaml")
MAX_TIMEOUT_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument("name", metavar="NAME", help="an application, namespace/application, or an environment")
    views = parser.add_mutually_exclusive_group()
    views.add_argument("--why", action="store_true", help="the cause of the failure; exit code 1 if there is none")
    views.add_argument("--tree", action="store_true", help="the resources as Argo CD nests them")
    views.add_argument("--events", action="store_true", help="the events, newest first")
    views.add_argument("--logs", action="store_true", help="the last lines of the logs")
    views.add_argument("--diff", action="store_true", help="the difference between live and git")
    views.add_argument("--history", action="store_true", help="the deployments, newest first")
    parser.add_argument("--resource", metavar="KIND/NAME", default="", help="with --events and --logs: one resource")
    parser.add_argument("--container", metavar="NAME", default="", help="with --logs: one container")
    parser.add_argument("--previous", action="store_true", help="with --logs: the process before the last restart")
    parser.add_argument("--follow", action="store_true", help="with --logs: print new lines until ctrl+c")
    parser.add_argument("--since", type=parse_age_s, metavar="SPAN", help="with --logs: at most this old, as 30m or 2h")
    parser.add_argument("--tail", type=_parse_count, metavar="N", default=200, help="with --logs: lines; default 200")
    parser.add_argument("--grep", type=_parse_pattern, metavar="REGEX", help="with --logs: lines that match")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default text")
    add_timeout_option(parser, f"default {READ_TIMEOUT_S:g}", default=READ_TIMEOUT_S, maximum=MAX_TIMEOUT_S)
    parser.add_argument("--demo", action="store_true", help="read the embedded servers instead of the configured ones")
    add_scenario_option(parser)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Print one view of an application. Raises `config.errors.ConfigErrors` and `DemoError`."""
    if refusal := explain_refusal(arguments):
        print_error(refusal)
        print_short_usage(arguments)
        return ExitCode.USAGE
    if not arguments.demo:
        context = load_command_context(arguments, keys_by_action)
        return _print_view(context, arguments)
    with start_demo(arguments.scenario, read_only=True) as context:
        return _print_view(context, arguments)


def _print_view(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.services.observe.event_loop import run_in_own_loop
    from anchor_tui.services.observe.observer import observe_once

    view = next((name for name in VIEWS if getattr(arguments, name)), "")
    kinds = () if view in {"", "why"} else ("argocd",)
    snapshot = observe_once(context.config, context.environ, context.home, arguments.timeout, kinds=kinds)
    from anchor_tui.cli.output.application.lookup import find_application

    found = find_application(snapshot, arguments.name)
    if isinstance(found, str):
        print_error(found)
        unread = [source for source in snapshot.sources_not_fresh if source.state != "asking"]
        for source in unread:
            print_error(f"{source.id}: {source.error.message if source.error else source.state}")
        if unread:
            return ExitCode.SOURCE_UNAVAILABLE
        print_short_usage(arguments)
        return ExitCode.USAGE
    from anchor_tui.cli.output.application import document, text

    environment, application = found
    if view in {"", "why"}:
        value: object = document.build_overview(environment, application, snapshot)
        content = text.render_overview(environment, application, snapshot, is_short=view == "why")
        exit_code = ExitCode.OK
        if view == "why" and not (application.diagnosis and application.diagnosis.rule):
            exit_code = ExitCode.FINDINGS
    elif arguments.follow:
        return run_in_own_loop(_follow_logs(context, application, arguments))
    else:
        reading = run_in_own_loop(_read_view(context, application, view, arguments))
        if isinstance(reading, str):
            print_error(reading)
            return ExitCode.SOURCE_UNAVAILABLE
        value = document.build_view(view, reading)
        content = text.render_view(view, reading, snapshot.taken_at, arguments.grep)
        exit_code = ExitCode.OK
    if arguments.format != "text":
        content = document.render(application, view or "overview", value, arguments.format)
    is_text = arguments.format == "text"
    return exit_code if write_result(content, is_text=is_text) else ExitCode.USAGE


async def _read_view(
    context: RuntimeContext, application: Application, view: str, arguments: argparse.Namespace
) -> object:
    """Return what a view shows; a text if it could not be read, with the reason."""
    import asyncio

    from anchor_tui.services.connections import Connections
    from anchor_tui.services.observe.inspect import ApplicationInspector

    connections = Connections(context.config, context.environ, context.home)
    inspector = ApplicationInspector(connections, application)
    try:
        async with asyncio.timeout(arguments.timeout):
            return _get_value(await _read_part(inspector, view, arguments))
    except TimeoutError:
        return f"{application.id}: no answer within {arguments.timeout:g} s"
    finally:
        await inspector.aclose()


async def _follow_logs(context: RuntimeContext, application: Application, arguments: argparse.Namespace) -> int:
    """Print log lines as they are written, and return the exit code."""
    import asyncio

    from anchor_tui.domain.readings import Unavailable
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.observe.inspect import ApplicationInspector

    inspector = ApplicationInspector(Connections(context.config, context.environ, context.home), application)
    try:
        try:
            async with asyncio.timeout(arguments.timeout):
                found = await _select_logs(inspector, arguments)
        except TimeoutError:
            print_error(f"{application.id}: no answer within {arguments.timeout:g} s")
            return ExitCode.SOURCE_UNAVAILABLE
        if isinstance(found, Unavailable):
            print_error(found.error.message)
            return ExitCode.SOURCE_UNAVAILABLE
        return await print_followed_logs(inspector, found, arguments)
    finally:
        await inspector.aclose()


def _get_value(reading: Reading[object]) -> object:
    from anchor_tui.domain.readings import Fresh, Unavailable

    match reading:
        case Fresh(value=value):
            return value
        case Unavailable(error=error):
            return error.message
        case _:
            return "not read"


async def _read_part(inspector: ApplicationInspector, view: str, arguments: argparse.Namespace) -> Reading[Any]:
    from anchor_tui.domain.readings import Unavailable

    match view:
        case "diff":
            return await inspector.read_differences()
        case "tree" | "history":
            return await inspector.read_tree()
        case "logs":
            logs = await _select_logs(inspector, arguments)
            return logs if isinstance(logs, Unavailable) else await inspector.read_logs(logs)
    found = await _read_resource(inspector, arguments)
    return found if isinstance(found, Unavailable) else await inspector.read_all_events(*found)


async def _read_resource(
    inspector: ApplicationInspector, arguments: argparse.Namespace
) -> tuple[ResourceTree, ResourceNode | None] | Unavailable:
    """Return the tree and the resource of `--resource`, None without the option."""
    from anchor_tui.domain.inspection.culprit import find_resource
    from anchor_tui.domain.model import SourceFailure
    from anchor_tui.domain.readings import Fresh, Unavailable

    reading = await inspector.read_tree()
    if not isinstance(reading, Fresh):
        return reading if isinstance(reading, Unavailable) else Unavailable(SourceFailure("unreachable", "not read"))
    tree = reading.value.tree
    node = find_resource(tree, arguments.resource) if arguments.resource else None
    if arguments.resource and node is None:
        return Unavailable(SourceFailure("not-found", f"there is no resource {arguments.resource} in the tree"))
    return tree, node


async def _select_logs(
    inspector: ApplicationInspector, arguments: argparse.Namespace
) -> tuple[LogSelection, ...] | Unavailable:
    """Return the logs that the options select, of every pod of the resource or of the application."""
    from anchor_tui.domain.inspection.culprit import list_pods
    from anchor_tui.domain.model import SourceFailure
    from anchor_tui.domain.readings import Unavailable

    found = await _read_resource(inspector, arguments)
    if isinstance(found, Unavailable):
        return found
    tree, node = found
    pods = list_pods(tree, node)
    if not pods:
        subject = str(node.key) if node else str(inspector.application.id)
        return Unavailable(SourceFailure("not-found", f"{subject} has no pods: there are no logs"))
    return tuple(_select_log(pod.key.namespace, pod.key.name, arguments) for pod in pods)


def _select_log(namespace: str, pod: str, arguments: argparse.Namespace) -> LogSelection:
    from anchor_tui.domain.inspection.logs import LogSelection

    return LogSelection(
        namespace,
        pod,
        arguments.container,
        previous=arguments.previous,
        tail=arguments.tail,
        since_s=arguments.since,
    )


def _parse_count(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= 100_000:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of lines from 1 to 100,000")
    return int(value)


def _parse_pattern(value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not a regular expression: {error}") from error
