"""`anchor-tui resource`: the actions of one resource are listed, or one of them is planned and executed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anchor_tui.cli import actions
from anchor_tui.cli.arguments import READ_TIMEOUT_S, print_short_usage
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import Refusal
    from anchor_tui.domain.actions.resource_state import OfferedAction
    from anchor_tui.domain.inspection.resource_tree import ResourceNode
    from anchor_tui.domain.model import Application, SourceFailure
    from anchor_tui.services.runtime_context import RuntimeContext


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """List the actions, or plan and execute one. Raises `config.errors.ConfigErrors`."""
    chosen = [bool(arguments.action), arguments.delete, arguments.list]
    if sum(chosen) != 1:
        print_error("name either an action, --delete or --list")
        print_short_usage(arguments)
        return ExitCode.USAGE
    if arguments.param and not arguments.action:
        print_error("--param needs an action")
        print_short_usage(arguments)
        return ExitCode.USAGE
    if not arguments.list:
        return actions.run(arguments, keys_by_action)
    return _list_actions(load_command_context(arguments, keys_by_action), arguments)


def _list_actions(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.cli.output.application.lookup import find_application
    from anchor_tui.cli.output.resource_actions import render_actions_json, render_actions_text
    from anchor_tui.domain.actions.plan import Refusal
    from anchor_tui.domain.model import SourceFailure
    from anchor_tui.services.observe.event_loop import run_in_own_loop
    from anchor_tui.services.observe.observer import observe_once

    snapshot = observe_once(context.config, context.environ, context.home, READ_TIMEOUT_S, kinds=("argocd",))
    found = find_application(snapshot, arguments.targets[0])
    if isinstance(found, str):
        print_error(found)
        unread = [source for source in snapshot.sources_not_fresh if source.error]
        for source in unread:
            print_error(f"{source.id}: {source.error.message if source.error else source.state}")
        return ExitCode.SOURCE_UNAVAILABLE if unread else ExitCode.USAGE
    _, application = found
    result = run_in_own_loop(_read_actions(context, application, arguments.resource[0]))
    if isinstance(result, SourceFailure):
        print_error(f"{application.id}: {result.message}")
        return ExitCode.SOURCE_UNAVAILABLE
    if isinstance(result, Refusal):
        print_error(str(result))
        return ExitCode.REFUSED
    render = render_actions_json if arguments.format == "json" else render_actions_text
    written = write_result(render(application, *result), is_text=arguments.format != "json")
    return ExitCode.OK if written else ExitCode.USAGE


async def _read_actions(
    context: RuntimeContext, application: Application, name: str
) -> tuple[ResourceNode, tuple[OfferedAction, ...]] | Refusal | SourceFailure:
    """Return a resource with its actions, or why there is not exactly one, or why it cannot be read."""
    from anchor_tui.domain.actions.plan import Refusal
    from anchor_tui.domain.actions.resource_state import select_resource
    from anchor_tui.domain.model import SourceFailure
    from anchor_tui.domain.readings import Fresh, Unavailable
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.observe.inspect import ApplicationInspector

    inspector = ApplicationInspector(Connections(context.config, context.environ, context.home), application)
    try:
        tree = await inspector.read_tree()
        if not isinstance(tree, Fresh):
            return tree.error if isinstance(tree, Unavailable) else SourceFailure("unread", "its tree was not read")
        node = select_resource(tree.value.tree, name, str(application.id))
        if isinstance(node, Refusal):
            return node
        offered = await inspector.read_resource_actions(node)
        if isinstance(offered, Fresh):
            return node, offered.value
        return offered.error if isinstance(offered, Unavailable) else SourceFailure("unread", "not read")
    finally:
        await inspector.aclose()
