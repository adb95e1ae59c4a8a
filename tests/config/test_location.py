"""The order in which the configuration file is looked up."""

from __future__ import annotations

from pathlib import Path

from anchor_tui.config.load import load_config
from tests.config.config_files import MINIMAL


def test_option_variable_folder_and_home_are_looked_up_in_order(folder):
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
    environ = {"ANCHOR_TUI_CONFIG": str(files["variable"])}
    assert load_config(Path("a.toml"), environ, cwd=folder).engine_id == "named"
    assert load_config(None, environ, cwd=folder).engine_id == "variable"
    assert load_config(None, {}, cwd=folder).engine_id == "here"
    files["here"].unlink()
    assert load_config(None, {}, cwd=folder).engine_id == "user"
    assert load_config(None, {}, cwd=folder).path == user
