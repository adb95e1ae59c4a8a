"""The past deployments of an application. Sources: `status.history` and `GET …/revisions/{commit}/metadata`."""

from __future__ import annotations

import re
from datetime import timedelta

from anchor_tui.domain.model import AwareDatetime, Release, ValueObject

_PULL_REQUEST = re.compile(r"\(#(\d{1,9})\)\s*$|^Merge pull request #(\d{1,9})\b")


class RevisionMetadata(ValueObject, frozen=True):
    """The commit of a revision. `message` is the whole commit message."""

    revision: str
    author: str = ""
    message: str = ""
    committed_at: AwareDatetime | None = None
    tags: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The first line of the commit message."""
        return self.message.strip().split("\n", 1)[0].strip()

    @property
    def author_name(self) -> str:
        """The author without the address."""
        return self.author.partition(" <")[0].strip()

    @property
    def pull_request(self) -> int | None:
        """The number of the merged pull request, from the subject; None for other commits."""
        found = _PULL_REQUEST.search(self.subject)
        return int(found[1] or found[2]) if found else None


class Deployment(ValueObject, frozen=True):
    """One entry of the history: a sync that succeeded. `id` is Argo CD's number of it."""

    id: int
    revision: str
    deployed_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    initiated_by: str = ""
    is_automated: bool = False

    @property
    def duration(self) -> timedelta | None:
        """The time that the sync took; None if its start or end is unknown."""
        return self.deployed_at - self.started_at if self.deployed_at and self.started_at else None

    @property
    def initiator(self) -> str:
        """The account that started the sync."""
        return "auto-sync" if self.is_automated else self.initiated_by or "?"


class DeployedRevision(ValueObject, frozen=True):
    """The commit of a deployment and the release that it contains. The problems are why one of them is unknown."""

    commit: RevisionMetadata | None = None
    release: Release | None = None
    commit_problem: str = ""
    release_problem: str = ""

    @property
    def is_complete(self) -> bool:
        """True if nothing is left to read."""
        return self.commit is not None and self.release is not None
