"""Follows several logs at once: one bounded queue, one batch of lines at a time.

When the reader is slower than the logs, the oldest lines are dropped and counted, before they cost anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from anchor_tui.domain.inspection.logs import AnyLogLine, LogBatch, LogFailure, LogSelection
from anchor_tui.domain.model import SourceFailure
from anchor_tui.sources.errors import SourceError

BATCH_S = 0.1
"""The time for which lines are gathered, in seconds."""
MAX_QUEUED_LINES = 10_000
"""Twice the lines that a log of 50,000 lines/s writes in BATCH_S."""
MAX_QUEUED_BYTES = 8 * 1024 * 1024
REOPEN_S = 5.0
"""The pause before a log that has ended is opened again: its container may start again."""
MAX_REOPEN_S = 60.0
_NEVER = datetime.min.replace(tzinfo=UTC)

OpenLog = Callable[[LogSelection], AbstractAsyncContextManager[AsyncIterator[list[bytes]]]]
ParseLines = Callable[[Iterable[bytes]], Sequence[AnyLogLine]]
DescribeError = Callable[[SourceError], SourceFailure]


@dataclass(slots=True, eq=False)
class FollowedLog:
    """A log with what was seen of it. When it is opened again, its last lines are sent again."""

    selection: LogSelection
    last_at: datetime
    """The time of the newest line that was seen."""
    resumed_after: datetime
    """Lines up to this time were seen before the log was opened the last time."""
    opened: int = 0
    last_note: str = ""

    def select_new(self, lines: Iterable[AnyLogLine], opened: int) -> list[AnyLogLine]:
        """Return the lines that were not seen before. `opened` counts how often the log had been opened."""
        container = self.selection.container if self.selection.names_container else ""
        if opened != self.opened:
            self.opened, self.resumed_after = opened, self.last_at
        found = []
        for line in lines:
            if line.at is None:
                if line.text == self.last_note:
                    continue
                self.last_note = line.text
            elif line.at <= self.resumed_after:
                continue
            else:
                self.last_at = max(self.last_at, line.at)
            found.append(replace(line, container=container) if container else line)
        return found


class _RawLines(NamedTuple):
    """Lines of one log that arrived together."""

    log: FollowedLog
    opened: int
    texts: Sequence[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.texts))


class LogQueue:
    """Raw lines between the connections and the reader. It keeps the newest."""

    def __init__(self, max_lines: int = MAX_QUEUED_LINES, max_bytes: int = MAX_QUEUED_BYTES) -> None:
        self.changed = asyncio.Event()
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._parts: deque[_RawLines] = deque()
        self._count = 0
        self._size = 0
        self._dropped = 0
        self._failures: list[LogFailure] = []

    def put(self, log: FollowedLog, opened: int, lines: Sequence[bytes]) -> None:
        """Add lines, and drop the oldest if there are too many."""
        part = _RawLines(log, opened, lines)
        self._parts.append(part)
        self._count += len(lines)
        self._size += part.size
        while self._count > self._max_lines or (self._size > self._max_bytes and self._count > 1):
            self._drop_oldest()
        self.changed.set()

    def _drop_oldest(self) -> None:
        """Drop the oldest lines that arrived together, or as many of them as are too many."""
        part = self._parts.popleft()
        number = min(len(part.texts), max(1, self._count - self._max_lines))
        if self._size > self._max_bytes:
            size = self._size - sum(map(len, part.texts[:number]))
            while size > self._max_bytes and number < len(part.texts) and self._count - number > 1:
                size -= len(part.texts[number])
                number += 1
        if rest := part.texts[number:]:
            self._parts.appendleft(part._replace(texts=rest))
        self._count -= number
        self._size -= sum(map(len, part.texts[:number]))
        self._dropped += number

    def fail(self, failure: LogFailure) -> None:
        """Add the reason why a log cannot be read."""
        self._failures.append(failure)
        self.changed.set()

    def take(self, parse: ParseLines, describe: DescribeError) -> LogBatch:
        """Take everything that is queued."""
        self.changed.clear()
        taken, dropped, failures = self._parts, self._dropped, self._failures
        self._parts, self._count, self._size, self._dropped, self._failures = deque(), 0, 0, 0, []
        found: list[AnyLogLine] = []
        by_log: dict[tuple[FollowedLog, int], list[bytes]] = {}
        for part in taken:
            by_log.setdefault((part.log, part.opened), []).extend(part.texts)
        for (log, opened), texts in by_log.items():
            lines, error = _parse_each(parse, texts)
            found += log.select_new(lines, opened)
            if error is not None:
                failures.append(LogFailure(log.selection, describe(error)))
        return LogBatch(_sort_lines(found) if len(by_log) > 1 else tuple(found), dropped, tuple(failures))


async def follow_logs(
    selections: Sequence[LogSelection],
    open_log: OpenLog,
    parse: ParseLines,
    describe: DescribeError,
    *,
    after: Mapping[str, datetime],
    reopens: bool,
) -> AsyncGenerator[LogBatch, None]:
    """Yield the lines of several logs until all have ended; with `reopens`, without an end.

    `after` contains the time of the last line that was seen of a log, by its origin. Closing the iterator
    closes the connections.
    """
    queue = LogQueue()
    logs = [FollowedLog(selection, at := after.get(selection.origin, _NEVER), at) for selection in selections]
    tasks = [asyncio.create_task(_follow_one(log, open_log, queue, describe, reopens=reopens)) for log in logs]
    everything = asyncio.gather(*tasks)
    everything.add_done_callback(lambda _: queue.changed.set())
    try:
        while not everything.done() or queue.changed.is_set():
            await queue.changed.wait()
            if not everything.done():
                await asyncio.sleep(BATCH_S)
            batch = queue.take(parse, describe)
            if batch != LogBatch():
                yield batch
        await everything  # an internal error of a task
    finally:
        everything.cancel()
        await asyncio.gather(everything, *tasks, return_exceptions=True)


async def _follow_one(
    log: FollowedLog, open_log: OpenLog, queue: LogQueue, describe: DescribeError, *, reopens: bool
) -> None:
    opened, pause_s = 0, REOPEN_S
    while True:
        opened += 1
        try:
            async with open_log(log.selection) as batches:
                async for lines in batches:
                    queue.put(log, opened, lines)
                    pause_s = REOPEN_S
        except SourceError as error:
            queue.fail(LogFailure(log.selection, describe(error)))
            pause_s = min(MAX_REOPEN_S, pause_s * 2)
        if not reopens:
            return
        await asyncio.sleep(pause_s)


def _parse_each(parse: ParseLines, texts: list[bytes]) -> tuple[Sequence[AnyLogLine], SourceError | None]:
    """Return the readable lines, and the last error if one of them is an error or unreadable."""
    try:
        return parse(texts), None
    except SourceError:
        pass
    found: list[AnyLogLine] = []
    last: SourceError | None = None
    for text in texts:
        try:
            found += parse([text])
        except SourceError as error:
            last = error
    return found, last


def _sort_lines(lines: Iterable[AnyLogLine]) -> tuple[AnyLogLine, ...]:
    """Return lines of several logs in the order of their times. A line without a time stays behind its predecessor."""
    keyed: list[tuple[datetime, AnyLogLine]] = []
    for line in lines:
        keyed.append((line.at or (keyed[-1][0] if keyed else _NEVER), line))
    keyed.sort(key=lambda pair: pair[0])
    return tuple(line for _, line in keyed)
