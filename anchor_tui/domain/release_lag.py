"""Compare the release of an environment with its upstream, the previous environment in the order of promotion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from anchor_tui.domain.model import PullRequestRef, Release, ReleasePosition
from anchor_tui.domain.source_data import EnvironmentFiles


def compare_releases(
    own: EnvironmentFiles, upstream_name: str | None, upstream: EnvironmentFiles | None
) -> ReleasePosition:
    """Return the position of `own` relative to `upstream`. The first environment has no upstream and is the newest."""
    if upstream_name is None:
        return ReleasePosition("newest")
    if upstream is None or own.release is None or upstream.release is None:
        return ReleasePosition("unknown", upstream_name)
    if own.release.content_key == upstream.release.content_key:
        return ReleasePosition("newest", upstream_name)
    if (missing := _list_newer_releases(upstream, own.release)) is not None:
        return _build_position("behind", upstream_name, missing)
    if (extra := _list_newer_releases(own, upstream.release)) is not None:
        return _build_position("ahead", upstream_name, extra)
    if upstream.history_complete and own.history_complete:
        return ReleasePosition("diverged", upstream_name, (upstream.release.version,))
    return ReleasePosition("unknown", upstream_name)  # an incomplete history may lack the common release


def _list_newer_releases(files: EnvironmentFiles, release: Release) -> list[Release] | None:
    """Return the releases that came after `release`, newest first; None if `release` is not in the history."""
    found: list[Release] = []
    for past in files.history:
        if past.release is None:
            continue
        if past.release.content_key == release.content_key:
            return found or None
        found.append(past.release)
    return None


def _build_position(
    state: Literal["behind", "ahead"], environment: str, releases: Sequence[Release]
) -> ReleasePosition:
    pull_requests: dict[int, PullRequestRef] = {
        release.pull_request.number: release.pull_request for release in releases if release.pull_request
    }
    return ReleasePosition(
        state=state,
        environment=environment,
        versions=tuple(dict.fromkeys(release.version for release in releases)),
        pull_requests=tuple(pull_requests.values()),
        since=releases[-1].changed_at,
    )
