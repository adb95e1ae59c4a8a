"""Results are kept while their inputs are the same objects."""

from __future__ import annotations

from anchor_tui.domain.identity_cache import MAX_ENTRIES, IdentityCache


def test_the_same_inputs_are_computed_once():
    computed: list[int] = []
    cache, inputs = IdentityCache[int](), ([1], "a")
    for _ in range(3):
        cache.get("name", inputs, lambda: computed.append(1) or len(computed))
    assert computed == [1]


def test_equal_inputs_that_are_other_objects_are_computed_again():
    cache, first, second = IdentityCache[list[int]](), [1], [1]
    assert cache.get("name", (first,), lambda: first) is first
    assert cache.get("name", (second,), lambda: second) is second
    assert cache.get("name", (first,), lambda: [2]) == [2]


def test_a_full_cache_is_emptied():
    cache = IdentityCache[int]()
    for number in range(MAX_ENTRIES + 1):
        cache.get(number, (), lambda: 1)
    assert cache.get(0, (), lambda: 2) == 2
