"""From the highlighted row to an order, and why an action is unavailable. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.domain.identity_cache import ElementIndex, IdentityCache
from anchor_tui.domain.model import AppId, Application, Environment, PullRequest, Release, Snapshot

if TYPE_CHECKING:
    from anchor_tui.domain.actions.plan import ActionId, Order

CLUSTER_ACTIONS: frozenset[str] = frozenset(
    {"refresh", "hard-refresh", "sync", "hard-refresh-prune", "terminate", "resource-action", "delete-pod"}
)
MERGEABLE_KINDS = frozenset({"promotion", "rollback", "fix"})


class ActionTarget(NamedTuple):
    """The target of an action: an environment, some of its applications, or a pull request by its number.

    `release` is the release that the chooser of a rollback highlights.
    """

    environment: str
    applications: tuple[AppId, ...] = ()
    pull_request: int | None = None
    release: Release | None = None


def build_order(action: ActionId, target: ActionTarget) -> Order:
    """Return the order of a key. Its options are the defaults, never those of an earlier order."""
    import uuid

    from anchor_tui.domain.actions.plan import Order  # its imports cost 10 ms, which the first frame does not need

    request_id = uuid.uuid4().hex
    if action == "merge":
        return Order(action, request_id, number=target.pull_request)
    if action == "cutover":
        return Order(action, request_id)
    if action in CLUSTER_ACTIONS:
        environments = () if target.applications else (target.environment,)
        return Order(action, request_id, environments, target.applications)
    return Order(action, request_id, (target.environment,))


def find_only_pull_request(environment: Environment) -> int | None:
    """Return the number of the environment's mergeable pull request, if there is exactly one."""
    pulls = [pull for pull in environment.pull_requests if pull.kind in MERGEABLE_KINDS]
    return pulls[0].number if len(pulls) == 1 else None


def get_release_pull_request(environment: Environment | None) -> int | None:
    """Return the number of the pull request that brought the present release of an environment, if it is known."""
    release = environment.release if environment else None
    return release.pull_request.number if release and release.pull_request else None


def list_known_pull_requests(subject: Snapshot | Environment) -> Mapping[int, str]:
    """Return the pull requests that texts about a snapshot or an environment may name: titles by number.

    The open ones come first, then those that brought the releases.
    """
    environments = subject.environments if isinstance(subject, Snapshot) else (subject,)
    open_pulls = subject.all_pull_requests if isinstance(subject, Snapshot) else subject.pull_requests
    titles = {pull.number: pull.title for pull in open_pulls}
    for environment in environments:
        release = environment.release
        brought = (release.pull_request,) if release and release.pull_request else ()
        for pull in (*brought, *(environment.position.pull_requests if environment.position else ())):
            titles.setdefault(pull.number, pull.title)
    return titles


def explain_unavailable_action(
    action: str, target: ActionTarget, snapshot: Snapshot | None, environments: tuple[str, ...]
) -> str:
    """Return why an action cannot be planned here and now, or an empty string. `environments` are all names."""
    if snapshot is None:
        return "nothing has been read yet"
    environment = snapshot.find_environment(target.environment)
    if environment is None:
        return "no environment is highlighted"
    if action in CLUSTER_ACTIONS:
        return _explain_cluster_action(action, target, environment, snapshot)
    if (reason := _explain_unread_source(snapshot, "github", "GitHub")) and action != "cutover":
        return reason
    match action:
        case "promote" if environments and target.environment == environments[0]:
            return f"{target.environment} is the first environment; the app repo's workflow releases into it"
        case "rollback" if environment.release is None:
            return "its release cannot be read"
        case "merge":
            return _explain_merge(target, snapshot)
        case _:
            return ""


def _explain_cluster_action(action: str, target: ActionTarget, environment: Environment, snapshot: Snapshot) -> str:
    if reason := _explain_unread_source(snapshot, environment.source, "Argo CD"):
        return reason
    chosen = _find_applications(target.applications, environment, snapshot)
    known = next(chosen if target.applications else iter(environment.applications), None)
    if known is None:
        return "the environment has no known application"
    if action != "terminate":
        return ""
    if target.applications:
        is_running = any(map(_has_running_operation, (known, *chosen)))
    else:
        is_running = _runs_operation(environment)
    return "" if is_running else "no operation to end"


_APPLICATIONS = ElementIndex[AppId, Application](lambda application: application.id)
_RUNNING = IdentityCache[bool]()


def index_applications(environment: Environment) -> Mapping[AppId, Application]:
    """Return the applications of an environment by their ids. The mapping is valid until the next snapshot."""
    return _APPLICATIONS.get(environment.name, environment.applications)


def _find_applications(ids: Iterable[AppId], first: Environment, snapshot: Snapshot) -> Iterator[Application]:
    """Yield the known applications. `first` is searched before the other environments."""
    for id_ in ids:
        for environment in (first, *snapshot.environments):
            if (found := index_applications(environment).get(id_)) is not None:
                yield found
                break


def _runs_operation(environment: Environment) -> bool:
    apps = environment.applications
    return _RUNNING.get(environment.name, (apps,), lambda: any(map(_has_running_operation, apps)))


def _has_running_operation(application: Application) -> bool:
    return application.operation is not None and application.operation.is_running


def _explain_unread_source(snapshot: Snapshot, source: str, name: str) -> str:
    state = snapshot.find_source(source)
    if state is None or state.state == "fresh":
        return ""
    return f"{name} is {state.state}: read again (g) when it is fixed"


def explain_merge(number: int, snapshot: Snapshot | None) -> str:
    """Return why the merge of a pull request cannot be planned now, or an empty string."""
    if snapshot is None:
        return "nothing has been read yet"
    if reason := _explain_unread_source(snapshot, "github", "GitHub"):
        return reason
    target = ActionTarget("", (), number)
    if _find_pull_request(target, snapshot) is None:
        return f"#{number} is not open, or not read yet"
    return _explain_merge(target, snapshot)


def _explain_merge(target: ActionTarget, snapshot: Snapshot) -> str:
    pull = _find_pull_request(target, snapshot)
    if pull is None:
        return "no pull request is highlighted"
    if pull.kind not in MERGEABLE_KINDS:
        return f"#{pull.number} is not a promotion, rollback or fix: merge it on GitHub (o)"
    return ""


def _find_pull_request(target: ActionTarget, snapshot: Snapshot) -> PullRequest | None:
    """Return the pull request that is the target."""
    return next((pull for pull in snapshot.all_pull_requests if pull.number == target.pull_request), None)
