"""Signs, and what stands for them where a terminal has ASCII only."""

from __future__ import annotations

from anchor_tui.domain.status_marks import convert_to_ascii


def test_where_there_is_only_ascii_quotes_are_quotes():
    assert convert_to_ascii("to 8331022 “Promote prod’s …” → 1.44.0") == 'to 8331022 "Promote prod\'s ..." -> 1.44.0'
