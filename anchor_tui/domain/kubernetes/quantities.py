"""Kubernetes quantities such as `1Gi`, `512M`, `0.5` and `1e3`, as exact numbers of the base unit (memory: bytes)."""

from __future__ import annotations

import re
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?")
_BINARY_SCALES = {
    suffix: Fraction(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
_DECIMAL_SCALES = {
    suffix: Fraction(10) ** power
    for suffix, power in (
        ("n", -9),
        ("u", -6),
        ("m", -3),
        ("k", 3),
        ("M", 6),
        ("G", 9),
        ("T", 12),
        ("P", 15),
        ("E", 18),
    )
}
_SCALES = _BINARY_SCALES | _DECIMAL_SCALES


def parse_quantity(value: object) -> Fraction:
    """Return the exact amount. Raises ValueError for a negative amount and for text that Kubernetes refuses.

    A number without quotes is read by its digits: `0.5` and `1e3` are quantities too.
    """
    text = value if isinstance(value, str) else str(value)
    found = None if isinstance(value, bool) else _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a quantity such as 512Mi or 4Gi")
    sign, digits, suffix = found.groups()
    if sign == "-" and Fraction(digits):
        raise ValueError(f"`{text}` is negative")
    if suffix is None:
        return Fraction(digits)
    scale = _SCALES.get(suffix)
    return Fraction(digits) * (scale if scale is not None else Fraction(10) ** int(suffix[1:]))


def format_memory(amount: Fraction) -> str:
    """Return bytes with a unit: `3.6 GiB`, `512 MiB`."""
    for unit, size in (("GiB", _BINARY_SCALES["Gi"]), ("MiB", _BINARY_SCALES["Mi"]), ("KiB", _BINARY_SCALES["Ki"])):
        if amount >= size:
            return f"{_format_number(amount / size)} {unit}"
    return f"{_format_number(amount)} B"


def _format_number(number: Fraction) -> str:
    text = f"{float(number):.2f}"
    return text.rstrip("0").rstrip(".")
