"""The steps of a Plan: what is sent, exactly, and what is waited for. Values; nothing here sends or waits.

A step that writes has a `request`; one that follows (`following.py`) has none. Titles are what a person reads while it
runs.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from anchor_tui.domain.actions.step_base import ApplicationRef, BaseStep, FileChange, ResourceRef
from anchor_tui.domain.actions.wait_steps import (
    WaitForHealth,
    WaitForMerge,
    WaitForNoMocks,
    WaitForOperation,
    WaitForRefresh,
    WaitForRollout,
    WaitForTermination,
    WaitForWorkflowRun,
)
from anchor_tui.domain.formatting import format_count, shorten_revision

REQUEST_INFO = "anchor-tui request"
"""The name of the info under which a sync carries its Plan's id, by which its operation is known again."""
MergeWay: TypeAlias = Literal["merge", "auto-merge", "queue"]


class Refresh(BaseStep, frozen=True, tag="refresh"):
    """Let Argo CD compare again; hard: without its cache of manifests."""

    app: ApplicationRef
    hard: bool = False

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"{'hard refresh' if self.hard else 'refresh'} {self.app.id.name}"


class Sync(BaseStep, frozen=True, tag="sync"):
    """Let Argo CD apply. With auto-sync on no revision is sent: the server refuses one."""

    app: ApplicationRef
    request_id: str
    seen_revision: str | None = None
    revision: str | None = None
    prune: bool = False
    dry_run: bool = False
    resources: tuple[ResourceRef, ...] = ()
    reason: str = ""
    unless_synced: bool = False
    """Whether it is left out where Argo CD has synced by itself meanwhile."""

    @property
    def title(self) -> str:
        """What a person reads."""
        parts = [
            *(["dry run"] if self.dry_run else []),
            *(["with prune"] if self.prune else []),
            *([format_count(len(self.resources), "resource")] if self.resources else []),
        ]
        words = f" ({', '.join(parts)})" if parts else ""
        return f"sync {self.app.id.name}{words}"


class Terminate(BaseStep, frozen=True, tag="terminate"):
    """End the running operation."""

    app: ApplicationRef
    started_at: str | None = None

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"terminate the operation of {self.app.id.name}"


class CreateBranch(BaseStep, frozen=True, tag="create-branch"):
    """A branch of our own at a commit."""

    repository: str
    branch: str
    oid: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"branch {self.branch} at {shorten_revision(self.oid)}"


class MoveBranch(BaseStep, frozen=True, tag="move-branch"):
    """Our own branch, left over from before, moved on to a commit."""

    repository: str
    branch: str
    oid: str
    was: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"move {self.branch} on from {shorten_revision(self.was)} to {shorten_revision(self.oid)}"


class CommitFiles(BaseStep, frozen=True, tag="commit"):
    """One commit of all the files, on top of a commit that the branch must still be at."""

    repository: str
    branch: str
    parent: str
    headline: str
    body: str
    files: tuple[FileChange, ...]

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"commit {format_count(len(self.files), 'file')} on top of {shorten_revision(self.parent)}"


class CreatePullRequest(BaseStep, frozen=True, tag="open-pull-request"):
    """The pull request of our branch."""

    repository: str
    branch: str
    base: str
    headline: str
    body: str

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"open the pull request “{self.headline}”"


class AddLabels(BaseStep, frozen=True, tag="add-labels"):
    """Labels on the pull request."""

    repository: str
    labels: tuple[str, ...]

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"label it {', '.join(self.labels)}"


class RequestReviewers(BaseStep, frozen=True, tag="ask-reviewers"):
    """Reviews asked for; `org/team` is a team."""

    repository: str
    reviewers: tuple[str, ...]

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"ask {', '.join(self.reviewers)} for a review"


class MergePullRequest(BaseStep, frozen=True, tag="merge"):
    """Merge a pull request, let it merge by itself, or put it into the merge queue; guarded by its head."""

    repository: str
    number: int | None
    node_id: str
    head_sha: str
    method: Literal["merge", "squash", "rebase"]
    way: MergeWay = "merge"

    @property
    def title(self) -> str:
        """What a person reads."""
        which = f"#{self.number}" if self.number else "it"
        match self.way:
            case "merge":
                return f"merge {which} ({self.method})"
            case "auto-merge":
                return f"let {which} merge by itself once it may ({self.method})"
            case "queue":
                return f"put {which} into the merge queue"


class DispatchWorkflow(BaseStep, frozen=True, tag="dispatch"):
    """Start the ops repo's own promotion workflow."""

    repository: str
    workflow: str
    ref: str
    inputs: dict[str, str]

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"start the workflow {self.workflow}"


class SendEvent(BaseStep, frozen=True, tag="emit"):
    """Tell the status API of a rollback that is over, with what is only known then filled in."""

    event: dict[str, Any]
    repository: str = ""

    @property
    def title(self) -> str:
        """What a person reads."""
        return f"send {self.event.get('event', 'the event')} to the status API"


Step: TypeAlias = (
    Refresh
    | Sync
    | Terminate
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
    | WaitForRollout
    | WaitForNoMocks
)
