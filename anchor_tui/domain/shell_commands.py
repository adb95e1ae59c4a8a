"""The shell commands that show a value or do the same as an action: `argocd`, `kubectl`, `gh`, `git`, `anchor-tui`.

A command is a list of words. Foreign text is one word and never an option: a value that could be read as an option, or
that contains a control character or a token, gives no command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from urllib.parse import urlsplit

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.foreign_text import sanitize_text
from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.model import AppId, Application, Environment, PullRequest, Release, ValueObject
from anchor_tui.domain.source_data import PastRelease

LOG_LINES = 200
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_PULL_REQUEST_PATH = re.compile(r"/([\w.-]+/[\w.-]+)/pull/(\d+)/?", re.ASCII)
_REPOSITORY_PATH = re.compile(r"/([\w.-]+/[\w.-]+?)(?:\.git)?/?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*")
_ARGOCD_ACTIONS = frozenset({"refresh", "hard-refresh", "sync", "hard-refresh-prune", "terminate"})
"""The actions of a plan that Argo CD's own command can do."""


class ShellCommand(ValueObject, frozen=True):
    """A command with what it shows or does. `changes` is True if it changes Argo CD, the cluster or GitHub."""

    title: str
    words: tuple[str, ...]
    changes: bool = False

    @property
    def line(self) -> str:
        """The command as one line, every word quoted for a POSIX shell."""
        return shlex.join(self.words)


def list_application_commands(application: Application) -> tuple[ShellCommand, ...]:
    """Return the commands about one application, its failing resources and its deployed commit."""
    name = str(application.id)
    if not _are_safe(name, application.name, application.namespace):
        return ()
    found = [
        ShellCommand("cause of the failure", ("anchor-tui", "app", name, "--why")),
        ShellCommand("resources, events and state", ("argocd", "app", "get", name, "--output=tree=detailed")),
        ShellCommand("differences between git and live", ("argocd", "app", "diff", name)),
        ShellCommand("deployments", ("argocd", "app", "history", name)),
        ShellCommand("logs", ("argocd", "app", "logs", name, f"--tail={LOG_LINES}")),
        ShellCommand("the Application object", _get_application_object(application.id)),
    ]
    for unhealthy in application.unhealthy:
        key = ResourceKey(unhealthy.group, unhealthy.kind, unhealthy.namespace, unhealthy.name)
        found += list_resource_commands(application, key)[:2]
    if application.compared_revision and _COMMIT.fullmatch(application.compared_revision):
        found.append(
            ShellCommand("commit that is compared", ("git", "show", "--stat", application.compared_revision, "--"))
        )
    found += [
        ShellCommand("refresh", ("argocd", "app", "get", name, "--refresh"), changes=True),
        ShellCommand("plan of a sync", ("anchor-tui", "sync", name, "--dry-run")),
        ShellCommand("sync", ("argocd", "app", "sync", name), changes=True),
    ]
    if application.operation is not None and application.operation.is_running:
        found.append(ShellCommand("end the running operation", ("argocd", "app", "terminate-op", name), changes=True))
    return tuple(found)


def _get_application_object(id_: AppId) -> tuple[str, ...]:
    namespace = (f"--namespace={id_.namespace}",) if id_.namespace else ()
    return ("kubectl", "get", "applications.argoproj.io", id_.name, *namespace, "--output=yaml")


def list_resource_commands(application: Application, key: ResourceKey) -> tuple[ShellCommand, ...]:
    """Return the commands about one resource. Those of kubectl need the context of the resource's cluster."""
    name = str(application.id)
    if not _are_safe(name, *key):
        return ()
    kind = f"{key.kind}.{key.group}" if key.group else key.kind
    target = f"{kind.lower()}/{key.name}"
    namespace = (f"--namespace={key.namespace}",) if key.namespace else ()
    found = [ShellCommand(f"state of {key}", ("kubectl", "describe", target, *namespace))]
    if key.kind in _KINDS_WITH_LOGS:
        logs = ("kubectl", "logs", target, *namespace, "--all-containers", f"--tail={LOG_LINES}")
        found += [
            ShellCommand(f"previous log of {key}", (*logs, "--previous")),
            ShellCommand(f"log of {key}", logs),
        ]
    found += [
        ShellCommand(f"manifest of {key}", ("kubectl", "get", target, *namespace, "--output=yaml")),
        ShellCommand(
            "the same, through Argo CD",
            ("argocd", "app", "get-resource", name, f"--kind={key.kind}", f"--resource-name={key.name}"),
        ),
        ShellCommand(
            f"actions of {key}",
            ("argocd", "app", "actions", "list", name, f"--kind={key.kind}", f"--resource-name={key.name}"),
        ),
    ]
    if key.kind in _KINDS_THAT_RESTART:
        restart = ("kubectl", "rollout", "restart", target, *namespace)
        found.append(ShellCommand(f"restart {key}", restart, changes=True))
    return tuple(found)


_KINDS_THAT_RESTART = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_KINDS_WITH_LOGS = _KINDS_THAT_RESTART | {"ReplicaSet", "Pod", "Job"}


