"""Read and check the configuration: all errors at once, each with its file and line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from anchor_tui.config.convert import ConfigConverter, TooManyErrorsError
from anchor_tui.config.cross_checks import (
    check_environments,
    check_ids_of_checks,
    check_keys,
    check_promotion,
    check_servers,
)
from anchor_tui.config.derived_defaults import fill_environments
from anchor_tui.config.discovery import MAX_CONFIG_BYTES, FoundConfig, find_config_file, format_ignored_file
from anchor_tui.config.errors import ConfigError, ConfigErrors
from anchor_tui.config.file_reader import FileReadError, read_regular_file
from anchor_tui.config.key_lines import find_key_lines
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.model import Config, StatusApiConfig
from anchor_tui.config.usual_keys import KeysByAction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from anchor_tui.config.key_lines import TomlPath

STATUS_URL_VARIABLE = "STATUS_API_URL"
MAX_DEPTH = 32
"""The deepest nesting of tables and lists; the keys of the configuration need 5."""
MAX_DOTS_IN_LINE = 200
"""A dotted key costs the square of its length in time."""
_LONG_NUMBER = re.compile(r"\d(?:_?\d){4300}")
"""A number that Python refuses to convert, to limit its time."""


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    cwd: Path,
    read_only: bool = False,
    actions: KeysByAction | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """Load the configuration file that `find_config_file` returns.

    `actions` maps the known action ids to their usual keys in every spelling; `checks` are the known check ids. If
    given, unknown ids are errors, and so are two actions on one key. Raises ConfigErrors.
    """
    found = find_config_file(path, environ, cwd)
    if found.file is None:
        message = (
            f"no configuration: there is no {CONFIG_FILE_NAME} in this folder or in your configuration folder. "
            'Run `anchor-tui config init --ops-repo OWNER/NAME`, or write a file with [github] ops_repo = "owner/name"'
        )
        if found.ignored is not None:
            message = f"no configuration: {format_ignored_file(found.ignored, cwd)}"
        raise ConfigErrors((ConfigError(CONFIG_FILE_NAME, None, "", message),))
    config = load_found_config(found, environ, actions=actions, checks=checks)
    if read_only:
        origins = {**config.origins, "read_only": "--read-only"}
        config = msgspec.structs.replace(config, read_only=True, origins=origins)
    return config


def load_found_config(
    found: FoundConfig,
    environ: Mapping[str, str],
    *,
    actions: KeysByAction | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """Load a configuration file that was found. Its `file` must not be None. Raises ConfigErrors."""
    assert found.file is not None
    # The bytes that were trusted are parsed: the file may have been replaced since then.
    text = _read_file(found.file) if found.content is None else decode_config(found.content, found.file)
    config = parse_config(text, found.file, environ, actions=actions, checks=checks)
    return msgspec.structs.replace(config, path_origin=found.origin, ignored_path=found.ignored)


def _read_file(file: Path) -> str:
    try:
        content = read_regular_file(file, MAX_CONFIG_BYTES)
    except FileReadError as error:
        hint = ": name another one, or run `anchor-tui config init` to write one" if error.missing else ""
        raise _error_without_key(file, None, f"{error}{hint}") from error
    return decode_config(content, file)


def decode_config(content: bytes, file: Path) -> str:
    """Return the text of a configuration file, without a byte order mark. Raises ConfigErrors."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _error_without_key(file, line, "not UTF-8: save the file as UTF-8") from error


def _error_without_key(file: Path, line: int | None, message: str) -> ConfigErrors:
    return ConfigErrors((ConfigError(str(file), line, "", message),))


def parse_config(
    text: str,
    file: Path,
    environ: Mapping[str, str],
    *,
    actions: KeysByAction | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """Parse the TOML text of `file` and fill in the defaults. Raises ConfigErrors with every error."""
    raw, lines = _parse_toml(text, file)
    try:
        return _convert_config(raw, lines, file, environ, actions, checks)
    except ConfigErrors:
        raise
    except Exception as error:  # no text of a file may end the program
        message = f"a value in the file cannot be used ({type(error).__name__}): correct the file"
        raise _error_without_key(file, None, message) from error


def _parse_toml(text: str, file: Path) -> tuple[dict[str, Any], Mapping[TomlPath, int]]:
    """Return the values of the text, and the line of each key. Raises ConfigErrors for every text that is not TOML."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS_IN_LINE:
            raise _error_without_key(file, number, f"the line contains more than {MAX_DOTS_IN_LINE} dots: shorten it")
    too_deep = f"tables or lists are nested too deeply: more than {MAX_DEPTH} levels"
    try:
        raw = tomllib.loads(text)
        _check_depth(raw)
        return raw, find_key_lines(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors((_syntax_error(error, text, file),)) from error
    except RecursionError as error:
        raise _error_without_key(file, None, too_deep) from error
    except Exception as error:  # tomllib raises other errors too, as ValueError for a number of 5,000 digits
        number_text = _LONG_NUMBER.search(text)
        position = text.count("\n", 0, number_text.start()) + 1 if number_text else None
        message = "a number has too many digits" if number_text else "not valid TOML"
        raise _error_without_key(file, position, f"{message}: correct the value") from error


def _check_depth(value: object) -> None:
    """Raise RecursionError if tables and lists are nested in more than MAX_DEPTH levels."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        children: list[object] = []
        for item in level:
            if isinstance(item, dict):
                children.extend(item.values())
            elif isinstance(item, list):
                children.extend(item)
        level = children
    if level:
        raise RecursionError


def _convert_config(
    raw: dict[str, Any],
    lines: Mapping[TomlPath, int],
    file: Path,
    environ: Mapping[str, str],
    actions: KeysByAction | None,
    checks: Collection[str] | None,
) -> Config:
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    converter = ConfigConverter(str(file), lines, file.parent, home)
    try:
        config = converter.convert_table(Config, raw, ())
    except TooManyErrorsError:
        raise _sorted_errors(converter) from None
    if raw.get("environments") == []:
        message = "is empty: remove it to get dev, staging and prod, or add at least one"
        converter.add_error(("environments",), message)
    config = fill_environments(config, converter.origins)
    if not config.status_api.url and (url := environ.get(STATUS_URL_VARIABLE, "").strip()):
        given = converter.convert_table(StatusApiConfig, {"url": url}, ("status_api",))
        status_api = msgspec.structs.replace(config.status_api, url=given.url)
        config = msgspec.structs.replace(config, status_api=status_api)
        converter.origins["status_api.url"] = f"${STATUS_URL_VARIABLE}"
    check_servers(config, converter)
    check_environments(config, converter)
    check_promotion(config, converter)
    if checks is not None:
        check_ids_of_checks(config, converter, checks)
    if actions is not None:
        check_keys(config, converter, actions)
    if converter.errors:
        raise _sorted_errors(converter)
    return msgspec.structs.replace(config, path=file, origins=converter.origins)


def _sorted_errors(converter: ConfigConverter) -> ConfigErrors:
    return ConfigErrors(tuple(sorted(converter.errors, key=lambda error: (error.line or 0, error.key))))


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, file: Path) -> ConfigError:
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error), re.DOTALL)
    message = found[1] if found else str(error)
    line = int(found[2]) if found and found[2] else text.count("\n") + 1
    column = f", column {found[3]}" if found and found[3] else ""
    return ConfigError(str(file), line, "", f"not valid TOML{column}: {message}")
