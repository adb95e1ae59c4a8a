"""The actions without a screen: the same Plans, the same prices, the same writer.

`--dry-run` prints the Plan and does nothing; `--yes`, or `--confirm PHRASE` where a phrase is asked for, executes it.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from anchor_tui.cli.arguments import CommandParser, add_config_options
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result, write_text_result

if TYPE_CHECKING:
    from anchor_tui.config.model import Config
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Order, Outcome, Plan, Refusal
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditLog
    from anchor_tui.services.execute.step_support import Timeouts
    from anchor_tui.services.runtime_context import RuntimeContext

READ_TIMEOUT_S = 15.0
APPLICATION_COMMANDS = {
    "refresh": "let Argo CD compare again",
    "hard-refresh": "let Argo CD compare again, without its cache of manifests",
    "sync": "let Argo CD apply what git says",
    "hard-refresh-prune": "hard refresh, then sync with prune: deletes what git no longer has",
    "terminate": "end the running operation",
}
ACTION_COMMANDS = (*APPLICATION_COMMANDS, "promote", "rollback", "merge", "cutover", "mend")
_SOURCE_UNAVAILABLE_KINDS = frozenset(
    {
        "unreachable",
        "tls",
        "timeout",
        "unauthenticated",
        "not-found",
        "rate-limited",
        "server",
        "bad-answer",
        "unread",
        "stale",
    }
)
"""Kinds of refusals that mean: a source could not be read."""


def add_action_commands(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Every action as a command of its own."""
    for name, words in APPLICATION_COMMANDS.items():
        parser = commands.add_parser(name, help=words, description=words)
        parser.add_argument(
            "targets",
            nargs="+",
            metavar="APP_OR_ENV",
            help="an environment, or an application as name or namespace/name",
        )
        if name == "sync":
            parser.add_argument(
                "--prune", action="store_true", help="delete what git no longer has, at the price of that"
            )
            parser.add_argument("--server-dry-run", action="store_true", help="let Argo CD try it without applying")
            parser.add_argument(
                "--resource",
                action="append",
                default=[],
                metavar="KIND/NAME",
                help="sync this resource only; may be repeated",
            )
        _add_common_options(parser)
    promote = commands.add_parser("promote", help="open the pull request that moves a release into an environment")
    promote.add_argument("targets", nargs=1, metavar="TO", help="the environment that changes")
    promote.add_argument("--from", dest="source", default="", metavar="ENV", help="default: the environment before")
    promote.add_argument("--version", dest="release", default="", metavar="V", help="default: what that one runs")
    promote.add_argument(
        "--via",
        choices=("pull-request", "workflow"),
        default=None,
        help="who makes the change: this, or the ops repo's own workflow; default as configured",
    )
    _add_without_argocd_option(promote)
    _add_common_options(promote)
    rollback = commands.add_parser("rollback", help="open the pull request that goes back to an earlier release")
    rollback.add_argument("targets", nargs=1, metavar="ENV", help="the environment that changes")
    rollback.add_argument("--to", dest="release", default="", metavar="VERSION", help="the release to go back to")
    _add_without_argocd_option(rollback)
    _add_common_options(rollback)
    merge = commands.add_parser("merge", help="merge a promotion or rollback pull request, as the repository has it")
    merge.add_argument("number", type=_parse_pull_request_number, metavar="NUMBER", help="the pull request")
    _add_common_options(merge)
    mend = commands.add_parser("mend", help="open the pull request that turns a switch round which a check found wrong")
    mend.add_argument("targets", nargs=1, metavar="ENV", help="the environment")
    checks = "mock.workloads-absent, argo.automated-prune or argo.automated-self-heal"
    mend.add_argument("check", metavar="CHECK", help=checks)
    _add_common_options(mend)
    cutover = commands.add_parser("cutover", help="the no-mock cutover: its checklist, and its last step")
    _add_common_options(cutover)


