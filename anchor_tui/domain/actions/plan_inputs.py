"""The inputs of plans: the snapshot, and the applications and repository as they were read for the plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime

from anchor_tui.config.model import Config
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.plan import Order, Refusal, absent_refusal
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.actions.resource_state import ResourceState
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.application_labels import label_applications, label_estate
from anchor_tui.domain.model import AppId, Application, Environment, Snapshot, ValueObject

REASON_PLACEHOLDER = "…"


class PlanInputs(ValueObject, frozen=True):
    """Everything a plan is made from. A Refusal in `states` or `repo_state` contains the reason."""

    config: Config
    snapshot: Snapshot
    now: datetime
    states: Mapping[AppId, AppState | Refusal] = {}
    repo_state: RepoState | Refusal | None = None
    followed_urls: frozenset[str] = frozenset()
    """The URLs of the pull requests that running jobs already follow."""
    resource_state: ResourceState | Refusal | None = None
    """The resource of an action on one resource."""
    in_github_actions: bool = False
    """True inside GitHub Actions."""

    def read_repo_state(self) -> RepoState | Refusal:
        """Return the state of the ops repo as it was read for this plan."""
        return self.repo_state or Refusal("GitHub", "unread", "the ops repo was not read")

    def label_application(self, application: Application) -> str:
        """Return an application's name, with its namespace if another application has the same name."""
        id_, labels = application.id, label_estate(self.snapshot.environments)
        return labels.get(id_) or label_applications([*labels, id_])[id_]

    def reference_application(self, application: Application, project: str | None = None) -> ApplicationRef:
        """Return the reference of an application for steps."""
        label = self.label_application(application)
        known = project or application.project
        return ApplicationRef(application.id, known, "" if label == application.name else label)

    def application_state(self, application: Application) -> AppState | Refusal:
        """Return the state of an application as it was read for this plan."""
        unread = Refusal(str(application.id), "unread", "its state was not read from Argo CD")
        return self.states.get(application.id, unread)


class TargetApplication(ValueObject, frozen=True):
    """An application that an order names, with its environment."""

    environment: Environment
    application: Application


def select_targets(order: Order, snapshot: Snapshot) -> tuple[TargetApplication, ...]:
    """Return the applications that an order names, or all applications of its environments."""
    found = [
        TargetApplication(environment, application)
        for environment in snapshot.environments
        for application in environment.applications
        if (application.id in order.applications if order.applications else environment.name in order.environments)
    ]
    return tuple({target.application.id: target for target in found}.values())


def no_target_refusal(order: Order, snapshot: Snapshot) -> Refusal:
    """Return why an order matches no application."""
    names = ", ".join(order.environments) or ", ".join(map(str, order.applications))
    if unread := [source for source in snapshot.sources_not_fresh if source.kind == "argocd"]:
        why = "; ".join(f"{source.id}: {source.error.message if source.error else source.state}" for source in unread)
        return Refusal(names, "unread", f"its applications are unknown ({why}): fix that, then read again (g)")
    return Refusal(names, "absent", "it has no known application: check `applications` in the configuration")


def fresh_state(target: TargetApplication, inputs: PlanInputs) -> AppState | Refusal:
    """Return the state of an application, or why no action is possible."""
    state = inputs.application_state(target.application)
    if isinstance(state, Refusal):
        return state
    return absent_refusal(state.application) or state


def target_environments(found: Iterable[TargetApplication]) -> tuple[Environment, ...]:
    """Return the environments of applications, each once, in promotion order."""
    return tuple({target.environment.name: target.environment for target in found}.values())


def command_line(action: str, order: Order, *options: str, phrase: str = "", wants_reason: bool = False) -> str:
    """Return the equivalent command line of an action on applications or environments."""
    named = [str(application) for application in order.applications] or list(order.environments)
    return confirmed_command_line(["anchor-tui", action, *named, *options], order, phrase, wants_reason=wants_reason)


def confirmed_command_line(words: list[str], order: Order, phrase: str, *, wants_reason: bool) -> str:
    """Return a command line with its confirmation, quoted for a shell.

    A required reason that is not given yet is replaced by a placeholder.
    """
    reason = order.reason or (REASON_PLACEHOLDER if wants_reason else "")
    given = command_option("--reason", reason) if reason else []
    return shlex.join([*words, *given, *(["--confirm", phrase] if phrase else ["--yes"])])


def command_option(name: str, value: str) -> list[str]:
    """Return an option with its value, as one word if the value looks like an option."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]
