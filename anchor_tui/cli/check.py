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
    from anchor_tui.config.model import Config

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
        report = _build_report(arguments.path, config)
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


def _build_report(path: Path, config: Config) -> CheckReport:
    from datetime import UTC, datetime

    from anchor_tui.cli.output.check.report import CheckReport
    from anchor_tui.domain.policy.engine import evaluate_policy
    from anchor_tui.domain.policy.waivers import list_waiver_expiries
    from anchor_tui.sources.checkout.reader import read_checkout

    now = datetime.now(UTC)
    checkout = read_checkout(path, config, now)
    findings = evaluate_policy(config, checkout.facts, now)
    return CheckReport(str(path), checkout.commit, checkout.prefix, config, findings, list_waiver_expiries(config, now))


def _load_config(arguments: argparse.Namespace) -> Config:
    """Return the configuration from the option, the environment, the checkout or the user; otherwise the defaults."""
    from anchor_tui.config.load import load_config, parse_config
    from anchor_tui.config.location import CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE, find_config_file
    from anchor_tui.domain.policy.registry import CHECKS_BY_ID

    in_checkout = arguments.path / CONFIG_FILE_NAME
    file = arguments.config
    if file is None and not os.environ.get(CONFIG_FILE_VARIABLE) and in_checkout.is_file():
        file = in_checkout.absolute()
    if find_config_file(file, os.environ, Path.cwd()) is None:
        return parse_config('[github]\nops_repo = "owner/name"\n', Path(CONFIG_FILE_NAME), os.environ)
    return load_config(file, os.environ, cwd=Path.cwd(), checks=CHECKS_BY_ID)


def _print_text(text: str) -> ExitCode:
    return ExitCode.OK if write_result(text, is_text=True) else ExitCode.USAGE
