"""Lines of container logs. Source: `GET …/logs`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from anchor_tui.domain.model import AwareDatetime, SourceFailure, ValueObject


class LogLine(ValueObject, frozen=True):
    """One line. `at` is None if the server wrote the line itself, for example about an unknown container."""

    text: str
    pod: str = ""
    at: AwareDatetime | None = None
    container: str = ""
    """The name of the container, if several of a pod are read."""

    @property
    def size(self) -> int:
        """The memory that the text needs, in bytes."""
        return sys.getsizeof(self.text)


class UnreadLogLine(ValueObject, frozen=True):
    """A line whose text is decoded each time it is needed: of a busy log only a few lines are ever shown."""

    raw: bytes
    decode: Callable[[bytes], str]
    pod: str = ""
    at: AwareDatetime | None = None
    container: str = ""

    @property
    def text(self) -> str:
        """The text of the line."""
        return self.decode(self.raw)

    @property
    def size(self) -> int:
        """The memory that the line needs, in bytes."""
        return len(self.raw)


AnyLogLine: TypeAlias = LogLine | UnreadLogLine


def read_line(line: AnyLogLine) -> LogLine:
    """Return a line with its text."""
    return line if isinstance(line, LogLine) else LogLine(line.text, line.pod, line.at, line.container)


class LogSelection(ValueObject, frozen=True):
    """The log to read: of one pod, or of the pods of one workload, or of all pods of the application.

    `tail` is the number of lines per container; `since_s` limits their age, in seconds. `names_container` is set if
    several containers of a pod are read: each line then names its own.
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
    names_container: bool = False

    @property
    def origin(self) -> str:
        """The pod, or pod and container: the key of what was seen of this log."""
        return format_origin(self.pod, self.container if self.names_container else "")


def format_origin(pod: str, container: str) -> str:
    """Return the key of a log: the pod, or `pod/container`."""
    return f"{pod}/{container}" if container else pod


class LogFailure(NamedTuple):
    """The reason why the log of a pod cannot be read."""

    selection: LogSelection
    error: SourceFailure


class LogBatch(NamedTuple):
    """The news of followed logs in a short time: lines in the order of their times, and the logs that cannot be read.

    `dropped` older lines were dropped because the reader is slower than the logs.
    """

    lines: tuple[AnyLogLine, ...] = ()
    dropped: int = 0
    failures: tuple[LogFailure, ...] = ()
