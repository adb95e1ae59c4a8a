"""Gaps between the commits of two sources: what Argo CD reports and the last reading of the ops repo.

The two are read at different times. After a merge, Argo CD may already have synced a commit that the last reading of
GitHub does not contain, or GitHub may show a commit that Argo CD has not compared yet. The release file is compared
with manifests and live objects only if both are of the same commit, or if the file is equal in both commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources
from anchor_tui.domain.model import AppId, Application, EvidenceKind
from anchor_tui.domain.policy.evidence.facts import MissingEvidence, PendingEvidence
from anchor_tui.domain.source_data import ManagedResources, OpsRepoData, split_revisions

CommitGap: TypeAlias = PendingEvidence | MissingEvidence
"""The reason why the evidence of an environment's cluster cannot be compared with git."""


def find_commit_gaps(
    applications: tuple[Application, ...], managed: Mapping[AppId, ManagedResources], repo: OpsRepoData, release: str
) -> dict[EvidenceKind, CommitGap]:
    """Return the first gap of the rendered and of the live evidence of one environment; nothing for equal commits.

    `release` is the path of the release file.
    """
    gaps: dict[EvidenceKind, CommitGap] = {}
    for application in applications:
        if application.presence != "found" or explain_unknown_resources(application):
            continue
        resources = managed.get(application.id)
        if gap := _find_rendered_gap(application, resources, repo, release):
            return {"rendered": gap, "live": gap, **gaps}
        if "live" not in gaps and (gap := _find_live_gap(application, resources)):
            gaps["live"] = gap
    return gaps


def _find_rendered_gap(
    application: Application, resources: ManagedResources | None, repo: OpsRepoData, release: str
) -> CommitGap | None:
    """Return the gap between the head and the commits that Argo CD has compared, now and for the manifests."""
    name = application.name
    gap = _find_revision_gap(f"Argo CD has {name} at", application, application.compared_revision, repo, release)
    if gap is not None or resources is None or resources.compared_revision == application.compared_revision:
        return gap
    text = f"the manifests of {name} are those of"
    return _find_revision_gap(text, application, resources.compared_revision, repo, release)


def _find_revision_gap(
    text: str, application: Application, revision: str | None, repo: OpsRepoData, release: str
) -> CommitGap | None:
    """Return the gap between the head and a revision, unless the release file is equal in both. `text` precedes it."""
    head = repo.head.oid if repo.head else ""
    found = split_revisions(revision)
    if not head or not found or head in found:
        return None
    known = [commit for commit in found if commit in repo.changed]
    if known and not any(release in repo.changed[commit] for commit in known):
        return None
    at, short_head = f"{text} {', '.join(map(shorten_revision, found))}", shorten_revision(head)
    if not follows_branch(application, repo.branch):
        target = shorten_revision(application.target_revision or "HEAD")
        return MissingEvidence(f"{at}: it follows {target}, but {release} is read at the head of {repo.branch}")
    if not known and (reason := next((repo.incomparable[one] for one in found if one in repo.incomparable), "")):
        return MissingEvidence(f"{at}, and the difference from {short_head} is unknown: {reason}")
    if any(commit in repo.newer for commit in found):
        return PendingEvidence(f"{at}, which is newer than the last reading of git ({short_head})")
    return PendingEvidence(f"{at}, and the head of {repo.branch} is {short_head}")


def _find_live_gap(application: Application, resources: ManagedResources | None) -> CommitGap | None:
    """Return the gap if the live objects were read before the last sync."""
    if resources is None or resources.synced_at in {None, application.synced_at}:
        return None
    return PendingEvidence(f"the live objects of {application.name} were read before its last sync")


def follows_branch(application: Application, branch: str) -> bool:
    """Return True if an application, or one of its sources, follows the branch that is read."""
    targets = split_revisions(application.target_revision) or ("HEAD",)
    return not {branch, f"refs/heads/{branch}", "HEAD"}.isdisjoint(targets)
