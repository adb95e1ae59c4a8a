"""Reads the inputs of a plan: applications with their manifests, or the ops repo's branch with its files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions import cutover, fix, resource_action
from anchor_tui.domain.actions.application_state import AppState
from anchor_tui.domain.actions.merge_content import affected_environments
from anchor_tui.domain.actions.plan import Order, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs, select_targets
from anchor_tui.domain.actions.planner import OPS_REPO_ACTIONS, RESOURCE_ACTIONS, SNAPSHOT_ONLY_ACTIONS
from anchor_tui.domain.actions.release_selection import ReleaseMove, branch_name, earlier_releases, select_release
from anchor_tui.domain.actions.repo_state import EarlierFile, RepoFile, RepoState, RunningWorkflow
from anchor_tui.domain.actions.restored_url import RESTORABLE_URLS
from anchor_tui.domain.actions.step_base import ApplicationRef
from anchor_tui.domain.model import AppId, Application, Snapshot
from anchor_tui.domain.source_data import EnvironmentFiles, OpsRepoData, PastRelease
from anchor_tui.services.execute.step_support import ExecutionClients
from anchor_tui.sources.argocd.application_api import read_application, read_application_details
from anchor_tui.sources.argocd.resource_api import read_resource_state
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github.file_contents import read_file_at, read_files
from anchor_tui.sources.github.pull_request_files import read_pull_request_files
from anchor_tui.sources.github.pull_request_queries import read_branch_state, read_pull_request
from anchor_tui.sources.github.release_history import read_release_history
from anchor_tui.sources.github.source import GitHubSource
from anchor_tui.sources.github.workflow_runs import read_running_workflows
from anchor_tui.sources.worker_pool import call_concurrently

MAX_PARALLEL_READS = 8
MAX_EARLIER_FILES = 8
"""How many earlier versions of a file are read for a value to restore."""
MERGEABILITY_TRIES = 5
"""Attempts to read whether a pull request can be merged: GitHub computes that after the first request."""
MERGEABILITY_PAUSE_S = 1.0


class PlanInputCollector:
    """Collects the inputs of plans with the clients of one execution."""

    def __init__(self, clients: ExecutionClients, config: Config, now: Callable[[], datetime]) -> None:
        self._clients, self._config, self._now = clients, config, now

    async def collect_inputs(self, order: Order, snapshot: Snapshot) -> PlanInputs:
        """Return the inputs of an order's plan. An unreadable part is replaced by a Refusal."""
        inputs = PlanInputs(
            self._config,
            snapshot,
            self._now(),
            in_github_actions=self._clients.connections.environ.get("GITHUB_ACTIONS") == "true",
        )
        if order.action in SNAPSHOT_ONLY_ACTIONS:
            return inputs
        if order.action in RESOURCE_ACTIONS:
            return await self._collect_resource_inputs(order, inputs)
        if order.action == "merge":
            state = await self._read_repo_state(order, snapshot)
            states = await self._read_states(self._merge_applications(order, state, snapshot))
            return replace(inputs, repo_state=state, states=states)
        if order.action in OPS_REPO_ACTIONS:
            repo_state, states = await asyncio.gather(
                self._read_repo_state(order, snapshot), self._read_states(self._release_applications(order, snapshot))
            )
            return replace(inputs, repo_state=repo_state, states=states)
        return replace(inputs, states=await self._read_states(self._argocd_applications(order, snapshot)))

    # --- applications --------------------------------------------------------------------------------

    def _argocd_applications(self, order: Order, snapshot: Snapshot) -> tuple[Application, ...]:
        if order.action == "cutover":
            names = tuple(environment.name for environment in cutover.cutover_environments(snapshot))
            order = replace(order, environments=names, applications=())
        return tuple(target.application for target in select_targets(order, snapshot))

    def _release_applications(self, order: Order, snapshot: Snapshot) -> tuple[Application, ...]:
        """Return the applications whose sync windows matter; none without Argo CD."""
        if order.without_argocd:
            return ()
        return tuple(target.application for target in select_targets(order, snapshot))

    def _merge_applications(
        self, order: Order, state: RepoState | Refusal, snapshot: Snapshot
    ) -> tuple[Application, ...]:
        """Return the applications of the environments that the pull request changes."""
        if isinstance(state, Refusal) or state.pull_request_files is None:
            return ()
        names = affected_environments(state.pull_request_files, self._config)
        return self._release_applications(replace(order, environments=names), snapshot)

    async def _read_states(self, applications: Iterable[Application]) -> dict[AppId, AppState | Refusal]:
        async def read(application: Application) -> tuple[AppId, AppState | Refusal]:
            return application.id, await self._read_state(application)

        return dict(await call_concurrently(read, applications, MAX_PARALLEL_READS))

    async def _read_state(self, application: Application) -> AppState | Refusal:
        if application.presence != "found":
            return AppState(application, self._now())
        target = ApplicationRef(application.id, application.project)
        try:
            client = await self._clients.argocd_client(application.source)
            return await read_application_details(client, target, _web_url(application))
        except SourceError as error:
            return Refusal(str(application.id), error.kind, f"Argo CD is not readable: {error.message}")

    async def _collect_resource_inputs(self, order: Order, inputs: PlanInputs) -> PlanInputs:
        """Return the inputs with the only resource of the order, and its application without manifests."""
        target = resource_action.select_target(order, inputs)
        if isinstance(target, Refusal) or not order.resources:
            return inputs
        application = target.application
        if application.presence != "found":
            return replace(inputs, states={application.id: AppState(application, self._now())})
        action = None if order.action == "delete-pod" else order.resource_action
        try:
            client = await self._clients.argocd_client(application.source)
            ref = ApplicationRef(application.id, application.project)
            state = await read_application(client, ref, _web_url(application))
            resource = await read_resource_state(client, state, order.resources[0], action)
        except SourceError as error:
            refusal = Refusal(str(application.id), error.kind, f"Argo CD is not readable: {error.message}")
            return replace(inputs, states={application.id: refusal})
        return replace(inputs, states={application.id: state}, resource_state=resource)

    # --- the ops repo --------------------------------------------------------------------------------

    async def read_branch(self) -> OpsRepoData:
        """Read the branch with its history. Raises SourceError."""
        source = GitHubSource(self._config, self._clients.connections.connect_github, self._now)
        try:
            return await source.read_branch()
        finally:
            await source.close_client()

    async def earlier_releases(self, environment: str) -> tuple[PastRelease, ...] | Refusal:
        """Return the releases an environment ran before, newest first, from the whole history of the branch."""
        try:
            return earlier_releases(await self._with_full_history(await self.read_branch(), environment), environment)
        except SourceError as error:
            return Refusal(environment, error.kind, f"GitHub is not readable: {error.message}")

    async def _read_repo_state(self, order: Order, snapshot: Snapshot) -> RepoState | Refusal:
        try:
            runs = await self._read_running_workflows(order)  # before the pull requests that they open
            repo = await self.read_branch()
            if order.action == "merge":
                return await self._read_for_merge(order, repo)
            if order.action == "mend":
                return await self._read_for_fix(order, repo, snapshot)
            state = await self._read_for_release(order, repo)
            return replace(state, running_workflows=runs) if isinstance(state, RepoState) else state
        except SourceError as error:
            return Refusal("GitHub", error.kind, f"GitHub is not readable: {error.message}")

    async def _read_running_workflows(self, order: Order) -> tuple[RunningWorkflow, ...]:
        promotion = self._config.promotion
        if order.action != "promote" or promotion.via != "workflow" or not promotion.workflow:
            return ()
        client = await self._clients.github_client()
        return await read_running_workflows(client, self._config.github.ops_repo, promotion.workflow)

    async def _read_for_release(self, order: Order, repo: OpsRepoData) -> RepoState | Refusal:
        if order.action == "rollback" and order.environments:
            repo = await self._with_full_history(repo, order.environments[0])
        move = select_release(order, self._config, repo)
        if isinstance(move, Refusal):
            return move
        client = await self._clients.github_client()
        environment = move.environment
        paths = (environment.release, environment.values)
        action = "rollback" if order.action == "rollback" else "promote"
        branch = branch_name(action, environment.name, move.release.version)
        rights, ours, pulls = await read_branch_state(client, repo.name, branch, self._config.github.branch, paths)
        files = await read_files(client, repo, paths)
        return RepoState(repo, rights, files, await self._read_source_file(move, repo), ours, pulls)

    async def _read_source_file(self, move: ReleaseMove, repo: OpsRepoData) -> RepoFile | None:
        client = await self._clients.github_client()
        if move.commit:
            return await read_file_at(client, repo.name, move.source.release, move.commit)
        return (await read_files(client, repo, (move.source.release,))).get(move.source.release)

    async def _read_for_merge(self, order: Order, repo: OpsRepoData) -> RepoState:
        client = await self._clients.github_client()
        for tried in range(MERGEABILITY_TRIES):
            rights, pull = await read_pull_request(client, repo.name, order.number or 0)
            if pull is None or pull.state != "open" or pull.merge_state != "unknown":
                break
            if tried + 1 < MERGEABILITY_TRIES:
                await asyncio.sleep(MERGEABILITY_PAUSE_S)
        if pull is None:
            return RepoState(repo, rights)
        base = repo.head.oid if repo.head else self._config.github.branch
        content = (
            await read_pull_request_files(client, repo.name, base, pull.head_sha) if pull.state == "open" else None
        )
        return RepoState(repo, rights, pull_requests=(pull,), pull_request_files=content)

    async def _read_for_fix(self, order: Order, repo: OpsRepoData, snapshot: Snapshot) -> RepoState:
        file = fix.file_to_fix(order, snapshot)
        if file is None:
            return RepoState(repo)
        client = await self._clients.github_client()
        branch = fix.fix_branch(order)
        rights, ours, pulls = await read_branch_state(
            client, repo.name, branch, self._config.github.branch, (file, file)
        )
        files = await read_files(client, repo, (file,))
        earlier = await self._read_earlier_files(order, repo, file)
        return RepoState(repo, rights, files, None, ours, pulls, earlier)

    async def _read_earlier_files(self, order: Order, repo: OpsRepoData, path: str) -> tuple[EarlierFile, ...]:
        """Return a file as it was after the newest releases of its environment, for a value to restore."""
        known = repo.environments.get(order.environments[0])
        if order.check not in RESTORABLE_URLS or known is None:
            return ()
        client = await self._clients.github_client()
        commits = [past.commit for past in known.history[:MAX_EARLIER_FILES]]
        files = await asyncio.gather(*(read_file_at(client, repo.name, path, commit) for commit in commits))
        return tuple(
            EarlierFile(path, commit, file.content)
            for commit, file in zip(commits, files, strict=True)
            if file is not None
        )

    async def _with_full_history(self, repo: OpsRepoData, environment: str) -> OpsRepoData:
        """Return the same with the environment's history back to its first release."""
        files = repo.environments.get(environment)
        if files is None or files.history_complete is not False:
            return repo
        config = next(known for known in self._config.environments if known.name == environment)
        client = await self._clients.github_client()
        history = await read_release_history(client, self._config, config, repo)
        whole: EnvironmentFiles = replace(files, history=history, history_complete=True)
        return replace(repo, environments={**repo.environments, environment: whole})


def _web_url(application: Application) -> str:
    """Return the web address of an Argo CD, taken from the address of an application."""
    return application.url.rpartition("/applications/")[0] if application.url else ""
