"""What a pull request does: promote, roll back, bring a new release, or something else (design: by what it does)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from anchor_tui.domain.model import PullRequest, PullRequestKind, Release
from anchor_tui.domain.source_data import EnvironmentFiles, OpenPullRequestData

BRANCH_PREFIX = "anchor-tui/"


def classify_pull_request(
    opened: OpenPullRequestData, order: Sequence[str], environments: Mapping[str, EnvironmentFiles]
) -> PullRequest:
    """The pull request with its kind, the environments it changes (in the order of promotion) and the version."""
    moved = [name for name in order if name in opened.releases]
    kinds = {_classify_environment_change(name, opened, order, environments) for name in moved}
    versions = {release.version for release in opened.releases.values() if release}
    return replace(
        opened.pull_request,
        kind=kinds.pop() if len(kinds) == 1 else "other",
        environments=tuple(moved),
        version=versions.pop() if len(versions) == 1 else None,
    )


def _classify_environment_change(
    name: str, opened: OpenPullRequestData, order: Sequence[str], environments: Mapping[str, EnvironmentFiles]
) -> PullRequestKind:
    release = opened.releases[name]
    if release is None:
        return "other"
    before = order[order.index(name) - 1] if order.index(name) else None
    own, upstream = environments.get(name), environments.get(before or "")
    had = own is not None and _had_release(own, release) and not _is_running_release(own, release)
    if had and upstream is not None and _is_running_release(upstream, release):
        return "promotion" if _claims_kind(opened, "promot") else "rollback"
    if had:
        return "rollback"
    if upstream is not None and (_is_running_release(upstream, release) or _had_release(upstream, release)):
        return "promotion"
    return "bump" if before is None else "other"


def _is_running_release(files: EnvironmentFiles, release: Release) -> bool:
    return files.release is not None and files.release.content_key == release.content_key


def _had_release(files: EnvironmentFiles, release: Release) -> bool:
    return any(past.release is not None and past.release.content_key == release.content_key for past in files.history)


def _claims_kind(opened: OpenPullRequestData, word: str) -> bool:
    """Whether a label or our own branch name says so: it settles doubt."""
    labels = any(word in label.lower() for label in opened.pull_request.labels)
    return labels or opened.branch.startswith(f"{BRANCH_PREFIX}{word}")
