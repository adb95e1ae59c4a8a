"""The places of rows between headings."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.tui.widgets.row_index import FoundRow, RowIndex


@dataclass
class Row:
    key: str
    is_heading: bool = False


def make_index(pattern: str) -> RowIndex[Row]:
    """Return an index of rows; `#` is a heading."""
    return RowIndex(tuple(Row(f"{place}", letter == "#") for place, letter in enumerate(pattern)))


@given(st.text("#.", max_size=9), st.integers(0, 8), st.integers(-9, 9))
def test_a_move_never_ends_on_a_heading(pattern, place, step):
    index = make_index(pattern)
    found = index.move(min(place, max(0, len(pattern) - 1)), step)
    assert "." not in pattern or pattern[found] == "." or pattern[place : place + 1] == "#"
    if "." in pattern:
        assert pattern[index.move(0, step)] == "."


def test_positions_do_not_count_headings():
    index = make_index("#..#.")
    assert index.count == 3
    assert [index.get_position(place) for place in (1, 2, 4)] == [1, 2, 3]


def test_the_first_of_equal_keys_is_found():
    rows = (Row("a"), Row("b"), Row("b"))
    index = RowIndex(rows)
    assert index.find("b") == 1
    assert index.find("b", expected=2) == 2
    assert index.find("c") is None
    assert index.find(None) is None


def test_a_search_continues_at_the_other_end():
    index = make_index("....")
    assert index.search(1, 1, lambda row: row.key == "3") == FoundRow(3, is_wrapped=False)
    assert index.search(1, 1, lambda row: row.key == "0") == FoundRow(0, is_wrapped=True)
    assert index.search(1, -1, lambda row: row.key == "3") == FoundRow(3, is_wrapped=True)
    assert index.search(1, 1, lambda row: row.key == "9") is None
