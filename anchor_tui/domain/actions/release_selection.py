"""Selects the release to promote or to roll back to, from the history of the branch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.actions.plan import Order, Refusal
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import Image, PullRequestKind, PullRequestRef, Release, ValueObject
from anchor_tui.domain.pull_requests import BRANCH_PREFIX
from anchor_tui.domain.source_data import OpsRepoData, PastRelease

_INVALID_IN_BRANCH = re.compile(r"[^A-Za-z0-9._+-]+")
_LOCK_SUFFIX = re.compile(r"(\.lock)+$")


class ReleaseMove(ValueObject, frozen=True):
    """A release that moves into an environment. Its file is read at `commit`, or at the head if that is empty.

    `releases_between` are the releases between the current one and this one, newest first: a promotion includes them,
    a rollback reverts them.
    """

    environment: EnvironmentConfig
    source: EnvironmentConfig
    release: Release
    commit: str = ""
    current: Release | None = None
    releases_between: tuple[Release, ...] = ()
    reference: str = ""
    """Its unambiguous name: the version, or the commit if several releases had that version."""

    @property
    def is_current_upstream(self) -> bool:
        """True if the previous environment runs this release now."""
        return not self.commit


def branch_name(action: str, environment: str, version: str) -> str:
    """Return the branch of a change. The same change always gets the same branch."""
    parts = [_INVALID_IN_BRANCH.sub("-", part).strip(".-") or "release" for part in (environment, version)]
    safe = [_LOCK_SUFFIX.sub("", part.replace("..", "-")) for part in parts]
    return f"{BRANCH_PREFIX}{action}/{'/'.join(safe)}"


def select_release(order: Order, config: Config, repo: OpsRepoData) -> ReleaseMove | Refusal:
    """Return the release that a promotion or a rollback moves, or a refusal."""
    name = order.environments[0] if order.environments else ""
    environment = next((known for known in config.environments if known.name == name), None)
    if environment is None:
        names = ", ".join(known.name for known in config.environments)
        return Refusal(name, "no-environment", f"the environment {name!r} does not exist; known environments: {names}")
    if order.action == "rollback":
        return _select_rollback(order, environment, repo)
    return _select_promotion(order, environment, config, repo)


def _select_promotion(
    order: Order, environment: EnvironmentConfig, config: Config, repo: OpsRepoData
) -> ReleaseMove | Refusal:
    index = config.environments.index(environment)
    if order.source:
        source = next((known for known in config.environments if known.name == order.source), None)
        if source is None:
            return Refusal(order.source, "no-environment", f"the environment {order.source!r} does not exist")
    elif index == 0:
        message = f"{environment.name} is the first environment: the app repo's workflow releases into it"
        return Refusal(environment.name, "first", message)
    else:
        source = config.environments[index - 1]
    if source.name == environment.name or config.environments.index(source) > index:
        message = f"{source.name} is not before {environment.name}: use rollback to go back"
        return Refusal(environment.name, "order", message)
    upstream, own = repo.environments.get(source.name), repo.environments.get(environment.name)
    if upstream is None or upstream.release is None:
        why = upstream.problems[0] if upstream and upstream.problems else "it was not read"
        return Refusal(source.name, "unreadable", f"its release is unreadable: {why}")
    present = own.release if own else None
    release, commit = upstream.release, ""
    if order.version and order.version != release.version:
        past = _find_release(order.version, upstream.history)
        if past is None or past.release is None:
            known = (
                ", ".join(dict.fromkeys(earlier.version for earlier in _readable_releases(upstream.history)))
                or release.version
            )
            message = f"the history of {source.name} does not contain {order.version}; it contains {known}"
            return Refusal(source.name, "no-version", message)
        if not _is_same_release(past.release, release):  # the named commit may be the newest release
            release, commit = past.release, past.commit
    if present is not None and _is_same_release(present, release):
        message = f"{environment.name} already has {release.version}: nothing to promote"
        return Refusal(environment.name, "same", message, already_done=True)
    between = _releases_between(upstream.history, release, present)
    return ReleaseMove(environment, source, release, commit, present, between)


def _select_rollback(order: Order, environment: EnvironmentConfig, repo: OpsRepoData) -> ReleaseMove | Refusal:
    own = repo.environments.get(environment.name)
    present = own.release if own else None
    if own is None or not own.history:
        why = (
            "its earlier releases were not read"
            if own is None or own.history_complete is None
            else "it never had another release"
        )
        return Refusal(environment.name, "no-history", f"no release to roll back to: {why}")
    choices = earlier_releases(repo, environment.name)
    if not choices:
        return Refusal(environment.name, "no-history", "no release to roll back to: it never had another release")
    if not order.version:
        known = ", ".join(past.release.version for past in choices if past.release)
        return Refusal(
            environment.name, "no-version", f"specify the release (--to VERSION): the history contains {known}"
        )
    past = _find_release(order.version, choices)
    if past is None or past.release is None:
        known = ", ".join(past.release.version for past in choices if past.release)
        message = f"its history does not contain {order.version}; it contains {known}"
        return Refusal(environment.name, "no-version", message)
    lost = _releases_between(own.history, present, past.release) if present else ()
    version = past.release.version
    first = _find_release(version, choices)
    asked = version if first is not None and first.commit == past.commit else past.commit[:12]
    return ReleaseMove(environment, environment, past.release, past.commit, present, lost, asked)


def find_release_move(
    kind: PullRequestKind, environment: EnvironmentConfig, release: Release, config: Config, repo: OpsRepoData
) -> ReleaseMove:
    """Return the move of a pull request that brings `release`: a rollback, or a promotion from the environment before.

    The move has no commit if the environment before has that release now.
    """
    own, index = repo.environments.get(environment.name), config.environments.index(environment)
    present = own.release if own else None
    if kind == "rollback" or index == 0:
        history = own.history if own else ()
        between = _releases_between(history, present, release) if present else ()
        past = _find_same_content(release, history)
        return ReleaseMove(environment, environment, release, past.commit if past else "", present, between)
    source = config.environments[index - 1]
    upstream = repo.environments.get(source.name)
    if upstream is None:
        return ReleaseMove(environment, source, release, current=present)
    between = _releases_between(upstream.history, release, present)
    if upstream.release is not None and upstream.release.content_key == release.content_key:
        return ReleaseMove(environment, source, release, "", present, between)
    past = _find_same_content(release, upstream.history)
    return ReleaseMove(environment, source, release, past.commit if past else "", present, between)


def _find_same_content(release: Release, history: Sequence[PastRelease]) -> PastRelease | None:
    return next((past for past in history if past.release and past.release.content_key == release.content_key), None)


def earlier_releases(repo: OpsRepoData, environment: str) -> tuple[PastRelease, ...]:
    """Return the releases an environment had before the current one, newest first, each content once."""
    own = repo.environments.get(environment)
    if own is None:
        return ()
    seen = {own.release.content_key} if own.release else set()
    found = []
    for past in own.history:
        if past.release is not None and past.release.content_key not in seen:
            seen.add(past.release.content_key)
            found.append(past)
    return tuple(found)


def _find_release(asked: str, history: Sequence[PastRelease]) -> PastRelease | None:
    """Return the release with this version or commit; the commit may be abbreviated to 7 digits."""
    named = (past for past in history if past.release is not None)
    return next(
        (
            past
            for past in named
            if past.release and (past.release.version == asked or (len(asked) >= 7 and past.commit.startswith(asked)))
        ),
        None,
    )


def _is_same_release(one: Release, other: Release) -> bool:
    return (one.version, one.content_key) == (other.version, other.content_key)


def _readable_releases(history: Sequence[PastRelease]) -> Iterator[Release]:
    return (past.release for past in history if past.release is not None)


def _releases_between(
    history: Sequence[PastRelease], newer: Release | None, older: Release | None
) -> tuple[Release, ...]:
    """Return the releases from `newer` down to `older`, without `older`; none if the history lacks one of them."""
    found: list[Release] = []
    for release in _readable_releases(history):
        if older is not None and release.content_key == older.content_key and found:
            return tuple(found)
        if found or newer is None or release.content_key == newer.content_key:
            found.append(release)
    return tuple(found) if older is None else ()


def pull_requests_of(releases: Sequence[Release]) -> tuple[PullRequestRef, ...]:
    """Return the pull requests of these releases, each once."""
    found = {release.pull_request.number: release.pull_request for release in releases if release.pull_request}
    return tuple(found.values())


def image_version(image: Image) -> str:
    """Return the tag, or else the beginning of the digest."""
    return image.tag or (f"{image.digest[:17]}…" if image.digest else "?")


def image_text(image: Image) -> str:
    """Return the tag and the beginning of the digest."""
    return f"{image.tag or 'no tag'}" + (f"  {image.digest[:17]}…" if image.digest else "")


def release_text(release: Release) -> str:
    """Return the version with the abbreviated commit."""
    return f"{release.version} ({shorten_revision(release.commit)})" if release.commit else release.version
