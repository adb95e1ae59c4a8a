"""The content of the wheel that users install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> dict[str, int]:
    """Build a wheel; return the names of its files with their sizes in bytes."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        return {entry.filename: entry.file_size for entry in opened.infolist()}


def test_the_wheel_contains_every_module_and_data_file(wheel):
    package = ROOT / "anchor_tui"
    files = [file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    expected = {str(file.relative_to(ROOT)) for file in files}
    expected |= {f"anchor_tui/styles/{sheet.name}" for sheet in (ROOT / "styles").glob("*.tcss")}
    assert expected <= set(wheel)
    for part in (
        ".tcss",
        "/sandbox/github/schema.graphql",
        "/sandbox/ops_repo/infra/helm/platform/values.yaml",
        "/py.typed",
    ):
        assert any(name.endswith(part) for name in expected)


def test_the_wheel_contains_nothing_else(wheel):
    others = {name for name in wheel if not name.startswith("anchor_tui/") and ".dist-info/" not in name}
    assert others == set()
    assert not [name for name in wheel if "test" in name.split("/") or "tests" in name.split("/")]
    assert not [name for name in wheel if name.endswith((".pyc", ".orig"))]
