"""Numbers as text, as Go formats them in templates and in the keys of a mapping."""

from __future__ import annotations

import math
import struct


def format_float(number: float, *, single: bool = False) -> str:
    """Return Go's `%v` of a float64, or with `single` of a float32.

    It has the fewest digits that read back as the same number, and an exponent below 1e-4 and from 1e6.
    """
    number = _round_to_single(number) if single else number
    if not math.isfinite(number):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(number)]
    if number == 0:
        return "0"
    shortest = next(
        text
        for text in (f"{number:.{places}e}" for places in range(18))
        if (_round_to_single(float(text)) if single else float(text)) == number
    )
    mantissa, _, exponent = shortest.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{float(shortest):.{max(len(mantissa.lstrip('-').replace('.', '')) - 1 - power, 0)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _round_to_single(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)
