"""The times of the app repo's commits that the releases name, if the token may see that repository.

The time is that of the committer: of a merge or a squash on GitHub, it is the time of the merge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from anchor_tui.sources.errors import Forbidden, InvalidResponse, NotFound
from anchor_tui.sources.github.schema import UtcTime, convert_json
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient

MAX_TIMES_PER_ROUND = 5
_COMMIT = re.compile(r"[0-9a-f]{40}")


class CommitterJson(msgspec.Struct):
    """`committer` of a git commit."""

    date: UtcTime


class GitCommitJson(msgspec.Struct):
    """`GET /repos/{owner}/{repo}/git/commits/{sha}`."""

    committer: CommitterJson


class CommitTimes:
    """The known times of one repository. A commit is immutable: each is requested once, also one that is not found."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._wanted: tuple[str, ...] = ()
        self._read: set[str] = set()
        self.times: Mapping[str, datetime] = {}
        """By full commit id; the same object until another one is known."""

    def set_commits(self, commits: Iterable[str]) -> None:
        """Set the commits whose times are wanted. What is not a full commit id is ignored."""
        if self._repository:
            self._wanted = tuple(dict.fromkeys(commit for commit in commits if _COMMIT.fullmatch(commit)))

    @property
    def pending_commits(self) -> tuple[str, ...]:
        """The commits that were not requested yet."""
        return tuple(commit for commit in self._wanted if commit not in self._read)

    async def read_pending(self, client: GitHubClient) -> bool:
        """Read a few pending times; return True if one is known now. Raises SourceError if it can pass."""
        found: dict[str, datetime] = {}
        for commit in self.pending_commits[:MAX_TIMES_PER_ROUND]:
            try:
                answer = await client.get_json(f"/repos/{self._repository}/git/commits/{commit}")
                committed_at = to_utc(convert_json(answer, GitCommitJson).committer.date)
            except (NotFound, Forbidden, InvalidResponse):
                pass  # not visible: the lead time then begins with the merge in the ops repo
            else:
                found.update({commit: committed_at} if committed_at else {})
            self._read.add(commit)
        if found:
            self.times = {**self.times, **found}
        return bool(found)
