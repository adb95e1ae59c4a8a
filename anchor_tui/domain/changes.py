"""One change between two snapshots, as a value. Watch, notifications and history are made from them.

A value is a short text, or None if it is not known: it was not read yet, or its source is lost. So a source that is
lost is one change of kind `source`; the values that it makes unknown become None and are never reported as bad.

| kind         | subject          | values                                                                     |
|--------------|------------------|----------------------------------------------------------------------------|
| source       | id of the source | `fresh`, `stale`, `missing`; None while it is asked for the first time     |
| verdict      |                  | `ok`, `attention`, `unknown`, `violation`, `failing`                       |
| release      |                  | the version in git                                                         |
| application  |                  | `found`, `absent`, `forbidden`                                             |
| sync, health |                  | as Argo CD reports them                                                    |
| revision     |                  | the commit that was synced last                                            |
| diagnosis    |                  | rule and resource of the cause; an empty text if nothing has failed        |
| finding      | id of the check  | `fail`, `waived`, `clear`; `place` is the resource or the file             |
| pull-request | its number       | `open`, `merged`, `absent`: GitHub does not list it as open                |
| checks       | its number       | `success`, `failure`, `pending`, `none`                                    |
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

from anchor_tui.domain.model import AppId, AwareDatetime, ValueObject

ChangeKind: TypeAlias = Literal[
    "source",
    "verdict",
    "release",
    "application",
    "sync",
    "health",
    "revision",
    "diagnosis",
    "finding",
    "pull-request",
    "checks",
]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
PULL_REQUEST_KINDS: frozenset[str] = frozenset({"pull-request", "checks"})
"""The kinds whose subject is a number: a pull request can change which environments it is about."""


class ChangeKey(NamedTuple):
    """The identity of a value that can change: two changes with the same key are about the same value."""

    kind: ChangeKind
    environment: str | None
    application: AppId | None
    subject: str
    place: str


class Change(ValueObject, frozen=True):
    """One value that differs between two snapshots. `at` is the time of the later one.

    `reported_at` is the time of the change by the server's own clock, if it reports one. `detail` is text from outside:
    the first reason of a verdict, the cause of a diagnosis, the message of a finding or an error, a title. `severity`
    is the level of a finding.
    """

    kind: ChangeKind
    before: str | None
    after: str | None
    at: AwareDatetime
    environment: str | None = None
    application: AppId | None = None
    subject: str = ""
    place: str = ""
    detail: str = ""
    severity: Literal["error", "warning", "info"] | None = None
    pull_request: int | None = None
    reported_at: AwareDatetime | None = None

    @property
    def key(self) -> ChangeKey:
        """The identity of the value that changed."""
        environment = None if self.kind in PULL_REQUEST_KINDS else self.environment
        return ChangeKey(self.kind, environment, self.application, self.subject, self.place)
