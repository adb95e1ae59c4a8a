"""The location of the configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_FILE_NAME = "anchor-tui.toml"
CONFIG_FILE_VARIABLE = "ANCHOR_TUI_CONFIG"


def find_config_file(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """Return the configuration file: `path`, `$ANCHOR_TUI_CONFIG`, the one in `cwd`, or the user's own.

    A file that `path` or the variable names need not exist. Return None if there is no file.
    """
    if path is not None:
        return cwd / path.expanduser()
    if named := environ.get(CONFIG_FILE_VARIABLE):
        return cwd / Path(named).expanduser()
    if (local := cwd / CONFIG_FILE_NAME).is_file():
        return local
    return own if (own := user_config_file()).is_file() else None


def user_config_file() -> Path:
    """Return the file in the user's configuration folder."""
    from platformdirs import user_config_path  # needed only if no nearer file was found

    return user_config_path("anchor-tui", appauthor=False) / CONFIG_FILE_NAME