def _add_without_argocd_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without-argocd", action="store_true", help="do not ask Argo CD: health is not looked at, and that is said"
    )


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    add_config_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the Plan, and do nothing")
    parser.add_argument("--yes", action="store_true", help="execute it")
    parser.add_argument("--confirm", default="", metavar="PHRASE", help="execute it, where the Plan asks for a phrase")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; a protected environment wants one")
    parser.add_argument("--wait", action="store_true", help="follow it to its end")
    parser.add_argument(
        "--timeout", type=_parse_seconds, default=None, metavar="SECONDS", help="with --wait: how long; no limit"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default text")


def run(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    """Plans, and does what was confirmed. Raises `config.load.ConfigErrors`."""
    import asyncio

    from anchor_tui.services.runtime_context import load_context

    estate = load_context(arguments.config, read_only=arguments.read_only, actions=actions)
    if (via := getattr(arguments, "via", None)) is not None:
        estate = _override_promotion_via(estate, via)
    if estate.config.read_only and not arguments.dry_run:
        print_error("read-only: nothing is sent to Argo CD or GitHub. Start without --read-only to act")
        return ExitCode.REFUSED
    loop = asyncio.new_event_loop()  # not asyncio.run: threads that hang in a name are not waited for
    try:
        return loop.run_until_complete(_plan_and_execute(estate, arguments))
    except KeyboardInterrupt:
        if not arguments.dry_run:
            print_error("interrupted: what was sent stays sent; see anchor-tui audit --steps")
        raise
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _override_promotion_via(estate: RuntimeContext, via: Literal["pull-request", "workflow"]) -> RuntimeContext:
    from dataclasses import replace

    promotion = replace(estate.config.promotion, via=via)
    return estate._replace(config=replace(estate.config, promotion=promotion))


async def _plan_and_execute(estate: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.cli.output import plan_text
    from anchor_tui.domain.actions.plan import Refusal
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditError, AuditLog
    from anchor_tui.services.execute.executor import Consent, PlanExecutor

    snapshot = await _take_snapshot(estate, arguments)
    order = _build_order(arguments, snapshot, estate.config)
    if isinstance(order, str):
        print_error(order)
        return (
            _exit_code_of_unread_sources(snapshot) or ExitCode.USAGE
            if arguments.command in APPLICATION_COMMANDS
            else ExitCode.USAGE
        )
    told = _ProgressPrinter()
    connections = Connections(estate.config, estate.environ, estate.home)
    executor = PlanExecutor(
        connections, AuditLog(estate.state_folder), timeouts=_timeouts_of(arguments), listener=told.print_progress
    )
    try:
        if not arguments.dry_run:
            await _report_unfinished_work(connections, AuditLog(estate.state_folder))
    except AuditError as error:
        print_error(str(error))
        return ExitCode.REFUSED
    plan = await executor.prepare(order, snapshot, only_look=arguments.dry_run)
    if isinstance(plan, Refusal):
        _print_result(
            plan_text.render_refusal_json(order, plan)
            if arguments.format == "json"
            else plan_text.render_refusal_text(plan),
            arguments,
        )
        return _exit_code_of_refusal(plan, snapshot)
    if arguments.dry_run:
        written = _print_result(
            plan_text.render_plan_json(plan) if arguments.format == "json" else plan_text.render_plan_text(plan),
            arguments,
        )
        return ExitCode.OK if written else ExitCode.USAGE
    if (lacking := _missing_confirmation(plan, arguments)) is not None:
        _print_result(
            plan_text.render_plan_json(plan) if arguments.format == "json" else plan_text.render_plan_text(plan),
            arguments,
        )
        print_error(lacking)
        return ExitCode.REFUSED
    consent = Consent(confirmed=True, phrase=arguments.confirm, reason=arguments.reason)
    outcome = await executor.execute(plan, consent, lambda: snapshot, follow=arguments.wait)
    _print_result(
        plan_text.render_outcome_json(plan, outcome)
        if arguments.format == "json"
        else plan_text.render_outcome_text(plan, outcome),
        arguments,
    )
    return _exit_code_of_outcome(outcome)


class _ProgressPrinter:
    """Says on stderr what is under way, each thing once."""

    def __init__(self) -> None:
        self._last_printed: dict[str, str] = {}

    def print_progress(self, jobs: tuple[Job, ...]) -> None:
        """The steps that run now."""
        for job in jobs:
            for track in job.groups:
                if (step := track.current) is None:
                    continue
                words = f"{track.subject}: {step.title}" + (f": {step.note}" if step.note else "")
                if self._last_printed.get(track.subject) != words:
                    self._last_printed[track.subject] = words
                    print_error(words)


async def _take_snapshot(estate: RuntimeContext, arguments: argparse.Namespace) -> Snapshot:
    """What the order needs of the present: Argo CD; policy too for the cutover; nothing where Argo CD is left out."""
    from anchor_tui.services.observe.observer import Observer
    from anchor_tui.services.observe.source_factory import make_sources

    sources = make_sources(estate.config, estate.environ, estate.home)
    if arguments.command not in {"cutover", "mend"}:
        sources = [each for each in sources if each.kind == "argocd"]
    if getattr(arguments, "without_argocd", False):
        sources = []
    return await Observer(estate.config, sources).read_once(READ_TIMEOUT_S)


async def _report_unfinished_work(connections: Connections, audit: AuditLog) -> None:
    """What an earlier run began and did not end: said, and written down, before anything else is done. Events that
    were not delivered are sent again."""
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.execute.outbox import Outbox
    from anchor_tui.services.execute.recovery import recover_abandoned

    for each in await recover_abandoned(connections, audit, utc_now):
        print_error(f"{each.unfinished.plan.title} ({each.unfinished.subject}): {each.message}")
    for words in await Outbox(connections, audit, utc_now).deliver_pending():
        print_error(words)


def _build_order(arguments: argparse.Namespace, snapshot: Snapshot, config: Config) -> Order | str:
    """What was asked for; a sentence where a name is nobody's."""
    import uuid

    from anchor_tui.domain.actions.plan import Order

    environments: list[str] = []
    applications = []
    by_environment = arguments.command in {"promote", "rollback", "mend"}
    known = tuple(each.name for each in config.environments)
    for name in getattr(arguments, "targets", ()):
        found = [app.id for app in snapshot.all_applications if name in {app.name, str(app.id)}]
        if name in known:
            environments.append(name)
        elif by_environment or not found:
            names = ", ".join(
                [*known, *(() if by_environment else sorted({str(a.id) for a in snapshot.all_applications}))]
            )
            unread = "; ".join(each.error.message for each in snapshot.sources_not_fresh if each.error)
            why = f" ({unread})" if unread and not by_environment else ""
            return f"there is no environment or application {name!r}; there are {names}{why}"
        elif len(found) > 1:
            return f"several applications are called {name!r}: say one of {', '.join(map(str, found))}"
        else:
            applications += found
    if environments and applications:
        return "name environments or applications, not both at once"
    return Order(
        action=arguments.command,
        request_id=uuid.uuid4().hex,
        environments=tuple(dict.fromkeys(environments)),
        applications=tuple(dict.fromkeys(applications)),
        prune=getattr(arguments, "prune", False),
        dry_run=getattr(arguments, "server_dry_run", False),
        resources=tuple(getattr(arguments, "resource", ())),
        source=getattr(arguments, "source", ""),
        version=getattr(arguments, "release", ""),
        number=getattr(arguments, "number", None),
        check=getattr(arguments, "check", ""),
        reason=arguments.reason,
        without_argocd=getattr(arguments, "without_argocd", False),
    )


def _missing_confirmation(plan: Plan, arguments: argparse.Namespace) -> str | None:
    """What the confirmation lacks; None where it is as the Plan wants it."""
    nothing = "nothing was done" + (" but the hard refresh" if plan.order.refreshed else "")
    if plan.confirmation == "phrase" and arguments.confirm != plan.phrase:
        return f"not confirmed: {nothing}. Add --confirm {_quote_for_shell(plan.phrase)} to do it"
    names = " ".join(plan.order.environments)
    if plan.confirmation == "key" and not (arguments.yes or (names and arguments.confirm == names)):
        return f"not confirmed: {nothing}. Add --yes to do it"
    if plan.reason_required and not arguments.reason.strip():
        return "not confirmed: a protected environment wants a reason. Add --reason TEXT"
    return None


def _quote_for_shell(phrase: str) -> str:
    import shlex

    return shlex.quote(phrase)


def _timeouts_of(arguments: argparse.Namespace) -> Timeouts:
    import time

    from anchor_tui.services.execute.step_support import Timeouts

    return Timeouts() if arguments.timeout is None else Timeouts(deadline=time.monotonic() + arguments.timeout)


def _print_result(content: str, arguments: argparse.Namespace) -> bool:
    return write_result(content.encode(), None) if arguments.format == "json" else write_text_result(content, None)


def _exit_code_of_refusal(refusal: Refusal, snapshot: Snapshot) -> ExitCode:
    if refusal.kind == "credentials":
        return ExitCode.USAGE
    if refusal.kind in _SOURCE_UNAVAILABLE_KINDS:
        return _exit_code_of_unread_sources(snapshot) or ExitCode.SOURCE_UNAVAILABLE
    return ExitCode.OK if refusal.already_done else ExitCode.REFUSED


def _exit_code_of_unread_sources(snapshot: Snapshot) -> ExitCode | None:
    """What it means that an Argo CD was not read: no token at all, or no answer; None where all were."""
    kinds = {each.error.kind for each in snapshot.sources_not_fresh if each.kind == "argocd" and each.error}
    return (ExitCode.USAGE if "credentials" in kinds else ExitCode.SOURCE_UNAVAILABLE) if kinds else None


def _exit_code_of_outcome(outcome: Outcome) -> ExitCode:
    codes = {"done": ExitCode.OK, "refused": ExitCode.REFUSED, "drifted": ExitCode.REFUSED, "failed": ExitCode.FAILED}
    return codes.get(outcome.kind, ExitCode.OUTCOME_UNKNOWN)


def _parse_pull_request_number(text: str) -> int:
    digits = text.removeprefix("#")
    if not digits.isdecimal() or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a pull request")
    return int(digits)


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 14 * 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
