"""The line of each key of a TOML file."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.config.key_lines import find_key_lines

TEXT = '''\
# a
"a b" = 1 # x
'c.d'.e = [
  "x", # one
  { f = """
two # no comment ]
lines""", g = [1] },
]

[t]
[t.u] # v
w = \'\'\'a
b = 1
\'\'\'
[[l]]
n = 2026-12-31 10:00:00
[[l]]
[l.m]
n.o = """""" # empty
p = """"quoted""""
q = "\\"]}"
[[l.r]]
s = {}
'''


def test_every_key_table_and_item_has_its_line():
    tomllib.loads(TEXT)
    assert find_key_lines(TEXT) == {
        ("a b",): 2,
        ("c.d",): 3,
        ("c.d", "e"): 3,
        ("c.d", "e", "0"): 4,
        ("c.d", "e", "1"): 5,
        ("c.d", "e", "1", "f"): 5,
        ("c.d", "e", "1", "g"): 7,
        ("c.d", "e", "1", "g", "0"): 7,
        ("t",): 10,
        ("t", "u"): 11,
        ("t", "u", "w"): 12,
        ("l", "0"): 15,
        ("l", "0", "n"): 16,
        ("l", "1"): 17,
        ("l", "1", "m"): 18,
        ("l", "1", "m", "n"): 19,
        ("l", "1", "m", "n", "o"): 19,
        ("l", "1", "m", "p"): 20,
        ("l", "1", "m", "q"): 21,
        ("l", "1", "r", "0"): 22,
        ("l", "1", "r", "0", "s"): 23,
    }


VALUES = st.sampled_from(
    ["1", '"a"', "'#'", '"""x\ny"""', "[1, [2],\n 3]", "{ a = 1, b.c = [] }", "2026-12-31", "true"]
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c.d", '"e f"', "[t.x]", "[[l]]", ""]), VALUES), max_size=8))
def test_every_key_of_any_valid_file_has_a_line(rows):
    text = "\n".join(key if key.startswith("[") or not key else f"{key} = {value}  # c" for key, value in rows)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = find_key_lines(text)
    assert {path[0] for path in lines} == set(raw)
    for path, line in lines.items():
        named = path[-1] if not path[-1].isdecimal() else path[0]
        assert named in text.split("\n")[line - 1] or path[-1].isdecimal()
