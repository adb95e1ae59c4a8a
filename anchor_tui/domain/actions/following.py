"""Steps that only look: leaving one changes nothing, and none has a request."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from anchor_tui.domain.actions.parts import AppTarget, BaseStep, Request, ResourceRef
from anchor_tui.domain.formatting import format_count

APPROVED = "argocd.argoproj.io/deletion-approved"


class _Follow(BaseStep, frozen=True):
    """A step that only looks: leaving it changes nothing."""

    writes: ClassVar[bool] = False

    @property
    def request(self) -> None:
        """Nothing is sent that changes anything."""


class FollowRefresh(_Follow, frozen=True, tag="follow-refresh"):
    """Until Argo CD has compared."""

    app: AppTarget

    @property
    def title(self) -> str:
        """What a person reads."""
        return "compared anew"


class FollowOperation(_Follow, frozen=True, tag="follow-operation"):
    """Until our operation is over and what it prunes is gone.

    `approves` are stale resources that ask to be confirmed (`Prune=confirm`), as this Plan's confirmation did.
    """

    app: AppTarget
    request_id: str
    seen_revision: str | None = None
    dry_run: bool = False
    victims: tuple[ResourceRef, ...] = ()
    approves: tuple[ResourceRef, ...] = ()

    @property
    def title(self) -> str:
        """What a person reads."""
        gone = f", {format_count(len(self.victims), 'resource')} gone" if self.victims and not self.dry_run else ""
        return f"operation over{gone}"

    @property
    def approval(self) -> Request:
        """PATCH: the annotation that confirms the deletion; the time is filled in when it is sent."""
        patch = msgspec.json.encode({"metadata": {"annotations": {APPROVED: "{now}"}}}).decode()
        body = {"patch": patch, "patchType": "merge", **self.app.query}
        return Request("argocd", "PATCH", self.app.path, {}, body)


class FollowTermination(_Follow, frozen=True, tag="follow-termination"):
    """Until the terminated operation is over."""

    app: AppTarget

    @property
    def title(self) -> str:
        """What a person reads."""
        return "operation ended"


class FollowHealth(_Follow, frozen=True, tag="follow-health"):
    """Until the application is Healthy, or will not be."""

    app: AppTarget

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} healthy"


class FollowRun(_Follow, frozen=True, tag="follow-run"):
    """Until the workflow's run is over and its pull request is there."""

    repository: str
    workflow: str
    environment: str
    version: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return "workflow run over, its pull request open"


class FollowPullRequest(_Follow, frozen=True, tag="follow-pull-request"):
    """Until the pull request is merged: checks, review, merge."""

    repository: str
    number: int | None = None

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"#{self.number} merged" if self.number else "pull request merged"


class FollowRollout(_Follow, frozen=True, tag="follow-rollout"):
    """Until Argo CD compares with the merged commit, or a later one, and has synced it."""

    app: AppTarget
    auto_sync: bool = True

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} {'synced to' if self.auto_sync else 'compared with'} the merged commit"


class FollowNoMocks(_Follow, frozen=True, tag="follow-no-mocks"):
    """Proof from fresh data that no mock is left."""

    app: AppTarget

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"no mock is left in {self.app.id.name}"
