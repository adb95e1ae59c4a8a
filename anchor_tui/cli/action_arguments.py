"""The arguments of the commands that run an action. `anchor_tui.cli.actions` runs them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import CommandParser, add_config_options, add_timeout_option
from anchor_tui.cli.command_parsers import CommandParsers, add_command_later
from anchor_tui.domain.foreign_text import mask_tokens

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId

APPLICATION_COMMANDS = ("refresh", "hard-refresh", "sync", "hard-refresh-prune", "terminate")
"""Actions on applications, or on all applications of an environment."""
ACTION_COMMANDS: dict[str, ActionId] = {
    "refresh": "refresh",
    "hard-refresh": "hard-refresh",
    "sync": "sync",
    "hard-refresh-prune": "hard-refresh-prune",
    "terminate": "terminate",
    "promote": "promote",
    "rollback": "rollback",
    "merge": "merge",
    "cutover": "cutover",
    "fix": "mend",
    "mend": "mend",
    "resource": "resource-action",
}
"""The action id of each command, as in plans and in the audit. `mend` is the earlier name of the command `fix`."""
_MAX_TIMEOUT_S = 14 * 24 * 3600.0


def add_action_commands(commands: CommandParsers) -> None:
    """Add a command for every action."""
    for name in APPLICATION_COMMANDS:
        add_command_later(commands, name, _add_sync if name == "sync" else _add_targets)
    add_command_later(commands, "promote", _add_promote)
    add_command_later(commands, "rollback", _add_rollback)
    add_command_later(commands, "merge", _add_merge)
    add_command_later(commands, "fix", _add_fix, aliases=("mend",))
    add_command_later(commands, "cutover", _add_common_options)
    add_command_later(commands, "resource", _add_resource)


def _add_targets(parser: CommandParser) -> None:
    _add_target_names(parser)
    _add_common_options(parser)


def _add_sync(parser: CommandParser) -> None:
    _add_target_names(parser)
    _add_sync_options(parser)
    _add_common_options(parser)


def _add_target_names(parser: CommandParser) -> None:
    parser.add_argument(
        "targets",
        nargs="+",
        metavar="APP_OR_ENV",
        help="an environment, or an application as name or namespace/name",
    )


def _add_merge(parser: CommandParser) -> None:
    parser.add_argument("number", type=_parse_pull_request_number, metavar="NUMBER", help="the pull request")
    _add_without_argocd_option(parser)
    _add_common_options(parser)


def _add_fix(parser: CommandParser) -> None:
    parser.add_argument("targets", nargs=1, metavar="ENV", help="the environment")
    checks = (
        "mock.workloads-absent, mock.control-center-url, mock.agentfield-url, argo.automated-prune "
        "or argo.automated-self-heal"
    )
    parser.add_argument("check", metavar="CHECK", help=checks)
    _add_common_options(parser)


def _add_sync_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prune", action="store_true", help="delete what is no longer in git; needs a stronger confirmation"
    )
    parser.add_argument("--server-dry-run", action="store_true", help="let Argo CD try the sync without applying it")
    parser.add_argument(
        "--resource",
        action="append",
        default=[],
        metavar="KIND/NAME",
        help="sync only this resource; may be repeated",
    )


def _add_promote(parser: CommandParser) -> None:
    parser.add_argument("targets", nargs=1, metavar="TO", help="the environment to change")
    parser.add_argument("--from", dest="source", default="", metavar="ENV", help="default: the previous environment")
    parser.add_argument(
        "--version", dest="release", default="", metavar="V", help="default: the release of the previous environment"
    )
    parser.add_argument(
        "--via",
        choices=("pull-request", "workflow"),
        default=None,
        help="what makes the change: anchor-tui, or the workflow of the ops repo; default as configured",
    )
    _add_without_argocd_option(parser)
    _add_common_options(parser)


def _add_rollback(parser: CommandParser) -> None:
    parser.add_argument("targets", nargs=1, metavar="ENV", help="the environment to change")
    parser.add_argument("--to", dest="release", default="", metavar="VERSION", help="the release to return to")
    parser.add_argument(
        "--merge", action="store_true", help="merge the pull request when its checks pass, and wait for the end"
    )
    _add_without_argocd_option(parser)
    _add_common_options(parser)


def _add_resource(parser: CommandParser) -> None:
    parser.add_argument("targets", nargs=1, metavar="APP", help="an application as name or namespace/name")
    parser.add_argument(
        "resource", nargs=1, metavar="KIND/NAME", help="the resource; KIND/NAMESPACE/NAME if that is ambiguous"
    )
    parser.add_argument("action", nargs="?", default="", metavar="ACTION", help="the action, as --list names it")
    parser.add_argument("--list", action="store_true", help="list the actions that Argo CD offers, and do nothing")
    parser.add_argument("--delete", action="store_true", help="delete a pod; needs a stronger confirmation")
    parser.add_argument(
        "--param",
        action="append",
        type=_parse_parameter,
        default=[],
        metavar="NAME=VALUE",
        help="a value that the action needs; may be repeated",
    )
    _add_common_options(parser)


def _add_without_argocd_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without-argocd", action="store_true", help="do not read Argo CD; the plan states that health is not checked"
    )


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    add_config_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and do nothing")
    parser.add_argument("--yes", action="store_true", help="execute the plan")
    parser.add_argument("--confirm", default="", metavar="PHRASE", help="execute a plan that requires this phrase")
    parser.add_argument(
        "--reason",
        type=mask_tokens,  # it is published in pull requests and recorded in the audit
        default="",
        metavar="TEXT",
        help="the reason; required for a protected environment",
    )
    parser.add_argument("--wait", action="store_true", help="wait for the end of the action")
    add_timeout_option(parser, "limit for --wait; default no limit", default=None, maximum=_MAX_TIMEOUT_S)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default text")


def _parse_pull_request_number(text: str) -> int:
    digits = text.removeprefix("#")
    if not digits.isdecimal() or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a pull request")
    return int(digits)


def _parse_parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a value such as replicas=3")
    return name.strip(), value
