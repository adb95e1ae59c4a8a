"""`anchor-tui config init|show|schema`: a file to begin with, what is in force, and what may be said."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from anchor_tui.cli.arguments import add_config_options
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error, write_result

FILE_NAME = "anchor-tui.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three commands below `config`."""
    commands = parser.add_subparsers(dest="config_command", metavar="COMMAND", required=True)
    init = commands.add_parser("init", help="write a whole commented configuration file")
    init.add_argument(
        "path", nargs="?", type=Path, default=Path(FILE_NAME), metavar="PATH", help=f"default ./{FILE_NAME}"
    )
    show = commands.add_parser("show", help="the configuration in force, with the origin of each value")
    add_config_options(show)
    schema = commands.add_parser("schema", help="JSON Schema of the configuration file")
    schema.add_argument("--snapshot", action="store_true", help="of the snapshot that `anchor-tui snapshot` prints")


def run(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    """Do what was asked; stdout holds the result alone. `actions` are what `[keys]` may name.

    Raises `config.load.ConfigErrors`.
    """
    match arguments.config_command:
        case "init":
            return _write_template(arguments.path)
        case "show":
            return _print_effective(arguments, actions)
        case _:
            return _print_schema(snapshot=arguments.snapshot)


def _write_template(path: Path) -> int:
    from anchor_tui.config.toml_template import render_template

    target = path.expanduser()
    target = target / FILE_NAME if target.is_dir() else target
    try:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True)
    except OSError as error:
        print_error(f"cannot make the folder {target.parent}: {error.strerror or error}")
        return ExitCode.USAGE
    try:
        _create_file(target, render_template().encode())
    except FileExistsError:
        print_error(f"{target} is there already, and is left as it is: name another path, or move it away")
        return ExitCode.USAGE
    except OSError as error:
        print_error(f"cannot write {target}: {error.strerror or error}")
        return ExitCode.USAGE
    print_error(f"wrote {target}: say [github] ops_repo in it, then run `anchor-tui config show`")
    return ExitCode.OK


def _create_file(target: Path, content: bytes) -> None:
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


def _print_effective(arguments: argparse.Namespace, actions: Mapping[str, Collection[str]]) -> int:
    from anchor_tui.config.load import load_config
    from anchor_tui.config.toml_text import render_effective
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID

    path = getattr(arguments, "config", None)  # the options may stand before `config`, or not at all
    read_only = getattr(arguments, "read_only", False)
    config = load_config(path, os.environ, cwd=Path.cwd(), read_only=read_only, actions=actions, checks=CHECKS_BY_ID)
    return ExitCode.OK if write_result(render_effective(config).encode(), None) else ExitCode.USAGE


def _print_schema(*, snapshot: bool) -> int:
    import json

    if snapshot:
        from anchor_tui.services.snapshot_json import snapshot_schema

        schema = snapshot_schema()
    else:
        from anchor_tui.config.json_schema import build_config_schema

        schema = build_config_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return ExitCode.OK if write_result(text.encode(), None) else ExitCode.USAGE
