"""Values with a hostile text in every field, and what must hold for every document made from them."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast

import msgspec
from hypothesis import strategies as st

T = TypeVar("T")
TOKEN = "ghp_" + "a1B2" * 9
_FRAGMENTS = (
    "\x1b[31m", "\x1b]52;c;aGk=\x07", "\x1b]0;title", "\x9b31m", "\x9d0;t\x9c", "\x00", "\x7f", "\x85", "\xa0",
    "\u202e", "\u2066", "\u200b", "\u200f", "\u2028", "\ufeff", "\U000e0041", "\ud800", "\udce9", "\ud83d\ude00",
    "::add-mask::x", "\n::error::y", "\r::set-env name=a::b", "\u3000::notice::z", "  ::warning::w", "##[add-path]p",
    "<b>", "&", '"', "'", "]]>", "--", "\\", "`", "|", "*", "# ", "{", "%", "%0A", "\t", "\r\n", ": ", "- ", "? ",
    "é ✓", TOKEN,
    f"https://x:{TOKEN}@h/", "javascript:alert(1)", "http://e/\x1b[2J\u202e", "https://", "null", "1e3", "",
)  # fmt: skip
hostile_texts = st.lists(st.one_of(st.sampled_from(_FRAGMENTS), st.characters()), min_size=1, max_size=6).map("".join)
CLOSED_FIELDS = frozenset(
    {"action", "cause", "check", "checks", "evidence", "kept", "kind", "level", "presence", "rules", "state", "status"}
    | {"basis", "mark", "tier", "unit", "verdict"}
)
"""Fields whose values are a closed set, and those that a renderer looks up."""


def fill_texts(value: T, text: str) -> T:
    """Return the value with the text in every open field. A number keeps the texts different."""
    count = 0

    def fill(part: Any, name: str) -> Any:
        nonlocal count
        if isinstance(part, str):
            if name in CLOSED_FIELDS:
                return part
            count += 1
            prefix = "https://e/" if name == "url" and not text.startswith("javascript:") else ""
            return f"{prefix}{text}{count}"
        if isinstance(part, msgspec.Struct):
            changes = {field: fill(getattr(part, field), field) for field in part.__struct_fields__}
            return msgspec.structs.replace(part, **changes)
        if type(part) is tuple:
            return tuple(fill(item, name) for item in part)
        return part

    return cast("T", fill(value, ""))


def assert_harmless(document: str, own_commands: str = "(?!)") -> None:
    """Assert that a terminal, a log of GitHub Actions and an encoder accept the document.

    `own_commands` matches the workflow commands that the format consists of.
    """
    document.encode()
    assert {character for character in document if not character.isprintable()} <= {"\n"}
    commands = [line for line in document.split("\n") if line.lstrip().startswith("::")]
    assert [line for line in commands if not re.match(own_commands, line)] == []
    assert "##[" not in document
    assert TOKEN not in document
