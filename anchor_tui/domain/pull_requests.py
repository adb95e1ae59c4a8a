"""The kind of a pull request, by what it changes: a promotion, a rollback, a bump (new release), fix, or other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from anchor_tui.domain.model import PullRequest, PullRequestKind, Release
from anchor_tui.domain.source_data import EnvironmentFiles, OpenPullRequestData

BRANCH_PREFIX = "anchor-tui/"
FIX_BRANCH_PREFIX = f"{BRANCH_PREFIX}mend/"


def classify_pull_request(
    opened: OpenPullRequestData, order: Sequence[str], environments: Mapping[str, EnvironmentFiles]
) -> PullRequest:
    """Return the pull request with its kind, its version and the environments it changes, in order of promotion.

    One from a fork is of the kind "other": neither its branch name nor its content was made in the ops repo.
    """
    changed = [name for name in order if name in opened.releases]
    kinds = {_classify_environment_change(name, opened, order, environments) for name in changed}
    if not changed and (fixed := _find_fixed_environment(opened.branch, order)):
        changed, kinds = [fixed], {"fix"}
    versions = {release.version for release in opened.releases.values() if release}
    return replace(
        opened.pull_request,
        kind=kinds.pop() if len(kinds) == 1 and not opened.from_fork else "other",
        environments=tuple(changed),
        version=versions.pop() if len(versions) == 1 else None,
    )


def _find_fixed_environment(branch: str, order: Sequence[str]) -> str | None:
    """Return the environment in the name of a branch that the action `fix` has created; None for other branches."""
    if not branch.startswith(FIX_BRANCH_PREFIX):
        return None
    name = branch.removeprefix(FIX_BRANCH_PREFIX).partition("/")[0]
    return name if name in order else None


def _classify_environment_change(
    name: str, opened: OpenPullRequestData, order: Sequence[str], environments: Mapping[str, EnvironmentFiles]
) -> PullRequestKind:
    release = opened.releases[name]
    if release is None:
        return "other"
    before = order[order.index(name) - 1] if order.index(name) else None
    own, upstream = environments.get(name), environments.get(before or "")
    returns = own is not None and _had_release(own, release) and not _is_running_release(own, release)
    if returns and upstream is not None and _is_running_release(upstream, release):
        return "promotion" if _claims_kind(opened, "promot") else "rollback"
    if returns:
        return "rollback"
    if upstream is not None and (_is_running_release(upstream, release) or _had_release(upstream, release)):
        return "promotion"
    return "bump" if before is None else "other"


def _is_running_release(files: EnvironmentFiles, release: Release) -> bool:
    return files.release is not None and files.release.content_key == release.content_key


def _had_release(files: EnvironmentFiles, release: Release) -> bool:
    return any(past.release is not None and past.release.content_key == release.content_key for past in files.history)


def _claims_kind(opened: OpenPullRequestData, word: str) -> bool:
    """Return True if a label or our own branch name contains the word. This decides between promotion and rollback."""
    labelled = any(word in label.lower() for label in opened.pull_request.labels)
    return labelled or opened.branch.startswith(f"{BRANCH_PREFIX}{word}")
