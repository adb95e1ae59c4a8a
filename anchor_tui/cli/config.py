"""`anchor-tui config`: write a commented file, show the effective values, or print the JSON Schema."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from anchor_tui.cli.arguments import CommandParser, add_config_options
from anchor_tui.cli.command_help import add_command
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import create_file, print_error, write_result
from anchor_tui.config.location import CONFIG_FILE_NAME


def add_arguments(parser: CommandParser) -> None:
    """Add the commands below `config`."""
    commands = parser.add_subparsers(dest="config_command", metavar="COMMAND", required=True)
    init = add_command(commands, "config init")
    default = Path(CONFIG_FILE_NAME)
    init.add_argument("path", nargs="?", type=Path, default=default, metavar="PATH", help=f"default ./{default}")
    init.add_argument(
        "--ops-repo",
        type=_parse_repository,
        default=None,
        metavar="OWNER/NAME",
        help="the ops repo; the only required key",
    )
    show = add_command(commands, "config show")
    add_config_options(show)
    schema = add_command(commands, "config schema")
    schema.add_argument("--snapshot", action="store_true", help="print the schema of the snapshot document instead")


def run(arguments: argparse.Namespace, keys_by_action: Mapping[str, Collection[str]]) -> int:
    """Run the command; stdout contains only the result. `keys_by_action` contains the actions that `[keys]` may name.

    Raises `config.errors.ConfigErrors`.
    """
    match arguments.config_command:
        case "init":
            return _write_template(arguments.path, arguments.ops_repo or "")
        case "show":
            return _print_effective(arguments, keys_by_action)
        case _:
            return _print_schema(snapshot=arguments.snapshot)


def _parse_repository(text: str) -> str:
    from anchor_tui.config.patterns import REPOSITORY

    if re.fullmatch(str(REPOSITORY.pattern), text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a repository on GitHub: write OWNER/NAME")
    return text


def _write_template(path: Path, ops_repo: str) -> int:
    from anchor_tui.config.toml_template import render_template

    target = path.expanduser()
    target = target / CONFIG_FILE_NAME if target.is_dir() else target
    try:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True)
    except OSError as error:
        print_error(f"cannot create the folder {target.parent}: {error.strerror or error}")
        return ExitCode.USAGE
    try:
        create_file(target, render_template(ops_repo).encode())
    except FileExistsError:
        print_error(f"{target} already exists and is not changed: name another path, or move the file away")
        return ExitCode.USAGE
    except OSError as error:
        print_error(f"cannot write {target}: {error.strerror or error}")
        return ExitCode.USAGE
    next_step = "" if ops_repo else "set [github] ops_repo in it, then "
    print_error(f"wrote {target}: {next_step}run `anchor-tui config show`")
    return ExitCode.OK


def _print_effective(arguments: argparse.Namespace, keys_by_action: Mapping[str, Collection[str]]) -> int:
    from anchor_tui.config.load import load_config
    from anchor_tui.config.toml_text import render_effective
    from anchor_tui.domain.foreign_text import mask_tokens
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID

    config = load_config(
        getattr(arguments, "config", None),  # the options are set only if they are given
        os.environ,
        cwd=Path.cwd(),
        read_only=getattr(arguments, "read_only", False),
        actions=keys_by_action,
        checks=CHECKS_BY_ID,
    )
    return ExitCode.OK if write_result(mask_tokens(render_effective(config))) else ExitCode.USAGE


def _print_schema(*, snapshot: bool) -> int:
    import json

    if snapshot:
        from anchor_tui.services.snapshot_json import snapshot_schema

        schema = snapshot_schema()
    else:
        from anchor_tui.config.json_schema import build_config_schema

        schema = build_config_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return ExitCode.OK if write_result(text) else ExitCode.USAGE
