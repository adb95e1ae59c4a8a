"""The last known good release of an environment: Synced and Healthy, without interruption, for the soak time.

Policy errors do not count. Only what was observed counts: after a start, or a time without data, a soak begins again.

| condition | the environment                                                                               |
|-----------|-----------------------------------------------------------------------------------------------|
| good      | every application is Synced and Healthy, and the cluster reports no image of another release  |
| bad       | an application is not, or the cluster runs another image than git has                         |
| asleep    | on-demand, and not running: neither healthy nor unhealthy                                     |
| unknown   | a source is lost, something was not read, or git and the cluster are at different commits     |
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec.structs import replace

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.history.records import GoodRelease
from anchor_tui.domain.live_release import list_live_versions
from anchor_tui.domain.model import Application, Environment, LastKnownGood, Release, SourceState, ValueObject
from anchor_tui.domain.source_states import GITHUB_SOURCE_ID
from anchor_tui.domain.verdict import is_asleep

Condition: TypeAlias = Literal["good", "bad", "asleep", "unknown"]
_CONTENT_LENGTH = 16


def identify_content(release: Release) -> str:
    """Return a short text that is equal for releases of the same content."""
    return hashlib.sha256(repr(release.content_key).encode(errors="replace")).hexdigest()[:_CONTENT_LENGTH]


def judge_condition(
    environment: Environment, sources: Sequence[SourceState], configured: EnvironmentConfig
) -> Condition:
    """Return how well an environment runs its release, whatever the policy finds. `sources` are those of the estate."""
    needed = {environment.source, GITHUB_SOURCE_ID}
    if environment.release is None or not needed <= {source.id for source in sources if source.state == "fresh"}:
        return "unknown"
    if not environment.applications or _is_incomplete(environment, configured):
        return "unknown"
    conditions = {_judge_application(app, environment) for app in environment.applications}
    for condition in _WORST_FIRST:
        if condition in conditions:
            return condition
    return "bad" if list_live_versions(environment) else "good"


_WORST_FIRST: tuple[Condition, ...] = ("bad", "unknown", "asleep")


def _is_incomplete(environment: Environment, configured: EnvironmentConfig) -> bool:
    """Return True if an application that is configured by name was not read yet."""
    names = configured.applications
    return isinstance(names, tuple) and len(environment.applications) < len(names)


def _judge_application(app: Application, environment: Environment) -> Condition:
    if is_asleep(app, environment):
        return "asleep"
    if app.presence != "found":
        return "bad"
    if app.sync in {None, "Unknown"} or app.health in {None, "Unknown"}:
        return "unknown"
    return "good" if app.sync == "Synced" and app.health == "Healthy" else "bad"


# --- the soak ----------------------------------------------------------------------------------------


class Soak(ValueObject, frozen=True):
    """The time in which an environment has run one release without interruption.

    `qualified_at` is when it had been long enough; None until then.
    """

    release: Release
    content: str
    since: datetime
    qualified_at: datetime | None = None


def advance_soak(soak: Soak | None, environment: Environment, condition: Condition, at: datetime) -> Soak | None:
    """Return the soak at a time, None if the environment is not good.

    A soak of another release begins only when git and Argo CD are at the same commit: until then, Synced and Healthy
    are those of the release before. The same release continues.
    """
    release = environment.release
    if condition != "good" or release is None:
        return None
    content = identify_content(release)
    if soak is not None and soak.content == content:
        return soak
    return None if is_commit_pending(environment) else Soak(release, content, at)


def is_commit_pending(environment: Environment) -> bool:
    """Return True if checks wait until git and Argo CD are at the same commit."""
    return any(finding.pending for finding in environment.findings)


def qualify_release(soak: Soak, environment: str, at: datetime, soak_time: timedelta) -> GoodRelease | None:
    """Return the release if it has been good for the soak time; None if that is known already, or not long enough."""
    if soak.qualified_at is not None or at - soak.since < soak_time:
        return None
    return make_good_release(soak, environment, qualified_at=at, last_seen_at=at)


def make_good_release(soak: Soak, environment: str, *, qualified_at: datetime, last_seen_at: datetime) -> GoodRelease:
    """Return the release of a soak, as the history records it."""
    release = soak.release
    return GoodRelease(
        environment=environment,
        version=release.version,
        content=soak.content,
        commit=release.commit or "",
        healthy_since=soak.since,
        qualified_at=qualified_at,
        last_seen_at=last_seen_at,
        pull_request=release.pull_request.number if release.pull_request else None,
    )


def end_soak(soak: Soak, at: datetime) -> Soak:
    """Return a soak whose release has qualified."""
    return replace(soak, qualified_at=at)


def select_last_known_good(good_releases: Sequence[GoodRelease]) -> dict[str, LastKnownGood]:
    """Return the release of each environment that qualified last."""
    latest: dict[str, GoodRelease] = {}
    for good in good_releases:
        known = latest.get(good.environment)
        if known is None or good.qualified_at > known.qualified_at:
            latest[good.environment] = good
    return {name: LastKnownGood(good.version, good.last_seen_at) for name, good in latest.items()}
