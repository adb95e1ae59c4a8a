"""Readings of pull requests for every state that the screen shows."""

from __future__ import annotations

import asyncio
from typing import Any

from anchor_tui.domain.inspection.pull_request_details import (
    CheckDetail,
    FilePatch,
    JobLogTail,
    PullRequestCommit,
    PullRequestDetails,
    PullRequestPatches,
    PullRequestReview,
    ReviewComment,
    ReviewThread,
    VersionMove,
)
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Unavailable
from tests.values import ago, fresh, replace

BODY = """\
## Promote 1.44.0 to staging

The release has been in **dev** for *two hours*; see [the runbook](https://wiki.anchor.example/release).

- [x] soak in dev
- [ ] mock of the status service is off
  1. `kubectl -n anchor-staging get deploy`
  2. compare

> Roll back with `anchor-tui rollback staging --to 1.43.2`.

| image | from | to |
|---|---|---|
| gateway | 1.43.2 | 1.44.0 |
"""
PATCH = """\
@@ -2,9 +2,9 @@
 apiVersion: anchor.dev/v1
 kind: Release
 environment: staging
-version: 1.43.2
+version: 1.44.0
 images:
   gateway:
     repository: ghcr.io/anchor/anchor-gateway
-    tag: 1.43.2   # written by the promotion pipeline
+    tag: 1.44.0   # written by the promotion pipeline"""
LOG = JobLogTail(
    7,
    (
        "##[group]Run scripts/check-release-contract",
        "shell: /usr/bin/bash -e {0}",
        "##[endgroup]",
        *(f"environments/dev/part-{number}.yaml: ok" for number in range(30)),
        "environments/staging/release.yaml: images.gateway",
        "  signature: no matching signatures",
        "##[error]environments/staging/release.yaml: the signature cannot be verified",
        "##[error]Process completed with exit code 1.",
        "Post job cleanup.",
    ),
    is_cut=True,
)
ACTIONS = "https://github.com/anchor/anchor-msp-ops/actions/runs"
FAILED = CheckDetail(
    "release-contract",
    "failure",
    "failure",
    "github-actions",
    ago(minutes=39),
    ago(minutes=38, seconds=20),
    f"{ACTIONS}/1/job/7",
    job_id=7,
)
PASSED = replace(FAILED, name="policy", state="success", outcome="success", url=f"{ACTIONS}/1/job/8", job_id=8)
PENDING = CheckDetail("e2e", "pending", "in progress", "github-actions", ago(minutes=2), url=f"{ACTIONS}/2/job/9")
THREAD_URL = "https://github.com/a/b/pull/232#discussion_r1"
FAILING = PullRequestDetails(
    number=232,
    title="Promote staging to 1.44.0",
    url="https://github.com/anchor/anchor-msp-ops/pull/232",
    body=BODY,
    author="a-lee",
    base="main",
    branch="promote/staging-1.44.0",
    head_sha="d" * 40,
    labels=("promotion",),
    created_at=ago(minutes=40),
    mergeable="mergeable",
    merge_state="blocked",
    review="changes_requested",
    additions=2,
    deletions=2,
    file_count=2,
    checks=(FAILED, PENDING, PASSED),
    reviews=(PullRequestReview("m-ito", "changes_requested", ago(minutes=27)),),
    requested_reviewers=("platform",),
    commits=(PullRequestCommit("3024e8f" + "0" * 33, "Promote staging to 1.44.0", "a-lee", ago(minutes=40)),),
    commit_count=1,
    threads=(
        ReviewThread(
            "environments/staging/release.yaml",
            2,
            comments=(
                ReviewComment(
                    "m-ito", "The soak of 1.44.0 in [red]dev[/red] is not over.\n\nWait?", ago(minutes=27), THREAD_URL
                ),
                ReviewComment("a-lee", "It was released on Thursday.", ago(minutes=25)),
            ),
            comment_count=3,
        ),
        ReviewThread("docs/a.md", 7, True, True, (ReviewComment("m-ito", "Typo", ago(minutes=26)),), 1),
    ),
    thread_count=3,
)
READY = replace(
    FAILING,
    merge_state="clean",
    review="approved",
    checks=(PASSED,),
    reviews=(PullRequestReview("m-ito", "approved", ago(minutes=20)),),
    requested_reviewers=(),
)
EMPTY = PullRequestDetails(
    227,
    "Empty",
    "https://github.com/a/b/pull/227",
    draft=True,
    base="main",
    branch="empty",
    merge_state="draft",
    created_at=ago(days=2),
)
PATCHES = PullRequestPatches(
    (
        FilePatch("environments/staging/release.yaml", "modified", 2, 2, PATCH),
        FilePatch("docs/logo.png", "added", 0, 0, None),
    ),
    moves=(VersionMove("staging", "1.43.2", "1.44.0"),),
)
REFUSED = Unavailable(
    SourceFailure("forbidden", "403: Resource not accessible; the token needs the permission pull requests: read")
)
NO_LOG = Unavailable(SourceFailure("forbidden", "403: Must have admin rights; the token needs actions=read"))


class FakePullRequests:
    """Answers as a PullRequestInspector; a part that is None never answers."""

    def __init__(self, details: Any = FAILING, patches: Any = PATCHES, log: Any = LOG) -> None:
        self.details, self.patches, self.log = details, patches, log
        self.requests: list[str] = []
        self.cancelled: list[str] = []

    async def read_details(self) -> Any:
        return await self._answer("details", self.details)

    async def read_patches(self) -> Any:
        return await self._answer("patches", self.patches)

    async def read_job_log(self, job_id: int) -> Any:
        return await self._answer(f"log {job_id}", self.log)

    async def _answer(self, name: str, value: Any) -> Any:
        self.requests.append(name)
        if value is None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.append(name)
                raise
        if isinstance(value, Exception):
            raise value
        return value if isinstance(value, Unavailable) else fresh(value)
