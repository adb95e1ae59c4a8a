"""The results of Go templates for values: their text, and their truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anchor_tui.domain.helm.set_parameters import WholeNumber
from anchor_tui.domain.yaml.scalars import format_plain_value

if TYPE_CHECKING:
    from anchor_tui.domain.yaml.nodes import Json


def format_template_value(value: Json) -> str:
    """Return the text that `{{ . }}` and `| quote` write: `true`, nothing for null, 2.0241123e+07 for 20241123."""
    if isinstance(value, WholeNumber):
        return str(int(value))
    if isinstance(value, dict | list):
        return "map" if isinstance(value, dict) else "list"
    return format_plain_value(value)


def is_template_true(value: Json) -> bool:
    """Return True if the template's `if` accepts the value: the text "false" is true, an empty list is not."""
    return bool(value)
