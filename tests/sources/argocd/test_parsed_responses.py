"""Large answers are parsed once while their bytes are the same."""

from __future__ import annotations

import threading

import pytest

from anchor_tui.sources.argocd.parsed_responses import LARGE_BYTES, MAX_KEPT, ParsedResponses
from anchor_tui.sources.errors import InvalidResponse

LARGE, OTHER = b"a" * LARGE_BYTES, b"b" * LARGE_BYTES


class CountingParser:
    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self) -> object:
        self.threads.append(threading.get_ident())
        return object()


async def test_equal_bytes_are_parsed_once():
    reused, parse = ParsedResponses(), CountingParser()
    first = await reused.parse("manifest", LARGE, parse)
    assert await reused.parse("manifest", bytes(LARGE), parse) is first
    assert await reused.parse("manifest", OTHER, parse) is not first
    assert len(parse.threads) == 2


async def test_a_large_answer_is_parsed_on_another_thread():
    parse = CountingParser()
    await ParsedResponses().parse("manifest", LARGE, parse)
    assert parse.threads != [threading.get_ident()]


async def test_a_small_answer_is_not_kept():
    reused, parse = ParsedResponses(), CountingParser()
    assert await reused.parse("manifest", b"{}", parse) is not await reused.parse("manifest", b"{}", parse)
    assert set(parse.threads) == {threading.get_ident()}


async def test_the_number_of_kept_answers_is_bounded():
    reused, parse = ParsedResponses(), CountingParser()
    for name in range(MAX_KEPT + 1):
        await reused.parse(name, LARGE, parse)
    await reused.parse(MAX_KEPT, LARGE, parse)
    assert len(parse.threads) == MAX_KEPT + 1
    await reused.parse(0, LARGE, parse)
    assert len(parse.threads) == MAX_KEPT + 2


async def test_an_unreadable_answer_is_not_kept():
    def fail() -> object:
        raise InvalidResponse("not JSON")

    reused = ParsedResponses()
    with pytest.raises(InvalidResponse):
        await reused.parse("manifest", LARGE, fail)
    assert await reused.parse("manifest", LARGE, lambda: 1) == 1
