"""The steps of a plan that change something. Values: `sources` builds their requests, `services.execute` sends them.

`wait_steps` contains the steps that only wait.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from anchor_tui.domain.actions.step_base import ApplicationRef, BaseStep, FileChange, ResourceRef
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForMergeable,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForResource,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
)
from anchor_tui.domain.formatting import format_count, shorten_revision

REQUEST_INFO = "anchor-tui request"
"""The name of the sync info that contains the plan's id. It identifies our operation."""
MergeWay: TypeAlias = Literal["merge", "auto-merge", "queue"]


class Refresh(BaseStep, frozen=True, tag="refresh"):
    """Compare an application with git again. `hard` renders the manifests again as well."""

    app: ApplicationRef
    hard: bool = False

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"{'hard refresh' if self.hard else 'refresh'} {self.app.title}"


class Sync(BaseStep, frozen=True, tag="sync"):
    """Sync an application. `revision` is None with auto-sync: the server refuses one."""

    app: ApplicationRef
    request_id: str
    seen_revision: str | None = None
    revision: str | None = None
    prune: bool = False
    dry_run: bool = False
    resources: tuple[ResourceRef, ...] = ()
    reason: str = ""
    unless_synced: bool = False
    """Skip this step if Argo CD has already synced automatically."""

    @property
    def title(self) -> str:
        """The text shown for this step."""
        parts = [
            *(["dry run"] if self.dry_run else []),
            *(["with prune"] if self.prune else []),
            *([format_count(len(self.resources), "resource")] if self.resources else []),
        ]
        words = f" ({', '.join(parts)})" if parts else ""
        return f"sync {self.app.title}{words}"


class Terminate(BaseStep, frozen=True, tag="terminate"):
    """Terminate the running operation."""

    app: ApplicationRef
    started_at: str | None = None

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"terminate the operation of {self.app.title}"


class RunResourceAction(BaseStep, frozen=True, tag="run-resource-action"):
    """Run an action that Argo CD offers for a resource, such as a restart. Refused if its uid is not `uid` any more."""

    app: ApplicationRef
    resource: ResourceRef
    version: str
    uid: str
    action: str
    parameters: dict[str, str]

    @property
    def title(self) -> str:
        """The text shown for this step."""
        values = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.action} {self.resource}" + (f" ({values})" if values else "")


class DeleteResource(BaseStep, frozen=True, tag="delete-resource"):
    """Delete a live resource whose owner creates it again, such as a pod. Refused if its uid is not `uid` any more."""

    app: ApplicationRef
    resource: ResourceRef
    version: str
    uid: str

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"delete {self.resource}"


class CreateBranch(BaseStep, frozen=True, tag="create-branch"):
    """Create our branch at a commit."""

    repository: str
    branch: str
    oid: str

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"create branch {self.branch} at {shorten_revision(self.oid)}"


class MoveBranch(BaseStep, frozen=True, tag="move-branch"):
    """Move our existing branch to another commit."""

    repository: str
    branch: str
    oid: str
    was: str

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"move {self.branch} from {shorten_revision(self.was)} to {shorten_revision(self.oid)}"


class CommitFiles(BaseStep, frozen=True, tag="commit"):
    """Commit all files at once. The branch must still be at `parent`."""

    repository: str
    branch: str
    parent: str
    headline: str
    body: str
    files: tuple[FileChange, ...]

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"commit {format_count(len(self.files), 'file')} on top of {shorten_revision(self.parent)}"


class CreatePullRequest(BaseStep, frozen=True, tag="open-pull-request"):
    """Open the pull request of our branch."""

    repository: str
    branch: str
    base: str
    headline: str
    body: str

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"open the pull request “{self.headline}”"


class AddLabels(BaseStep, frozen=True, tag="add-labels"):
    """Add labels to the pull request."""

    repository: str
    labels: tuple[str, ...]

    @property
    def title(self) -> str:
        """The text shown for this step."""
        noun = "label" if len(self.labels) == 1 else "labels"
        return f"add the {noun} {', '.join(self.labels)}"


class RequestReviewers(BaseStep, frozen=True, tag="ask-reviewers"):
    """Request reviews; `org/team` is a team."""

    repository: str
    reviewers: tuple[str, ...]

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"request reviews from {', '.join(self.reviewers)}"


class MergePullRequest(BaseStep, frozen=True, tag="merge"):
    """Merge a pull request, enable auto-merge or enqueue it. Refused if its head is no longer `head_sha`."""

    repository: str
    number: int | None
    node_id: str
    head_sha: str
    method: Literal["merge", "squash", "rebase"]
    way: MergeWay = "merge"

    @property
    def title(self) -> str:
        """The text shown for this step."""
        name = f"#{self.number}" if self.number else "the pull request"
        match self.way:
            case "merge":
                return f"merge {name} ({self.method})"
            case "auto-merge":
                return f"enable auto-merge of {name} ({self.method})"
            case "queue":
                return f"add {name} to the merge queue"


class DispatchWorkflow(BaseStep, frozen=True, tag="dispatch"):
    """Start the ops repo's promotion workflow."""

    repository: str
    workflow: str
    ref: str
    inputs: dict[str, str]

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"start the workflow {self.workflow}"


class SendEvent(BaseStep, frozen=True, tag="emit"):
    """Send an event to the status API. Times and the pull request are filled in when it is sent."""

    event: dict[str, Any]
    repository: str = ""

    @property
    def title(self) -> str:
        """The text shown for this step."""
        return f"send {self.event.get('event', 'the event')} to the status API"


Step: TypeAlias = (
    Refresh
    | Sync
    | Terminate
    | RunResourceAction
    | DeleteResource
    | CreateBranch
    | MoveBranch
    | CommitFiles
    | CreatePullRequest
    | AddLabels
    | RequestReviewers
    | MergePullRequest
    | DispatchWorkflow
    | SendEvent
    | WaitForRefresh
    | WaitForOperation
    | WaitForTermination
    | WaitForHealth
    | WaitForWorkflowRun
    | WaitForMerge
    | WaitForMergeable
    | WaitForRollout
    | WaitForNoMocks
    | WaitForResource
)
