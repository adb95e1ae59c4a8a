"""The known applications: their order, and what stays the same object."""

from __future__ import annotations

import random

import pytest

from anchor_tui.domain.source_data import ObservedApplication
from anchor_tui.sources.argocd.known_applications import KnownApplications
from tests.values import application, replace


def observed(name: str, **changes: object) -> ObservedApplication:
    return ObservedApplication(application(name, **changes))


def make_known(*names: str) -> KnownApplications:
    known = KnownApplications()
    for name in names:
        known.put(observed(name))
    return known


def names_of(known: KnownApplications) -> list[str]:
    return [item.application.name for item in known.ordered]


def test_applications_are_sorted_by_identity():
    assert names_of(make_known("b", "c", "a")) == ["a", "b", "c"]


def test_without_a_change_the_tuples_are_the_same_objects():
    known = make_known("b", "a")
    before, found = known.ordered, known.found
    known.put(observed("a"))
    assert known.ordered is before
    assert known.found is found


def test_only_the_changed_application_is_another_object():
    known = make_known("a", "b", "c")
    before = known.ordered
    known.put(observed("b", health="Degraded"))
    assert [old is new for old, new in zip(before, known.ordered, strict=True)] == [True, False, True]


def test_an_absent_application_is_not_found():
    known = make_known("a", "b")
    known.put(observed("b", presence="absent"))
    assert [found.name for found in known.found] == ["a"]


def test_a_removed_application_can_return():
    known = make_known("a", "b")
    _ = known.ordered
    known.remove(application("a").id)
    assert known.get(application("a").id) is None
    known.put(observed("a", health="Degraded"))
    assert names_of(known) == ["a", "b"]
    assert known.ordered[0].application.health == "Degraded"


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_changes_equals_a_dictionary(seed):
    chance = random.Random(seed)
    known, model = KnownApplications(), {}
    for _ in range(60):
        item = observed(chance.choice("abcdef"), health=chance.choice(["Healthy", "Degraded"]))
        match chance.choice(["put", "put", "remove", "replace", "look"]):
            case "put":
                known.put(item)
                model[item.application.id] = item
            case "remove":
                known.remove(item.application.id)
                model.pop(item.application.id, None)
            case "replace":
                model = {id_: replace(kept) for id_, kept in model.items() if chance.random() < 0.7}
                model[item.application.id] = item
                known.replace_all(model)
            case _:
                assert known.ordered == tuple(model[id_] for id_ in sorted(model))
        assert {id_: known.get(id_) for id_ in model} == model
    assert known.ordered == tuple(model[id_] for id_ in sorted(model))
