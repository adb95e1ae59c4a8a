"""The order in which the configuration file is looked up, and the files that are not trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchor_tui.config.discovery import find_config_file
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.load import load_config
from tests.config.config_files import MINIMAL, trust_file


@pytest.fixture
def files(folder):
    """Write a configuration at every place, and return the files by place."""
    user = folder / "xdg" / "anchor-tui" / "anchor-tui.toml"
    user.parent.mkdir(parents=True)
    files = {
        "named": folder / "a.toml",
        "variable": folder / "b.toml",
        "here": folder / "anchor-tui.toml",
        "user": user,
    }
    for name, file in files.items():
        file.write_text(f'engine_id = "{name}"\n{MINIMAL}')
    return files


@pytest.fixture
def state(folder):
    """Return an environment with a state folder."""
    return {"ANCHOR_TUI_STATE": str(folder / "state")}


def test_option_variable_folder_and_home_are_looked_up_in_order(folder, files, state):
    trust_file(files["here"], folder / "state")
    environ = {**state, "ANCHOR_TUI_CONFIG": str(files["variable"])}
    assert load_config(Path("a.toml"), environ, cwd=folder).engine_id == "named"
    assert load_config(None, environ, cwd=folder).engine_id == "variable"
    assert load_config(None, state, cwd=folder).engine_id == "here"
    files["here"].unlink()
    assert load_config(None, state, cwd=folder).engine_id == "user"
    assert load_config(None, state, cwd=folder).path == files["user"]


def test_a_file_in_the_working_folder_is_ignored_until_trusted(folder, files, state):
    config = load_config(None, state, cwd=folder)
    assert (config.engine_id, config.ignored_path) == ("user", files["here"])
    trust_file(files["here"], folder / "state")
    config = load_config(None, state, cwd=folder)
    assert (config.engine_id, config.ignored_path) == ("here", None)


def test_a_changed_file_is_not_trusted_any_more(folder, files, state):
    trust_file(files["here"], folder / "state")
    files["here"].write_text(files["here"].read_text() + "# a")
    assert load_config(None, state, cwd=folder).engine_id == "user"


def test_a_copy_of_a_trusted_file_is_not_trusted(folder, files, state):
    trust_file(files["here"], folder / "state")
    (folder / "copy").mkdir()
    (folder / "copy" / "anchor-tui.toml").write_text(files["here"].read_text())
    assert load_config(None, state, cwd=folder / "copy").engine_id == "user"


def test_an_ignored_file_without_another_one_is_named(folder, files, state):
    files["user"].unlink()
    with pytest.raises(ConfigErrors, match=r"\./anchor-tui\.toml is not trusted and was ignored: read it, then run"):
        load_config(None, state, cwd=folder)


def test_the_users_own_file_is_trusted_in_its_own_folder(files, state):
    found = find_config_file(None, state, files["user"].parent)
    assert (found.file, found.ignored) == (files["user"], None)


def test_the_trusted_content_is_used_though_the_file_changes(folder, files, state):
    trust_file(files["here"], folder / "state")
    found = find_config_file(None, state, folder)
    files["here"].write_text("engine_id = 'other'\n")
    assert b"here" in (found.content or b"")
