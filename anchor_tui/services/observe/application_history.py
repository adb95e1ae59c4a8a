"""Reads the deployments of an application, with the commit and the release of each revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.inspection.deployments import DeployedRevision, Deployment
from anchor_tui.domain.readings import Fresh, Reading, Unavailable, get_failure
from anchor_tui.sources.worker_pool import call_concurrently

if TYPE_CHECKING:
    from anchor_tui.services.observe.inspect import ApplicationInspector

MAX_CONCURRENT_REVISIONS = 4
MAX_REVISIONS = 20
"""Revisions whose commit and release are read; the deployments before them are listed without."""


class ApplicationHistory(NamedTuple):
    """The deployments, newest first, and what is known about their revisions."""

    deployments: tuple[Deployment, ...]
    revisions: Mapping[str, DeployedRevision]


async def read_history(
    inspector: ApplicationInspector, environment: str, known: Mapping[str, DeployedRevision]
) -> Reading[ApplicationHistory]:
    """Read the deployments. `known` are the revisions that an earlier reading returned: a commit does not change."""
    details = await inspector.read_details()
    if not isinstance(details, Fresh):
        return Unavailable(get_failure(details))
    deployments = details.value.deployments

    async def read_one(revision: str) -> DeployedRevision:
        return await _read_revision(inspector, environment, revision, known.get(revision, DeployedRevision()))

    revisions = list(dict.fromkeys(deployment.revision for deployment in deployments))[:MAX_REVISIONS]
    found = await call_concurrently(read_one, revisions, MAX_CONCURRENT_REVISIONS)
    history = ApplicationHistory(deployments, dict(zip(revisions, found, strict=True)))
    return Fresh(history, details.taken_at, details.fresh_until)


async def _read_revision(
    inspector: ApplicationInspector, environment: str, revision: str, known: DeployedRevision
) -> DeployedRevision:
    if ", " in revision:
        problem = "the application has several sources"
        return DeployedRevision(None, None, problem, problem)
    if known.commit is None:
        commit = await inspector.read_revision(revision)
        known = (
            replace(known, commit=commit.value, commit_problem="")
            if isinstance(commit, Fresh)
            else replace(known, commit_problem=get_failure(commit).message)
        )
    if known.release is None:
        release = await inspector.github.read_release(environment, revision)
        known = (
            replace(known, release=release.value, release_problem="")
            if isinstance(release, Fresh)
            else replace(known, release_problem=get_failure(release).message)
        )
    return known
