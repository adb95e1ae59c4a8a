"""The names of the configuration file and of the user's folders. Importing this module is cheap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_FILE_NAME = "anchor-tui.toml"
CONFIG_FILE_VARIABLE = "ANCHOR_TUI_CONFIG"
STATE_FOLDER_VARIABLE = "ANCHOR_TUI_STATE"
"""The environment variable that names another state folder."""


def user_config_file() -> Path:
    """Return the file in the user's configuration folder."""
    from platformdirs import user_config_path  # needed only if no nearer file was found

    return user_config_path("anchor-tui", appauthor=False) / CONFIG_FILE_NAME


def find_state_folder(environ: Mapping[str, str]) -> Path:
    """Return $ANCHOR_TUI_STATE, else the user's state folder of the platform."""
    if given := environ.get(STATE_FOLDER_VARIABLE):
        return Path(os.path.expanduser(given))  # noqa: PTH111 - unlike Path.expanduser it accepts every text
    from platformdirs import user_state_path  # needed for actions, the audit and trust only

    return user_state_path("anchor-tui", appauthor=False)
