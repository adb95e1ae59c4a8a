"""Reads the ops repo for the steps: pull requests, branches, commits and workflow runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from anchor_tui.domain.actions.repo_state import PullRequestState
from anchor_tui.services.execute.step_support import ExecutionClients
from anchor_tui.sources.errors import NotFound
from anchor_tui.sources.github.pull_request_queries import read_pull_request
from anchor_tui.sources.github.workflow_runs import read_workflow_runs


class RepoAccess:
    """Reads the ops repo, without a cache. Every method raises SourceError."""

    def __init__(self, clients: ExecutionClients, branch: str) -> None:
        self._clients, self._branch = clients, branch

    async def read_pull_request(self, repository: str, number: int) -> PullRequestState:
        """Return a pull request."""
        _, found = await read_pull_request(await self._clients.github_client(), repository, number)
        if found is None:
            raise NotFound(f"there is no pull request #{number}")
        return found

    async def list_pull_requests(self, repository: str, branch: str) -> list[dict[str, Any]]:
        """Return the open pull requests from one of our branches to the configured branch."""
        owner = repository.partition("/")[0]
        query = f"state=open&head={quote(f'{owner}:{branch}')}&base={quote(self._branch)}"
        found = await self._get_json(f"/repos/{repository}/pulls?{query}")
        pulls = [pull for pull in found.get("items") or () if isinstance(pull, dict)]
        return [pull for pull in pulls if _is_of_one_repository(pull)]

    async def read_branch_tip(self, repository: str, branch: str) -> str | None:
        """Return the commit of a branch; None if there is no such branch."""
        try:
            found = await self._get_json(f"/repos/{repository}/git/ref/heads/{quote(branch)}")
        except NotFound:
            return None
        target = found.get("object")
        return str(target.get("sha")) if isinstance(target, dict) else None

    async def read_commit(self, repository: str, oid: str) -> tuple[list[str], list[str]]:
        """Return the parents of a commit and the lines of its message."""
        listed = await self._get_json(f"/repos/{repository}/commits?sha={quote(oid)}&per_page=1")
        found = next((commit for commit in listed.get("items") or () if isinstance(commit, dict)), {})
        parents = [str(parent.get("sha")) for parent in found.get("parents") or () if isinstance(parent, dict)]
        return parents, str((found.get("commit") or {}).get("message")).split("\n")

    async def contains_commit(self, repository: str, commit: str, ancestor: str) -> bool:
        """Return whether a commit is, or descends from, `ancestor`."""
        if commit == ancestor:
            return True
        found = await self._get_json(f"/repos/{repository}/compare/{quote(ancestor)}...{quote(commit)}")
        return found.get("status") in {"ahead", "identical"}

    async def list_workflow_runs(self, repository: str, workflow: str) -> list[dict[str, Any]]:
        """Return the runs of a workflow that were started by hand."""
        return await read_workflow_runs(await self._clients.github_client(), repository, workflow)

    async def read_workflow_run(self, repository: str, run_id: int) -> dict[str, Any]:
        """Return one run of a workflow."""
        return await self._get_json(f"/repos/{repository}/actions/runs/{run_id}")

    async def _get_json(self, path: str) -> dict[str, Any]:
        return await (await self._clients.github_client()).get_json(path)


def _is_of_one_repository(pull: dict[str, Any]) -> bool:
    """Return whether head and base are in the same repository: `head=owner:branch` also finds the owner's forks."""
    sides = [pull.get(side) for side in ("head", "base")]
    repositories = [side.get("repo") if isinstance(side, dict) else None for side in sides]
    ids = [repository.get("id") if isinstance(repository, dict) else None for repository in repositories]
    return ids[0] is not None and ids[0] == ids[1]
