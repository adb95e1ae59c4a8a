"""Read and check the configuration: all errors at once, each with its file and line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from anchor_tui.config.convert import ConfigConverter
from anchor_tui.config.cross_checks import (
    check_environments,
    check_ids_of_checks,
    check_keys,
    check_promotion,
    check_servers,
)
from anchor_tui.config.derived_defaults import fill_environments
from anchor_tui.config.errors import ConfigError, ConfigErrors
from anchor_tui.config.key_lines import find_key_lines
from anchor_tui.config.location import CONFIG_FILE_NAME, find_config_file
from anchor_tui.config.model import Config, StatusApiConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

STATUS_URL_VARIABLE = "STATUS_API_URL"


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    cwd: Path,
    read_only: bool = False,
    actions: Mapping[str, Collection[str]] | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """Load the configuration file that `find_config_file` returns.

    `actions` maps the known action ids to their usual keys in every spelling; `checks` are the known check ids. If
    given, unknown ids are errors, and so are two actions on one key. Raises ConfigErrors.
    """
    file = find_config_file(path, environ, cwd)
    if file is None:
        message = (
            f"no configuration: there is no {CONFIG_FILE_NAME} in this folder or in your configuration folder. "
            'Run `anchor-tui config init --ops-repo OWNER/NAME`, or write a file with [github] ops_repo = "owner/name"'
        )
        raise ConfigErrors((ConfigError(CONFIG_FILE_NAME, None, "", message),))
    config = parse_config(_read_file(file), file, environ, actions=actions, checks=checks)
    if read_only:
        origins = {**config.origins, "read_only": "--read-only"}
        config = msgspec.structs.replace(config, read_only=True, origins=origins)
    return config


def _read_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        message = "the file does not exist: name another one, or run `anchor-tui config init` to write one"
        raise ConfigErrors((ConfigError(str(file), None, "", message),)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = "not UTF-8: save the file as UTF-8"
        raise ConfigErrors((ConfigError(str(file), line, "", message),)) from error
    except OSError as error:
        message = f"cannot read the file: {error.strerror or error}"
        raise ConfigErrors((ConfigError(str(file), None, "", message),)) from error


def parse_config(
    text: str,
    file: Path,
    environ: Mapping[str, str],
    *,
    actions: Mapping[str, Collection[str]] | None = None,
    checks: Collection[str] | None = None,
) -> Config:
    """Parse the TOML text of `file` and fill in the defaults. Raises ConfigErrors with every error."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors((_syntax_error(error, text, file),)) from error
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    converter = ConfigConverter(str(file), find_key_lines(text), file.parent, home)
    config = converter.convert_table(Config, raw, ())
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
        raise ConfigErrors(tuple(sorted(converter.errors, key=lambda error: (error.line or 0, error.key))))
    return msgspec.structs.replace(config, path=file, origins=converter.origins)


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, file: Path) -> ConfigError:
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error), re.DOTALL)
    message = found[1] if found else str(error)
    line = int(found[2]) if found and found[2] else text.count("\n") + 1
    column = f", column {found[3]}" if found and found[3] else ""
    return ConfigError(str(file), line, "", f"not valid TOML{column}: {message}")
