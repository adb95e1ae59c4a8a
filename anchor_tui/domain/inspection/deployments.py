"""The past deployments of an application. Sources: `status.history` and `GET …/revisions/{commit}/metadata`."""

from __future__ import annotations

from anchor_tui.domain.model import AwareDatetime, ValueObject


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


class Deployment(ValueObject, frozen=True):
    """One entry of the history: a sync that succeeded. `id` is Argo CD's number of it."""

    id: int
    revision: str
    deployed_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    initiated_by: str = ""
    is_automated: bool = False
