"""The value of a YAML scalar in Helm and Kubernetes, and the text to write so that it keeps its type.

Both read YAML with sigs.k8s.io/yaml, which resolves plain words by the rules of YAML 1.1 without base 60: `on` and
`y` are true, `0755` is 493, `1.10` is the number 1.1, and times are text.
"""

from __future__ import annotations

import math
import re
from typing import Literal, TypeAlias

from anchor_tui.domain.yaml.go_numbers import format_float

PlainValue: TypeAlias = str | int | float | bool | None
ScalarStyle: TypeAlias = Literal["plain", "single", "double", "literal", "folded"]

_PLAIN_WORDS: dict[str, PlainValue] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_MAX_INT_DIGITS = len(str(2**64))
_INT_BASES = {"x": 16, "b": 2, "o": 8}
_INT = re.compile(r"([-+]?)(?:0([xX][0-9a-fA-F]+|[bB][01]+|[oO]?[0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LOOSE_UNDERSCORE = re.compile(r"(?<![0-9])_|_(?![0-9])")
_SAFE_UNQUOTED = re.compile(r"[A-Za-z0-9_./+][A-Za-z0-9_./+@-]*(:[A-Za-z0-9_./+@-]+)*")
"""Text that every parser accepts without quotes at any position, including flow mappings."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def resolve_scalar(text: str) -> PlainValue:
    """Return the value of a plain (unquoted, untagged) scalar."""
    if text in _PLAIN_WORDS:
        return _PLAIN_WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if text[0] == "." and _LOOSE_UNDERSCORE.search(text):
        return text
    digits = text.replace("_", "")
    if found := _INT.fullmatch(digits):
        sign, prefixed, decimal = found.groups()
        if len(decimal or "") <= _MAX_INT_DIGITS:  # Python refuses to convert thousands of decimal digits
            number = int(decimal) if decimal else _parse_prefixed_int(prefixed)
            number = -number if sign == "-" else number
            if -(2**63) <= number < 2**64:
                return number
    if _FLOAT.fullmatch(digits):
        value = float(digits)
        return text if math.isinf(value) else value
    return text


def _parse_prefixed_int(digits: str) -> int:
    base = _INT_BASES.get(digits[0].lower())
    return int(digits[1:], base) if base else int(digits, 8)


def format_plain_value(value: PlainValue) -> str:
    """Return the text that a template writes for a value of a file: 2.0241123e+07 for 20241123, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else format_float(float(value))


def write_scalar(text: str, style: ScalarStyle, old: PlainValue) -> str:
    """Return the YAML source for `text`, to replace a scalar of the style `style` with the value `old`.

    Existing quotes are kept. Quotes are added if the text would otherwise be read as another type, or come out of a
    template differently: `1.10`, `true`, `0755`, `1000001`.
    """
    if style == "single" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style == "plain" and _SAFE_UNQUOTED.fullmatch(text) and _keeps_type(text, old):
        return text
    return escape_text(text)


def escape_text(text: str) -> str:
    """Return a text in double quotes."""
    return '"' + "".join(_escape_character(character) for character in text) + '"'


def _keeps_type(text: str, old: PlainValue) -> bool:
    value = resolve_scalar(text)
    if isinstance(value, str):
        return True
    return type(value) is type(old) and format_plain_value(value) == text


def _escape_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
