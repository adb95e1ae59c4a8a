"""The values of the history file, for everything that reads it: the timeline, the rollback chooser, metrics.

A value in `before` and `after` is a short text, as in `domain/changes.py`; None means that it was not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from anchor_tui.domain.changes import PULL_REQUEST_KINDS
from anchor_tui.domain.model import AppId, AwareDatetime, ValueObject

ChangeOrigin: TypeAlias = Literal["observed", "imported", "local"]
"""`observed`: anchor-tui saw the change. `imported`: git or Argo CD reported it, before anchor-tui was watching.
`local`: an action of this operator."""


_AS_IT_SHOULD_BE = frozenset(
    {
        ("application", "found"),
        ("sync", "Synced"),
        ("health", "Healthy"),
        ("diagnosis", ""),
        ("finding", "clear"),
        ("checks", "success"),
    }
)

APP_COMMIT = "app-commit"
"""The kind of a change that records when a commit of the app repo was merged. Its `subject` is the commit."""


class SubjectKey(NamedTuple):
    """The identity of a value whose changes are recorded. A part that does not apply is an empty text."""

    kind: str
    environment: str = ""
    server: str = ""
    namespace: str = ""
    application: str = ""
    subject: str = ""
    place: str = ""


PAST_SYNCS = "syncs"
"""The first word of the subject of an import: the past syncs of an application."""


class RecordedChange(ValueObject, frozen=True):
    """One change, as the file contains it. `id` is 0 before it is written."""

    kind: str
    after: str | None
    observed_at: AwareDatetime
    before: str | None = None
    environment: str = ""
    application: AppId | None = None
    subject: str = ""
    """The part that the value is about: the id of a check or of a source, the number of a pull request."""
    place: str = ""
    """The resource or file of a finding."""
    server_at: AwareDatetime | None = None
    """The time of the change by the clock of the server that reports it."""
    detail: str = ""
    """Text from outside: a reason, a cause, a message, a title."""
    severity: str = ""
    """The level of a finding."""
    pull_request: int | None = None
    commit: str = ""
    actor: str = ""
    origin: ChangeOrigin = "observed"
    identity: str = ""
    """The text to compare instead of `after`, if `after` does not identify the value: of a release, its content."""
    cause_id: int | None = None
    """The change that caused this one, if it is known."""
    facts: Mapping[str, str] = {}
    """Further values by name: of an action its reason, plan and URL."""
    id: int = 0

    @property
    def at(self) -> AwareDatetime:
        """The time of the change: the server's if it is known and not in the future, else the time of observation."""
        return min(self.server_at, self.observed_at) if self.server_at else self.observed_at

    @property
    def key(self) -> SubjectKey:
        """The identity of the value that changed. A pull request can change which environments it is about."""
        environment = "" if self.kind in PULL_REQUEST_KINDS else self.environment
        server, namespace, application = self.application or ("", "", "")
        return SubjectKey(self.kind, environment, server, namespace, application, self.subject, self.place)

    @property
    def is_first_observation(self) -> bool:
        """True if the value was seen for the first time, so that it is not known when it began."""
        return self.before is None and self.origin == "observed"

    @property
    def is_unremarkable(self) -> bool:
        """True if it is the first observation of a value that is as it should be. Only the state is recorded then."""
        return self.is_first_observation and (self.kind == "revision" or (self.kind, self.after) in _AS_IT_SHOULD_BE)

    @property
    def compared_value(self) -> str | None:
        """The text that decides if two changes lead to the same value."""
        return self.identity or self.after


class RecordedState(ValueObject, frozen=True):
    """The last value of one subject in the file, and since when it has it."""

    value: str | None
    """The `after` of the last change."""
    compared_value: str | None
    observed_at: AwareDatetime
    server_at: AwareDatetime | None = None

    @property
    def at(self) -> AwareDatetime:
        """The time of the last change, as `RecordedChange.at`."""
        return min(self.server_at, self.observed_at) if self.server_at else self.observed_at


class GoodRelease(ValueObject, frozen=True):
    """A release that was Synced and Healthy in an environment for the soak time.

    `qualified_at` is the end of its last soak. `last_seen_at` is the last recorded time at which it was healthy: it is
    written when the release qualifies and when its healthy time ends.
    """

    environment: str
    version: str
    content: str
    """The identity of its content, as in `RecordedChange.identity`."""
    commit: str
    healthy_since: AwareDatetime
    qualified_at: AwareDatetime
    last_seen_at: AwareDatetime
    pull_request: int | None = None


class WatchSession(ValueObject, frozen=True):
    """A time in which a process was watching. Outside of all sessions nothing is known.

    `ended_at` is None while the process runs. If it was killed, the session ends with its last written change.
    """

    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    process: str = ""


# --- reading -----------------------------------------------------------------------------------------


class HistoryPosition(NamedTuple):
    """The place of a change in the order of the timeline. The next page begins after it."""

    at: AwareDatetime
    id: int


class HistoryFilter(ValueObject, frozen=True):
    """The changes to read. An empty field does not limit them; `since` is inclusive, `until` is not."""

    environments: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    origins: tuple[ChangeOrigin, ...] = ()
    application: AppId | None = None
    subject: str = ""
    pull_request: int | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class HistoryPage(ValueObject, frozen=True):
    """Some changes, newest first. `next_position` is where the next page begins; None if there is no further one."""

    changes: tuple[RecordedChange, ...]
    next_position: HistoryPosition | None = None
