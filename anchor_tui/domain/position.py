"""Where an environment stands relative to the one before it: newest, behind, ahead or diverged."""

from __future__ import annotations

from collections.abc import Sequence

from anchor_tui.domain.model import Position, PullRequestRef, Release
from anchor_tui.domain.readings import EnvironmentFiles


def locate(own: EnvironmentFiles, upstream_name: str | None, upstream: EnvironmentFiles | None) -> Position:
    """The position of `own`; the first environment has nobody before it and is always the newest."""
    if upstream_name is None:
        return Position("newest")
    if upstream is None or own.release is None or upstream.release is None:
        return Position("unknown", upstream_name)
    if own.release.content == upstream.release.content:
        return Position("newest", upstream_name)
    if (ours := _since(upstream, own.release)) is not None:
        return _between("behind", upstream_name, ours)
    if (theirs := _since(own, upstream.release)) is not None:
        return _between("ahead", upstream_name, theirs)
    known = bool(upstream.whole and own.whole)  # a history that ends too early may hide the common release
    return Position("diverged" if known else "unknown", upstream_name, (upstream.release.version,) if known else ())


def _since(files: EnvironmentFiles, release: Release) -> list[Release] | None:
    """The releases that came after `release` there, newest first; None where it never was there."""
    found: list[Release] = []
    for past in files.history:
        if past.release is None:
            continue
        if past.release.content == release.content:
            return found or None
        found.append(past.release)
    return None


def _between(state: str, environment: str, releases: Sequence[Release]) -> Position:
    pull_requests: dict[int, PullRequestRef] = {
        release.pull_request.number: release.pull_request for release in releases if release.pull_request
    }
    return Position(
        state="behind" if state == "behind" else "ahead",
        environment=environment,
        versions=tuple(dict.fromkeys(release.version for release in releases)),
        pull_requests=tuple(pull_requests.values()),
        since=releases[-1].changed_at,
    )
