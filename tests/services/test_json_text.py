"""JSON documents: the same whether something in them had to be replaced or not."""

from __future__ import annotations

import json

import pytest

from anchor_tui.services.json_text import format_json_line

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize("number", [0.1, 1e22, 1e-7, float("nan"), float("inf"), 10**30, True, None])
@pytest.mark.parametrize("text", [TOKEN, "\ud800"])
def test_a_replaced_text_changes_nothing_else(number: object, text: str) -> None:
    clean = format_json_line({"number": number, "text": "x"})
    replaced = format_json_line({"number": number, "text": text})
    assert replaced.partition(',"text"')[0] == clean.partition(',"text"')[0]
    assert text not in replaced
    assert json.loads(replaced).keys() == {"number", "text"}
