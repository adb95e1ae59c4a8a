"""The keys of each configuration table, with their types, constraints and descriptions."""

# ruff: noqa: ANN401 - types are read from the fields here, so they are values

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import msgspec

from anchor_tui.config.patterns import TextPattern


class ConfigField(NamedTuple):
    """One key of a table.

    `type` is the annotated type for msgspec, `plain_type` the same without its constraints. `default` is
    `msgspec.NODEFAULT` if there is none.
    """

    name: str
    type: Any
    default: Any
    description: str = ""
    text: TextPattern | None = None
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False

    @property
    def plain_type(self) -> Any:
        """The type without its constraints."""
        return get_args(self.type)[0] if get_origin(self.type) is Annotated else self.type

    @property
    def table(self) -> type[msgspec.Struct] | None:
        """The type of the table that the key contains; None if it is another value."""
        plain = self.plain_type
        return plain if isinstance(plain, type) and issubclass(plain, msgspec.Struct) else None

    @property
    def item(self) -> ConfigField | None:
        """The items of a list; None if the key is not a list."""
        plain = self.plain_type
        return _make_field(self.name, get_args(plain)[0], msgspec.NODEFAULT) if get_origin(plain) is tuple else None

    @property
    def contains_keys(self) -> bool:
        """Return True if the value consists of keys with origins of their own: a table, several tables, or `keys`."""
        return self.name == "keys" or bool(self.table or (self.item and self.item.table))


@cache
def configurable_fields(table: type[msgspec.Struct]) -> dict[str, ConfigField]:
    """Return the fields of a table that a file may contain, by name."""
    fields = (_make_field(info.name, info.type, info.default) for info in msgspec.structs.fields(table))
    return {field.name: field for field in fields if field.description}


def _make_field(name: str, hint: Any, default: Any) -> ConfigField:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta):
            extra = meta.extra or {}
            return ConfigField(
                name,
                hint,
                default,
                meta.description or "",
                extra.get("text"),
                None if meta.ge is None else int(meta.ge),
                None if meta.le is None else int(meta.le),
                extra.get("required", False),
            )
    return ConfigField(name, hint, default)
