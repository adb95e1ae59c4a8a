"""Lines of container logs. Source: `GET …/logs`."""

from __future__ import annotations

from typing import NamedTuple

from anchor_tui.domain.model import AwareDatetime, SourceFailure, ValueObject


class LogLine(ValueObject, frozen=True):
    """One line. `at` is None if the server wrote the line itself, for example about an unknown container."""

    text: str
    pod: str = ""
    at: AwareDatetime | None = None


class LogSelection(ValueObject, frozen=True):
    """The log to read: of one pod, or of the pods of one workload, or of all pods of the application.

    `tail` is the number of lines per container; `since_s` limits their age, in seconds.
    """

    namespace: str = ""
    pod: str = ""
    container: str = ""
    group: str = ""
    kind: str = ""
    resource_name: str = ""
    previous: bool = False
    tail: int | None = None
    since_s: int | None = None


class LogFailure(NamedTuple):
    """The reason why the log of a pod cannot be read."""

    selection: LogSelection
    error: SourceFailure


class LogBatch(NamedTuple):
    """The news of followed logs in a short time: lines in the order of their times, and the logs that cannot be read.

    `dropped` older lines were dropped because the reader is slower than the logs.
    """

    lines: tuple[LogLine, ...] = ()
    dropped: int = 0
    failures: tuple[LogFailure, ...] = ()
