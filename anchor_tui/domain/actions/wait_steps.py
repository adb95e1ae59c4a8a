"""The steps that only wait. Cancelling one changes nothing in Argo CD or GitHub."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from anchor_tui.domain.actions.step_base import ApplicationRef, BaseStep, ResourceRef
from anchor_tui.domain.formatting import format_count


class WaitStep(BaseStep, frozen=True):
    """A step that only reads. Its title names the activity, `done_title` the result."""

    writes: ClassVar[bool] = False

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        raise NotImplementedError


class WaitForRefresh(WaitStep, frozen=True, tag="follow-refresh"):
    """Wait for the comparison that a refresh requested."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return "waiting for Argo CD to compare"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return "compared by Argo CD"


class WaitForOperation(WaitStep, frozen=True, tag="follow-operation"):
    """Wait until our operation is over and the resources it prunes are gone.

    `approves` are stale resources with `Prune=confirm`: the confirmation of the plan approves their deletion.
    """

    app: ApplicationRef
    request_id: str
    seen_revision: str | None = None
    dry_run: bool = False
    resources_to_prune: tuple[ResourceRef, ...] = msgspec.field(default=(), name="victims")
    approves: tuple[ResourceRef, ...] = ()

    @property
    def title(self) -> str:
        """The text shown for this step."""
        number = 0 if self.dry_run else len(self.resources_to_prune)
        deletions = f" and delete {format_count(number, 'resource')}" if number else ""
        return f"waiting for the operation to end{deletions}"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        number = 0 if self.dry_run else len(self.resources_to_prune)
        return "operation over" + (f", {format_count(number, 'resource')} deleted" if number else "")


class WaitForTermination(WaitStep, frozen=True, tag="follow-termination"):
    """Wait until the terminated operation is over."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return "waiting for the operation to terminate"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return "operation over"


class WaitForHealth(WaitStep, frozen=True, tag="follow-health"):
    """Wait until the application is Healthy, or stays degraded."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"waiting for {self.app.title} to become Healthy"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return f"health of {self.app.title}"


class WaitForWorkflowRun(WaitStep, frozen=True, tag="follow-run"):
    """Wait until the workflow run is over and its pull request is open."""

    repository: str
    workflow: str
    environment: str
    version: str

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return "waiting for the workflow to open its pull request"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return "pull request opened by the workflow"


class WaitForMergeable(WaitStep, frozen=True, tag="follow-checks"):
    """Wait until the pull request can be merged: its checks pass and a required review is given.

    Its head must be `head_sha`, or the commit of an earlier step if that is empty. Without `required_checks`, every
    check counts.
    """

    repository: str
    number: int | None = None
    head_sha: str = ""
    required_checks: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"waiting for the checks of {f'#{self.number}' if self.number else 'the pull request'}"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return f"{f'#{self.number}' if self.number else 'pull request'} can be merged"


class WaitForMerge(WaitStep, frozen=True, tag="follow-pull-request"):
    """Wait until the pull request is merged."""

    repository: str
    number: int | None = None

    @property
    def title(self) -> str:
        """The text shown for this step."""
        name = f"#{self.number}" if self.number else "the pull request"
        return f"waiting for {name} to be merged"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return f"{f'#{self.number}' if self.number else 'pull request'} merged"


class WaitForRollout(WaitStep, frozen=True, tag="follow-rollout"):
    """Wait until Argo CD compares with the merged commit or a later one; with `auto_sync`, until it is synced."""

    app: ApplicationRef
    auto_sync: bool = True

    @property
    def title(self) -> str:
        """The text shown for this step."""
        verb = "sync to" if self.auto_sync else "be compared with"
        return f"waiting for {self.app.title} to {verb} the merged commit"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return f"{self.app.title} {'synced to' if self.auto_sync else 'compared with'} the merged commit"


class WaitForNoMocks(WaitStep, frozen=True, tag="follow-no-mocks"):
    """Wait until fresh manifests contain no mock."""

    app: ApplicationRef

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"checking that no mock is left in {self.app.title}"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        return f"no mock is left in {self.app.title}"


class WaitForResource(WaitStep, frozen=True, tag="follow-resource"):
    """Wait until a resource is Healthy, or stays degraded. With `gone_uid`, that resource must be gone first."""

    app: ApplicationRef
    resource: ResourceRef
    gone_uid: str = ""

    @property
    def title(self) -> str:
        """The text shown for this step."""
        if self.gone_uid and self.resource.kind == "Pod":
            return f"waiting for {self.resource} to be gone"
        return f"waiting for {self.resource} to become Healthy"

    @property
    def done_title(self) -> str:
        """The text shown when this step is done."""
        if self.gone_uid and self.resource.kind == "Pod":
            return f"{self.resource} gone"
        return f"health of {self.resource}"
