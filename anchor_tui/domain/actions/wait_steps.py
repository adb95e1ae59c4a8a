"""Steps that only look: leaving one changes nothing, and none has a request."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from anchor_tui.domain.actions.step_base import ApiRequest, ApplicationRef, BaseStep, ResourceRef
from anchor_tui.domain.formatting import format_count

DELETION_APPROVED = "argocd.argoproj.io/deletion-approved"


class _WaitStep(BaseStep, frozen=True):
    """A step that only looks: leaving it changes nothing."""

    writes: ClassVar[bool] = False

    @property
    def request(self) -> None:
        """Nothing is sent that changes anything."""


class WaitForRefresh(_WaitStep, frozen=True, tag="follow-refresh"):
    """Until Argo CD has compared."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return "compared anew"


class WaitForOperation(_WaitStep, frozen=True, tag="follow-operation"):
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

    @property
    def approval(self) -> ApiRequest:
        """PATCH: the annotation that confirms the deletion; the time is filled in when it is sent."""
        patch = msgspec.json.encode({"metadata": {"annotations": {DELETION_APPROVED: "{now}"}}}).decode()
        body = {"patch": patch, "patchType": "merge", **self.app.query}
        return ApiRequest("argocd", "PATCH", self.app.path, {}, body)


class WaitForTermination(_WaitStep, frozen=True, tag="follow-termination"):
    """Until the terminated operation is over."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return "operation ended"


class WaitForHealth(_WaitStep, frozen=True, tag="follow-health"):
    """Until the application is Healthy, or will not be."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} healthy"


class WaitForWorkflowRun(_WaitStep, frozen=True, tag="follow-run"):
    """Until the workflow's run is over and its pull request is there."""

    repository: str
    workflow: str
    environment: str
    version: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return "workflow run over, its pull request open"


class WaitForMerge(_WaitStep, frozen=True, tag="follow-pull-request"):
    """Until the pull request is merged: checks, review, merge."""

    repository: str
    number: int | None = None

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"#{self.number} merged" if self.number else "pull request merged"


class WaitForRollout(_WaitStep, frozen=True, tag="follow-rollout"):
    """Until Argo CD compares with the merged commit, or a later one, and has synced it."""

    app: ApplicationRef
    auto_sync: bool = True

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{self.app.id.name} {'synced to' if self.auto_sync else 'compared with'} the merged commit"


class WaitForNoMocks(_WaitStep, frozen=True, tag="follow-no-mocks"):
    """Proof from fresh data that no mock is left."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"no mock is left in {self.app.id.name}"
