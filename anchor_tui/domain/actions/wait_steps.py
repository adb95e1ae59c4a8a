"""Steps that only look: leaving one changes nothing, and none has a request."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from anchor_tui.domain.actions.step_base import ApplicationRef, BaseStep, ResourceRef
from anchor_tui.domain.formatting import format_count


class WaitStep(BaseStep, frozen=True):
    """A step that only looks: leaving it changes nothing."""

    writes: ClassVar[bool] = False


class WaitForRefresh(WaitStep, frozen=True, tag="follow-refresh"):
    """Until Argo CD has compared."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return "compared anew"


class WaitForOperation(WaitStep, frozen=True, tag="follow-operation"):
    """Until our operation is over and what it prunes is gone.

    `approves` are stale resources that ask to be confirmed (`Prune=confirm`), as this Plan's confirmation did.
    """

    app: ApplicationRef
    request_id: str
    seen_revision: str | None = None
    dry_run: bool = False
    resources_to_prune: tuple[ResourceRef, ...] = msgspec.field(default=(), name="victims")
    approves: tuple[ResourceRef, ...] = ()

    @property
    def title(self) -> str:
        """What a person reads."""
        gone = (
            f", {format_count(len(self.resources_to_prune), 'resource')} gone"
            if self.resources_to_prune and not self.dry_run
            else ""
        )
        return f"operation over{gone}"


class WaitForTermination(WaitStep, frozen=True, tag="follow-termination"):
    """Until the terminated operation is over."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return "operation ended"


class WaitForHealth(WaitStep, frozen=True, tag="follow-health"):
    """Until the application is Healthy, or will not be."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} healthy"


class WaitForWorkflowRun(WaitStep, frozen=True, tag="follow-run"):
    """Until the workflow's run is over and its pull request is there."""

    repository: str
    workflow: str
    environment: str
    version: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return "workflow run over, its pull request open"


class WaitForMerge(WaitStep, frozen=True, tag="follow-pull-request"):
    """Until the pull request is merged: checks, review, merge."""

    repository: str
    number: int | None = None

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"#{self.number} merged" if self.number else "pull request merged"


class WaitForRollout(WaitStep, frozen=True, tag="follow-rollout"):
    """Until Argo CD compares with the merged commit, or a later one, and has synced it."""

    app: ApplicationRef
    auto_sync: bool = True

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} {'synced to' if self.auto_sync else 'compared with'} the merged commit"


class WaitForNoMocks(WaitStep, frozen=True, tag="follow-no-mocks"):
    """Proof from fresh data that no mock is left."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"no mock is left in {self.app.id.name}"
