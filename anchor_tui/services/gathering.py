"""Reads anew what an order's Plan is made from: applications with their manifests, or the branch with its files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions import cutover, mend
from anchor_tui.domain.actions.choosing import Move, branch_name, choose, earlier
from anchor_tui.domain.actions.cluster import AppState
from anchor_tui.domain.actions.evidence import Evidence, targets
from anchor_tui.domain.actions.parts import AppTarget
from anchor_tui.domain.actions.plan import Order, Refusal
from anchor_tui.domain.actions.planning import IN_GIT, WITHOUT_READING
from anchor_tui.domain.actions.workbench import File, Workbench
from anchor_tui.domain.model import AppId, Application, Snapshot
from anchor_tui.domain.source_data import EnvironmentFiles, OpsRepoData, PastRelease
from anchor_tui.services.acting import Session
from anchor_tui.sources.argocd.acting import read_whole
from anchor_tui.sources.errors import SourceError
from anchor_tui.sources.github import GitHubSource
from anchor_tui.sources.github.bench import read_ours, read_pull
from anchor_tui.sources.github.blobs import read_file_at, read_files
from anchor_tui.sources.github.past import read_past

SIDE_BY_SIDE = 8
MERGEABLE_TRIES = 5
"""How often is asked for whether a pull request can be merged, which GitHub works out after it was asked."""
MERGEABLE_PAUSE_S = 1.0


class Gathering:
    """The evidence for orders, over the connections of one session."""

    def __init__(self, session: Session, config: Config, now: Callable[[], datetime]) -> None:
        self._session, self._config, self._now = session, config, now

    async def evidence(self, order: Order, snapshot: Snapshot) -> Evidence:
        """Everything that the order's Plan is made from. What cannot be read is a Refusal in its place."""
        base = Evidence(
            self._config,
            snapshot,
            self._now(),
            environ_is_workflow=self._session.connections.environ.get("GITHUB_ACTIONS") == "true",
        )
        if order.action in WITHOUT_READING:
            return base
        if order.action in IN_GIT:
            bench, states = await asyncio.gather(
                self._workbench(order, snapshot), self._states(self._of_repo(order, snapshot))
            )
            return replace(base, workbench=bench, states=states)
        return replace(base, states=await self._states(self._of_cluster(order, snapshot)))

    # --- applications --------------------------------------------------------------------------------

    def _of_cluster(self, order: Order, snapshot: Snapshot) -> tuple[Application, ...]:
        if order.action == "cutover":
            names = tuple(each.name for each in cutover.environments_of(snapshot))
            order = replace(order, environments=names, applications=())
        return tuple(each.application for each in targets(order, snapshot))

    def _of_repo(self, order: Order, snapshot: Snapshot) -> tuple[Application, ...]:
        """The target's applications, whose sync windows count; none where Argo CD is left out, or for a merge."""
        if order.without_argocd or order.action == "merge":
            return ()
        return tuple(each.application for each in targets(order, snapshot))

    async def _states(self, applications: Iterable[Application]) -> dict[AppId, AppState | Refusal]:
        limit = asyncio.Semaphore(SIDE_BY_SIDE)

        async def read(application: Application) -> tuple[AppId, AppState | Refusal]:
            async with limit:
                return application.id, await self._state(application)

        return dict(await asyncio.gather(*(read(each) for each in applications)))

    async def _state(self, application: Application) -> AppState | Refusal:
        if application.presence != "found":
            return AppState(application, self._now())
        target = AppTarget(application.id, application.project)
        try:
            client = await self._session.argocd(application.source)
            return await read_whole(client, target, _web(application))
        except SourceError as error:
            return Refusal(str(application.id), error.kind, f"Argo CD could not be asked: {error.message}")

    # --- the ops repo --------------------------------------------------------------------------------

    async def read_branch(self) -> OpsRepoData:
        """The branch this moment with its history. Raises SourceError."""
        source = GitHubSource(self._config, self._session.connections.github, self._now)
        try:
            return await source.read_branch()
        finally:
            source.hang_up()

    async def earlier_releases(self, environment: str) -> tuple[PastRelease, ...] | Refusal:
        """What an environment can go back to, newest first, as far back as the branch's history goes."""
        try:
            return earlier(await self._with_whole_past(await self.read_branch(), environment), environment)
        except SourceError as error:
            return Refusal(environment, error.kind, f"GitHub could not be asked: {error.message}")

    async def _workbench(self, order: Order, snapshot: Snapshot) -> Workbench | Refusal:
        try:
            repo = await self.read_branch()
            if order.action == "merge":
                return await self._merging(order, repo)
            if order.action == "mend":
                return await self._mending(order, repo, snapshot)
            return await self._moving(order, repo)
        except SourceError as error:
            return Refusal("GitHub", error.kind, f"GitHub could not be asked: {error.message}")

    async def _moving(self, order: Order, repo: OpsRepoData) -> Workbench | Refusal:
        if order.action == "rollback" and order.environments:
            repo = await self._with_whole_past(repo, order.environments[0])
        move = choose(order, self._config, repo)
        if isinstance(move, Refusal):
            return move
        door = await self._session.github()
        environment = move.environment
        paths = (environment.release, environment.values)
        action = "rollback" if order.action == "rollback" else "promote"
        branch = branch_name(action, environment.name, move.release.version)
        rights, ours, pulls = await read_ours(door, repo.name, branch, self._config.github.branch, paths)
        files = await read_files(door, repo, paths)
        return Workbench(repo, rights, files, await self._source(move, repo), ours, pulls)

    async def _source(self, move: Move, repo: OpsRepoData) -> File | None:
        door = await self._session.github()
        if move.commit:
            return await read_file_at(door, repo.name, move.source.release, move.commit)
        return (await read_files(door, repo, (move.source.release,))).get(move.source.release)

    async def _merging(self, order: Order, repo: OpsRepoData) -> Workbench:
        door = await self._session.github()
        for tried in range(MERGEABLE_TRIES):
            rights, pull = await read_pull(door, repo.name, order.number or 0)
            if pull is None or pull.state != "open" or pull.merge_state != "unknown":
                break
            if tried + 1 < MERGEABLE_TRIES:
                await asyncio.sleep(MERGEABLE_PAUSE_S)
        return Workbench(repo, rights, pulls=(pull,) if pull else ())

    async def _mending(self, order: Order, repo: OpsRepoData, snapshot: Snapshot) -> Workbench:
        file = mend.file_of(order, snapshot)
        if file is None:
            return Workbench(repo)
        door = await self._session.github()
        branch = mend.branch_of(order)
        rights, ours, pulls = await read_ours(door, repo.name, branch, self._config.github.branch, (file, file))
        return Workbench(repo, rights, await read_files(door, repo, (file,)), None, ours, pulls)

    async def _with_whole_past(self, repo: OpsRepoData, environment: str) -> OpsRepoData:
        """The same with this environment's history to its first release."""
        files = repo.environments.get(environment)
        if files is None or files.history_complete is not False:
            return repo
        config = next(each for each in self._config.environments if each.name == environment)
        door = await self._session.github()
        history = await read_past(door, self._config, config, repo)
        whole: EnvironmentFiles = replace(files, history=history, history_complete=True)
        return replace(repo, environments={**repo.environments, environment: whole})


def _web(application: Application) -> str:
    """Where people look at this Argo CD, out of the address of one of its applications."""
    return application.url.rpartition("/applications/")[0] if application.url else ""
