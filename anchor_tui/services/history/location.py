"""The place of the history file: one for each estate, in the state folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from anchor_tui.config.model import Config

FOLDER_NAME = "history"
FILE_SUFFIX = ".sqlite3"
_HASH_LENGTH = 10


def find_history_file(config: Config, state_folder: Path) -> Path:
    """Return the path of an estate's history. Another engine, ops repo or set of servers has another file."""
    github = config.github
    servers = sorted(server.name for server in config.servers_in_use)
    identity = "\n".join((config.engine_id, github.api_url, github.ops_repo.lower(), github.branch, *servers))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_LENGTH]
    return state_folder / FOLDER_NAME / f"{config.engine_id}-{digest}{FILE_SUFFIX}"
