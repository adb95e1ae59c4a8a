"""Run an action without a screen: the same plans, confirmations and executor as the screen.

`--dry-run` prints the plan and does nothing. `--yes` executes it, or `--confirm PHRASE` if the plan requires a phrase.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Literal

from anchor_tui.cli.action_arguments import ACTION_COMMANDS, APPLICATION_COMMANDS
from anchor_tui.cli.arguments import READ_TIMEOUT_S, print_short_usage
from anchor_tui.cli.context import load_command_context
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.domain.foreign_text import replace_surrogates

if TYPE_CHECKING:
    from anchor_tui.domain.actions.jobs import Job
    from anchor_tui.domain.actions.plan import Outcome, Plan, Refusal
    from anchor_tui.domain.model import Snapshot
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditLog
    from anchor_tui.services.execute.step_support import Timeouts
    from anchor_tui.services.runtime_context import RuntimeContext

_ACTIONS_WITH_POLICY = frozenset({"cutover", "mend"})
"""Actions whose plan needs the findings of the checks."""
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
_INTERRUPTED = (
    "interrupted: requests that were sent stay sent, and their outcome may be unknown; see `anchor-tui audit --steps`"
)


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Plan the action, and execute it if it is confirmed. Raises `config.errors.ConfigErrors`."""
    from anchor_tui.services.observe.event_loop import run_in_own_loop

    context = load_command_context(arguments, keys_by_action)
    arguments.reason = replace_surrogates(arguments.reason)  # an argument that is not UTF-8 cannot be sent
    if (via := getattr(arguments, "via", None)) is not None:
        context = _override_promotion_via(context, via)
    if context.config.read_only and not arguments.dry_run:
        print_error("read-only: nothing is sent to Argo CD or GitHub. Start without --read-only to act")
        return ExitCode.REFUSED
    try:
        return run_in_own_loop(_plan_and_execute(context, arguments))
    except KeyboardInterrupt:
        if arguments.dry_run:
            raise
        raise KeyboardInterrupt(_INTERRUPTED) from None


def resume(arguments: argparse.Namespace) -> int:
    """Show what an interrupted plan left to do, and do it if it is confirmed. Raises `config.errors.ConfigErrors`."""
    from anchor_tui.services.observe.event_loop import run_in_own_loop
    from anchor_tui.services.runtime_context import load_context

    context = load_context(arguments.config, read_only=arguments.read_only)
    return run_in_own_loop(_resume_group(context, arguments))


