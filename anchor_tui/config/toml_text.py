"""The effective configuration as TOML, each value with its origin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import msgspec

from anchor_tui.config.fields import configurable_fields
from anchor_tui.config.model import ApplicationSelector, Config, ServerConfig

_BARE_KEY = re.compile("[A-Za-z0-9_-]+")


def render_effective(config: Config) -> str:
    """Render every value with its origin in a comment. The text loads as the same configuration."""
    origin = f", {config.path_origin}" if config.path_origin else ""
    lines = [f"# from {_render_comment(str(config.path))}{origin}" if config.path else "# all defaults"]
    lines += _render_table(config, (), config.origins)
    return "\n".join(lines) + "\n"


def _render_comment(text: str) -> str:
    """Return a text that cannot end its comment."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _render_table(table: msgspec.Struct, path: tuple[str, ...], origins: Mapping[str, str]) -> Iterator[str]:
    """Render the values of a table, then the tables in it, as TOML requires."""
    fields = configurable_fields(type(table))
    for name, field in fields.items():
        value = getattr(table, name)
        if value is not None and not field.contains_keys:
            yield _render_pair(name, value, (*path, name), origins)
    for name, field in fields.items():
        if field.contains_keys:
            yield from _render_subtables(getattr(table, name), (*path, name), origins)


def _render_subtables(value: object, path: tuple[str, ...], origins: Mapping[str, str]) -> Iterator[str]:
    header = ".".join(_render_key(step) for step in path)
    match value:
        case Mapping():
            if value:
                yield from ("", f"[{header}]")
            for name, item in value.items():
                yield _render_pair(name, item, (*path, name), origins)
        case tuple():
            for index, item in enumerate(value):
                named = isinstance(item, ServerConfig)
                yield from ("", f"[{header}.{_render_key(item.name)}]" if named else f"[[{header}]]")
                yield from _render_table(item, (*path, item.name if named else str(index)), origins)
        case msgspec.Struct():
            yield from ("", f"[{header}]")
            yield from _render_table(value, path, origins)


def _render_pair(name: str, value: object, path: tuple[str, ...], origins: Mapping[str, str]) -> str:
    key_path = ".".join(path)
    nested = next((origin for key, origin in origins.items() if key.startswith(key_path + ".")), "default")
    return f"{_render_key(name)} = {render_value(value)}  # {origins.get(key_path, nested)}"


def _render_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else render_value(name)


def render_value(value: object) -> str:
    """Render a value of the configuration as TOML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case int() | date():
            return str(value)
        case ApplicationSelector():
            return f"{{ selector = {render_value(str(value))} }}"
        case tuple():
            return f"[{', '.join(render_value(item) for item in value)}]"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text) + '"'
