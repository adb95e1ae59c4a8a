"""The reasons of a verdict: their text, their order, and one line for many applications."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from anchor_tui.domain.formatting import get_first_line
from anchor_tui.domain.model import (
    AppId,
    Application,
    ChecksStatus,
    Level,
    SourceState,
    UnhealthyResource,
    ValueObject,
    VerdictCause,
)

GROUP_FROM = 3
"""The number of applications with the same status from which their reasons become one line."""
_STATUS_FIRST = re.compile(r"(Degraded|Missing|Progressing|Suspended|OutOfSync|asleep|behind|\d+ [A-Za-z])")
_CAUSE_ORDER: tuple[VerdictCause | None, ...] = ("outage", None, "policy")


class VerdictInputs(ValueObject, frozen=True):
    """The inputs of a verdict that are not part of the environment itself.

    `out_of_sync_since` is when anchor-tui first saw each application OutOfSync. `missing_applications` are sentences
    about configured applications that were not read. `troubled` are the applications that have reasons, if that is
    known already.
    """

    now: datetime
    sources: Sequence[SourceState]
    head_checks: ChecksStatus = "none"
    branch: str = ""
    out_of_sync_since: Mapping[AppId, datetime] | None = None
    missing_applications: Sequence[str] = ()
    unreadable_files: Sequence[str] = ()
    troubled: Sequence[Application] | None = None


class Reason(NamedTuple):
    """One reason. A reason without a level does not change the verdict.

    `application` is empty if the environment has one application. Reasons of the same level and `group` are merged when
    many applications have them; `group` completes the phrase "8 …". `since` is the release that the trouble began with.
    """

    level: Level | None
    text: str
    application: str = ""
    group: str = ""
    since: str = ""
    cause: VerdictCause | None = None

    @property
    def sentence(self) -> str:
        """The reason as one sentence, with the application and the release."""
        text = f"{self.text}, {self.since}" if self.since else self.text
        return prefix_subject(self.application, text) if self.application else text


def rank_reasons(reasons: Iterable[Reason]) -> list[Reason]:
    """Return the reasons, the most severe first. Among failures, outages come before policy errors."""
    return sorted(
        reasons, key=lambda reason: (-(reason.level.rank if reason.level else -1), rank_cause(_cause_of(reason)))
    )


def rank_cause(cause: VerdictCause | None) -> int:
    """Return the position of a cause: outage, any other failure, policy."""
    return _CAUSE_ORDER.index(cause)


def find_cause(reasons: Iterable[Reason]) -> VerdictCause | None:
    """Return the cause of a failing verdict: the first of outage, other (None) and policy."""
    causes = [reason.cause for reason in reasons if reason.level is Level.FAILING]
    return min(causes, key=rank_cause, default=None)


def _cause_of(reason: Reason) -> VerdictCause | None:
    return reason.cause if reason.level is Level.FAILING else None


def group_reasons(reasons: Sequence[Reason]) -> list[Reason]:
    """Merge the reasons that many applications share: "8 Degraded: scale-0026, scale-0068 and 6 more"."""
    members: dict[tuple[Level | None, str], list[Reason]] = {}
    for reason in reasons:
        if reason.group and reason.application:
            members.setdefault((reason.level, reason.group), []).append(reason)
    names = {group: tuple(dict.fromkeys(member.application for member in same)) for group, same in members.items()}
    grouped: list[Reason] = []
    for reason in reasons:
        group = (reason.level, reason.group)
        if not reason.application or len(names.get(group, ())) < GROUP_FROM:
            grouped.append(reason)
        elif members[group][0] is reason:
            text = f"{len(names[group]):,} {reason.group}: {join_names(names[group])}"
            releases = {member.since for member in members[group]}
            since = reason.since if len(releases) == 1 else ""
            grouped.append(Reason(reason.level, text, since=since, cause=reason.cause))
    return grouped


def join_names(names: Sequence[str]) -> str:
    """Return up to three names, or two names and the number of the others: "a, b and 6 more"."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2:,} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""


def prefix_subject(subject: str, text: str) -> str:
    """Return a reason with the environment or application in front: "prod Degraded 12 min", "prod: no answer"."""
    return f"{subject} {text}" if _STATUS_FIRST.match(text) else f"{subject}: {text}"


def summarize_reason(text: str) -> str:
    """Return the beginning of a reason for one short line: "Degraded 12 min", "5 policy errors"."""
    return re.split(r": |, |; ", text, maxsplit=1)[0] if _STATUS_FIRST.match(text) else text


def describe_culprit(resource: UnhealthyResource, application: str) -> str:
    """Return the resource with its message, each name once: "anchor-gateway exceeded its progress deadline"."""
    message = get_first_line(resource.message)
    name = re.escape(resource.name)
    quoted = rf'(?:\b{re.escape(resource.kind)} )?(["\']?)(?<![\w.-]){name}(?![\w-])\1'
    message = re.sub(quoted, lambda _: resource.name, message)
    is_named = re.search(rf"(?<![\w.-]){name}(?![\w-])", message) is not None
    if resource.name == application:  # already in front of the reason
        return message.removeprefix(f"{resource.name} ") if message else resource.kind
    if is_named:
        return message
    return f"{resource.kind}/{resource.name}" + (f": {message}" if message else "")
