"""Results compared byte by byte with files; `ANCHOR_GOLDEN=write pytest` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path


def assert_matches_file(file: Path, text: str) -> None:
    """That a text is what the file says."""
    if os.environ.get("ANCHOR_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text.encode() == file.read_bytes()
