"""How the house is built: which room may know which, and what is in the package that people install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]


def test_every_room_knows_only_those_below_it(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> dict[str, int]:
    """The names in a wheel that was just built, with their sizes."""
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
        return {each.filename: each.file_size for each in opened.infolist()}


def test_the_wheel_holds_every_module_and_everything_that_they_read(wheel):
    files = [each for each in (ROOT / "anchor_tui").rglob("*") if each.is_file() and "__pycache__" not in each.parts]
    expected = {str(each.relative_to(ROOT)) for each in files}
    expected |= {f"anchor_tui/styles/{each.name}" for each in (ROOT / "styles").glob("*.tcss")}
    assert expected <= set(wheel)
    for part in (".tcss", "/sandbox/github/schema.graphql", "/sandbox/ops_repo/infra/helm/platform/values.yaml", "/py.typed"):
        assert any(name.endswith(part) for name in expected)


def test_the_wheel_holds_nothing_else(wheel):
    others = {name for name in wheel if not name.startswith("anchor_tui/") and ".dist-info/" not in name}
    assert others == set()
    assert not [name for name in wheel if "test" in name.split("/") or "tests" in name.split("/")]
    assert not [name for name in wheel if name.endswith((".pyc", ".orig"))]
