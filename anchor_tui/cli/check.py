"""`anchor-tui check`: evaluate the policy on a checkout of the ops repo, offline."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.cli.arguments import add_config_options, make_list_parser
from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.check.formats import CHECK_FORMATS, load_renderer
from anchor_tui.cli.output.streams import print_error, write_result

if TYPE_CHECKING:
    from anchor_tui.cli.output.check.report import CheckReport
    from anchor_tui.config.discovery import FoundConfig
    from anchor_tui.config.model import Config

CI_VARIABLES = ("CI", "GITHUB_ACTIONS")
"""Environment variables that CI systems set."""
_NOT_USED_IN_CI = "is not used: in CI, check uses a configuration of the checkout only if --config names it"
FAIL_ON = ("error", "warning", "unknown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_config_options(parser)
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the checkout; default: the current folder"
    )
    parser.add_argument("--format", choices=CHECK_FORMATS, default="text", help="output format; default: text")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write to a file instead of stdout; it is replaced only by a complete report",
    )
    parser.add_argument(
        "--fail-on",
        type=make_list_parser(FAIL_ON),
        default=("error",),
        metavar="LIST",
        help="findings that cause exit code 1, comma-separated: error, warning, unknown; errors always count; "
        "default: error",
    )
    parser.add_argument(
        "--base",
        metavar="REF",
        help="the branch to find deleted files and a changed configuration with; default: $GITHUB_BASE_REF, the "
        "default branch of origin, or main",
    )
    parser.add_argument("--list", action="store_true", help="list all checks, one per line")
    parser.add_argument("--explain", metavar="ID", help="describe one check: the rule, its source and its fix")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate the policy on a checkout and print the report. Raises `config.load.ConfigErrors`."""
    from anchor_tui.cli.output.check import explanation

    if arguments.list:
        return _print_text(explanation.format_check_list())
    if arguments.explain is not None:
        text = explanation.format_check(arguments.explain)
        if text is None:
            print_error(explanation.format_unknown_check(arguments.explain))
            return ExitCode.USAGE
        return _print_text(text)
    config = _load_config(arguments)
    from anchor_tui.sources.checkout.reader import CheckoutError

    try:
        report = _build_report(arguments.path, config, _list_base_branches(arguments.base))
    except CheckoutError as error:
        print_error(str(error))
        return ExitCode.USAGE
    content = load_renderer(arguments.format)(report)
    if not write_result(content, arguments.output, is_text=arguments.format == "text"):
        return ExitCode.USAGE
    return choose_exit_code(report, arguments.fail_on)


def choose_exit_code(report: CheckReport, fail_on: tuple[str, ...]) -> ExitCode:
    """Return FINDINGS if the report contains a kind of `fail_on` or an error, otherwise OK."""
    counts = report.count_findings()
    return ExitCode.FINDINGS if any(counts[name] for name in {"error", *fail_on}) else ExitCode.OK


def _build_report(path: Path, config: Config, base_branches: tuple[str, ...]) -> CheckReport:
    from datetime import UTC, datetime

    from anchor_tui.cli.output.check.report import CheckReport
    from anchor_tui.domain.policy.engine import evaluate_policy
    from anchor_tui.domain.policy.waivers import list_waiver_expiries
    from anchor_tui.sources.checkout.reader import read_checkout

    now = datetime.now(UTC)
    checkout = read_checkout(path, config, now, base_branches)
    findings = evaluate_policy(config, checkout.facts, now)
    return CheckReport(str(path), checkout.commit, checkout.prefix, config, findings, list_waiver_expiries(config, now))


def _load_config(arguments: argparse.Namespace) -> Config:
    """Return the configuration, and print its file with what it disables and waives.

    In CI, a pull request could bring a configuration that switches off the checks. Therefore only a file that is named
    explicitly, or the user's own, is used there.
    """
    from anchor_tui.config.discovery import FoundConfig, find_config_file, find_unnamed_config, find_working_folder
    from anchor_tui.config.load import load_found_config, parse_config
    from anchor_tui.config.location import CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID

    cwd = find_working_folder()
    folders = tuple(dict.fromkeys((cwd / arguments.path, cwd)))
    if arguments.config is not None or os.environ.get(CONFIG_FILE_VARIABLE):
        found = find_config_file(arguments.config, os.environ, cwd)
    else:
        found = find_unnamed_config(os.environ, () if _is_ci() else folders)
        _report_unused_files(found, folders, cwd)
        if _is_ci() and found.file is not None and found.file.resolve().is_relative_to(folders[0].resolve()):
            print_error(f"{found.file} {_NOT_USED_IN_CI}")
            found = FoundConfig(None)
        if found.file is None:
            return parse_config('[github]\nops_repo = "owner/name"\n', Path(CONFIG_FILE_NAME), os.environ)
    config = load_found_config(found, os.environ, checks=CHECKS_BY_ID)
    print_error(_describe_config(config))
    return config


def _is_ci() -> bool:
    return any(os.environ.get(name, "").lower() not in {"", "0", "false"} for name in CI_VARIABLES)


def _report_unused_files(found: FoundConfig, folders: tuple[Path, ...], cwd: Path) -> None:
    from anchor_tui.config.discovery import format_ignored_file
    from anchor_tui.config.location import CONFIG_FILE_NAME

    if found.ignored is not None:
        print_error(format_ignored_file(found.ignored, cwd))
    if _is_ci():
        for file in (folder / CONFIG_FILE_NAME for folder in folders):
            if os.path.lexists(file):
                print_error(f"{file} {_NOT_USED_IN_CI}")


def _describe_config(config: Config) -> str:
    """Describe the file, and the checks that do not count because of it."""
    waived = [
        f"{waiver.check} in {waiver.environment} until {waiver.until} ({waiver.reason})"
        for waiver in config.policy.waivers
    ]
    disabled = ", ".join(config.policy.disable) or "nothing"
    return f"configuration {config.path}: disabled: {disabled}; waived: {', '.join(waived) or 'nothing'}"


def _list_base_branches(given: str | None) -> tuple[str, ...]:
    """Return the names of the base branch in the order in which they are looked up."""
    if given is not None:
        return (given,)
    if name := os.environ.get("GITHUB_BASE_REF", ""):
        return (f"origin/{name}", name)
    return ("origin/HEAD", "origin/main", "main")


def _print_text(text: str) -> ExitCode:
    return ExitCode.OK if write_result(text, is_text=True) else ExitCode.USAGE
