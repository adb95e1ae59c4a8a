"""What changed between the commits that Argo CD synced and the head of the branch: the paths alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from anchor_tui.domain.formatting import format_internal_error
from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound, SourceError
from anchor_tui.sources.github.schema import convert_json

if TYPE_CHECKING:
    from github import Github

    from anchor_tui.sources.github.client import GitHubClient

MAX_FILES = 300
"""As many files GitHub names of a comparison: of more it is not known which they are."""
MAX_PER_ROUND = 5


class ComparedFile(msgspec.Struct):
    """A file that differs."""

    filename: str
    previous_filename: str | None = None


class Comparison(msgspec.Struct):
    """`GET /repos/{owner}/{repo}/compare/{base}...{head}`: what the head has since the two parted."""

    status: str
    files: list[ComparedFile] | None = None


class CommitComparisons:
    """The comparisons with one head after the other. None is asked for twice, but after a failure that may pass."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._head = ""
        self._revisions: tuple[str, ...] = ()
        self._results: dict[str, tuple[str, ...] | str] = {}
        """By revision: the paths, or why there are none."""

    def set_head(self, head: str) -> None:
        """The head that is compared with; what was said about another one is forgotten."""
        if head != self._head:
            self._head, self._results = head, {}

    def set_revisions(self, revisions: Iterable[str]) -> None:
        """The revisions that are worth comparing from now on."""
        self._revisions = tuple(dict.fromkeys(revisions))

    @property
    def pending_revisions(self) -> tuple[str, ...]:
        """What has to be asked for; the head itself needs no question."""
        if not self._head:
            return ()
        return tuple(each for each in self._revisions if each != self._head and each not in self._results)

    def changed_paths(self, head: str) -> dict[str, tuple[str, ...]]:
        """From a revision to the paths that differ."""
        return {each: told for each, told in self._results_for(head).items() if isinstance(told, tuple)}

    def failure_reasons(self, head: str) -> dict[str, str]:
        """From a revision to the reason why it cannot be compared."""
        return {each: told for each, told in self._results_for(head).items() if isinstance(told, str)}

    def _results_for(self, head: str) -> dict[str, tuple[str, ...] | str]:
        return self._results if head == self._head else {}

    async def compare_pending(self, door: GitHubClient) -> bool:
        """Asks for what is due, a few at once; whether anything was learned. Raises SourceError where it may pass."""
        head, due = self._head, self.pending_revisions[:MAX_PER_ROUND]
        for revision in due:
            try:
                told: tuple[str, ...] | str = await compare_commits(door, self._repository, revision, head)
            except NotFound as error:
                told = f"GitHub does not know it: {error.message}"
            except (InvalidResponse, Forbidden) as error:
                told = error.message
            except SourceError:
                raise
            except Exception as error:  # noqa: BLE001 - a fault of ours must be seen, and costs the comparison alone
                told = format_internal_error(error)
            if head == self._head:
                self._results[revision] = told
        return bool(due)


async def compare_commits(door: GitHubClient, repository: str, base: str, head: str) -> tuple[str, ...]:
    """The paths that differ between two commits. Raises SourceError.

    GitHub tells what the head has since the two parted; where the base went on by itself, that is asked for too.
    """
    there = await _read_comparison(door, repository, base, head)
    paths = _compared_paths(there)
    if there.status not in {"ahead", "identical"}:
        paths += _compared_paths(await _read_comparison(door, repository, head, base))
    return tuple(sorted(set(paths)))


async def _read_comparison(door: GitHubClient, repository: str, base: str, head: str) -> Comparison:
    path = f"/repos/{repository}/compare/{base}...{head}"

    def ask(github: Github) -> Any:  # noqa: ANN401 - JSON
        return github.requester.requestJsonAndCheck("GET", path)[1]

    return convert_json(await door.call(ask), Comparison)


def _compared_paths(comparison: Comparison) -> list[str]:
    files = comparison.files or []
    if comparison.files is None or len(files) >= MAX_FILES:
        raise InvalidResponse(f"GitHub names only {MAX_FILES} of the files that differ")
    return [path for each in files for path in (each.filename, each.previous_filename) if path]
