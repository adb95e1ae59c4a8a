"""The results of Go templates for values: their text, and their truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anchor_tui.domain.helm.set_parameters import WholeNumber

if TYPE_CHECKING:
    from anchor_tui.domain.yaml.nodes import Json


def format_template_value(value: Json) -> str:
    """Return the text that `{{ . }}` and `| quote` write: `true`, nothing for null, 2.0241123e+07 for 20241123."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, WholeNumber):
        return str(int(value))
    if isinstance(value, int | float):
        return _format_float(float(value))
    if isinstance(value, str):
        return value
    return "map" if isinstance(value, dict) else "list"


def _format_float(number: float) -> str:
    """Return Go's `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6."""
    if not math.isfinite(number):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(number)]
    if number == 0:
        return "0"
    mantissa, _, exponent = next(
        text for text in (f"{number:.{places}e}" for places in range(18)) if float(text) == number
    ).partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return str(int(number)) if number == int(number) else repr(number)
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def is_template_true(value: Json) -> bool:
    """Return True if the template's `if` accepts the value: the text "false" is true, an empty list is not."""
    return bool(value)
