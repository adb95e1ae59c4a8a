"""Results are kept while their inputs are the same objects."""

from __future__ import annotations

import pytest

from anchor_tui.domain.identity_cache import MAX_ENTRIES, ElementCache, ElementIndex, IdentityCache, ValueCounter
from anchor_tui.domain.model import Application
from tests.values import application, replace


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


APPS = tuple(application(f"app-{number:03}") for number in range(100))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (APPS, 0),
        (tuple(APPS), 0),
        ((*APPS[:5], replace(APPS[5], health="Degraded"), *APPS[6:]), 1),
        (APPS[1:], 0),
        ((*APPS, application("other")), 1),
        ((application("a"), *APPS[:50], *APPS[51:]), 1),
        (APPS[::-1], 0),
    ],
)
def test_only_other_elements_are_computed(changed, expected):
    computed: list[Application] = []

    def compute(app: Application) -> tuple[str, str | None]:
        computed.append(app)
        return app.name, app.health

    cache = ElementCache[Application, tuple[str, str | None]]()
    first = cache.get("prod", APPS, compute)
    computed.clear()
    values = cache.get("prod", changed, compute)
    assert values == tuple((app.name, app.health) for app in changed)
    assert len(computed) == expected
    assert (values is first) is (changed == APPS)
    assert cache.get("prod", changed, compute) is values


def test_counts_follow_the_changed_values():
    counter = ValueCounter[str]()
    assert counter.get("a", ("x", "y", "x")) == {"x": 2, "y": 1}
    assert counter.get("a", ("x", "x", "x")) == {"x": 3}
    assert counter.get("a", ("x", "z")) == {"x": 1, "z": 1}
    assert counter.get("b", ()) == {}


def test_an_index_follows_the_changed_elements():
    index = ElementIndex[str, Application](lambda app: app.name)
    assert index.get("prod", APPS)["app-005"] is APPS[5]
    degraded = replace(APPS[5], health="Degraded")
    changed = (*APPS[:5], degraded, *APPS[6:])
    assert index.get("prod", changed)["app-005"] is degraded
    assert set(index.get("prod", APPS[:3])) == {app.name for app in APPS[:3]}
    assert index.get("prod", (*APPS[:2], application("new")))["new"].name == "new"
