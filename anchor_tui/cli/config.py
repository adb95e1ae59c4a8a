"""`anchor-tui config init|show|schema`: a file to begin with, what is in force, and what may be said."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from anchor_tui.cli.arguments import add_config
from anchor_tui.cli.exits import Exit
from anchor_tui.cli.output import complain, emit

FILE_NAME = "anchor-tui.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three commands below `config`."""
    commands = parser.add_subparsers(dest="config_command", metavar="COMMAND", required=True)
    init = commands.add_parser("init", help="write a whole commented configuration file")
    init.add_argument(
        "path", nargs="?", type=Path, default=Path(FILE_NAME), metavar="PATH", help=f"default ./{FILE_NAME}"
    )
    show = commands.add_parser("show", help="the configuration in force, with the origin of each value")
    add_config(show)
    schema = commands.add_parser("schema", help="JSON Schema of the configuration file")
    schema.add_argument("--snapshot", action="store_true", help="of the snapshot that `anchor-tui snapshot` prints")


def run(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    """Do what was asked; stdout holds the result alone. `actions` are what `[keys]` may name.

    Raises `config.load.ConfigErrors`.
    """
    match arguments.config_command:
        case "init":
            return _init(arguments.path)
        case "show":
            return _show(arguments, actions)
        case _:
            return _schema(snapshot=arguments.snapshot)


def _init(path: Path) -> int:
    from anchor_tui.config.show import template

    target = path.expanduser()
    target = target / FILE_NAME if target.is_dir() else target
    try:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True)
    except OSError as error:
        complain(f"cannot make the folder {target.parent}: {error.strerror or error}")
        return Exit.USAGE
    try:
        _create(target, template().encode())
    except FileExistsError:
        complain(f"{target} is there already, and is left as it is: name another path, or move it away")
        return Exit.USAGE
    except OSError as error:
        complain(f"cannot write {target}: {error.strerror or error}")
        return Exit.USAGE
    complain(f"wrote {target}: say [github] ops_repo in it, then run `anchor-tui config show`")
    return Exit.WELL


def _create(target: Path, content: bytes) -> None:
    """A new file, whole or not at all; FileExistsError where one is there, even if it came just now."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        target.hardlink_to(temporary)  # unlike a rename, it never replaces anything
    finally:
        temporary.unlink()


def _show(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    from anchor_tui.config.load import load
    from anchor_tui.config.show import effective
    from anchor_tui.domain.policy.registry import BY_ID

    path = getattr(arguments, "config", None)  # the options may stand before `config`, or not at all
    read_only = getattr(arguments, "read_only", False)
    config = load(path, os.environ, cwd=Path.cwd(), read_only=read_only, actions=actions, checks=BY_ID)
    return Exit.WELL if emit(effective(config).encode(), None) else Exit.USAGE


def _schema(*, snapshot: bool) -> int:
    import json

    if snapshot:
        from anchor_tui.services.contract import schema
    else:
        from anchor_tui.config.schema import schema
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    return Exit.WELL if emit(text.encode(), None) else Exit.USAGE
