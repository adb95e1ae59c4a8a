"""Compare results with golden files byte by byte; `ANCHOR_GOLDEN=write pytest` rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path


def assert_matches_file(file: Path, text: str) -> None:
    """Assert that the text equals the content of the golden file."""
    if os.environ.get("ANCHOR_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text.encode() == file.read_bytes()