async def _resume_group(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    import shlex

    from anchor_tui.cli.output import plan_text
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditError, AuditLog
    from anchor_tui.services.execute.executor import Consent, PlanExecutor
    from anchor_tui.services.execute.resumption import find_resumable, resume_confirmation, titles_to_confirm

    audit = AuditLog(context.state_folder)
    try:
        found = find_resumable(audit, arguments.resume)
    except AuditError as error:
        print_error(str(error))
        return ExitCode.SOURCE_UNAVAILABLE
    if len(found) != 1:
        few = "several interrupted plans have" if found else "no interrupted plan that can be resumed has"
        print_error(f"{few} an id that begins with {arguments.resume!r}: see anchor-tui audit")
        return ExitCode.USAGE
    (group,) = found
    confirmation, phrase = resume_confirmation(group, context.config)
    if not (arguments.confirm == phrase if confirmation == "phrase" else arguments.yes):
        for title in titles_to_confirm(group):
            print_error(f"left to do: {title}")
        option = f"--confirm {shlex.quote(phrase)}" if confirmation == "phrase" else "--yes"
        print_error(f"not confirmed: nothing was done. Add {option} to wait for the pull request and do this")
        return ExitCode.REFUSED
    progress = _JobListener()
    executor = PlanExecutor(
        Connections(context.config, context.environ, context.home),
        audit,
        timeouts=_timeouts_of(arguments),
        listener=progress.on_jobs,
    )
    outcome = await executor.resume(group, Consent(confirmed=True, phrase=arguments.confirm, reason=arguments.reason))
    write_result(plan_text.render_outcome_text(group.plan, outcome), is_text=True)
    progress.record_actions(context)
    return _exit_code_of_outcome(outcome)


def _override_promotion_via(context: RuntimeContext, via: Literal["pull-request", "workflow"]) -> RuntimeContext:
    from msgspec.structs import replace

    promotion = replace(context.config.promotion, via=via)
    return context._replace(config=replace(context.config, promotion=promotion))


async def _plan_and_execute(context: RuntimeContext, arguments: argparse.Namespace) -> int:
    from anchor_tui.cli.action_order import UnknownTargetError, build_order
    from anchor_tui.cli.output import plan_text
    from anchor_tui.domain.actions.plan import Refusal
    from anchor_tui.services.connections import Connections
    from anchor_tui.services.execute.audit import AuditError, AuditLog
    from anchor_tui.services.execute.executor import Consent, PlanExecutor

    snapshot = await _take_snapshot(context, arguments)
    try:
        order = build_order(arguments, snapshot, context.config)
    except UnknownTargetError as error:
        print_error(str(error))
        print_short_usage(arguments)
        if arguments.command not in {*APPLICATION_COMMANDS, "resource"}:
            return ExitCode.USAGE
        return _exit_code_of_unread_sources(snapshot) or ExitCode.USAGE
    connections = Connections(context.config, context.environ, context.home)
    audit = AuditLog(context.state_folder)
    progress = _JobListener()
    executor = PlanExecutor(connections, audit, timeouts=_timeouts_of(arguments), listener=progress.on_jobs)
    try:
        if not arguments.dry_run:
            await _report_unfinished_work(connections, audit)
    except AuditError as error:
        print_error(str(error))
        return ExitCode.REFUSED
    as_json = arguments.format == "json"
    plan = await executor.prepare(order, snapshot, only_look=arguments.dry_run)
    if isinstance(plan, Refusal):
        refusal = plan_text.render_refusal_json(order, plan) if as_json else plan_text.render_refusal_text(plan)
        write_result(refusal, is_text=not as_json)
        return _exit_code_of_refusal(plan, snapshot)
    missing = None if arguments.dry_run else _missing_confirmation(plan, arguments)
    if arguments.dry_run or missing:
        render_plan = plan_text.render_plan_json if as_json else plan_text.render_plan_text
        written = write_result(render_plan(plan), is_text=not as_json)
        if missing:
            print_error(missing)
            return ExitCode.REFUSED
        return ExitCode.OK if written else ExitCode.USAGE
    consent = Consent(confirmed=True, phrase=arguments.confirm, reason=arguments.reason)
    outcome = await executor.execute(plan, consent, lambda: snapshot, follow=arguments.wait or order.merge)
    render_outcome = plan_text.render_outcome_json if as_json else plan_text.render_outcome_text
    write_result(render_outcome(plan, outcome), is_text=not as_json)
    progress.record_actions(context)
    return _exit_code_of_outcome(outcome)


class _JobListener:
    """Print the running steps on stderr, each change once, and record the finished jobs in the history."""

    def __init__(self) -> None:
        self._last_printed: dict[str, str] = {}
        self._pull_requests: set[tuple[str, int]] = set()
        self._jobs: tuple[Job, ...] = ()

    def record_actions(self, context: RuntimeContext) -> None:
        """Record what was done in the history. If that fails, print a warning: the audit log contains it."""
        from anchor_tui.services.clock import utc_now
        from anchor_tui.services.history.local_actions import FinishedActions, record_local_changes

        changes = FinishedActions(utc_now).list_new(self._jobs)
        if warning := record_local_changes(changes, context.config, context.state_folder):
            print_error(warning)

    def on_jobs(self, jobs: tuple[Job, ...]) -> None:
        """Print the steps that are running now, and the number of a pull request as soon as it exists."""
        self._jobs = jobs
        for job in jobs:
            for group in job.groups:
                if group.number is not None and (group.subject, group.number) not in self._pull_requests:
                    self._pull_requests.add((group.subject, group.number))
                    print_error(f"{group.subject}: #{group.number} {group.url}".rstrip())
                if (step := group.current) is None:
                    continue
                text = f"{group.subject}: {step.title}" + (f": {step.note}" if step.note else "")
                if self._last_printed.get(group.subject) != text:
                    self._last_printed[group.subject] = text
                    print_error(text)


async def _take_snapshot(context: RuntimeContext, arguments: argparse.Namespace) -> Snapshot:
    """Read the sources that the plan needs: Argo CD, GitHub too for the policy, or none with --without-argocd."""
    from anchor_tui.services.observe.observer import Observer
    from anchor_tui.services.observe.source_factory import make_sources

    sources = make_sources(context.config, context.environ, context.home)
    if ACTION_COMMANDS[arguments.command] not in _ACTIONS_WITH_POLICY:
        sources = [source for source in sources if source.kind == "argocd"]
    if getattr(arguments, "without_argocd", False):
        sources = []
    return await Observer(context.config, sources).read_once(READ_TIMEOUT_S)


async def _report_unfinished_work(connections: Connections, audit: AuditLog) -> None:
    """Report what an earlier run did not finish, record it in the audit, and send undelivered events again.

    An event that cannot be delivered is a message: it does not prevent the action. Raises AuditError.
    """
    from anchor_tui.services.clock import utc_now
    from anchor_tui.services.execute.outbox import Outbox
    from anchor_tui.services.execute.recovery import recover_abandoned

    for recovered in await recover_abandoned(connections, audit, utc_now):
        unfinished = recovered.unfinished
        if recovered.is_reported:
            print_error(f"{unfinished.plan.title} ({unfinished.subject}): {recovered.message}")
    for message in await Outbox(connections, audit, utc_now).deliver_pending():
        print_error(message)


def _missing_confirmation(plan: Plan, arguments: argparse.Namespace) -> str | None:
    """Describe what the confirmation lacks; return None if it is sufficient."""
    import shlex

    nothing = "nothing was done" + (" except the hard refresh" if plan.order.refreshed else "")
    if plan.confirmation == "phrase" and arguments.confirm != plan.phrase:
        return f"not confirmed: {nothing}. Add --confirm {shlex.quote(plan.phrase)} to do it"
    names = " ".join(plan.order.environments)
    if plan.confirmation == "key" and not (arguments.yes or (names and arguments.confirm == names)):
        return f"not confirmed: {nothing}. Add --yes to do it"
    if plan.reason_required and not arguments.reason.strip():
        reason = shlex.quote(plan.order.reason) if plan.order.reason.strip() else "TEXT"
        return f"not confirmed: a protected environment requires a reason. Add --reason {reason}"
    return None


def _timeouts_of(arguments: argparse.Namespace) -> Timeouts:
    import time

    from anchor_tui.services.execute.step_support import Timeouts

    return Timeouts() if arguments.timeout is None else Timeouts(deadline=time.monotonic() + arguments.timeout)


def _exit_code_of_refusal(refusal: Refusal, snapshot: Snapshot) -> ExitCode:
    if refusal.kind == "credentials":
        return ExitCode.USAGE
    if refusal.kind in _SOURCE_UNAVAILABLE_KINDS:
        return _exit_code_of_unread_sources(snapshot) or ExitCode.SOURCE_UNAVAILABLE
    return ExitCode.OK if refusal.already_done else ExitCode.REFUSED


def _exit_code_of_unread_sources(snapshot: Snapshot) -> ExitCode | None:
    """Return the code for an Argo CD that was not read: no token, or no response. None if all were read."""
    kinds = {source.error.kind for source in snapshot.sources_not_fresh if source.kind == "argocd" and source.error}
    return (ExitCode.USAGE if "credentials" in kinds else ExitCode.SOURCE_UNAVAILABLE) if kinds else None


def _exit_code_of_outcome(outcome: Outcome) -> ExitCode:
    codes = {
        "done": ExitCode.OK,
        "refused": ExitCode.REFUSED,
        "drifted": ExitCode.REFUSED,
        "failed": ExitCode.FAILED,
    }
    return codes.get(outcome.kind, ExitCode.OUTCOME_UNKNOWN)
