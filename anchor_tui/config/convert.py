"""Conversion of parsed TOML into the configuration values. msgspec checks each value; every error is collected.

msgspec itself stops at the first error and knows no lines. Therefore each key is converted on its own.
"""

# ruff: noqa: ANN401 - types are read from the fields here, so they are values

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from anchor_tui.config.errors import ConfigError
from anchor_tui.config.fields import ConfigField, configurable_fields
from anchor_tui.config.key_lines import TomlPath
from anchor_tui.config.model import ApplicationName, Applications, ApplicationSelector, Config, ServerConfig
from anchor_tui.config.patterns import APPLICATION_PATTERN, NAME, SELECTOR_TERM_PATTERN, TOKEN_PATTERN
from anchor_tui.config.suggestions import find_nearest_name
from anchor_tui.config.web_address import is_loopback, parse_url

Table = TypeVar("Table", bound=msgspec.Struct)

RESERVED_SERVER_NAMES = ("argocd", "github")
"""Names of the other sources in the snapshot."""


MAX_ERRORS = 100
"""Errors of one file; more would only hide the first ones."""


class TooManyErrorsError(Exception):
    """The file has MAX_ERRORS errors; the conversion ends."""


class _InvalidValueError(Exception):
    """A value cannot be converted; its error has been recorded."""


