"""Followed logs: merged, bounded, opened again; and the tree with its fallback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor_tui.domain.inspection.logs import LogBatch, LogLine, LogSelection
from anchor_tui.domain.model import SourceFailure
from anchor_tui.services.observe import log_streams, tree_stream
from anchor_tui.services.observe.log_streams import FollowedLog, LogQueue, follow_logs
from anchor_tui.services.observe.tree_stream import follow_tree
from anchor_tui.sources.errors import Forbidden, SourceError, Unreachable
from tests.values import NOW

A, B = LogSelection(pod="a"), LogSelection(pod="b")


def encode(text: str, pod: str = "a", seconds: float | None = 0) -> bytes:
    at = None if seconds is None else NOW + timedelta(seconds=seconds)
    return msgspec.json.encode(LogLine(text, pod, at))


def parse(lines: Iterable[bytes]) -> list[LogLine]:
    return [msgspec.json.decode(line, type=LogLine) for line in lines]


def parse_strictly(lines: Iterable[bytes]) -> list[LogLine]:
    found = list(lines)
    if b"broken" in found:
        raise Unreachable("not a line")
    return parse(found)


def describe(error: SourceError) -> SourceFailure:
    return error.failure


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    for module, name in ((log_streams, "BATCH_S"), (log_streams, "REOPEN_S"), (tree_stream, "GATHER_S")):
        monkeypatch.setattr(module, name, 0)


class FakeLogs:
    """Logs by pod: each opening sends one list of lines, or raises an error, and then ends; the last one stays open."""

    def __init__(self, **answers: list[list[bytes] | SourceError]) -> None:
        self.answers = answers
        self.open = 0

    @asynccontextmanager
    async def __call__(self, selection: LogSelection) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        left = self.answers[selection.pod]
        answer: list[bytes] | SourceError | None = left.pop(0) if left else None
        self.open += 1

        async def lines() -> AsyncIterator[list[bytes]]:
            if answer is None:
                await asyncio.Event().wait()
            elif isinstance(answer, SourceError):
                raise answer
            else:
                yield answer

        try:
            yield lines()
        finally:
            self.open -= 1


async def collect(logs: FakeLogs, *selections: LogSelection, reopens: bool = False, **after: int) -> list[LogBatch]:
    times = {pod: NOW + timedelta(seconds=seconds) for pod, seconds in after.items()}
    found = follow_logs(selections, logs, parse, describe, after=times, reopens=reopens)
    return [batch async for batch in found]


async def test_lines_of_several_pods_are_ordered_by_time():
    logs = FakeLogs(a=[[encode("1"), encode("3", seconds=2)]], b=[[encode("2", "b", 1), encode("4", "b", 3)]])
    batches = await collect(logs, A, B)
    assert [line.text for batch in batches for line in batch.lines] == ["1", "2", "3", "4"]
    assert logs.open == 0


async def test_lines_that_were_seen_are_left_out():
    logs = FakeLogs(a=[[encode("old", seconds=1), encode("new", seconds=2)]])
    (batch,) = await collect(logs, A, a=1)
    assert [line.text for line in batch.lines] == ["new"]


async def test_a_log_that_ended_is_opened_again_without_repetition():
    logs = FakeLogs(
        a=[
            [encode("1"), encode("note", seconds=None)],
            [encode("1"), encode("note", seconds=None), encode("2", seconds=1)],
        ]
    )
    found = follow_logs([A], logs, parse, describe, after={}, reopens=True)
    texts: list[str] = []
    async for batch in found:
        texts += [line.text for line in batch.lines]
        if "2" in texts:
            break
    assert texts == ["1", "note", "2"]
    await found.aclose()
    assert logs.open == 0


async def test_each_line_of_several_containers_names_its_own():
    app, proxy = (LogSelection(pod="a", container=name, names_container=True) for name in ("app", "proxy"))
    answers = {app: [encode("1"), encode("3", seconds=2)], proxy: [encode("2", seconds=1)]}

    @asynccontextmanager
    async def open_log(selection: LogSelection) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        async def lines() -> AsyncIterator[list[bytes]]:
            yield answers[selection]

        yield lines()

    after = {"a/proxy": NOW + timedelta(seconds=5)}
    for known, expected in (({}, [("app", "1"), ("proxy", "2"), ("app", "3")]), (after, [("app", "1"), ("app", "3")])):
        found = follow_logs([app, proxy], open_log, parse, describe, after=known, reopens=False)
        lines = [line async for batch in found for line in batch.lines]
        assert [(line.container, line.text) for line in lines] == expected


async def test_one_refused_log_does_not_end_the_others():
    logs = FakeLogs(a=[Forbidden("403: logs, get")], b=[[encode("fine", "b")]])
    batches = await collect(logs, A, B)
    assert [failure.selection for batch in batches for failure in batch.failures] == [A]
    assert [line.text for batch in batches for line in batch.lines] == ["fine"]


async def test_closing_the_iterator_closes_every_connection():
    logs = FakeLogs(a=[], b=[[encode("x", "b")]])
    found = follow_logs([A, B], logs, parse, describe, after={}, reopens=False)
    await anext(aiter(found))
    assert logs.open == 1
    await found.aclose()
    assert logs.open == 0


def test_a_slow_reader_gets_the_newest_lines():
    queue, log = LogQueue(max_lines=10), FollowedLog(A, NOW - timedelta(1), NOW - timedelta(1))
    queue.put(log, 1, [encode(str(number), seconds=number) for number in range(8)])
    queue.put(log, 1, [encode(str(number), seconds=number) for number in range(8, 30)])
    batch = queue.take(parse, describe)
    assert [line.text for line in batch.lines] == [str(number) for number in range(20, 30)]
    assert batch.dropped == 20
    assert queue.take(parse, describe) == LogBatch()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(1, 400), max_size=8), max_size=8), st.integers(1, 9), st.integers(1, 900))
def test_the_queue_keeps_the_newest_lines_in_its_bounds(parts, max_lines, max_bytes):
    queue, log = LogQueue(max_lines, max_bytes), FollowedLog(A, NOW, NOW)
    sent: list[bytes] = []
    for sizes in parts:
        lines = [b"x" * size for size in sizes]
        sent += lines
        queue.put(log, 1, lines)
    kept: list[bytes] = []
    batch = queue.take(lambda texts: kept.extend(texts) or [], describe)
    assert kept == sent[len(sent) - len(kept) :]
    assert batch.dropped == len(sent) - len(kept)
    assert len(kept) <= max_lines
    assert sum(map(len, kept)) <= max_bytes or len(kept) == 1


def test_the_queue_is_bounded_in_bytes():
    queue, log = LogQueue(max_bytes=1000), FollowedLog(A, NOW, NOW)
    queue.put(log, 1, [encode("x" * 600, seconds=1), encode("y" * 600, seconds=2)])
    batch = queue.take(parse, describe)
    assert [line.text[0] for line in batch.lines] == ["y"]
    assert batch.dropped == 1


def test_an_error_costs_no_other_line():
    queue, log = LogQueue(), FollowedLog(A, NOW - timedelta(1), NOW - timedelta(1))
    queue.put(log, 1, [encode("1"), b"broken", encode("2", seconds=1)])
    batch = queue.take(parse_strictly, describe)
    assert [line.text for line in batch.lines] == ["1", "2"]
    assert [failure.error.message for failure in batch.failures] == ["not a line"]


class FakeTreeStream:
    def __init__(self, *answers: list[bytes] | SourceError | None) -> None:
        self.answers = list(answers)
        self.open = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, SourceError):
            raise answer
        self.open += 1

        async def lines() -> AsyncIterator[list[bytes]]:
            if answer:
                yield answer
            await asyncio.Event().wait()

        try:
            yield lines()
        finally:
            self.open -= 1


async def follow_two(stream: FakeTreeStream) -> list[str]:
    reads = 0

    async def read() -> str:
        nonlocal reads
        reads += 1
        return f"read {reads}"

    async def convert(line: bytes, last: str) -> str:
        return f"{line.decode()} after {last}"

    found = follow_tree(stream, read, convert)
    values = [await anext(aiter(found)), await anext(aiter(found))]
    await found.aclose()
    return values


async def test_the_tree_is_read_first_and_then_streamed():
    stream = FakeTreeStream([b"first", b"second"])
    assert await follow_two(stream) == ["read 1", "second after read 1"]
    assert stream.open == 0


async def test_the_tree_is_polled_if_its_stream_fails(monkeypatch):
    monkeypatch.setattr(tree_stream, "POLL_S", 0.01)
    assert await follow_two(FakeTreeStream(Unreachable("reset"))) == ["read 1", "read 2"]
