"""From what is highlighted to an Order, and why an action does not work here and now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.domain.model import AppId, Application, Environment, PullRequest, Snapshot

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId, Order

CLUSTER_ACTIONS: frozenset[str] = frozenset({"refresh", "hard-refresh", "sync", "hard-refresh-prune", "terminate"})


class ActionTarget(NamedTuple):
    """What the keys act on: an environment, or applications of it, or a pull request."""

    environment: str
    applications: tuple[AppId, ...] = ()
    pull_request: int | None = None


def build_order(action: ActionId, aim: ActionTarget) -> Order:
    """The order of a key. Options are the usual ones: none stays from the last time."""
    import uuid

    from anchor_tui.domain.actions.plan import Order  # with all that acts: 10 ms that the first frame does without

    id_ = uuid.uuid4().hex
    if action == "merge":
        return Order(action, id_, number=aim.pull_request)
    if action == "cutover":
        return Order(action, id_)
    if action in CLUSTER_ACTIONS:
        environments = () if aim.applications else (aim.environment,)
        return Order(action, id_, environments, aim.applications)
    return Order(action, id_, (aim.environment,))


def explain_unavailable_action(
    action: str, aim: ActionTarget, snapshot: Snapshot | None, environments: tuple[str, ...]
) -> str:
    """Why an action cannot even be planned here and now; empty where it can."""
    if snapshot is None:
        return "nothing is known yet"
    environment = snapshot.find_environment(aim.environment)
    if environment is None:
        return "no environment is highlighted"
    if action in CLUSTER_ACTIONS:
        return _explain_cluster_action(action, aim, environment, snapshot)
    if (why := _explain_unread_source(snapshot, "github", "GitHub")) and action != "cutover":
        return why
    match action:
        case "promote" if environments and aim.environment == environments[0]:
            return f"{aim.environment} is the first environment: the app repo's workflow brings releases into it"
        case "rollback" if environment.release is None:
            return "its release cannot be read"
        case "merge":
            return _explain_merge(aim, snapshot)
        case _:
            return ""


def _explain_cluster_action(action: str, aim: ActionTarget, environment: Environment, snapshot: Snapshot) -> str:
    if why := _explain_unread_source(snapshot, environment.source, "Argo CD"):
        return why
    applications = _list_targeted_applications(aim, environment, snapshot)
    if not applications:
        return "no application is known there"
    if action == "terminate" and not any(each.operation and each.operation.is_running for each in applications):
        return "no operation runs"
    return ""


def _list_targeted_applications(
    aim: ActionTarget, environment: Environment, snapshot: Snapshot
) -> tuple[Application, ...]:
    if not aim.applications:
        return environment.applications
    return tuple(each for each in snapshot.all_applications if each.id in aim.applications)


def _explain_unread_source(snapshot: Snapshot, source: str, name: str) -> str:
    state = snapshot.find_source(source)
    if state is None or state.state == "fresh":
        return ""
    return f"{name} is {state.state}: read again (g) once that is mended"


def _explain_merge(aim: ActionTarget, snapshot: Snapshot) -> str:
    pull = find_pull_request(aim, snapshot)
    if pull is None:
        return "no pull request is highlighted"
    if pull.kind not in {"promotion", "rollback"}:
        return f"#{pull.number} is no promotion and no rollback: merge it on GitHub (o)"
    return ""


def find_pull_request(aim: ActionTarget, snapshot: Snapshot) -> PullRequest | None:
    """The pull request that is meant."""
    return next((each for each in snapshot.all_pull_requests if each.number == aim.pull_request), None)
