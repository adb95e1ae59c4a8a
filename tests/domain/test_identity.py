"""Changes found by identity."""

from __future__ import annotations

from anchor_tui.domain.identity import is_same, list_changes

A, B, C, D = (object() for _ in range(4))


def test_equal_sequences_have_no_changes():
    assert list_changes((A, B), (A, B)) == []


def test_a_replaced_item_is_a_change():
    assert list_changes((A, B, C), (A, D, C)) == [D]


def test_an_inserted_item_is_the_only_change():
    assert list_changes((B, C), (A, B, C)) == [A]


def test_a_removal_with_an_insertion_reports_the_new_item():
    assert list_changes((A, B, C), (B, C, D)) == [D]


def test_everything_is_new_at_the_start():
    assert list_changes((), (A, B)) == [A, B]


def test_equal_objects_are_not_the_same():
    assert not is_same(([1],), ([1],))
    assert is_same((A, B), [A, B])
    assert not is_same((A, B), (A,))
