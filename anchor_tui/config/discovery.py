"""The choice of the configuration file, and the reason why the file is trusted.

A configuration decides which token is sent to which server. A file that only happens to be in the working folder, as
in a cloned repository, is therefore used only after `anchor-tui config trust`. A file that the operator names, and the
one in the operator's own configuration folder, are trusted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.config.errors import ConfigError, ConfigErrors
from anchor_tui.config.file_reader import FileReadError, read_regular_file
from anchor_tui.config.location import CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE, find_state_folder, user_config_file
from anchor_tui.config.trust import TrustStore

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CONFIG_BYTES = 1024 * 1024


class FoundConfig(NamedTuple):
    """The configuration file to use; None if there is no file.

    `content` is the text that was trusted. It is None for a file that is trusted by its place, which is read later.
    """

    file: Path | None
    origin: str = ""
    """The reason why the file is used, for display."""
    content: bytes | None = None
    ignored: Path | None = None
    """A file that is not trusted and would be used otherwise."""


def find_config_file(path: Path | None, environ: Mapping[str, str], cwd: Path) -> FoundConfig:
    """Return the configuration file: `path`, `$ANCHOR_TUI_CONFIG`, a trusted one in `cwd`, or the user's own.

    A file that `path` or the variable names need not exist. Raises ConfigErrors for a path that cannot exist.
    """
    if path is not None:
        return FoundConfig(cwd / expand_path(path), "named by --config")
    if named := environ.get(CONFIG_FILE_VARIABLE):
        return FoundConfig(cwd / expand_path(Path(named)), f"named by ${CONFIG_FILE_VARIABLE}")
    return find_unnamed_config(environ, (cwd,))


def find_unnamed_config(environ: Mapping[str, str], folders: tuple[Path, ...]) -> FoundConfig:
    """Return the first trusted configuration file in the folders, or the user's own."""
    own = user_config_file()
    ignored = None
    for local in (folder / CONFIG_FILE_NAME for folder in folders):
        if not os.path.lexists(local) or _is_same_file(local, own):
            continue
        content = read_trusted_config(local, environ)
        if content is not None:
            return FoundConfig(local, "trusted by `anchor-tui config trust`", content, ignored)
        ignored = ignored or local
    if os.path.isfile(own):  # noqa: PTH113 - Path.is_file raises for a folder that cannot be searched
        return FoundConfig(own, "the user's own file", None, ignored)
    return FoundConfig(None, ignored=ignored)


def read_trusted_config(file: Path, environ: Mapping[str, str]) -> bytes | None:
    """Return the content of a file if exactly this content is trusted, otherwise None."""
    try:
        content = read_regular_file(file, MAX_CONFIG_BYTES)
    except FileReadError:
        return None
    return content if TrustStore(find_state_folder(environ)).is_trusted(file, content) else None


def format_ignored_file(file: Path, cwd: Path) -> str:
    """Return the message about a file that is not trusted."""
    is_local = file.parent == cwd
    name = f"./{file.name}" if is_local else str(file)
    argument = "" if is_local else f" {file}"
    return f"{name} is not trusted and was ignored: read it, then run `anchor-tui config trust{argument}`"


def _is_same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False


def expand_path(path: Path) -> Path:
    """Return a path with its `~` expanded. Raises ConfigErrors if there is no such home folder."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        message = "the home folder is unknown: write the path without ~"
        raise ConfigErrors((ConfigError(str(path), None, "", message),)) from error


def find_working_folder() -> Path:
    """Return the working folder. Raises ConfigErrors if it was deleted."""
    try:
        return Path.cwd()
    except OSError as error:
        message = "the working folder does not exist any more: change to another one"
        raise ConfigErrors((ConfigError(".", None, "", message),)) from error