class ConfigConverter:
    """The conversion of one file. Collects the errors, and the origin of each accepted value."""

    def __init__(self, file: str, lines: Mapping[TomlPath, int], folder: Path, home: Path) -> None:
        self.file = file
        self.lines = lines
        self.folder = folder
        self.home = home
        self.errors: list[ConfigError] = []
        self.origins: dict[str, str] = {}

    def add_error(self, path: TomlPath, message: str, found: object = "", accepted: tuple[str, ...] = ()) -> None:
        """Record an error at the line of a key; for a missing key, at the line of its table."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 1)
        shown = _format_found(found) if found != "" else ""
        self.errors.append(ConfigError(self.file, line, ".".join(path), message, shown, accepted))
        if len(self.errors) >= MAX_ERRORS:
            raise TooManyErrorsError

    def convert_table(self, table: type[Table], raw: object, path: TomlPath, **given: Any) -> Table:
        """Convert a TOML table. A key with an error keeps its default in the result."""
        if not isinstance(raw, Mapping):
            raise self._reject(path, raw, "a table")
        fields = configurable_fields(table)
        values: dict[str, Any] = dict(given)
        for name, item in raw.items():
            if name not in fields:
                self._add_unknown_key(path, name, tuple(fields))
                continue
            field = fields[name]
            try:
                values[name] = self._convert_value(field, item, (*path, name))
            except _InvalidValueError:
                continue
            if (*path, name) in self.lines and not field.contains_keys:
                self._record_origin((*path, name))
        for name, field in fields.items():
            if field.required and name not in raw:
                if field.table:
                    self.convert_table(field.table, {}, (*path, name))
                else:
                    self.add_error((*path, name), f"is missing: {field.description}")
        return table(**values)

    def _reject(
        self, path: TomlPath, found: object, accepted: str, choices: tuple[str, ...] = ()
    ) -> _InvalidValueError:
        """Record that a value is not accepted; the caller raises the returned exception."""
        self.add_error(path, f"found {_format_found(found)}; accepted: {accepted}", found, choices)
        return _InvalidValueError()

    def _record_origin(self, path: TomlPath) -> None:
        self.origins[".".join(path)] = f"{self.file}:{self.lines.get(path, 1)}"

    def _add_unknown_key(self, path: TomlPath, name: str, known: tuple[str, ...]) -> None:
        """Record an unknown key, with the nearest known one or the table that it belongs in."""
        tables = {field.name: field.table for field in configurable_fields(Config).values() if field.table}
        homes = [f"[{table_name}]" for table_name, table in tables.items() if name in configurable_fields(table)]
        if near := find_nearest_name(name, known):
            hint = f"did you mean `{near}`?"
        elif homes:
            hint = f"it belongs in {' or '.join(homes)}"
        else:
            hint = f"known here: {', '.join(known)}"
        self.add_error((*path, name), f"unknown key; {hint}", accepted=known)

    def _convert_value(self, field: ConfigField, raw: object, path: TomlPath) -> Any:
        if field.plain_type == Applications:
            return self._convert_applications(raw, path)
        if field.name == "servers":
            return self._convert_servers(raw, path)
        if field.name == "keys":
            return self._convert_keys(raw, path)
        if field.table:
            return self.convert_table(field.table, raw, path)
        if field.item:
            return self._convert_list(field.item, raw, path)
        return self._convert_scalar(field, raw, path)

    def _convert_list(self, item: ConfigField, raw: object, path: TomlPath) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise self._reject(path, raw, "a list")
        found: list[Any] = []
        for index, value in enumerate(raw):
            try:
                found.append(self._convert_value(item, value, (*path, str(index))))
            except _InvalidValueError:
                continue
        return tuple(found)

    def _convert_scalar(self, field: ConfigField, raw: object, path: TomlPath) -> Any:
        """Convert a text, a number, a boolean, a day or a choice."""
        if isinstance(raw, str):
            if TOKEN_PATTERN.fullmatch(raw):
                self.add_error(
                    path,
                    "this looks like a token: put it into the environment or the keyring (README.md, Tokens), not here",
                )
                raise _InvalidValueError
            if raw == field.default and not field.required:
                return raw
            if field.text and field.text.kind == "file":
                return self._convert_file(raw, path)
            if field.text and field.text.kind in {"url", "server-url"}:
                return self._convert_url(field.text.kind, raw, path)
        try:
            return msgspec.convert(raw, field.type, builtin_types=(date, datetime))
        except msgspec.ValidationError as error:
            accepted, choices = _describe_accepted(field, raw)
            raise self._reject(path, raw, accepted, choices) from error

    def _convert_url(self, kind: str, raw: str, path: TomlPath) -> str:
        """Convert a web address. A "server-url" may be plain http if the key `plaintext` allows it: checked later."""
        try:
            parts = parse_url(raw)
        except ValueError as error:
            shown = "…" if "@" in raw else _format_found(raw)
            self.add_error(path, f"found {shown}; {error}", shown)
            raise _InvalidValueError from error
        if kind == "url" and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise self._reject(path, raw, "https, or http on loopback")
        return raw.rstrip("/")

    def _convert_file(self, raw: str, path: TomlPath) -> str:
        """Return the whole path of an existing file. A relative path starts at the folder of the configuration."""
        file = self.home / raw[2:] if raw.startswith("~/") else self.folder / raw
        if not file.is_file():
            self.add_error(path, f"found {_format_found(raw)}; there is no file {file}", raw)
            raise _InvalidValueError
        return str(file)

    def _convert_applications(self, raw: object, path: TomlPath) -> Applications:
        """Convert the names of applications, or one selector."""
        if isinstance(raw, Mapping):
            for name in raw:
                if name != "selector":
                    self._add_unknown_key(path, name, ("selector",))
            return self._convert_selector(raw.get("selector"), (*path, "selector"))
        if not isinstance(raw, list):
            raise self._reject(path, raw, 'a list of names, or { selector = "key=value" }')
        names: list[ApplicationName] = []
        for index, item in enumerate(raw):
            if isinstance(item, str) and (match := APPLICATION_PATTERN.fullmatch(item)):
                names.append(ApplicationName(match[2], match[1] or ""))
            else:
                self._reject((*path, str(index)), item, f'"name" or "namespace/name", of {NAME.accepted}')
        return tuple(names)

    def _convert_selector(self, raw: object, path: TomlPath) -> ApplicationSelector:
        """Convert the labels that an application must have, all of them."""
        terms = [SELECTOR_TERM_PATTERN.fullmatch(term) for term in raw.split(",")] if isinstance(raw, str) else [None]
        labels = tuple((term[1], term[2]) for term in terms if term is not None)
        if len(labels) < len(terms) or len(dict(labels)) < len(labels):
            raise self._reject(path, raw, '"key=value" or "key=value,key=value", each key once')
        return ApplicationSelector(labels)

    def _convert_servers(self, raw: object, path: TomlPath) -> tuple[ServerConfig, ...]:
        if not isinstance(raw, Mapping):
            raise self._reject(path, raw, "tables, as [servers.eu]")
        found: list[ServerConfig] = []
        for name, table in raw.items():
            if not re.fullmatch(NAME.whole or "", name):
                self._reject((*path, name), name, f"a name of {NAME.accepted}")
            elif name in RESERVED_SERVER_NAMES:
                self.add_error((*path, name), f"`{name}` is the name of another source: choose another name", name)
            try:
                found.append(self.convert_table(ServerConfig, table, (*path, name), name=name))
            except _InvalidValueError:
                continue
        return tuple(found)

    def _convert_keys(self, raw: object, path: TomlPath) -> dict[str, str]:
        """Convert the keyboard keys by action id."""
        if not isinstance(raw, Mapping):
            raise self._reject(path, raw, "a table of action id = key")
        found: dict[str, str] = {}
        for name, key in raw.items():
            if isinstance(key, str) and key.strip():
                found[name] = key
                self._record_origin((*path, name))
            else:
                self._reject((*path, name), key, 'a key, as "p" or "ctrl+r"')
        return found


def _describe_accepted(field: ConfigField, raw: object) -> tuple[str, tuple[str, ...]]:
    """Describe the accepted values of a key for an error message; also return the choices if there are any."""
    plain = field.plain_type
    if get_origin(plain) is Literal:
        choices = get_args(plain)
        return ", ".join(f'"{choice}"' for choice in choices), choices
    if plain is bool:
        return "true or false", ("true", "false")
    if plain is int:
        return f"a whole number from {field.minimum} to {field.maximum}", ()
    if date in get_args(plain):
        return "a day, as 2026-12-31 without quotes", ()
    return field.text.accepted if field.text and isinstance(raw, str) else "a text in quotes", ()


def _format_found(value: object) -> str:
    """Format a value as in the file, on one line. A text that looks like a token is masked."""
    match value:
        case bool():
            return str(value).lower()
        case str() if TOKEN_PATTERN.search(value):
            return '"…"'
        case str():
            text = value if len(value) <= 60 else value[:59] + "…"
            return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'
        case list():
            return "a list"
        case Mapping():
            return "a table"
        case None:
            return "nothing"
        case int() if abs(value) >= 10**60:
            return "a very large number"
        case _:
            return str(value)
