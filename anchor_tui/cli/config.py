"""`anchor-tui config`: write a commented file, show the effective values, trust a file, or print the JSON Schema."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from pathlib import Path

from anchor_tui.cli.arguments import CommandParser, add_config_options
from anchor_tui.cli.command_parsers import add_command
from anchor_tui.cli.context import load_command_config
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import create_file, print_error, write_result
from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.config.usual_keys import KeysByAction
from anchor_tui.domain.foreign_text import sanitize_text


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
    add_config_options(add_command(commands, "config path"))
    for name in ("config trust", "config untrust"):
        trust = add_command(commands, name)
        trust.add_argument("path", nargs="?", type=Path, default=default, metavar="PATH", help=f"default ./{default}")
    schema = add_command(commands, "config schema")
    documents = schema.add_mutually_exclusive_group()
    documents.add_argument("--snapshot", action="store_true", help="print the schema of the snapshot document instead")
    documents.add_argument("--diff", action="store_true", help="print the schema of the document of `diff` instead")
    documents.add_argument("--incident", action="store_true", help="print the schema of the hand-over of an incident")
    documents.add_argument("--history", action="store_true", help="print the schema of the history document instead")


def run(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    """Run the command; stdout contains only the result. `keys_by_action` contains the actions that `[keys]` may name.

    Raises `config.errors.ConfigErrors`.
    """
    match arguments.config_command:
        case "init":
            return _write_template(arguments.path, arguments.ops_repo or "")
        case "show":
            return _print_effective(arguments, keys_by_action)
        case "path":
            return _print_path(arguments)
        case "trust" | "untrust" as name:
            return _change_trust(arguments.path, trusted=name == "trust")
        case _:
            return _print_schema(arguments)


def _parse_repository(text: str) -> str:
    from anchor_tui.config.patterns import REPOSITORY

    if re.fullmatch(str(REPOSITORY.pattern), text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a repository on GitHub: write OWNER/NAME")
    return text


def _write_template(path: Path, ops_repo: str) -> int:
    from anchor_tui.config.discovery import expand_path
    from anchor_tui.config.toml_template import render_template

    target = expand_path(path)
    try:
        target = target / CONFIG_FILE_NAME if target.is_dir() else target
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
    if ops_repo:
        next_step = "run `anchor-tui config show`"
        _trust_written_file(target)
    else:
        next_step = f"set [github] ops_repo in it, then run `anchor-tui config trust {target}`"
    print_error(f"wrote {target}: {next_step}")
    return ExitCode.OK


def _trust_written_file(file: Path) -> None:
    """Trust a file that this command has written. Without it, the next command names `anchor-tui config trust`."""
    from anchor_tui.config.location import find_state_folder
    from anchor_tui.config.trust import TrustError, TrustStore

    with contextlib.suppress(TrustError, OSError):
        TrustStore(find_state_folder(os.environ)).trust(file, file.read_bytes())


def _print_effective(arguments: argparse.Namespace, keys_by_action: KeysByAction) -> int:
    from anchor_tui.config.toml_text import render_effective
    from anchor_tui.domain.foreign_text import mask_tokens

    config = load_command_config(arguments, keys_by_action)
    return ExitCode.OK if write_result(mask_tokens(render_effective(config))) else ExitCode.USAGE


def _print_path(arguments: argparse.Namespace) -> int:
    """Print the file in use on stdout, and the reason on stderr. The file is not read."""
    from anchor_tui.config.discovery import find_config_file, find_working_folder, format_ignored_file

    cwd = find_working_folder()
    found = find_config_file(getattr(arguments, "config", None), os.environ, cwd)
    if found.ignored is not None:
        print_error(format_ignored_file(found.ignored, cwd))
    if found.file is None:
        print_error("no configuration file is used: run `anchor-tui config init` to write one")
        return ExitCode.USAGE
    print_error(f"{found.file}: {found.origin}")
    return ExitCode.OK if write_result(f"{sanitize_text(str(found.file))}\n") else ExitCode.USAGE


def _change_trust(path: Path, *, trusted: bool) -> int:
    """Trust the present content of a configuration file, or trust it no longer."""
    from anchor_tui.config.discovery import MAX_CONFIG_BYTES, expand_path, find_working_folder
    from anchor_tui.config.file_reader import FileReadError, read_regular_file
    from anchor_tui.config.location import find_state_folder
    from anchor_tui.config.trust import TrustError, TrustStore

    file = find_working_folder() / expand_path(path)
    file = file / CONFIG_FILE_NAME if os.path.isdir(file) else file  # noqa: PTH112 - Path.is_dir may raise
    store = TrustStore(find_state_folder(os.environ))
    try:
        if trusted:
            store.trust(file, read_regular_file(file, MAX_CONFIG_BYTES))
            print_error(f"{file} is trusted until it changes: it decides which token is sent to which server")
        elif store.untrust(file):
            print_error(f"{file} is not trusted any more")
        else:
            print_error(f"{file} was not trusted")
    except FileReadError as error:
        print_error(f"{file}: {error}")
        return ExitCode.USAGE
    except TrustError as error:
        print_error(str(error))
        return ExitCode.USAGE
    return ExitCode.OK


def _print_schema(arguments: argparse.Namespace) -> int:
    import json

    if arguments.snapshot:
        from anchor_tui.services.snapshot_json import snapshot_schema

        schema = snapshot_schema()
    elif arguments.diff:
        from anchor_tui.services.diff_json import diff_schema

        schema = diff_schema()
    elif arguments.incident:
        from anchor_tui.cli.output.incident.document import incident_schema

        schema = incident_schema()
    elif arguments.history:
        from anchor_tui.services.history.history_json import history_schema

        schema = history_schema()
    else:
        from anchor_tui.config.json_schema import build_config_schema

        schema = build_config_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return ExitCode.OK if write_result(text) else ExitCode.USAGE
