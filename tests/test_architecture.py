"""The architecture: which package may import which, and which names exist."""

from __future__ import annotations

from pathlib import Path

import pytest
import textual.app
import textual.containers
import textual.screen
import textual.widgets
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.source_tree import cycles, indirect_imports, read_modules, top_level_classes

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def modules():
    return read_modules(ROOT)


def test_every_room_imports_only_those_below_it(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_modules_import_each_other_in_a_cycle(modules):
    assert cycles(modules, type_checking=False) == []


def test_no_cycle_hides_behind_type_checking(modules):
    assert cycles(modules, type_checking=True) == []


def test_every_class_name_exists_once(modules):
    assert [name for name, count in top_level_classes(modules).items() if count > 1] == []


def test_no_class_is_named_like_one_of_textual(modules):
    theirs = {
        name
        for module in (textual.app, textual.containers, textual.screen, textual.widgets)
        for name in getattr(module, "__all__", dir(module))
    }
    assert set(top_level_classes(modules)) & theirs == set()


def test_every_name_is_imported_from_where_it_is_defined(modules):
    assert list(indirect_imports(modules)) == []
