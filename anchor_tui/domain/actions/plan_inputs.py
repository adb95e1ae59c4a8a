"""What the plans are made from: the snapshot, and what was read anew for them at that moment."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.plan import Order, Refusal, absent_refusal
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.model import AppId, Application, Environment, Snapshot, ValueObject

REASON_PLACEHOLDER = "…"


class PlanInputs(ValueObject, frozen=True):
    """What is known when a Plan is made. `states` hold why an application could not be read, where it could not."""

    config: Config
    snapshot: Snapshot
    now: datetime
    states: Mapping[AppId, AppState | Refusal] = {}
    repo_state: RepoState | Refusal | None = None
    followed_urls: frozenset[str] = frozenset()
    """The addresses of the pull requests that are followed from here already."""
    in_github_actions: bool = False
    """Whether this runs inside GitHub Actions."""

    def application_state(self, application: Application) -> AppState | Refusal:
        """What was read of an application just now."""
        unread = Refusal(str(application.id), "unread", "Argo CD was not asked about it")
        return self.states.get(application.id, unread)


class TargetApplication(ValueObject, frozen=True):
    """One application that an order is about, with its environment."""

    environment: Environment
    application: Application


def select_targets(order: Order, snapshot: Snapshot) -> tuple[TargetApplication, ...]:
    """The applications that are meant: those named, else all of the named environments."""
    found = [
        TargetApplication(environment, application)
        for environment in snapshot.environments
        for application in environment.applications
        if (application.id in order.applications if order.applications else environment.name in order.environments)
    ]
    return tuple({each.application.id: each for each in found}.values())


def no_target_refusal(order: Order, snapshot: Snapshot) -> Refusal:
    """Why an order is about no application at all."""
    names = ", ".join(order.environments) or ", ".join(map(str, order.applications))
    if unread := [each for each in snapshot.sources_not_fresh if each.kind == "argocd"]:
        why = "; ".join(f"{each.id}: {each.error.message if each.error else each.state}" for each in unread)
        return Refusal(names, "unread", f"its applications are not known ({why}); read again (g) when that is mended")
    return Refusal(names, "absent", "no application is known there: look at `applications` in the configuration")


def fresh_state(each: TargetApplication, inputs: PlanInputs) -> AppState | Refusal:
    """The fresh state of an application that something can be done with, or why nothing can."""
    state = inputs.application_state(each.application)
    if isinstance(state, Refusal):
        return state
    return absent_refusal(state.application) or state


def target_environments(found: Iterable[TargetApplication]) -> tuple[Environment, ...]:
    """Their environments, each once, in the order of promotion."""
    return tuple({each.environment.name: each.environment for each in found}.values())


def command_line(action: str, order: Order, *options: str, phrase: str = "", wants_reason: bool = False) -> str:
    """The equivalent command line of an action on applications or environments."""
    named = [str(each) for each in order.applications] or list(order.environments)
    return confirmed_command_line(["anchor-tui", action, *named, *options], order, phrase, wants_reason=wants_reason)


def confirmed_command_line(words: list[str], order: Order, phrase: str, *, wants_reason: bool) -> str:
    """A command line with what confirms it; whatever is foreign in it is quoted for a shell.

    Where a reason is wanted and not given yet, its place is kept.
    """
    reason = order.reason or (REASON_PLACEHOLDER if wants_reason else "")
    given = command_option("--reason", reason) if reason else []
    return shlex.join([*words, *given, *(["--confirm", phrase] if phrase else ["--yes"])])


def command_option(name: str, value: str) -> list[str]:
    """An option and its value: in one word where the value would be taken for an option itself."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]