def list_pull_request_commands(pull: PullRequest) -> tuple[ShellCommand, ...]:
    """Return the commands about one pull request, in its own repository."""
    number = str(pull.number)
    found = []
    if repository := _find_repository(pull.url, _PULL_REQUEST_PATH):
        option = f"--repo={repository}"
        found = [
            ShellCommand("description and reviews", ("gh", "pr", "view", number, option, "--comments")),
            ShellCommand("changes", ("gh", "pr", "diff", number, option)),
            ShellCommand("checks", ("gh", "pr", "checks", number, option)),
            ShellCommand("the same in the browser", ("gh", "pr", "view", number, option, "--web")),
            ShellCommand("merge", ("gh", "pr", "merge", number, option), changes=True),
        ]
    fetched = f"pull/{number}/head"
    return (
        *found[:4],
        ShellCommand("get its commits", ("git", "fetch", "origin", fetched)),
        ShellCommand("its changes, after that", ("git", "diff", "HEAD...FETCH_HEAD", "--")),
        ShellCommand("merge state, checks, reviews and files", ("anchor-tui", "pr", number)),
        ShellCommand("plan of a merge", ("anchor-tui", "merge", number, "--dry-run")),
        *found[4:],
    )


def list_release_commands(environment: str, release: PastRelease | Release) -> tuple[ShellCommand, ...]:
    """Return the commands about a release of an environment: its commit, its pull request, and the way back to it."""
    past = release if isinstance(release, PastRelease) else None
    contents = release.release if isinstance(release, PastRelease) else release
    found = []
    if past is not None and _COMMIT.fullmatch(past.commit):
        found.append(ShellCommand("commit that introduced it", ("git", "show", past.commit, "--")))
    pull = contents.pull_request if contents else None
    if pull and (repository := _find_repository(pull.url, _PULL_REQUEST_PATH)):
        view = ("gh", "pr", "view", str(pull.number), f"--repo={repository}", "--comments")
        found.append(ShellCommand("its pull request", view))
    if past is not None and contents is not None and _are_safe(environment, contents.version):
        words = ("anchor-tui", "rollback", environment, "--to", contents.version, "--dry-run")
        found.append(ShellCommand("plan of a rollback to it", words))
    return tuple(found)


def list_environment_commands(
    environment: Environment, *, repository_url: str = "", files: Iterable[str] = ()
) -> tuple[ShellCommand, ...]:
    """Return the commands about one environment. `files` are the paths of its release and its Helm values."""
    name = environment.name
    if not _are_safe(name):
        return ()
    paths = tuple(path for path in files if path and _are_safe(path))
    found = [
        ShellCommand(f"cause of the failure in {name}", ("anchor-tui", "app", name, "--why")),
        ShellCommand("the estate as text", ("anchor-tui", "snapshot", "--format", "text")),
    ]
    if paths:
        found += [
            ShellCommand("commits of its release", ("git", "log", "--oneline", "-n", "20", "--", *paths)),
            ShellCommand("last change of its release", ("git", "log", "-p", "-n", "1", "--", *paths)),
        ]
    if repository := _find_repository(repository_url, _REPOSITORY_PATH):
        found.append(ShellCommand("open pull requests", ("gh", "pr", "list", f"--repo={repository}")))
    for application in environment.applications:
        if _are_safe(str(application.id)):
            found.append(ShellCommand(f"state of {application.id}", ("argocd", "app", "get", str(application.id))))
    found += [
        ShellCommand(f"plan of a {action}", ("anchor-tui", command, name, "--dry-run"))
        for action, command in (("sync", "sync"), ("promotion to here", "promote"))
    ]
    if environment.release is not None:
        found.append(ShellCommand("the environment on the screen", ("anchor-tui", "--environment", name)))
    return tuple(found)


def list_plan_commands(plan: Plan) -> tuple[ShellCommand, ...]:
    """Return the command that executes a plan after its confirmation, and what does the same on its applications."""
    try:
        words = tuple(shlex.split(plan.command))
    except ValueError:
        words = ()
    found = [ShellCommand(plan.title, words, changes=True)] if words and _are_safe(*words, options=True) else []
    if plan.order.action in _ARGOCD_ACTIONS:
        names = [str(id_) for id_ in plan.order.applications if _are_safe(str(id_))]
        found += [_act_with_argocd(plan, name) for name in names]
    if plan.pull_request is not None and _are_safe(plan.pull_request.branch):
        branch = plan.pull_request.branch
        found.append(ShellCommand("its branch, once it is pushed", ("git", "fetch", "origin", branch)))
    return tuple(found)


def _act_with_argocd(plan: Plan, name: str) -> ShellCommand:
    order = plan.order
    match order.action:
        case "refresh":
            words: tuple[str, ...] = ("argocd", "app", "get", name, "--refresh")
        case "hard-refresh":
            words = ("argocd", "app", "get", name, "--hard-refresh")
        case "terminate":
            words = ("argocd", "app", "terminate-op", name)
        case _:
            prune = order.prune or order.action == "hard-refresh-prune"
            options = [*(["--prune"] if prune else []), *(["--dry-run"] if order.dry_run else [])]
            words = ("argocd", "app", "sync", name, *options)
    return ShellCommand(f"the same on {name}", words, changes=not order.dry_run)


def _find_repository(url: str, path: re.Pattern[str]) -> str:
    """Return HOST/OWNER/NAME of an address on GitHub; empty if it is not one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host += f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    found = path.fullmatch(parts.path)
    if found is None or not _HOST.fullmatch(host) or not _are_safe(found[1]):
        return ""
    return f"{host}/{found[1]}"


def _are_safe(*words: str, options: bool = False) -> bool:
    """Return True if every word is printable and without tokens, and unless `options` none looks like an option."""
    return all(word == sanitize_text(word) and (options or not word.startswith("-")) for word in words)
