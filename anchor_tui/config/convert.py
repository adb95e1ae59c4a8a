"""One walk over what a TOML file says, against the described fields; every error is kept, none stops it."""

# ruff: noqa: ANN401 - types are read from the fields here, so they are values

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from anchor_tui.config.model import ApplicationName, ApplicationSelector, Config, ServerConfig
from anchor_tui.config.patterns import (
    APPLICATION_PATTERN,
    PATTERNS,
    SELECTOR_TERM_PATTERN,
    TOKEN_PATTERN,
    is_loopback,
    parse_url,
)

TomlPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One thing that is wrong. `key` is the dotted key path; `accepted` are the choices, where there are some."""

    file: str
    line: int | None
    key: str
    message: str
    found: str = ""
    accepted: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.message) if part)


class ConfigErrors(Exception):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class _InvalidValueError(Exception):
    """A value that does not fit; its error has been noted."""


@cache
def configurable_fields(cls: type) -> dict[str, tuple[Field[Any], Any]]:
    """The fields of a table that a file may give, by name, each with its type."""
    hints = get_type_hints(cls)
    return {field.name: (field, hints[field.name]) for field in fields(cls) if "doc" in field.metadata}


class ConfigConverter:
    """The walk over one file. `origins` is where each accepted value stands."""

    def __init__(self, file: str, lines: Mapping[TomlPath, int], folder: Path, home: Path) -> None:
        self.file = file
        self.lines = lines
        self.folder = folder
        self.home = home
        self.errors: list[ConfigError] = []
        self.origins: dict[str, str] = {}

    def error(self, path: TomlPath, message: str, found: object = "", accepted: tuple[str, ...] = ()) -> None:
        """Note an error at a key, or at the table where it should stand."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 1)
        shown = _format_found(found) if found != "" else ""
        self.errors.append(ConfigError(self.file, line, ".".join(path), message, shown, accepted))

    def refuse(self, path: TomlPath, wanted: str, found: object, accepted: tuple[str, ...] = ()) -> _InvalidValueError:
        """Note that one thing was found where another is wanted."""
        self.error(path, f"found {_format_found(found)}; accepted: {wanted}", found, accepted)
        return _InvalidValueError()

    def origin(self, path: TomlPath) -> None:
        """Note where an accepted value stands."""
        self.origins[".".join(path)] = f"{self.file}:{self.lines.get(path, 1)}"

    def table(self, cls: type, raw: object, path: TomlPath, **given: Any) -> Any:
        """A dataclass from a table; what is wrong in it is noted and stays at its default."""
        if not isinstance(raw, Mapping):
            raise self.refuse(path, "a table", raw)
        known = configurable_fields(cls)
        values: dict[str, Any] = dict(given)
        for name, item in raw.items():
            if name not in known:
                self.unknown(path, name, tuple(known))
                continue
            field, hint = known[name]
            try:
                values[name] = self.value(field, hint, item, (*path, name))
            except _InvalidValueError:
                continue
            if (*path, name) in self.lines and not (is_dataclass(hint) or _contains_tables(values[name])):
                self.origin((*path, name))
        for name, (field, _) in known.items():
            if field.metadata.get("required") and name not in raw:
                self.error((*path, name), f"is missing: {field.metadata['doc']}")
        return cls(**values)

    def unknown(self, path: TomlPath, name: str, known: tuple[str, ...]) -> None:
        """Note a key that nobody knows, with the nearest one, or the table it belongs in."""
        from difflib import get_close_matches  # a millisecond, and only where something is wrong

        places = [table for table, (_, hint) in configurable_fields(Config).items() if is_dataclass(hint)]
        homes = [table for table in places if name in configurable_fields(configurable_fields(Config)[table][1])]
        if near := get_close_matches(name, known, 1):
            hint = f"did you mean `{near[0]}`?"
        elif homes:
            hint = "it belongs in " + " or ".join(f"[{home}]" for home in homes)
        else:
            hint = "known here: " + ", ".join(known)
        self.error((*path, name), f"unknown key; {hint}", accepted=known)

    def value(self, field: Field[Any], hint: Any, raw: object, path: TomlPath) -> Any:
        """One value of a field, of its type and form."""
        if field.metadata.get("form") == "applications":
            return self.applications(raw, path)
        if field.name == "servers":
            return self.servers(raw, path)
        if field.name == "keys":
            return self.keys(raw, path)
        if is_dataclass(hint) and isinstance(hint, type):
            return self.table(hint, raw, path)
        if get_origin(hint) is tuple:
            return self.items(field, get_args(hint)[0], raw, path)
        return self.single(field, hint, raw, path)

    def items(self, field: Field[Any], hint: Any, raw: object, path: TomlPath) -> tuple[Any, ...]:
        """A list of texts or of tables."""
        if not isinstance(raw, list):
            raise self.refuse(path, "a list", raw)
        found: list[Any] = []
        for index, item in enumerate(raw):
            below = (*path, str(index))
            try:
                if is_dataclass(hint) and isinstance(hint, type):
                    found.append(self.table(hint, item, below))
                else:
                    found.append(self.single(field, hint, item, below))
            except _InvalidValueError:
                continue
        return tuple(found)

    def single(self, field: Field[Any], hint: Any, raw: object, path: TomlPath) -> Any:
        """A text, a number, a switch, a day or a choice."""
        if get_origin(hint) is Literal:
            choices = get_args(hint)
            if raw in choices:
                return raw
            raise self.refuse(path, ", ".join(f'"{choice}"' for choice in choices), raw, choices)
        if hint is bool:
            if isinstance(raw, bool):
                return raw
            raise self.refuse(path, "true or false", raw, ("true", "false"))
        if hint is int:
            least = field.metadata.get("minimum", 0)
            if isinstance(raw, int) and not isinstance(raw, bool) and raw >= least:
                return raw
            raise self.refuse(path, f"a whole number from {least}", raw)
        if date in get_args(hint):
            if isinstance(raw, date) and not isinstance(raw, datetime):
                return raw
            raise self.refuse(path, "a day, as 2026-12-31 without quotes", raw)
        if not isinstance(raw, str):
            raise self.refuse(path, "a text in quotes", raw)
        return self.text(field, raw, path)

    def text(self, field: Field[Any], raw: str, path: TomlPath) -> str:
        """A text of the field's form; the empty one where that is the default."""
        form = field.metadata.get("form", "")
        if TOKEN_PATTERN.fullmatch(raw):
            self.error(path, "this looks like a token itself: put it into the environment or the keyring, not here")
            raise _InvalidValueError
        if (raw == "" and field.default == "" and not field.metadata.get("required")) or not form:
            return raw
        if form in {"url", "server-url"}:
            return self.url(form, raw, path)
        if form == "file":
            return self.existing(raw, path)
        if not re.fullmatch(PATTERNS[form].pattern, raw):
            raise self.refuse(path, PATTERNS[form].accepted, raw)
        return raw

    def url(self, form: str, raw: str, path: TomlPath) -> str:
        """An address; one of a server may yet be plain http, by another key."""
        try:
            parts = parse_url(raw)
        except ValueError as error:
            shown = "…" if "@" in raw else _format_found(raw)
            self.error(path, f"found {shown}; {error}", shown)
            raise _InvalidValueError from error
        if form == "url" and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise self.refuse(path, "https, or http on loopback", raw)
        return raw.rstrip("/")

    def existing(self, raw: str, path: TomlPath) -> str:
        """A file that is there, as a whole path; relative ones lie beside the configuration."""
        file = self.home / raw[2:] if raw.startswith("~/") else self.folder / raw
        if not file.is_file():
            self.error(path, f"found {_format_found(raw)}; there is no file {file}", raw)
            raise _InvalidValueError
        return str(file)

    def applications(self, raw: object, path: TomlPath) -> tuple[ApplicationName, ...] | ApplicationSelector:
        """Names, or one selector."""
        if isinstance(raw, Mapping):
            for name in raw:
                if name != "selector":
                    self.unknown(path, name, ("selector",))
            return self.selector(raw.get("selector"), (*path, "selector"))
        if not isinstance(raw, list):
            raise self.refuse(path, 'a list of names, or { selector = "key=value" }', raw)
        names: list[ApplicationName] = []
        for index, item in enumerate(raw):
            found = APPLICATION_PATTERN.fullmatch(item) if isinstance(item, str) else None
            if found is None:
                accepted = f'"name" or "namespace/name", of {PATTERNS["name"].accepted}'
                self.error((*path, str(index)), f"found {_format_found(item)}; accepted: {accepted}", item)
                continue
            names.append(ApplicationName(found[2], found[1] or ""))
        return tuple(names)

    def selector(self, raw: object, path: TomlPath) -> ApplicationSelector:
        """Labels that all must match."""
        terms = [SELECTOR_TERM_PATTERN.fullmatch(term) for term in raw.split(",")] if isinstance(raw, str) else [None]
        labels = tuple((term[1], term[2]) for term in terms if term is not None)
        if len(labels) < len(terms) or len(dict(labels)) < len(labels):
            raise self.refuse(path, '"key=value" or "key=value,key=value", each key once', raw)
        return ApplicationSelector(labels)

    def servers(self, raw: object, path: TomlPath) -> tuple[ServerConfig, ...]:
        """Further Argo CDs, by name."""
        if not isinstance(raw, Mapping):
            raise self.refuse(path, "tables, as [servers.eu]", raw)
        found: list[ServerConfig] = []
        for name, table in raw.items():
            below = (*path, name)
            if not re.fullmatch(PATTERNS["name"].pattern, name):
                self.error(below, f"found {_format_found(name)}; accepted: a name of {PATTERNS['name'].accepted}", name)
            elif name in {"argocd", "github"}:
                self.error(below, f"`{name}` is the name of another source: call this one something else", name)
            try:
                found.append(self.table(ServerConfig, table, below, name=name))
            except _InvalidValueError:
                continue
        return tuple(found)

    def keys(self, raw: object, path: TomlPath) -> dict[str, str]:
        """Keys by action id."""
        if not isinstance(raw, Mapping):
            raise self.refuse(path, "a table of action id = key", raw)
        found: dict[str, str] = {}
        for name, key in raw.items():
            if isinstance(key, str) and key.strip():
                found[name] = key
                self.origin((*path, name))
            else:
                self.error((*path, name), f'found {_format_found(key)}; accepted: a key, as "p" or "ctrl+r"', key)
        return found


def _contains_tables(value: object) -> bool:
    """Whether a value is made of tables, each with origins of its own."""
    if isinstance(value, tuple):
        return any(is_dataclass(item) and not isinstance(item, ApplicationName) for item in value)
    return isinstance(value, Mapping)


def _format_found(value: object) -> str:
    """What was found, as the file would write it, on one line; never something like a token."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = value if len(value) <= 60 else value[:59] + "…"
            return (
                '"…"'
                if TOKEN_PATTERN.search(value)
                else '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'
            )
        case list():
            return "a list"
        case Mapping():
            return "a table"
        case None:
            return "nothing"
        case _:
            return str(value)
