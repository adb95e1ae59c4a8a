"""Which release moves into which environment: chosen from the branch's history, before any file is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from anchor_tui.config.model import Config, EnvironmentConfig
from anchor_tui.domain.actions.plan import Order, Refusal
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import Image, PullRequestRef, Release, ValueObject
from anchor_tui.domain.pull_requests import BRANCH_PREFIX
from anchor_tui.domain.source_data import OpsRepoData, PastRelease

_INVALID_IN_BRANCH = re.compile(r"[^A-Za-z0-9._+-]+")
_LOCK_SUFFIX = re.compile(r"(\.lock)+$")


class ReleaseMove(ValueObject, frozen=True):
    """A release that is to stand in an environment. `commit` is where its file is read: empty is the head.

    `between` are the releases that lie between the present one and this one, newest first: what comes along with a
    promotion, what is lost by a rollback.
    """

    environment: EnvironmentConfig
    source: EnvironmentConfig
    release: Release
    commit: str = ""
    current: Release | None = None
    releases_between: tuple[Release, ...] = ()
    reference: str = ""
    """What names it beyond doubt: its version, or the commit where several had that version."""

    @property
    def is_current_upstream(self) -> bool:
        """Whether it is what the environment before runs now."""
        return not self.commit


def branch_name(action: str, environment: str, version: str) -> str:
    """The one branch for it: asked for twice there is still one."""
    parts = [_INVALID_IN_BRANCH.sub("-", part).strip(".-") or "release" for part in (environment, version)]
    safe = [_LOCK_SUFFIX.sub("", part.replace("..", "-")) for part in parts]
    return f"{BRANCH_PREFIX}{action}/{'/'.join(safe)}"


def select_release(order: Order, config: Config, repo: OpsRepoData) -> ReleaseMove | Refusal:
    """The move that a promotion or a rollback is about."""
    name = order.environments[0] if order.environments else ""
    environment = next((each for each in config.environments if each.name == name), None)
    if environment is None:
        known = ", ".join(each.name for each in config.environments)
        return Refusal(name, "no-environment", f"there is no environment {name!r}; there are {known}")
    if order.action == "rollback":
        return _select_rollback(order, environment, repo)
    return _select_promotion(order, environment, config, repo)


def _select_promotion(
    order: Order, environment: EnvironmentConfig, config: Config, repo: OpsRepoData
) -> ReleaseMove | Refusal:
    index = config.environments.index(environment)
    if order.source:
        source = next((each for each in config.environments if each.name == order.source), None)
        if source is None:
            return Refusal(order.source, "no-environment", f"there is no environment {order.source!r} to promote from")
    elif index == 0:
        message = f"{environment.name} is the first environment: the app repo's workflow brings releases into it"
        return Refusal(environment.name, "first", message)
    else:
        source = config.environments[index - 1]
    if source.name == environment.name or config.environments.index(source) > index:
        message = f"{source.name} does not come before {environment.name}: to go back is a rollback"
        return Refusal(environment.name, "order", message)
    upstream, own = repo.environments.get(source.name), repo.environments.get(environment.name)
    if upstream is None or upstream.release is None:
        why = upstream.problems[0] if upstream and upstream.problems else "it was not read"
        return Refusal(source.name, "unreadable", f"its release cannot be read: {why}")
    present = own.release if own else None
    release, commit = upstream.release, ""
    if order.version and order.version != release.version:
        past = _find_release(order.version, upstream.history)
        if past is None or past.release is None:
            known = (
                ", ".join(dict.fromkeys(each.version for each in _readable_releases(upstream.history)))
                or release.version
            )
            message = f"{source.name} never had {order.version}, as far as its history was read; it had {known}"
            return Refusal(source.name, "no-version", message)
        if not _is_same_release(past.release, release):  # its commit may have been named, and be the newest
            release, commit = past.release, past.commit
    if present is not None and _is_same_release(present, release):
        message = f"{environment.name} has {release.version} already: there is nothing to promote"
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
            else "it never had another one"
        )
        return Refusal(environment.name, "no-history", f"there is nothing to go back to: {why}")
    choices = earlier_releases(repo, environment.name)
    if not choices:
        return Refusal(environment.name, "no-history", "there is nothing to go back to: it never had another release")
    if not order.version:
        known = ", ".join(each.release.version for each in choices if each.release)
        return Refusal(
            environment.name, "no-version", f"say which release to go back to (--to VERSION): it had {known}"
        )
    past = _find_release(order.version, choices)
    if past is None or past.release is None:
        known = ", ".join(each.release.version for each in choices if each.release)
        message = f"it never had {order.version} before, as far as its history was read; it had {known}"
        return Refusal(environment.name, "no-version", message)
    lost = _releases_between(own.history, present, past.release) if present else ()
    version = past.release.version
    first = _find_release(version, choices)
    asked = version if first is not None and first.commit == past.commit else past.commit[:12]
    return ReleaseMove(environment, environment, past.release, past.commit, present, lost, asked)


def earlier_releases(repo: OpsRepoData, environment: str) -> tuple[PastRelease, ...]:
    """The releases that an environment had before its present one, newest first, each content once."""
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
    """By version, or by the commit that brought it."""
    named = (each for each in history if each.release is not None)
    return next(
        (
            each
            for each in named
            if each.release and (each.release.version == asked or (len(asked) >= 7 and each.commit.startswith(asked)))
        ),
        None,
    )


def _is_same_release(one: Release, other: Release) -> bool:
    return (one.version, one.content_key) == (other.version, other.content_key)


def _readable_releases(history: Sequence[PastRelease]) -> Iterator[Release]:
    return (each.release for each in history if each.release is not None)


def _releases_between(
    history: Sequence[PastRelease], newer: Release | None, older: Release | None
) -> tuple[Release, ...]:
    """The releases from `newer` down to, and without, `older`; none where the history does not have them so."""
    found: list[Release] = []
    for release in _readable_releases(history):
        if older is not None and release.content_key == older.content_key and found:
            return tuple(found)
        if found or newer is None or release.content_key == newer.content_key:
            found.append(release)
    return tuple(found) if older is None else ()


def pull_requests_of(releases: Sequence[Release]) -> tuple[PullRequestRef, ...]:
    """The pull requests that brought these releases, each once."""
    found = {each.pull_request.number: each.pull_request for each in releases if each.pull_request}
    return tuple(found.values())


def image_text(image: Image) -> str:
    """A tag and the beginning of a digest, as people write them."""
    return f"{image.tag or 'no tag'}" + (f"  {image.digest[:17]}…" if image.digest else "")


def release_text(release: Release) -> str:
    """A release's version with its commit."""
    return f"{release.version} ({shorten_revision(release.commit)})" if release.commit else release.version
